/** Brings orders among the live ones: those of before a reload, those under way, and new ones. */

import { isFailure } from "./api.js";
import { FINAL, UNDER_WAY } from "./orders.js";
import { whileVisible } from "./polling.js";

const LOOK_SECONDS = 3;
const PAGE = 20;
const FOUND_MAX = 60;
const AT_ONCE = 8;

export class Adoption {
  #api;
  #orders;
  #live;
  #follow;
  /** When the newest order was placed that was seen so far. */
  #newest = null;

  /** @param {(document: object) => void} follow shows an order and follows it to its end */
  constructor({ api, orders, live }, follow) {
    this.#api = api;
    this.#orders = orders;
    this.#live = live;
    this.#follow = follow;
    whileVisible(LOOK_SECONDS, () => this.#look());
  }

  async #look() {
    try {
      await this.#adopt(this.#live.missing);
      const isFirst = this.#newest === null;
      const { found, newest } = await this.#find();
      await this.#adopt([...(isFirst ? await this.#findUnderWay() : []), ...found]);
      this.#newest = newest;
    } catch (error) {
      if (!isFailure(error)) throw error;
    }
  }

  /** What is under way, however much came after it; asked in the order in which it moves on. */
  async #findUnderWay() {
    const found = [];
    for (const status of UNDER_WAY) {
      const { orders } = await this.#api.get("/orders", { status, limit: String(FOUND_MAX) });
      found.push(...orders);
    }
    const byAge = found.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    return byAge.map((order) => order.orderId);
  }

  /** What is under way or new among the newest, the oldest first. */
  async #find() {
    const found = [];
    const query = { limit: String(PAGE) };
    let newest = null;
    for (;;) {
      const { orders, nextCursor } = await this.#api.get("/orders", query);
      newest ??= orders[0]?.createdAt ?? "";
      const wanted = orders.filter((order) => this.#isWanted(order));
      found.unshift(...wanted.map((order) => order.orderId).reverse());
      const mayBeMore = nextCursor && wanted.length === orders.length;
      if (!mayBeMore || found.length >= FOUND_MAX) return { found, newest };
      query.cursor = nextCursor;
    }
  }

  #isWanted({ status, createdAt }) {
    return !FINAL.has(status) || (this.#newest !== null && createdAt > this.#newest);
  }

  /** Take those in that are not shown yet, as they are now, in their order. */
  async #adopt(found) {
    const ids = [...new Set(found)].filter((id) => !this.#live.has(id));
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const batch = ids.slice(start, start + AT_ONCE);
      const documents = await Promise.all(batch.map((id) => this.#get(id)));
      for (const document of documents) if (document) this.#follow(document);
    }
  }

  async #get(id) {
    try {
      return await this.#api.getOrder(id);
    } catch (error) {
      if (error.status !== 404) throw error;
      this.#orders.lose(id);
      return null;
    }
  }
}
