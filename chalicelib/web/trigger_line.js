/** The price of the ticket as a line on the chart, which can be moved. */

import { element } from "./dom.js";

// How much an arrow key moves it, of its price.
const STEP = 0.001;

export class TriggerLine {
  node = element("div", {
    class: "trigger-line",
    role: "slider",
    tabindex: "0",
    "aria-label": "Price of the order",
    "aria-orientation": "vertical",
  });
  #moved;
  /** @type {{rate: number, text: string} | null} */
  #price = null;
  #rateAt = null;
  /** While it is held the scale must not move under it. */
  #held = null;

  /** @param {(rate: number) => void} moved hears where it was moved to */
  constructor(moved) {
    this.#moved = moved;
    this.node.hidden = true;
    this.node.addEventListener("pointerdown", (event) => this.#hold(event));
    this.node.addEventListener("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.node.addEventListener(name, () => (this.#held = null));
    }
    this.node.addEventListener("keydown", (event) => this.#step(event));
  }

  get isHeld() {
    return this.#held !== null;
  }

  /** Where the price of the ticket is; null when it has none. */
  get rate() {
    return this.#price?.rate ?? null;
  }

  set price(price) {
    this.#price = price;
  }

  /**
   * @param {((rate: number) => number) | null} y where on the drawing a rate is
   * @param {((y: number) => number) | null} rateAt the other way around
   */
  draw(y, rateAt) {
    this.node.hidden = this.#price === null || y === null;
    if (this.node.hidden) return;
    const { rate, text } = this.#price;
    this.#rateAt = rateAt;
    this.node.style.top = `${y(rate)}px`;
    this.node.dataset.text = text;
    this.node.setAttribute("aria-valuenow", String(rate));
    this.node.setAttribute("aria-valuetext", text);
  }

  #hold(event) {
    event.preventDefault();
    this.node.focus();
    this.node.setPointerCapture(event.pointerId);
    this.#held = { rateAt: this.#rateAt, top: this.node.parentElement.getBoundingClientRect().top };
  }

  #drag({ clientY }) {
    if (this.#held === null) return;
    const rate = this.#held.rateAt(clientY - this.#held.top);
    if (rate > 0) this.#moved(rate);
  }

  #step(event) {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    this.#moved(this.#price.rate * (1 + direction * STEP));
  }
}
