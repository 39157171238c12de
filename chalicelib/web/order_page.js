/** Everything about one order. */

import { isFailure } from "./api.js";
import { bpsAbove } from "./decimals.js";
import { element, facts, part, setText, table } from "./dom.js";
import { draw } from "./drawing.js";
import {
  amount,
  clock,
  moment,
  percent,
  signedPercent,
  since,
  trigger,
  verdict,
  wanted,
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
import { Timeline } from "./timeline.js";

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NO_ID = "This is not an order id: an order id has 36 characters. The history lists your orders.";

export class OrderPage {
  #root;
  #api;
  #orders;
  #stream;
  #tokens;
  #id = null;
  #isRefused = false;
  #timeline = null;

  constructor(root, { api, orders, stream, tokens }) {
    this.#root = root;
    this.#api = api;
    this.#orders = orders;
    this.#stream = stream;
    this.#tokens = tokens;
    orders.addEventListener("change", ({ detail: order }) => {
      if (order.id === this.#id) draw(this.#draw);
    });
  }

  async open(id) {
    this.#id = id;
    this.#isRefused = false;
    this.#timeline = null;
    part(this.#root, "body").replaceChildren();
    setText(part(this.#root, "title"), "Order");
    setText(part(this.#root, "id"), id);
    setText(part(this.#root, "message"), ID.test(id) ? "Loading…" : NO_ID);
    if (ID.test(id)) await this.#load(id);
  }

  async #load(id) {
    try {
      const order = this.#orders.merge(await this.#api.getOrder(id));
      // It may be spelled in other letters.
      if (this.#id === id) this.#id = order.id;
      this.#stream.follow(order);
      draw(this.#draw);
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (this.#id === id) draw(() => this.#refuse(error));
    }
  }

  /** Ask again for what could not be had. */
  retry() {
    if (!this.#root.hidden && this.#isRefused) this.open(this.#id);
  }

  #refuse(error) {
    this.#isRefused = true;
    setText(part(this.#root, "message"), `${error.code}: ${error.message}`);
  }

  #draw = () => {
    const order = this.#orders.get(this.#id);
    if (!order) return;
    this.#timeline ??= new Timeline();
    this.#timeline.draw(order);
    setText(part(this.#root, "message"), "");
    setText(part(this.#root, "title"), wanted(order.swap));
    setText(part(this.#root, "id"), order.id);
    const isOpen = part(this.#root, "body").querySelector("details")?.open ?? false;
    part(this.#root, "body").replaceChildren(
      this.#timeline.node,
      section("Outcome", facts(outcomeFacts(order))),
      ...this.#decision(order),
      section("Events", eventsTable(order)),
      raw(order, isOpen),
    );
  };

  #decision({ decision, swap }) {
    if (!decision) return [];
    const { route, rejections } = decision;
    const side = outcome(decision, swap.tokenIn, swap.tokenOut);
    const why = element("p", {}, `${capital(route.reason)}. ${savingText(route, side)}`);
    const refused = section("Pools that refused", rejectionsTable(rejections));
    return [
      section("Route", why, legsTable(route, this.#tokens)),
      section("Quotes compared", quotesTable(decision, swap.tokenIn, swap.tokenOut)),
      section("Fees", feesTable(route, this.#tokens)),
      ...(rejections.length > 0 ? [refused] : []),
    ];
  }
}

function section(title, ...content) {
  // A table may be wider than a phone: then its frame scrolls, by keyboard, too.
  const frame = { class: "wide", tabindex: "0", role: "group", "aria-label": title };
  return element("section", {}, element("h2", {}, title), element("div", frame, ...content));
}

function outcomeFacts(order) {
  const { document, decision, fill, failure, pool, signature, swap, verdicts } = order;
  const status = element("span", { class: "status", "data-status": order.status }, order.status);
  const pairs = [
    ["Status", status],
    ["Placed", moment(document.createdAt)],
    ["Slippage", percent(document.slippageBps)],
    ["Price impact limit", percent(document.maxPriceImpactBps)],
    ["Attempt", String(order.attempt)],
  ];
  if (verdicts.length > 0) pairs.push(["Last pool passed over", verdict(verdicts.at(-1))]);
  if (pool) pairs.push(["Buys from", element("code", {}, pool)]);
  if (decision) pairs.push(...quoted(decision, swap));
  if (fill) pairs.push(...executed(fill, order));
  if (failure) pairs.push(["Failed", `${failure.code}: ${failure.message}`]);
  if (signature) pairs.push(["Signature", element("code", {}, signature)]);
  return pairs;
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

function eventsTable({ events }) {
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
  return table("Events", columns, rows);
}

function note(event) {
  if (event.retryOf) {
    const less = event.refusedBy ? `; less of ${event.refusedBy.join(", ")}` : "";
    return `again after ${event.retryOf.code}: ${event.retryOf.message}${less}`;
  }
  if (event.trigger) return trigger(event.trigger);
  if (event.verdict) return verdict(event.verdict);
  if (event.code) return `${event.code}: ${event.message}`;
  return event.route ? event.route.reason : "";
}

function raw(order, isOpen) {
  const content = JSON.stringify({ ...order.document, events: order.events }, null, 2);
  return element(
    "details",
    { open: isOpen },
    element("summary", {}, "As JSON"),
    element("pre", { tabindex: "0" }, content),
  );
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
