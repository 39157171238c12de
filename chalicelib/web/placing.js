/** Places orders, one or many of the same, and never one of them twice. */

import { isFailure } from "./api.js";
import { bodyOf } from "./draft.js";
import { OpenKeys } from "./open_keys.js";

const AT_ONCE = 8;

export class Placing {
  #api;
  #accepted;
  #keys = new OpenKeys();

  /** @param {(document: object) => void} accepted hears of each order that was taken */
  constructor(api, accepted) {
    this.#api = api;
    this.#accepted = accepted;
  }

  /** How many orders like this may have arrived without an answer. */
  unanswered(draft) {
    return this.#keys.unanswered(draft);
  }

  /** What the ticket said when it was last sent without an answer, and how many of it. */
  get last() {
    return this.#keys.last;
  }

  /** Place so many, a few at a time, and return why some were not accepted. */
  async place(draft, total, values) {
    const failures = [];
    const { keys, at } = this.#keys.take(draft, total, values);
    const body = bodyOf(draft, at);
    const next = async () => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
        try {
          const document = await this.#api.submit(body, key);
          this.#keys.accepted(draft, key);
          this.#accepted(document);
        } catch (error) {
          if (!isFailure(error)) throw error;
          if (error.isUnknown) this.#keys.lost(draft, key);
          else this.#keys.refused(draft, key);
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, total) }, next));
    return failures;
  }
}
