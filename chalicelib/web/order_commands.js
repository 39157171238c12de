/** An order as the body, the curl call and the command that would place it again. */

import { isMint } from "./format.js";

const PLAIN = /^[\w.,:=+-]+$/;
const PRICES = ["limitPrice", "triggerPrice", "takeProfitPrice", "stopPrice", "minPrice", "maxPrice"];
const SNIPED = ["symbolContains", "creator", "existing", "retryFor", "guards", "slippageBps", "exit"];
const FIELDS = {
  MARKET: ["slippageBps", "exit"],
  LIMIT: ["limitPrice", "minAmountOut", "maxAmountIn", "exit"],
  STOP: ["triggerPrice", "triggerCondition", "slippageBps"],
  TRAILING_STOP: ["trailingBps", "activationPrice", "slippageBps"],
  OCO: ["takeProfitPrice", "stopPrice", "slippageBps"],
  DCA: ["slices", "intervalSeconds", "minPrice", "maxPrice", "onMissed", "slippageBps"],
  TWAP: ["slices", "durationSeconds", "limitPrice", "onMissed", "slippageBps"],
  SNIPER: SNIPED,
};

/** The body that places such an order again, waiting as long as it may; null of what nobody can
 * place, and of a sniper that has bought: whether that token was all it waited for is not known. */
export function bodyAgain(terms) {
  const { type, tokenIn, tokenOut, exit } = terms;
  if (!(type in FIELDS) || (type === "SNIPER" && hasBought(terms))) return null;
  const names = [givenSide(terms), "maxPriceImpactBps", ...FIELDS[type]].filter(
    (name) => !isImplied(name, terms),
  );
  const has = [...PRICES, "activationPrice"].some((name) => names.includes(name) && name in terms);
  const fields = Object.fromEntries(
    names.filter((name) => name in terms).map((name) => [name, terms[name]]),
  );
  return {
    ...{ type, tokenIn },
    ...(tokenOut === undefined ? {} : { tokenOut }),
    ...fields,
    ...(has ? { priceIn: terms.priceIn } : {}),
    ...(type === "LIMIT" && exit ? { slippageBps: terms.slippageBps } : {}),
    ...(["FOK", "IOC"].includes(terms.timeInForce) ? { timeInForce: terms.timeInForce } : {}),
  };
}

/** From then on it is shown with the symbol of what it has found. */
const hasBought = ({ tokenOut }) => tokenOut !== undefined && !isMint(tokenOut);

/** What it was filled with stands beside what it asked for. */
const givenSide = ({ amount }) => (amount === undefined ? "amountOut" : "amount");

/** A limit that was given as a price is shown as an amount, too. */
const isImplied = (name, terms) =>
  ["minAmountOut", "maxAmountIn"].includes(name) && "limitPrice" in terms;

/** @param {string} base of the service's addresses */
export function curl(body, base, hasKey) {
  const key = hasKey ? " -H \"Authorization: Bearer $ORDERS_API_KEY\"" : "";
  const data = quoted(JSON.stringify(body));
  const type = "-H 'Content-Type: application/json'";
  return `curl -X POST ${quoted(`${base}/api/orders/execute`)} ${type}${key} -d ${data}`;
}

/** @type {Record<string, [name: string, option: (value: any) => (string | number)[]]>} */
const OPTIONS = {
  limitPrice: (v) => ["--price", v],
  triggerPrice: (v) => ["--price", v],
  triggerCondition: (v) => [`--${v}`],
  takeProfitPrice: (v) => ["--take-profit-price", v],
  stopPrice: (v) => ["--stop-price", v],
  activationPrice: (v) => ["--activation-price", v],
  minPrice: (v) => ["--min-price", v],
  maxPrice: (v) => ["--max-price", v],
  priceIn: (v) => ["--price-in", v],
  trailingBps: (v) => ["--trailing-bps", v],
  slices: (v) => ["--slices", v],
  intervalSeconds: (v) => ["--every", `${v}s`],
  durationSeconds: (v) => ["--over", `${v}s`],
  onMissed: (v) => [v === "skip" ? "--skip" : "--catch-up"],
  timeInForce: (v) => ["--time-in-force", v],
  slippageBps: (v) => ["--slippage-bps", v],
  maxPriceImpactBps: (v) => ["--max-price-impact-bps", v],
  symbolContains: (v) => ["--symbol-contains", v],
  creator: (v) => ["--creator", v],
  existing: (v) => (v ? ["--existing"] : []),
  retryFor: (v) => ["--retry-for", `${v}s`],
  exit: (v) => Object.entries(v).flatMap(([name, bound]) => EXITS[name](bound)),
  guards: (v) => Object.entries(v).flatMap(([name, bound]) => GUARDS[name](bound)),
};
const EXITS = {
  takeProfitBps: (v) => ["--take-profit-bps", v],
  stopLossBps: (v) => ["--stop-loss-bps", v],
  trailingBps: (v) => ["--exit-trailing-bps", v],
  maxHoldSeconds: (v) => ["--max-hold", `${v}s`],
};
const GUARDS = {
  minLiquidity: (v) => ["--min-liquidity", v],
  maxLiquidity: (v) => ["--max-liquidity", v],
  maxPrice: (v) => ["--max-price", v],
  maxPriceImpactBps: (v) => ["--max-pool-impact-bps", v],
  maxFeeBps: (v) => ["--max-fee-bps", v],
  maxPoolAgeSlots: (v) => ["--max-pool-age-slots", v],
  venues: (v) => v.flatMap((name) => ["--venue", name]),
  mintRenounced: (v) => (v ? ["--mint-renounced"] : []),
  notFreezable: (v) => (v ? ["--not-freezable"] : []),
  liquidityLocked: (v) => (v ? ["--liquidity-locked"] : []),
  sellable: (v) => (v ? ["--sellable"] : []),
};
const COMMANDS = { MARKET: "submit", TRAILING_STOP: "trail", SNIPER: "snipe" };

/** The command, or null where it has no option for what the order says. */
export function command({ type, tokenIn, tokenOut, amount, amountOut, ...fields }) {
  if ("minAmountOut" in fields || "maxAmountIn" in fields) return null;
  const name = COMMANDS[type] ?? type.toLowerCase();
  const given = amount ?? amountOut;
  const places = type === "SNIPER" ? [tokenIn, given, tokenOut] : [tokenIn, tokenOut, given];
  const options = Object.entries(fields).flatMap(([field, value]) => OPTIONS[field](value));
  if (amountOut !== undefined) options.push("--exact-out");
  const words = [...places.filter((word) => word !== undefined), ...options];
  return ["orders", name, ...words.map((word) => quoted(String(word)))].join(" ");
}

const quoted = (word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
