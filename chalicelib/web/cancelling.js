/** Cancels orders, and knows of each what came of that. */

import { isFailure } from "./api.js";

const AT_ONCE = 4;
// The service has the last word: what it says of an order that had ended is no failure.
const ENDED = new Set(["ALREADY_CONFIRMED", "ALREADY_FINAL"]);

/** Dispatches `change` with the id of an order of which there is something new to say. */
export class Cancelling extends EventTarget {
  #api;
  #orders;
  /** @type {Map<string, {isAsked: boolean, problem: string, wasLate: boolean}>} by the order's id */
  #asked = new Map();

  constructor(api, orders) {
    super();
    this.#api = api;
    this.#orders = orders;
    orders.addEventListener("gone", ({ detail: id }) => this.#asked.delete(id));
  }

  /** Whether a cancel may still come true. @param {import("./orders.js").Order} order */
  isUnderWay(order) {
    return !order.isFinal && (order.isToBeCancelled || (this.#asked.get(order.id)?.isAsked ?? false));
  }

  /** Why an order was filled although its owner wanted it cancelled; empty when it was not. */
  filledFirst(order) {
    if (order.status !== "confirmed") return "";
    if (order.isToBeCancelled) return "its transaction was signed before the cancel";
    return this.#asked.get(order.id)?.wasLate ? "it was confirmed before the cancel came" : "";
  }

  /** Why the last try failed. */
  problem(order) {
    return order.isFinal ? "" : (this.#asked.get(order.id)?.problem ?? "");
  }

  /** Cancel these orders, a few at a time. @param {string[]} ids */
  async cancel(ids) {
    const left = [...ids];
    const next = async () => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) await this.#cancel(id);
    };
    for (const id of ids) this.#note(id, { isAsked: true });
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  async #cancel(id) {
    try {
      const document = await this.#api.cancel(id);
      this.#orders.merge(document);
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (ENDED.has(error.code)) this.#note(id, { wasLate: error.code === "ALREADY_CONFIRMED" });
      else this.#note(id, { problem: `${error.code}: ${error.message}` });
    }
  }

  #note(id, { isAsked = false, problem = "", wasLate = false }) {
    this.#asked.set(id, { isAsked, problem, wasLate });
    this.dispatchEvent(new CustomEvent("change", { detail: id }));
  }
}
