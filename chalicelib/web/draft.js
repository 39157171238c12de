/** What the ticket's fields say: an order to be sent, or what is wrong with them. */

import { isAmount, percentToBps } from "./decimals.js";
import { addressProblem } from "./format.js";

const COUNT_MAX = 50;
const SLICES_MAX = 1000;
const RETRY_SECONDS_MAX = 600;
const WHOLE = 10_000;
const PROFIT_BPS_MAX = 1_000_000;
const TRAILING_BPS_MAX = 5000;
const HOLD_SECONDS_MAX = 90 * 86_400;
const GUARDS = ["mintRenounced", "notFreezable", "liquidityLocked", "sellable"];

/**
 * @typedef {Record<string, string>} Values the ticket's fields by their names; a box that is not
 *   ticked is missing
 * @typedef {[field: string, isGood: boolean, text: string]} Check
 */

/** The type of the order: parts are traded by one of two. */
export const typeOf = (values) => (values.type === "DCA" ? values.pace : values.type);

/** Which side the amount is of: only some types may say what they want to receive. */
export const sideOf = (values) =>
  ["MARKET", "LIMIT", "STOP"].includes(typeOf(values)) ? values.given : "amount";

/**
 * @param {Values} values
 * @returns {{order: object | null, problem: string, field: string | null}} an order without the
 *   moment at which it expires, of which `expiresInSeconds` says how far away that is; or the first
 *   problem and its field
 */
export function draftOf(values) {
  const type = typeOf(values);
  const checks = [...common(values), ...CHECKS[type](values), ...exitChecks(values)];
  const [field, , problem] = checks.find(([, isGood]) => !isGood) ?? [null, true, ""];
  return { order: field === null ? orderOf(values) : null, problem, field };
}

/** Whether the fields that every type has are filled in. */
export const isGiven = (values) => common(values).every(([, isGood]) => isGood);

/** The body of a draft that was first sent at this time. */
export function bodyOf({ expiresInSeconds, ...order }, at) {
  if (expiresInSeconds === undefined) return order;
  const expiresAt = new Date(at + expiresInSeconds * 1000).toISOString();
  return { ...order, ...(order.type === "LIMIT" ? { timeInForce: "GTT" } : {}), expiresAt };
}

/** @returns {Check[]} */
function common(values) {
  const { tokenIn, tokenOut, amount, count, type } = values;
  const number = Number(count);
  return [
    ["tokenIn", Boolean(tokenIn), "The tokens are still being loaded."],
    ["tokenOut", type === "SNIPER" || tokenIn !== tokenOut, "Choose two different tokens."],
    ["amount", isAmount(amount), `“${amount}” is not an amount: enter one such as 1 or 0.25.`],
    ["slippage", isShare(values.slippage), "Slippage must be 0 to 100%, in steps of 0.01%."],
    ["impact", isShare(values.impact), "Price impact must be 0 to 100%, in steps of 0.01%."],
    ["count", isWhole(number, 1, COUNT_MAX), `1 to ${COUNT_MAX} orders can be placed at once.`],
  ];
}

/** @type {Record<string, (values: Values) => Check[]>} */
const CHECKS = {
  MARKET: () => [],
  LIMIT: ({ price }) => [priceCheck("price", price)],
  STOP: ({ price }) => [priceCheck("price", price)],
  DCA: (values) => [
    ...gridChecks(values),
    ...["minPrice", "maxPrice"].map((name) => priceCheck(name, values[name] || "1")),
    [
      "maxPrice",
      !(Number(values.minPrice) > Number(values.maxPrice || Infinity)),
      "The lowest price is above the highest.",
    ],
  ],
  TWAP: (values) => [...gridChecks(values), priceCheck("price", values.price || "1")],
  SNIPER: ({ mint, minLiquidity, maxFee, retryFor }) => [
    ["mint", mint === "" || addressProblem(mint) === null, addressProblem(mint) ?? ""],
    ["minLiquidity", minLiquidity === "" || isAmount(minLiquidity),
      `“${minLiquidity}” is not an amount of liquidity: enter one such as 50, or none.`],
    ["maxFee", maxFee === "" || isShare(maxFee), "The fee must be 0 to 100%, or empty."],
    ["retryFor", isWhole(Number(retryFor), 0, RETRY_SECONDS_MAX),
      `A pool is asked again for 0 to ${RETRY_SECONDS_MAX} seconds.`],
  ],
};

function priceCheck(name, text) {
  const said = text === "" ? "Enter a price." : `“${text}” is not a price: enter one such as 142.5.`;
  return [name, isAmount(text), said];
}

