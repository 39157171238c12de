/** What the pairs are worth whose orders are seen waiting. */

import { isFailure } from "./api.js";
import { whileVisible } from "./polling.js";

const REFRESH_SECONDS = 4;
// Orders of more pairs than that are seldom on one screen.
const PAIRS_MAX = 8;
const KEPT_MS = 15_000;

const nameOf = ({ tokenIn, tokenOut }) => `${tokenIn} ${tokenOut}`;

/** Dispatches `change` when there are newer rates. */
export class Rates extends EventTarget {
  #api;
  #wanted;
  /** @type {Map<string, {rate: number, at: number}>} */
  #rates = new Map();

  /** @param {() => {tokenIn: string, tokenOut: string}[]} wanted the pairs that are seen now */
  constructor(api, wanted) {
    super();
    this.#api = api;
    this.#wanted = wanted;
    whileVisible(REFRESH_SECONDS, () => this.#ask());
  }

  /** One input token in output tokens; null when that is not known of now. */
  of(pair) {
    const known = this.#rates.get(nameOf(pair));
    return known && Date.now() - known.at < KEPT_MS ? known.rate : null;
  }

  async #ask() {
    const pairs = new Map(this.#wanted().map((pair) => [nameOf(pair), pair]));
    const asked = [...pairs.values()].slice(0, PAIRS_MAX);
    await Promise.all(asked.map((pair) => this.#askFor(pair)));
    if (asked.length > 0) this.dispatchEvent(new Event("change"));
  }

  async #askFor({ tokenIn, tokenOut }) {
    try {
      const { points } = await this.#api.get("/prices", { tokenIn, tokenOut, minutes: "1" });
      const last = points.at(-1);
      if (last) this.#take({ tokenIn, tokenOut }, Number(last.bestRoute));
    } catch (error) {
      if (!isFailure(error)) throw error;
    }
  }

  #take(pair, rate) {
    this.#rates.set(nameOf(pair), { rate, at: Date.now() });
  }
}
