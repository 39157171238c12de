/** Asks for the events of orders that are in sight: lists show only what an order rests at. */

import { isFailure } from "./api.js";
import { gathered } from "./polling.js";

const GATHER_MS = 150;
const AT_ONCE = 4;

export class Details {
  #api;
  #orders;
  #wanted;
  #asked = new Set();
  #askSoon = gathered(GATHER_MS, () => this.#askForAll());

  /** @param {() => import("./orders.js").Order[]} wanted those in sight */
  constructor(api, orders, wanted) {
    this.#api = api;
    this.#orders = orders;
    this.#wanted = wanted;
  }

  /** Others may have come into sight. */
  look() {
    this.#askSoon();
  }

  async #askForAll() {
    // Those that are not final are followed: their events come by themselves.
    const isBare = (order) => order.isFinal && order.sequence === 0 && !this.#asked.has(order.id);
    const left = this.#wanted().filter(isBare);
    for (const { id } of left) this.#asked.add(id);
    const next = async () => {
      for (let order = left.pop(); order; order = left.pop()) await this.#askFor(order.id);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  async #askFor(id) {
    try {
      this.#orders.merge(await this.#api.getOrder(id));
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (error.status === 404) this.#orders.lose(id);
      else this.#asked.delete(id);
    }
  }
}
