/** Every order of the caller, newest first, in pages. */

import { isFailure } from "./api.js";
import { element, part, setText } from "./dom.js";
import { draw } from "./drawing.js";
import { brief } from "./decimals.js";
import { briefAmount, moment, shortId } from "./format.js";

const PAGE = 20;
const FILTERS = ["status", "type", "tokenIn", "tokenOut"];

export class History {
  #root;
  #form;
  #api;
  /** @type {string[]} the cursors of this page and of those before it; the first has none */
  #cursors = [""];
  #next = null;
  #asked = 0;

  constructor(root, api) {
    this.#root = root;
    this.#api = api;
    this.#form = part(root, "filters");
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    // The address keeps the filters: they survive a reload, and the way back.
    this.#form.addEventListener("change", () => {
      location.hash = `#/history?${new URLSearchParams(this.#filters())}`;
    });
    part(root, "newer").addEventListener("click", () => this.#turn(() => this.#cursors.pop()));
    part(root, "older").addEventListener("click", () =>
      this.#turn(() => this.#cursors.push(this.#next)),
    );
  }

  /** Offer these tokens as filters. */
  offer(symbols) {
    for (const name of ["tokenIn", "tokenOut"]) {
      const options = symbols.map((symbol) => element("option", {}, symbol));
      this.#form.elements[name].append(...options);
    }
  }

  /** @param {URLSearchParams} query of the address */
  open(query) {
    for (const name of FILTERS) {
      const select = this.#form.elements[name];
      select.value = query.get(name) ?? "";
      if (select.selectedIndex < 0) select.value = "";
    }
    this.#cursors = [""];
    return this.#load();
  }

  #filters() {
    const { elements } = this.#form;
    const pairs = FILTERS.map((name) => [name, elements[name].value]);
    return Object.fromEntries(pairs.filter(([, value]) => value));
  }

  #turn(change) {
    change();
    this.#load();
  }

  async #load() {
    const asked = ++this.#asked;
    const query = { ...this.#filters(), limit: String(PAGE) };
    const cursor = this.#cursors.at(-1);
    if (cursor) query.cursor = cursor;
    try {
      const page = await this.#api.get("/orders", query);
      if (asked === this.#asked) draw(() => this.#draw(page));
    } catch (error) {
      if (!isFailure(error)) throw error;
      draw(() => setText(part(this.#root, "message"), `${error.code}: ${error.message}`));
    }
  }

  #draw({ orders, nextCursor }) {
    this.#next = nextCursor;
    part(this.#root, "rows").replaceChildren(...orders.map(row));
    setText(part(this.#root, "message"), orders.length === 0 ? "No orders match." : "");
    setText(part(this.#root, "page"), `Page ${this.#cursors.length}`);
    part(this.#root, "newer").disabled = this.#cursors.length === 1;
    part(this.#root, "older").disabled = nextCursor === null;
  }
}

function row(order) {
  const link = element("a", { href: `#/orders/${order.orderId}` }, shortId(order.orderId));
  const status = element("span", { class: "status", "data-status": order.status }, order.status);
  const price = order.executedPrice ? brief(order.executedPrice) : "–";
  return element(
    "tr",
    { "data-order": order.orderId },
    element("td", {}, moment(order.createdAt)),
    element("th", { scope: "row" }, link),
    element("td", { class: "minor" }, order.type),
    element("td", { class: "whole" }, `${order.tokenIn} → ${order.tokenOut}`),
    element("td", { class: "numeric minor" }, text(order.amountIn ?? order.amount, order.tokenIn)),
    element("td", { class: "numeric minor" }, text(order.amountOut, order.tokenOut)),
    element("td", { class: "numeric minor" }, price),
    element("td", {}, status),
    element("td", { class: "minor" }, order.status === "failed" ? order.code : ""),
  );
}

const text = (amount, symbol) => (amount === undefined ? "–" : briefAmount(amount, symbol));
