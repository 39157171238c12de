/** The sections of an order's page: what it asked for, what came of it, and how. */

import { add, bpsAbove } from "./decimals.js";
import { element, facts, table } from "./dom.js";
import {
  amount,
  clock,
  moment,
  percent,
  signedPercent,
  since,
  trigger,
  verdict,
} from "./format.js";
import {
  feesTable,
  isExactOut,
  legsTable,
  outcome,
  quotesTable,
  rejectionsTable,
  savingText,
} from "./route_view.js";
import { waterfall } from "./waterfall.js";

const GUARDS = {
  minLiquidity: (v) => `at least ${v} of liquidity`,
  maxLiquidity: (v) => `at most ${v} of liquidity`,
  maxPrice: (v) => `a price of at most ${v}`,
  maxPriceImpactBps: (v) => `a price impact of at most ${percent(v)}`,
  maxFeeBps: (v) => `a fee of at most ${percent(v)}`,
  maxPoolAgeSlots: (v) => `at most ${v} slots old`,
  venues: (v) => `at ${v.join(" or ")}`,
  mintRenounced: () => "nobody can mint more",
  notFreezable: () => "nobody can freeze it",
  liquidityLocked: () => "the liquidity is locked",
  sellable: () => "it can be sold again",
};

export function section(title, ...content) {
  // A table may be wider than a phone: then its frame scrolls, by keyboard, too.
  const frame = { class: "wide", tabindex: "0", role: "group", "aria-label": title };
  return element("section", {}, element("h2", {}, title), element("div", frame, ...content));
}

/** @param {import("./orders.js").Order} order */
export function outcomeSection(order, statusText) {
  return section("Outcome", facts(outcomeFacts(order, statusText)));
}

/** How long each attempt took, where there was one. */
export function attemptsSections({ events }) {
  const isTried = events.some(({ status }) => status !== "open" && status !== "cancelled");
  return isTried ? [section("Attempts", waterfall(events, Date.now()))] : [];
}

export function decisionSections({ decision, swap }, tokens) {
  if (!decision) return [];
  const { route, rejections } = decision;
  const side = outcome(decision, swap.tokenIn, swap.tokenOut);
  const why = element("p", {}, `${capital(route.reason)}. ${savingText(route, side)}`);
  const refused = section("Pools that refused", rejectionsTable(rejections));
  return [
    section("Route", why, legsTable(route, tokens), feesOf(route, tokens)),
    section("Quotes compared", quotesTable(decision, swap.tokenIn, swap.tokenOut)),
    ...(rejections.length > 0 ? [refused] : []),
  ];
}

/** The fees of a route: their sum for each token, and folded, those of each leg. */
function feesOf(route, tokens) {
  const sums = new Map();
  for (const { mint, amount: fee } of route.legs.flatMap((leg) => leg.fees)) {
    sums.set(mint, add(sums.get(mint) ?? "0", fee));
  }
  const texts = [...sums].map(([mint, sum]) => amount(sum, tokens.symbol(mint)));
  const title = texts.length > 0 ? `Fees: ${texts.join(", ")}` : "No fees";
  return element(
    "details",
    { "data-fold": "fees" },
    element("summary", {}, title),
    feesTable(route, tokens),
  );
}

/** What a sniper asks of a pool, and what it found of those that it has met. */
export function guardsSections({ document, terms, verdicts, events }) {
  if (document.type !== "SNIPER") return [];
  const asked = Object.entries(terms.guards ?? {}).map(([name, value]) =>
    element("li", {}, GUARDS[name]?.(value) ?? name),
  );
  const known = events.length > 0 ? verdicts : (document.verdicts ?? []);
  const rows = known
    .toReversed()
    .map((each) => [each.symbol, verdict(each), each.pool, String(each.slot)]);
  const columns = [
    { title: "Token" },
    { title: "Verdict" },
    { title: "Pool" },
    { title: "Slot", numeric: true },
  ];
  const nothing = element("p", { class: "quiet" }, "No pool has been judged yet.");
  return [
    section("Guards", element("ul", { class: "checked" }, ...asked)),
    section("Pools judged", rows.length > 0 ? table("Pools judged", columns, rows) : nothing),
  ];
}

