/** Tells who listens what came of orders: what happens within a moment is told in one sentence. */

import { setText } from "./dom.js";
import { count } from "./format.js";
import { FINAL } from "./orders.js";

const GATHER_MS = 1500;

const nobody = () => Object.fromEntries([...FINAL].map((status) => [status, 0]));

export class Announcements {
  #node;
  #gathered = nobody();
  /** Those under way: what had ended before this page heard of it is no news. */
  #awaited = new Set();
  #timer = 0;

  constructor(node, orders) {
    this.#node = node;
    orders.addEventListener("change", ({ detail: order }) => this.#hear(order));
  }

  #hear(order) {
    if (!order.isFinal) this.#awaited.add(order.id);
    else if (this.#awaited.delete(order.id)) this.#gather(order);
  }

  #gather(order) {
    this.#gathered[order.status] += 1;
    this.#timer ||= setTimeout(() => this.#tell(), GATHER_MS);
  }

  #tell() {
    const ends = Object.entries(this.#gathered).filter(([, number]) => number);
    const parts = ends.map(([status, number]) => `${count(number, "order")} ${status}`);
    setText(this.#node, parts.join(", "));
    this.#gathered = nobody();
    this.#timer = 0;
  }
}
