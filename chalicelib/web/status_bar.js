/** How long an order was in each status, as a bar whose parts are as long as their times. */

import { element } from "./dom.js";
import { phases } from "./durations.js";
import { FINAL } from "./orders.js";

// What an order takes until it is known how long those before it took.
const EXPECTED_MS = 3000;
const WEIGHT = 0.2;

let expectedMs = EXPECTED_MS;

export class StatusBar {
  node = element("span", { class: "bar" });
  #ahead = element("i", { class: "ahead" });
  #drawn = 0;
  /** @type {HTMLElement[]} */
  #parts = [];

  /** @param {import("./orders.js").Order} order */
  draw(order) {
    if (order.events.length === 0) return;
    const steps = phases(order.events, Date.now());
    for (const step of steps.slice(this.#parts.length)) this.#parts.push(partOf(step));
    if (this.#drawn < this.#parts.length) this.node.replaceChildren(...this.#parts, this.#ahead);
    this.#drawn = this.#parts.length;
    let total = 0;
    for (const [n, { status, ms }] of steps.entries()) {
      const length = FINAL.has(status) ? 0 : ms;
      this.#parts[n].style.flexGrow = String(length);
      total += length;
    }
    this.#ahead.style.flexGrow = String(order.isFinal ? 0 : Math.max(0, expectedMs - total));
    this.node.title = steps.filter(({ ms, status }) => ms && !FINAL.has(status)).map(sayOf).join(", ");
  }
}

/** Learn from an order that is done how long one takes. */
export function learn(order) {
  const steps = phases(order.events, 0);
  const [first, last] = [steps[0], steps.at(-1)];
  if (last?.status !== "confirmed") return;
  const ms = Date.parse(last.timestamp) - Date.parse(first.timestamp);
  expectedMs += WEIGHT * (ms - expectedMs);
}

function partOf({ status, sequence, attempt }) {
  return element("i", { class: status, "data-sequence": sequence, "data-attempt": attempt });
}

const sayOf = ({ status, ms }) => `${status} ${(ms / 1000).toFixed(2)} s`;
