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

export const amount = (text, symbol) => `${grouped(text)} ${symbol}`;
export const briefAmount = (text, symbol) => `${brief(text)} ${symbol}`;
export const clock = (timestamp) => CLOCK.format(new Date(timestamp));
export const moment = (timestamp) => MOMENT.format(new Date(timestamp));
export const kind = (name) => KINDS[name] ?? name;
export const shortId = (id) => id.slice(0, 8);
export const shortSignature = (text) => `${text.slice(0, 8)}…${text.slice(-6)}`;

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

/** What an order asks for: an amount to pay, or one to receive. */
export function wanted(order) {
  return order.amount === undefined
    ? `${order.tokenIn} → ${brief(order.amountOut)} ${order.tokenOut}`
    : `${brief(order.amount)} ${order.tokenIn} → ${order.tokenOut}`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}
