/** How things are written on the page. */

import { brief, grouped } from "./decimals.js";

const KINDS = { clmm: "CLMM", cpmm: "CPMM", dlmm: "DLMM", damm_v2: "DAMM v2" };
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const MOMENT = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const DASH = "–";
const MINT = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/;

export const amount = (text, symbol) => `${grouped(text)} ${symbol}`;
export const briefAmount = (text, symbol) => `${brief(text)} ${symbol}`;
export const clock = (timestamp) => CLOCK.format(new Date(timestamp));
export const moment = (timestamp) => MOMENT.format(new Date(timestamp));
export const kind = (name) => KINDS[name] ?? name;
export const shortId = (id) => id.slice(0, 8);

/** Seconds from one timestamp to another. */
export function since(start, end) {
  return `${((new Date(end) - new Date(start)) / 1000).toFixed(2)} s`;
}

export function seconds(value) {
  return value === null || value === undefined ? DASH : `${value.toFixed(2)} s`;
}

/** Basis points as percent: small fractions of them keep their digits. */
export function percent(bps) {
  if (bps === null) return DASH;
  const isSmall = Math.abs(bps) < 10 && !Number.isInteger(bps);
  return `${(bps / 100).toFixed(isSmall ? 4 : 2)}%`;
}

/** The same with its sign. */
export function signedPercent(bps) {
  return `${bps > 0 ? "+" : ""}${percent(bps).replace("-", "−")}`;
}

/** "meteora+raydium" as people read it. */
export function venue(name) {
  return name
    .split("+")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" + ");
}

export const pool = (quote) => `${venue(quote.venue)} ${kind(quote.kind)}`;

/** A token by its symbol; by the beginning of its mint, or as any, where there is none yet. */
export function bought(name) {
  if (name === undefined) return "any new token";
  return isMint(name) ? `${name.slice(0, 4)}…` : name;
}

/** Whether this has the form of a mint. */
export const isMint = (text) => text !== undefined && MINT.test(text);

/** Why this cannot be the address of a mint; null where it can. */
export function addressProblem(text) {
  return isMint(text) ? null : `“${text}” is not a mint: an address has 32 to 44 characters.`;
}

/** A code as people read it: NOT_OPEN is "not open". */
const spoken = (code) => code.toLowerCase().replaceAll("_", " ");

/** What was found of a new pool, and whether it is asked again. */
export function verdict({ symbol, code, value, wanted: limit, final }) {
  if (code === "PASSED") return `${symbol} passed`;
  const numbers = value === undefined ? "" : ` (${value}${limit ? `, wanted ${limit}` : ""})`;
  return `${symbol} ${spoken(code)}${numbers}${final ? ": refused" : ", asked again"}`;
}

/** What has triggered an order. */
export function trigger({ kind: what, pool: address, price }) {
  if (address) return `new pool ${address}`;
  return price === undefined ? what : `${what} at ${price}`;
}

/** What an order asks for: an amount to pay, or one to receive. */
export function wanted(order) {
  const token = bought(order.tokenOut);
  return order.amount === undefined
    ? `${order.tokenIn} → ${brief(order.amountOut)} ${token}`
    : `${brief(order.amount)} ${order.tokenIn} → ${token}`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}