function gridChecks({ slices, span }) {
  return [
    ["slices", isWhole(Number(slices), 1, SLICES_MAX), `There can be 1 to ${SLICES_MAX} parts.`],
    ["span", isWhole(Number(span), 1, Infinity), "Enter a whole number."],
  ];
}

/** @returns {Check[]} what is left empty is not wanted */
function exitChecks(values) {
  if (!mayExit(values)) return [];
  const profit = percentToBps(values.takeProfit, PROFIT_BPS_MAX);
  const hours = Number(values.maxHold);
  const checks = [
    ["takeProfit", profit > 0, "The profit must be above 0%, 10,000% at most."],
    ["stopLoss", isBetween(values.stopLoss, WHOLE - 1), "The loss must be above 0% and below 100%."],
    ["trailing", isBetween(values.trailing, TRAILING_BPS_MAX),
      "The distance from the best price must be above 0%, 50% at most."],
    ["maxHold", hours * 3600 >= 1 && hours * 3600 <= HOLD_SECONDS_MAX,
      "It can be held for up to 2,160 hours."],
  ];
  return checks.map(([name, isGood, text]) => [name, values[name] === "" || isGood, text]);
}

function orderOf(values) {
  const type = typeOf(values);
  const exit = exitOf(values);
  return {
    type,
    tokenIn: values.tokenIn,
    ...TERMS[type](values),
    [sideOf(values)]: values.amount,
    ...(exit && { exit }),
    ...(["LIMIT", "STOP", "SNIPER"].includes(type) && values.expiry !== ""
      ? { expiresInSeconds: Number(values.expiry) }
      : {}),
    // A limit order keeps its price: only its exit takes the one there is.
    ...(type === "LIMIT" && !exit ? {} : { slippageBps: percentToBps(values.slippage) }),
    maxPriceImpactBps: percentToBps(values.impact),
  };
}

/** @type {Record<string, (values: Values) => object>} */
const TERMS = {
  MARKET: ({ tokenOut }) => ({ tokenOut }),
  LIMIT: ({ tokenOut, price, priceIn }) => ({ tokenOut, limitPrice: price, priceIn }),
  STOP: ({ tokenOut, price, priceIn, condition }) => ({
    ...{ tokenOut, triggerPrice: price, priceIn, triggerCondition: condition },
  }),
  DCA: ({ tokenOut, minPrice, maxPrice, priceIn, ...grid }) => ({
    ...{ tokenOut, slices: Number(grid.slices), intervalSeconds: spanSeconds(grid) },
    ...given({ minPrice, maxPrice }),
    ...(minPrice || maxPrice ? { priceIn } : {}),
  }),
  TWAP: ({ tokenOut, price, priceIn, ...grid }) => ({
    ...{ tokenOut, slices: Number(grid.slices), durationSeconds: spanSeconds(grid) },
    ...(price ? { limitPrice: price, priceIn } : {}),
  }),
  SNIPER: ({ mint, symbolContains, retryFor, ...values }) => ({
    ...given({ tokenOut: mint, symbolContains: mint ? "" : symbolContains }),
    retryFor: Number(retryFor),
    guards: guardsOf(values),
  }),
};

function guardsOf({ minLiquidity, maxFee, ...values }) {
  return {
    ...given({ minLiquidity }),
    ...(maxFee ? { maxFeeBps: percentToBps(maxFee) } : {}),
    ...Object.fromEntries(GUARDS.filter((name) => values[name]).map((name) => [name, true])),
  };
}

function exitOf(values) {
  if (!mayExit(values)) return null;
  const { takeProfit, stopLoss, trailing, maxHold } = values;
  const bounds = {
    ...(takeProfit && { takeProfitBps: percentToBps(takeProfit, PROFIT_BPS_MAX) }),
    ...(stopLoss && { stopLossBps: percentToBps(stopLoss) }),
    ...(trailing && { trailingBps: percentToBps(trailing) }),
    ...(maxHold && { maxHoldSeconds: Math.round(Number(maxHold) * 3600) }),
  };
  return Object.keys(bounds).length > 0 ? bounds : null;
}

const mayExit = (values) => ["MARKET", "LIMIT", "SNIPER"].includes(typeOf(values));
const spanSeconds = ({ span, spanUnit }) => Number(span) * Number(spanUnit);
const isWhole = (number, least, most) =>
  Number.isInteger(number) && number >= least && number <= most;
const isShare = (text) => percentToBps(text) !== null;
const isBetween = (text, most) => percentToBps(text) > 0 && percentToBps(text) <= most;
const given = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
