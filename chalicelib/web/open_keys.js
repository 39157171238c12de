/** The Idempotency-Keys of orders that were sent and not yet answered, kept over a reload.
 *
 * An order is a draft: it says how long it waits, and when it was first sent says until when. */

import { add } from "./decimals.js";
import { recall, remember } from "./memory.js";

const NAME = "open-orders";
// The service knows a key that long.
const KEPT_MS = 24 * 3600_000;

export class OpenKeys {
  /** @type {Map<string, {order: object, values: object, at: number,
   *   keys: Record<string, boolean>}>} by the order's name; the values are the ticket's, and of each
   * key is known whether an order may have arrived under it */
  #open = new Map();

  constructor() {
    for (const { order, values, at, keys } of recall(NAME, [])) {
      // Of what was under way when the page was left nobody heard.
      const unknown = Object.fromEntries(Object.keys(keys).map((key) => [key, true]));
      this.#open.set(nameOf(order), { order, values, at, keys: unknown });
    }
  }

  /** Return so many keys for the same order, first those under which it may have arrived, and when
   * it was first sent. */
  take(order, total, values) {
    const known = this.#find(order);
    const entry = { order, values, at: known?.at ?? Date.now(), keys: known?.keys ?? {} };
    while (Object.keys(entry.keys).length < total) entry.keys[crypto.randomUUID()] = false;
    this.#open.set(nameOf(order), entry);
    this.#keep();
    return { keys: Object.keys(entry.keys).slice(0, total), at: entry.at };
  }

  /** How many orders like this may have arrived without an answer. */
  unanswered(order) {
    return Object.values(this.#find(order)?.keys ?? {}).filter(Boolean).length;
  }

  /** The ticket of the last order that may have arrived, and how many of it; null when there is
   * none. */
  get last() {
    const entries = [...this.#open.values()].sort((a, b) => b.at - a.at);
    const entry = entries.find(({ order }) => this.unanswered(order) > 0);
    return entry ? { values: entry.values, count: this.unanswered(entry.order) } : null;
  }

  /** The order was accepted: the next one of its kind is another order. */
  accepted(order, key) {
    const name = nameOf(order);
    const { keys } = this.#open.get(name);
    delete keys[key];
    if (Object.keys(keys).length === 0) this.#open.delete(name);
    this.#keep();
  }

  /** The order was refused: that says nothing of an earlier try that nobody heard of. */
  refused(order, key) {
    if (!this.#open.get(nameOf(order)).keys[key]) this.accepted(order, key);
  }

  /** Nobody knows whether the order arrived. */
  lost(order, key) {
    this.#open.get(nameOf(order)).keys[key] = true;
    this.#keep();
  }

  #find(order) {
    const entry = this.#open.get(nameOf(order));
    const waitsMs = (order.expiresInSeconds ?? Infinity) * 1000;
    return entry && Date.now() - entry.at < Math.min(KEPT_MS, waitsMs) ? entry : null;
  }

  #keep() {
    remember(NAME, [...this.#open.values()]);
  }
}

/** The same for orders that the service takes for the same, however their amount is written. */
function nameOf(order) {
  const amounts = ["amount", "amountOut"].filter((side) => order[side] !== undefined);
  const plain = Object.fromEntries(amounts.map((side) => [side, add(order[side])]));
  return JSON.stringify(Object.entries({ ...order, ...plain }).sort());
}