function outcomeFacts(order, statusText) {
  const { document, terms, decision, fill, pool, signature, swap, unfilled } = order;
  const status = element("span", { class: "status", "data-status": order.status }, statusText);
  const pairs = [
    ["Status", status],
    ["Type", document.type],
    ["Placed", moment(document.createdAt)],
    ["Slippage", percent(terms.slippageBps)],
    ["Price impact limit", percent(document.maxPriceImpactBps)],
    ["Attempt", String(order.attempt)],
  ];
  if (order.progress) pairs.push(...partsDone(order));
  if (terms.expiresAt && !order.isFinal) pairs.push(["Waits until", moment(terms.expiresAt)]);
  if (unfilled) pairs.push(["Not filled yet", `${unfilled.code}: ${unfilled.message}`]);
  if (pool) pairs.push(["Buys from", element("code", {}, pool)]);
  if (decision) pairs.push(...quoted(decision, swap));
  if (fill) pairs.push(...executed(fill, order));
  if (signature) pairs.push(["Signature", element("code", {}, signature)]);
  return pairs;
}

function partsDone({ progress, terms, swap }) {
  const { slicesDone, slicesSkipped, nextDueAt, amountIn, amountOut, executedPrice } = progress;
  return [
    ["Parts", `${slicesDone} of ${terms.slices}`],
    ...(slicesSkipped > 0 ? [["Skipped", String(slicesSkipped)]] : []),
    ...(nextDueAt ? [["Next part", terms.paused ? "paused" : moment(nextDueAt)]] : []),
    ...(executedPrice
      ? [
          ["Paid", amount(amountIn, swap.tokenIn)],
          ["Received", amount(amountOut, swap.tokenOut)],
          ["Price on average", executedPrice],
        ]
      : []),
  ];
}

function quoted(decision, { tokenIn, tokenOut }) {
  const side = outcome(decision, tokenIn, tokenOut);
  const limit = isExactOut(decision)
    ? ["At most", amount(decision.maxAmountIn, tokenIn)]
    : ["At least", amount(decision.minAmountOut, tokenOut)];
  return [["Quoted", amount(decision.route[side.field], side.symbol)], limit];
}

function executed(fill, { swap, decision, events }) {
  const side = outcome(decision, swap.tokenIn, swap.tokenOut);
  const bps = bpsAbove(fill[side.field], decision.route[side.field]);
  return [
    ["Paid", amount(fill.amountIn, swap.tokenIn)],
    ["Received", amount(fill.amountOut, swap.tokenOut)],
    ["Price", `${fill.executedPrice} ${swap.tokenOut} per ${swap.tokenIn}`],
    ["vs. quote", signedPercent(bps)],
    ["Slot", String(fill.slot)],
    ["Duration", since(events[0].timestamp, fill.timestamp)],
  ];
}

export function eventsSection({ events }) {
  const rows = events.map((event) => [
    String(event.sequence),
    event.status,
    String(event.attempt),
    clock(event.timestamp),
    `+${since(events[0].timestamp, event.timestamp)}`,
    note(event),
  ]);
  const columns = [
    { title: "#", numeric: true },
    { title: "Status" },
    { title: "Attempt", numeric: true },
    { title: "At" },
    { title: "Since", numeric: true },
    { title: "Note", whole: true },
  ];
  return section("Events", table("Events", columns, rows));
}

function note(event) {
  if (event.retryOf) {
    const less = event.refusedBy ? `; less of ${event.refusedBy.join(", ")}` : "";
    return `again after ${event.retryOf.code}: ${event.retryOf.message}${less}`;
  }
  if (event.trigger) return trigger(event.trigger);
  if (event.verdict) return verdict(event.verdict);
  if (event.changed) return `changed: ${JSON.stringify(event.changed)}`;
  if (event.slice) return partNote(event.slice);
  if (event.unfilled) return `${event.unfilled.code}: ${event.unfilled.message}`;
  if (event.code) return `${event.code}: ${event.message}`;
  return event.route ? event.route.reason : "";
}

function partNote({ number, status, code }) {
  return `part ${number + 1} ${status}${code ? `: ${code}` : ""}`;
}

export function raw(order) {
  const content = JSON.stringify({ ...order.document, events: order.events }, null, 2);
  return element(
    "details",
    { "data-fold": "json" },
    element("summary", {}, "As JSON"),
    element("pre", { tabindex: "0" }, content),
  );
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
