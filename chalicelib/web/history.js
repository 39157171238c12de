/** Every order of the caller, newest first, in pages; a page is asked again when an order moves on. */

import { isFailure } from "./api.js";
import { element, part, setText } from "./dom.js";
import { draw } from "./drawing.js";
import { brief } from "./decimals.js";
import { bought, briefAmount, moment, shortId } from "./format.js";
import { Freshness } from "./freshness.js";
import { gathered } from "./polling.js";

const PAGE = 20;
const GATHER_MS = 1000;
const FILTERS = ["status", "type", "tokenIn", "tokenOut"];

export class History {
  #root;
  #form;
  #api;
  /** @type {string[]} the cursors of the page that is wanted and of those before it; the first has
   * none */
  #cursors = [""];
  /** The same of the page that is shown. */
  #shown = [""];
  #next = null;
  #asked = 0;
  #freshness;

  constructor(root, api, orders) {
    this.#root = root;
    this.#api = api;
    this.#form = part(root, "filters");
    this.#freshness = new Freshness(root);
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    // The address keeps the filters: they survive a reload, and the way back.
    this.#form.addEventListener("change", () => {
      location.hash = `#/history?${new URLSearchParams(this.#filters())}`;
    });
    part(root, "newer").addEventListener("click", () => this.#turn(this.#shown.slice(0, -1)));
    part(root, "older").addEventListener("click", () => this.#turn([...this.#shown, this.#next]));
    orders.addEventListener("change", gathered(GATHER_MS, () => this.refresh()));
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
    this.#shown = [""];
    this.#next = null;
    part(this.#root, "rows").replaceChildren();
    this.#freshness.begun("Loading…");
    setText(part(this.#root, "page"), "Page 1");
    return this.#turn([""]);
  }

  /** Ask again for the page that is open. */
  refresh() {
    if (!this.#root.hidden) this.#load();
  }

  #filters() {
    const { elements } = this.#form;
    const pairs = FILTERS.map((name) => [name, elements[name].value]);
    return Object.fromEntries(pairs.filter(([, value]) => value));
  }

  #turn(cursors) {
    this.#cursors = cursors;
    for (const name of ["newer", "older"]) part(this.#root, name).disabled = true;
    return this.#load();
  }

  async #load() {
    const asked = ++this.#asked;
    const query = { ...this.#filters(), limit: String(PAGE) };
    const cursor = this.#cursors.at(-1);
    if (cursor) query.cursor = cursor;
    try {
      const page = await this.#api.get("/orders", query);
      draw(() => asked === this.#asked && this.#draw(page));
    } catch (error) {
      if (!isFailure(error)) throw error;
      draw(() => asked === this.#asked && this.#refuse(error));
    }
  }

  #draw({ orders, nextCursor }) {
    this.#next = nextCursor;
    this.#shown = this.#cursors;
    this.#drawRows(orders);
    this.#freshness.renewed();
    if (orders.length === 0) setText(part(this.#root, "message"), "No orders match.");
    setText(part(this.#root, "page"), `Page ${this.#shown.length}`);
    this.#offerPages();
  }

  /** The page that was asked for did not come: the one that is shown stays. */
  #refuse(error) {
    this.#cursors = this.#shown;
    this.#freshness.failed(error);
    this.#offerPages();
  }

  #offerPages() {
    part(this.#root, "newer").disabled = this.#shown.length === 1;
    part(this.#root, "older").disabled = this.#next === null;
  }

  /** The rows may be other ones, but who was on one of them stays there. */
  #drawRows(orders) {
    const rows = part(this.#root, "rows");
    const chosen = document.activeElement.closest("[data-order]")?.dataset.order;
    const isChosen = rows.contains(document.activeElement);
    rows.replaceChildren(...orders.map(row));
    if (isChosen) rows.querySelector(`[data-order="${chosen}"] a`)?.focus();
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
    element("td", { class: "whole" }, `${order.tokenIn} → ${bought(order.tokenOut)}`),
    element("td", { class: "numeric minor" }, text(order.amountIn ?? order.amount, order.tokenIn)),
    element("td", { class: "numeric minor" }, text(order.amountOut, order.tokenOut)),
    element("td", { class: "numeric minor" }, price),
    element("td", {}, status),
    element("td", { class: "minor" }, order.status === "failed" ? order.code : ""),
  );
}

const text = (amount, symbol) => (amount === undefined ? "–" : briefAmount(amount, symbol));
