/** The orders that an order comes from, and those that come from it. */

import { isFailure } from "./api.js";
import { element, table } from "./dom.js";
import { bought, briefAmount, moment, shortId } from "./format.js";
import { section } from "./order_sections.js";
import { gathered } from "./polling.js";

const PAGE_MAX = 100;
const GATHER_MS = 1000;

export class Relatives {
  #api;
  #drawn;
  #order = null;
  /** The last event of the order after which was asked. */
  #askedAt = -1;
  /** @type {object[]} the newest first, as lists show them */
  #children = [];
  #askSoon = gathered(GATHER_MS, () => this.#ask());

  /** @param {() => void} drawn is called when there is something new to show */
  constructor(api, drawn) {
    this.#api = api;
    this.#drawn = drawn;
  }

  /** @param {import("./orders.js").Order | null} order whose relatives are wanted from now on */
  show(order) {
    if (order?.id !== this.#order?.id) {
      this.#children = [];
      this.#askedAt = -1;
    }
    this.#order = order;
    if (!order || !mayHaveChildren(order) || order.sequence === this.#askedAt) return;
    this.#askedAt = order.sequence;
    this.#askSoon();
  }

  sections() {
    const order = this.#order;
    if (!order) return [];
    const { parentId } = order.document;
    const parent = element("p", {}, "This order is a part, or the exit, of ", link(parentId), ".");
    return [
      ...(parentId ? [section("Comes from", parent)] : []),
      ...(this.#children.length > 0 ? [section("Orders of this one", this.#table())] : []),
    ];
  }

  #table() {
    const rows = this.#children.map((child) => [
      link(child.orderId),
      child.type,
      status(child.status),
      moment(child.createdAt),
      amountOf(child.amountIn ?? child.amount, child.tokenIn),
      amountOf(child.amountOut, bought(child.tokenOut)),
    ]);
    const columns = [
      { title: "Order" },
      { title: "Type" },
      { title: "Status" },
      { title: "Placed" },
      { title: "Paid", numeric: true },
      { title: "Received", numeric: true },
    ];
    return table("Orders of this one", columns, rows);
  }

  async #ask() {
    const order = this.#order;
    if (order === null) return;
    try {
      const query = { parentId: order.id, limit: String(PAGE_MAX) };
      const { orders } = await this.#api.get("/orders", query);
      if (order !== this.#order) return;
      this.#children = orders;
      this.#drawn();
    } catch (error) {
      // The order itself is shown all the same, and the next event asks again.
      if (!isFailure(error)) throw error;
    }
  }
}

const mayHaveChildren = ({ document }) => document.slices !== undefined || Boolean(document.exit);
const link = (id) => element("a", { href: `#/orders/${id}` }, shortId(id ?? ""));
const status = (text) => element("span", { class: "status", "data-status": text }, text);
const amountOf = (text, symbol) => (text === undefined ? "–" : briefAmount(text, symbol));
