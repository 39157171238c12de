/** A decision as people read it: what each pool offers, which way was taken, what that saves. */

import { add, bpsAbove, brief, compare, percentOf, subtract } from "./decimals.js";
import { element, table } from "./dom.js";
import { amount, briefAmount, kind, percent, pool, signedPercent, venue } from "./format.js";

const NOTABLE_BPS = 100;
const GRAVE_BPS = 500;

/** Whether the output was asked for, and the input is what differs. */
export const isExactOut = (decision) => decision.maxAmountIn !== undefined;

/** The side that differs between offers: its field, its token, and how to sort by it. */
export function outcome(decision, tokenIn, tokenOut) {
  return isExactOut(decision)
    ? { field: "amountIn", symbol: tokenIn, better: (a, b) => compare(a.amountIn, b.amountIn) }
    : {
        field: "amountOut",
        symbol: tokenOut,
        better: (a, b) => compare(b.amountOut, a.amountOut),
      };
}

/** The best offer of each venue, the better one first. */
export function bestOfVenues(decision, side) {
  const best = new Map();
  for (const quote of decision.quotes.toSorted(side.better)) {
    if (!best.has(quote.venue)) best.set(quote.venue, quote);
  }
  return [...best.values()];
}

/** What the route saves over the best single pool, or null where no pool alone can fill it. */
export function saving(route, side) {
  if (!route.baseline) return null;
  const [here, there] = [route[side.field], route.baseline[side.field]];
  const saved = side.field === "amountOut" ? subtract(here, there) : subtract(there, here);
  const { improvementBps: bps, baseline } = route;
  return { amount: `${saved} ${side.symbol}`, bps, pool: pool(baseline) };
}

export function savingText(route, side) {
  const saved = saving(route, side);
  if (saved === null) return "No single pool can fill this.";
  if (saved.bps === 0) return `As good as the best single pool, ${saved.pool}.`;
  return `Saves ${saved.amount} (${percent(saved.bps)}) over the best single pool, ${saved.pool}.`;
}

/** How grave a price impact is, for the style sheet. */
export function gravity(impactBps) {
  if (impactBps >= GRAVE_BPS) return "problem";
  return impactBps >= NOTABLE_BPS ? "warned" : "";
}

/** Every pool's offer, the best first, and the pools that refused. */
export function quotesTable(decision, tokenIn, tokenOut) {
  const side = outcome(decision, tokenIn, tokenOut);
  const sorted = decision.quotes.toSorted(side.better);
  const [best] = sorted;
  const rows = sorted.map((quote) => [
    offer(quote),
    brief(quote[side.field]),
    quote === best ? "best" : distance(quote[side.field], best[side.field]),
    percent(quote.priceImpactBps),
    percent(quote.feeBps),
  ]);
  const columns = [
    { title: "Pool" },
    { title: `${side.field === "amountOut" ? "Gives" : "Takes"} ${side.symbol}`, numeric: true },
    { title: "vs. best", numeric: true },
    { title: "Impact", numeric: true },
    { title: "Fee", numeric: true },
  ];
  return table("What each pool offers", columns, rows);
}

const distance = (text, best) => signedPercent(Math.round(bpsAbove(text, best)));

export function rejectionsTable(rejections) {
  const rows = rejections.map((r) => [`${venue(r.venue)} ${kind(r.kind)}`, r.code, r.pool]);
  const columns = [{ title: "Pool" }, { title: "Code" }, { title: "Address" }];
  return table("Pools that refused", columns, rows);
}

/** The legs in order of execution, each with its share of its hop. */
export function legsTable(route, tokens) {
  const rows = route.legs.map((leg) => [
    `${tokens.symbol(leg.inputMint)} → ${tokens.symbol(leg.outputMint)}`,
    offer(leg),
    `${share(leg, route.legs)}%`,
    briefAmount(leg.amountOut, tokens.symbol(leg.outputMint)),
    percent(leg.priceImpactBps),
    percent(leg.feeBps),
  ]);
  const columns = [
    { title: "Leg" },
    { title: "Pool" },
    { title: "Share", numeric: true },
    { title: "Gives", numeric: true },
    { title: "Impact", numeric: true },
    { title: "Fee", numeric: true },
  ];
  return table("The legs of the route", columns, rows);
}

/** The fees of each leg, by kind. */
export function feesTable(route, tokens) {
  const rows = route.legs.flatMap((leg) =>
    leg.fees.map((fee) => [pool(leg), fee.kind, amount(fee.amount, tokens.symbol(fee.mint))]),
  );
  const columns = [{ title: "Pool" }, { title: "Kind" }, { title: "Fee", numeric: true }];
  return table("The fees of each leg", columns, rows);
}

/** The route in short: its legs, one a line. */
export function legsList(route, tokens) {
  const items = route.legs.map((leg) =>
    element(
      "li",
      {},
      element("b", {}, `${tokens.symbol(leg.inputMint)} → ${tokens.symbol(leg.outputMint)}`),
      ` ${pool(leg)}`,
      element("span", { class: "numeric" }, `${share(leg, route.legs)}%`),
    ),
  );
  return element("ol", { class: "legs" }, ...items);
}

function offer(quote) {
  const name = element("span", { class: `venue ${quote.venue}` }, venue(quote.venue));
  return element("span", { title: quote.pool }, name, ` ${kind(quote.kind)}`);
}

function share(leg, legs) {
  const hop = legs.filter((l) => l.inputMint === leg.inputMint && l.outputMint === leg.outputMint);
  return percentOf(leg.amountIn, add(...hop.map((l) => l.amountIn)));
}
