/** Says of a panel how old it is while nothing newer can be had. */

import { part, setText } from "./dom.js";
import { clock } from "./format.js";

export class Freshness {
  #root;
  #at = null;

  /** @param {HTMLElement} root with a part for messages */
  constructor(root) {
    this.#root = root;
  }

  /** Nothing is shown yet. */
  begun(text) {
    this.#at = null;
    this.#root.removeAttribute("data-stale");
    setText(part(this.#root, "message"), text);
  }

  /** What is shown is of now. */
  renewed() {
    this.#at = Date.now();
    this.#show("");
  }

  /** Nothing newer came. */
  failed(error) {
    const age = this.#at === null ? "" : `; shown as of ${clock(this.#at)}`;
    this.#show(`${error.code}: ${error.message}${age}`);
  }

  #show(text) {
    this.#root.toggleAttribute("data-stale", text !== "");
    setText(part(this.#root, "message"), text);
  }
}
