/** The statuses of an order as a line of steps; the ones to come stand there dimly. */

import { element } from "./dom.js";
import { clock, since } from "./format.js";
import { UNDER_WAY, isVerdict } from "./orders.js";

const WAY = [...UNDER_WAY, "confirmed"];

export class Timeline {
  node = element("ol", { class: "timeline", "aria-label": "Statuses" });
  #drawn = 0;
  #ahead = [];

  /** @param {import("./orders.js").Order} order */
  draw(order) {
    if (this.#drawn === order.events.length && this.#drawn > 0) return;
    for (const step of this.#ahead) step.remove();
    // What an order meets, or has its parts do, is no step; there may be a thousand of them.
    for (const event of order.events.slice(this.#drawn).filter(isStep)) {
      this.node.append(reached(event, order.events[0].timestamp));
    }
    this.#drawn = order.events.length;
    this.#ahead = ahead(order);
    this.node.append(...this.#ahead);
  }
}

const isStep = (event) => !isVerdict(event) && !event.slice && !event.missed;

function ahead(order) {
  if (order.isFinal) return [];
  if (order.document.slices) return [step("completed", "", { class: "ahead" })];
  // Orders that wait are open instead of pending.
  const left = WAY.slice(Math.max(WAY.indexOf(order.status), 0) + 1);
  const steps = left.map((status) => step(status, "", { class: "ahead" }));
  if (order.sequence > 0) return steps;
  // Accepted, but its first event is not here yet.
  const first = order.document.sequence === 1 ? order.document.status : "pending";
  return [step(first, clock(order.document.createdAt), { class: first }), ...steps];
}

function reached(event, start) {
  const time = event.sequence === 1 ? clock(start) : `+${since(start, event.timestamp)}`;
  const title = event.retryOf ? `${event.retryOf.code}: ${event.retryOf.message}` : null;
  const attributes = { class: event.status, "data-sequence": event.sequence, title };
  return step(nameOf(event), time, attributes);
}

function nameOf(event) {
  if (event.cancelRequested) return "cancel requested";
  return event.retryOf ? `routing, attempt ${event.attempt}` : event.status;
}

function step(name, time, attributes) {
  return element("li", attributes, element("b", {}, name), element("span", {}, time));
}
