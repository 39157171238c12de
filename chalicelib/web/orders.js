/** The orders this page knows, and what their events say. */

import { add } from "./decimals.js";
import { bought } from "./format.js";
import { priceText } from "./price_units.js";

export const UNDER_WAY = ["pending", "routing", "building", "submitted"];
export const FINAL = new Set(["confirmed", "failed", "cancelled", "expired", "completed"]);

/** Whether the event tells only of a pool that an order has passed over. */
export const isVerdict = ({ status, verdict }) => status === "open" && verdict !== undefined;

/**
 * @typedef {{orderId: string, sequence: number, status: string, attempt: number,
 *   timestamp: string}} OrderEvent with the details of its status
 */

export class Order {
  /** @type {OrderEvent[]} 1, 2, 3 … without a hole */
  events = [];

  /** @param document as the service shows an order; its outcome is that of its events */
  constructor(document) {
    this.streamUrl = null;
    this.renewedAt = 0;
    this.document = document;
    this.id = document.orderId;
    this.renew(document.streamUrl);
  }

  /** What the service says of it later; an answer may be older than the one before it. */
  update(document) {
    if (document.sequence >= this.document.sequence) this.document = document;
    this.renew(document.streamUrl);
  }

  /** @param {string} [streamUrl] only what is asked for by itself has one */
  renew(streamUrl) {
    if (streamUrl === undefined) return;
    this.streamUrl = streamUrl;
    this.renewedAt = Date.now();
  }

  get sequence() {
    return this.events.length;
  }

  /** The last change that is known of, be it by the stream or by an answer. */
  get version() {
    return Math.max(this.sequence, this.document.sequence);
  }

  get status() {
    return this.events.at(-1)?.status ?? this.document.status;
  }

  get isFinal() {
    return FINAL.has(this.status);
  }

  /** Where it belongs: "open" while it waits, "working", or "done". */
  get lane() {
    if (this.isFinal) return "done";
    return this.status === "open" ? "open" : "working";
  }

  /** Its terms, as they were edited. */
  get terms() {
    return Object.assign({}, this.document, ...this.events.map(({ changed }) => changed ?? {}));
  }

  /** Whether its owner wants it cancelled, though its transaction may land. */
  get isToBeCancelled() {
    return this.events.some((event) => event.cancelRequested) || Boolean(this.document.cancelRequested);
  }

  /** Of an order over time how many parts are done and skipped, and when the next is due. */
  get progress() {
    const { document, events } = this;
    if (events.length < document.sequence || events.length === 0) return document.progress ?? null;
    return document.slices === undefined ? null : progressOf(document, events);
  }

  get attempt() {
    return this.events.at(-1)?.attempt ?? this.document.attempt;
  }

  /** What was decided last: quotes, route, limit. */
  get decision() {
    return this.events.findLast((event) => event.route) ?? null;
  }

  /** What was found of the pools that it has passed over. */
  get verdicts() {
    return this.events.filter(isVerdict).map((event) => event.verdict);
  }

  /** The pool that it buys from, where it waits for one. */
  get pool() {
    return this.events.findLast((event) => event.trigger?.pool)?.trigger.pool ?? null;
  }

  /** The token that it buys, as far as that is known by now. */
  get tokenOut() {
    const { tokenOut } = this.document;
    const passed = this.events.findLast((event) => event.trigger?.pool);
    return passed?.verdict?.symbol ?? bought(tokenOut ?? this.decision?.route.legs.at(-1).outputMint);
  }

  /** The order as it is written: what is swapped, as far as it is known by now. */
  get swap() {
    return { ...this.document, tokenOut: this.tokenOut };
  }

  get signature() {
    const { document, events } = this;
    return events.findLast((event) => event.signature)?.signature ?? document.signature ?? null;
  }

  /** Why an order that waits was not filled when its price had come. */
  get unfilled() {
    return this.events.at(-1)?.unfilled ?? null;
  }

  /** Why earlier attempts ended. */
  get retries() {
    return this.events.filter((event) => event.retryOf).map((event) => event.retryOf);
  }

  get fill() {
    return this.status === "confirmed" ? this.#last : null;
  }

  get failure() {
    return this.status === "failed" ? this.#last : null;
  }

  /** The last event; a list shows of it what an order rests at. */
  get #last() {
    const { document } = this;
    return this.events.at(-1) ?? { ...document, timestamp: document.updatedAt };
  }
}

/** What the parts have paid and received so far, if any has. */
function traded(parts) {
  const filled = parts.filter(({ status }) => status === "confirmed");
  if (filled.length === 0) return {};
  const [amountIn, amountOut] = ["amountIn", "amountOut"].map((name) =>
    add(...filled.map((part) => part[name])),
  );
  return { amountIn, amountOut, executedPrice: priceText(Number(amountOut) / Number(amountIn)) };
}

function progressOf({ slices, intervalSeconds, durationSeconds, startAt }, events) {
  const parts = events.filter((event) => event.slice).map((event) => event.slice);
  const number = (status) => parts.filter((part) => part.status === status).length;
  const [slicesDone, slicesSkipped] = [number("confirmed"), number("skipped")];
  const isUnderWay = parts.at(-1)?.status === "begun";
  const done = { slicesDone, slicesSkipped, ...traded(parts) };
  if (slicesDone + slicesSkipped + Number(isUnderWay) >= slices) return done;
  const ms = (intervalSeconds ?? durationSeconds / slices) * 1000;
  const begun = parts.findLast((part) => part.status === "begun");
  const next = begun ? Date.parse(begun.dueAt) + ms : Date.parse(startAt);
  return { ...done, nextDueAt: new Date(next).toISOString() };
}

/** Dispatches `change` with an order when something of it is new, `gone` with the id of a lost one. */
export class Orders extends EventTarget {
  /** @type {Map<string, Order>} */
  #orders = new Map();

  get(id) {
    return this.#orders.get(id);
  }

  /** Take in what the service says of an order, and return it as it is known now. */
  merge(document) {
    const id = document.orderId;
    let order = this.#orders.get(id);
    if (order) order.update(document);
    else this.#orders.set(id, (order = new Order(document)));
    for (const event of document.events ?? []) this.#append(order, event);
    this.#changed(order);
    return order;
  }

  /**
   * Take in an event of the stream.
   * @param {OrderEvent} event
   * @returns {boolean} whether one before it is missing
   */
  apply(event) {
    const order = this.#orders.get(event.orderId);
    if (!order) return false;
    if (this.#append(order, event)) this.#changed(order);
    return event.sequence > order.sequence;
  }

  /** Forget an order: it is in the history. */
  forget(id) {
    this.#orders.delete(id);
  }

  /** The service knows the order no more. */
  lose(id) {
    this.#orders.delete(id);
    this.dispatchEvent(new CustomEvent("gone", { detail: id }));
  }

  #append(order, event) {
    const isNext = event.sequence === order.sequence + 1;
    if (isNext) order.events.push(event);
    return isNext;
  }

  #changed(order) {
    this.dispatchEvent(new CustomEvent("change", { detail: order }));
  }
}
