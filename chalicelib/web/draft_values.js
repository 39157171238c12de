/** The ticket's fields of an order that is to be placed again. */

import { bpsToPercent } from "./decimals.js";

const SPANS = [86_400, 3600, 60];
const TICKETS = new Set(["MARKET", "LIMIT", "STOP", "DCA", "TWAP", "SNIPER"]);

/**
 * @param {object} body as it is sent
 * @returns {import("./draft.js").Values | null} null where the ticket cannot say it
 */
export function valuesOf(body) {
  const isOther = !TICKETS.has(body.type) || "minAmountOut" in body || "maxAmountIn" in body;
  if (isOther || "timeInForce" in body || "creator" in body || "existing" in body) return null;
  const { type, exit = {}, guards = {} } = body;
  if (Object.keys(guards).some((name) => !(name in GUARDS))) return null;
  if (spanOf(body) === undefined) return null;
  return {
    type: type === "TWAP" ? "DCA" : type,
    tokenIn: body.tokenIn,
    ...(type === "SNIPER" ? { mint: body.tokenOut ?? "" } : { tokenOut: body.tokenOut }),
    given: body.amount === undefined ? "amountOut" : "amount",
    amount: body.amount ?? body.amountOut,
    ...pick(body, ["priceIn", "minPrice", "maxPrice", "symbolContains"]),
    price: body.limitPrice ?? body.triggerPrice ?? "",
    ...(body.triggerCondition ? { condition: body.triggerCondition } : {}),
    ...(body.slices ? gridOf(body) : {}),
    ...(type === "SNIPER" ? { retryFor: String(body.retryFor) } : {}),
    ...Object.assign({}, ...Object.entries(guards).map(([name, v]) => GUARDS[name](v))),
    ...Object.assign({}, ...Object.entries(exit).map(([name, v]) => EXITS[name](v))),
    ...(body.slippageBps === undefined ? {} : { slippage: bpsToPercent(body.slippageBps) }),
    impact: bpsToPercent(body.maxPriceImpactBps),
  };
}

/** The greatest unit that a rhythm is a multiple of. */
const spanOf = ({ intervalSeconds, durationSeconds = 0 }) =>
  SPANS.find((span) => (intervalSeconds ?? durationSeconds) % span === 0);

function gridOf(body) {
  const { type, slices, intervalSeconds, durationSeconds } = body;
  const unit = spanOf(body);
  const span = String((intervalSeconds ?? durationSeconds) / unit);
  return { pace: type, slices: String(slices), span, spanUnit: String(unit) };
}

const box = (name) => (value) => (value ? { [name]: "on" } : {});
const GUARDS = {
  minLiquidity: (v) => ({ minLiquidity: v }),
  maxFeeBps: (v) => ({ maxFee: bpsToPercent(v) }),
  mintRenounced: box("mintRenounced"),
  notFreezable: box("notFreezable"),
  liquidityLocked: box("liquidityLocked"),
  sellable: box("sellable"),
};
const EXITS = {
  takeProfitBps: (v) => ({ takeProfit: bpsToPercent(v) }),
  stopLossBps: (v) => ({ stopLoss: bpsToPercent(v) }),
  trailingBps: (v) => ({ trailing: bpsToPercent(v) }),
  maxHoldSeconds: (v) => ({ maxHold: String(v / 3600) }),
};
const pick = (body, names) =>
  Object.fromEntries(names.filter((name) => name in body).map((name) => [name, body[name]]));
