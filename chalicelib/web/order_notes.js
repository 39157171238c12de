/** What a row says of its order: what it waits for, what is done, or what became of it. */

import { bpsAbove, brief } from "./decimals.js";
import { left, phases } from "./durations.js";
import {
  briefAmount,
  count,
  percent,
  signedPercent,
  since,
  trigger,
  venue,
  verdict,
} from "./format.js";
import { levelsOf, levelsText } from "./levels.js";
import { bestOfVenues, outcome } from "./route_view.js";

/** @param {import("./orders.js").Order} order; @param {number | null} rate of its pair */
export function note(order, rate) {
  if (order.lane === "open") return waitingText(order, rate);
  const { failure, fill, status } = order;
  if (failure) return `${failure.code}: ${failure.message}`;
  if (fill) return fillText(order);
  if (status === "completed" || order.document.slices) return progressText(order);
  return order.isFinal ? "" : workingText(order);
}

function waitingText(order, rate) {
  const { terms, verdicts, unfilled } = order;
  if (terms.slices) return progressText(order);
  if (terms.type === "SNIPER") {
    return verdicts.length > 0 ? verdict(verdicts.at(-1)) : "waits for a new pool";
  }
  const prices = levelsText(levelsOf(terms), terms, rate);
  const trail = terms.trailingBps ? `trails by ${percent(terms.trailingBps)}` : "";
  const why = unfilled ? `; ${unfilled.code}` : "";
  return [prices, trail].filter(Boolean).join(" or ") + why;
}

function progressText({ progress, terms, events }) {
  if (progress === null) return "";
  const { slicesDone, slicesSkipped } = progress;
  const done = `${slicesDone} of ${count(terms.slices, "part")}`;
  const last = events.findLast((event) => event.slice)?.slice;
  const skipped = slicesSkipped > 0 ? `, ${slicesSkipped} skipped` : "";
  const why = last?.status === "skipped" ? `: ${last.code}` : "";
  return `${done}${skipped}${why}${terms.paused ? ", paused" : ""}`;
}

function workingText(order) {
  const { document, decision, retries, tokenOut } = order;
  const last = retries.at(-1);
  if (last && !decision) return `again after ${last.code}`;
  const seen = order.events.findLast((event) => event.trigger);
  if (!decision) return seen ? trigger(seen.trigger) : "";
  const side = outcome(decision, document.tokenIn, tokenOut);
  const again = last ? `attempt ${order.attempt} after ${last.code}; ` : "";
  return `${again}${briefAmount(decision.route[side.field], side.symbol)} by ${venue(decision.route.venue)}`;
}

/** What each venue offered, and what the route was worth. */
export function offersText({ document, decision, tokenOut }) {
  if (!decision) return "";
  const side = outcome(decision, document.tokenIn, tokenOut);
  const offers = bestOfVenues(decision, side).map(
    (quote) => `${venue(quote.venue)} ${brief(quote[side.field])}`,
  );
  const { route } = decision;
  const gain = route.baseline ? ` (${signedPercent(route.improvementBps)})` : "";
  return `${offers.join(", ")}; route ${briefAmount(route[side.field], side.symbol)}${gain}`;
}

function fillText({ document, decision, fill, tokenOut }) {
  const isExactIn = document.amount !== undefined;
  const [verb, field, symbol] = isExactIn
    ? ["Received", "amountOut", tokenOut]
    : ["Paid", "amountIn", document.tokenIn];
  const text = `${verb} ${briefAmount(fill[field], symbol)}`;
  if (!decision) return text;
  const bps = bpsAbove(fill[field], decision.route[field]);
  const distance = `${percent(Math.abs(bps))} ${bps > 0 ? "over" : "under"} the quote`;
  return `${text}, ${bps === 0 ? "as quoted" : distance}`;
}

/** How long it took, takes, or may wait. */
export function timeText(order, now) {
  if (order.lane === "open") {
    const next = order.progress?.nextDueAt;
    if (next && !order.terms.paused) return `next ${left(Date.parse(next) - now)}`;
    const { expiresAt } = order.terms;
    return expiresAt ? `${left(Date.parse(expiresAt) - now)} left` : "";
  }
  const steps = phases(order.events, now);
  if (steps.length === 0 || order.document.slices) return "";
  const end = order.isFinal ? order.events.at(-1).timestamp : now;
  return since(steps[0].timestamp, Math.max(Date.parse(steps[0].timestamp), new Date(end).getTime()));
}
