/** Brings orders into the book: the latest, whatever is unfinished, and each new one. */

import { isFailure } from "./api.js";
import { FINAL, UNDER_WAY } from "./orders.js";
import { whileVisible } from "./polling.js";

const LOOK_SECONDS = 3;
const PAGE = 20;
const PAGE_MAX = 100;
const FOUND_MAX = 60;
const OPEN_MAX = 500;

export class Adoption {
  #api;
  #book;
  #follow;
  /** When the newest order was placed that was seen so far. */
  #newest = null;

  /** @param {(document: object) => void} follow shows an order and follows it to its end */
  constructor(api, book, follow) {
    this.#api = api;
    this.#book = book;
    this.#follow = follow;
    whileVisible(LOOK_SECONDS, () => this.#look());
  }

  async #look() {
    try {
      const { found, newest } = await (this.#newest === null ? this.#seed() : this.#find());
      this.#newest = newest;
      for (const order of found) if (!this.#book.has(order.orderId)) this.#follow(order);
    } catch (error) {
      if (!isFailure(error)) throw error;
    }
  }

  /** The latest orders, and what is unfinished, however much came after it; asked for in the order
   * in which it moves on. */
  async #seed() {
    const { orders } = await this.#api.get("/orders", { limit: String(PAGE_MAX) });
    const found = [];
    for (const status of ["open", ...UNDER_WAY]) found.push(...(await this.#all(status)));
    return { found: [...orders, ...found], newest: orders[0]?.createdAt ?? "" };
  }

  async #all(status) {
    const found = [];
    const query = { status, limit: String(PAGE_MAX) };
    for (;;) {
      const { orders, nextCursor } = await this.#api.get("/orders", query);
      found.push(...orders);
      if (!nextCursor || found.length >= OPEN_MAX) return found;
      query.cursor = nextCursor;
    }
  }

  /** What is unfinished or new among the newest, the oldest first. */
  async #find() {
    const found = [];
    const query = { limit: String(PAGE) };
    let newest = null;
    for (;;) {
      const { orders, nextCursor } = await this.#api.get("/orders", query);
      newest ??= orders[0]?.createdAt ?? "";
      const wanted = orders.filter((order) => this.#isWanted(order));
      found.unshift(...wanted.reverse());
      const mayBeMore = nextCursor && wanted.length === orders.length;
      if (!mayBeMore || found.length >= FOUND_MAX) return { found, newest };
      query.cursor = nextCursor;
    }
  }

  #isWanted({ status, createdAt }) {
    return !FINAL.has(status) || createdAt > this.#newest;
  }
}
