/** The Idempotency-Keys of orders that were sent and not yet answered. */

export class OpenKeys {
  #open = new Map();

  /** Return so many keys for the same order, first those under which it may have arrived. */
  take(order, total) {
    const name = JSON.stringify(order);
    const keys = this.#open.get(name) ?? new Set();
    while (keys.size < total) keys.add(crypto.randomUUID());
    this.#open.set(name, keys);
    return [...keys].slice(0, total);
  }

  /** The order was answered: the next one of its kind is another order. */
  close(order, key) {
    const name = JSON.stringify(order);
    const keys = this.#open.get(name);
    keys.delete(key);
    if (keys.size === 0) this.#open.delete(name);
  }
}
