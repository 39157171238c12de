/** What a pair was worth over the last minutes, and the fills among it. */

import { whileVisible } from "./polling.js";

const REFRESH_SECONDS = 2;
const FILLS_MAX = 100;

/** Dispatches `change` when there is something new to draw. */
export class Prices extends EventTarget {
  venues = [];
  isLoaded = false;
  /** @type {{at: number, slot: number, bestRoute: string, prices: Record<string, string>}[]}
   * the oldest first */
  points = [];
  /** @type {Error | null} */
  failure = null;

  #api;
  #pair = null;
  #minutes = 5;
  #asking = new AbortController();
  /** @type {Map<string, {at: number, price: number, isReverse: boolean, id: string}>} */
  #fills = new Map();
  #refresh;

  constructor(api, orders, { isFailure }) {
    super();
    this.#api = api;
    this.#refresh = whileVisible(REFRESH_SECONDS, async () => {
      const { signal } = this.#asking;
      try {
        await this.#load(signal);
        if (!signal.aborted) this.failure = null;
      } catch (error) {
        if (signal.aborted) return;
        if (!isFailure(error)) throw error;
        this.failure = error;
      }
      this.dispatchEvent(new Event("change"));
    });
    orders.addEventListener("change", ({ detail: order }) => {
      const { document, fill } = order;
      if (fill) this.#addFill({ ...document, ...fill, updatedAt: fill.timestamp });
    });
  }

  get pair() {
    return this.#pair;
  }

  get minutes() {
    return this.#minutes;
  }

  /** What one input token is worth now in output tokens; null while that is not known. */
  get now() {
    const last = this.points.at(-1);
    return last && this.failure === null ? Number(last.bestRoute) : null;
  }

  /** The fills of the time that is shown, the oldest first. */
  get fills() {
    const start = this.#start();
    return [...this.#fills.values()].filter((f) => f.at >= start).sort((a, b) => a.at - b.at);
  }

  /** Show another pair, or another time; nothing is left of the former one. */
  show({ tokenIn, tokenOut }, minutes) {
    const isSame = this.#pair?.tokenIn === tokenIn && this.#pair?.tokenOut === tokenOut;
    if (isSame && minutes === this.#minutes) return;
    this.#pair = { tokenIn, tokenOut };
    this.#minutes = minutes;
    this.points = [];
    this.venues = [];
    this.isLoaded = false;
    this.failure = null;
    this.#fills.clear();
    this.#asking.abort();
    this.#asking = new AbortController();
    this.dispatchEvent(new Event("change"));
    this.#refresh();
  }

  async #load(signal) {
    const pair = this.#pair;
    if (pair === null || pair.tokenIn === pair.tokenOut) return;
    const minutes = this.#minutes;
    const last = this.points.at(-1);
    if (!last) await this.#loadFills(pair, signal);
    const query = { ...pair, minutes: String(minutes) };
    if (last) query.afterSlot = String(last.slot);
    const { venues, points } = await this.#api.get("/prices", query, signal);
    if (signal.aborted) return;
    const start = this.#start();
    const newer = points.map((point) => ({ ...point, at: Date.parse(point.timestamp) }));
    this.isLoaded = true;
    // Without anything newer there are no venues in the answer either.
    if (venues.length > 0) this.venues = venues;
    this.points = [...this.points, ...newer].filter((point) => point.at >= start);
  }

  async #loadFills(pair, signal) {
    const limits = { status: "confirmed", limit: String(FILLS_MAX) };
    const reversed = { tokenIn: pair.tokenOut, tokenOut: pair.tokenIn };
    const pages = await Promise.all(
      [pair, reversed].map((direction) =>
        this.#api.get("/orders", { ...direction, ...limits }, signal),
      ),
    );
    if (signal.aborted) return;
    for (const order of pages.flatMap((page) => page.orders)) this.#addFill(order);
  }

  #addFill({ orderId, tokenIn, tokenOut, executedPrice, updatedAt }) {
    const isReverse = tokenIn === this.#pair?.tokenOut && tokenOut === this.#pair?.tokenIn;
    const isForward = tokenIn === this.#pair?.tokenIn && tokenOut === this.#pair?.tokenOut;
    if (!isForward && !isReverse) return;
    const price = isReverse ? 1 / Number(executedPrice) : Number(executedPrice);
    this.#fills.set(orderId, { id: orderId, at: Date.parse(updatedAt), price, isReverse });
  }

  #start() {
    return Date.now() - this.#minutes * 60_000;
  }
}
