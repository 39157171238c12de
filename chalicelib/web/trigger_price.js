/** The prices of the ticket: in which token they are, and how far from that of now. */

import { brief, isAmount } from "./decimals.js";
import { element, part, setText } from "./dom.js";
import { signedPercent } from "./format.js";
import { distanceBps, priceText, stated, unitOf } from "./price_units.js";

const FIELDS = ["price", "minPrice", "maxPrice"];

export class TriggerPrice {
  #form;
  #pair = "";
  /** One input token in output tokens, as it was seen last; null while that is not known. */
  #rate = null;

  /** @param {() => void} changed a price was set by a chip */
  constructor(form, changed) {
    this.#form = form;
    part(form, "chips").addEventListener("click", ({ target }) => {
      if (!(target instanceof HTMLButtonElement) || this.#now === null) return;
      form.elements.price.value = priceText(this.#now * (1 + Number(target.value) / 10_000));
      this.#turn();
      changed();
    });
    form.elements.price.addEventListener("input", () => this.#turn());
  }

  /** Set the price from elsewhere. @param {number} rate of one input token in output tokens */
  set(rate) {
    const { tokenIn, priceIn } = this.#form.elements;
    const price = stated(rate, { tokenIn: tokenIn.value }, priceIn.value);
    this.#form.elements.price.value = priceText(price);
    this.#turn();
  }

  /** Where the price is on the chart; null where the ticket has none. */
  get line() {
    const { price, priceIn, tokenIn, type, pace } = this.#form.elements;
    const text = price.value.trim();
    const isPriced = ["LIMIT", "STOP"].includes(type.value) || (type.value === "DCA" && pace.value === "TWAP");
    if (!isPriced || !isAmount(text)) return null;
    const rate = stated(Number(text), { tokenIn: tokenIn.value }, priceIn.value);
    return { rate, text: `${brief(text)} ${priceIn.value}` };
  }

  /** The prices of this pair: those of another mean nothing here. */
  choose({ tokenIn, tokenOut }) {
    const { priceIn } = this.#form.elements;
    const pair = [tokenIn, tokenOut].sort().join();
    if (pair !== this.#pair) {
      priceIn.replaceChildren(
        ...[...new Set([tokenIn, tokenOut])].map((symbol) => element("option", {}, symbol)),
      );
      priceIn.value = unitOf(tokenIn, tokenOut);
      for (const name of FIELDS) this.#form.elements[name].value = "";
    }
    this.#pair = pair;
  }

  /** @param {number | null} rate of one input token in output tokens, now */
  observe(rate) {
    this.#rate = rate;
    this.show();
  }

  /** Say how far away the price is that the form has. */
  show() {
    const { tokenIn, tokenOut, priceIn } = this.#form.elements;
    const other = priceIn.value === tokenIn.value ? tokenOut.value : tokenIn.value;
    setText(part(this.#form, "price-name"), `${priceIn.value} per ${other}`);
    for (const chip of part(this.#form, "chips").children) chip.disabled = this.#now === null;
    setText(part(this.#form, "distance"), this.#distance());
  }

  get #now() {
    const { tokenIn, priceIn } = this.#form.elements;
    if (this.#rate === null) return null;
    return stated(this.#rate, { tokenIn: tokenIn.value }, priceIn.value);
  }

  get #isBelow() {
    return Number(this.#form.elements.price.value) < this.#now;
  }

  /** Whoever names a price below that of now waits for a fall; nothing turns that by itself. */
  #turn() {
    const { price, condition } = this.#form.elements;
    if (this.#now !== null && isAmount(price.value.trim())) {
      condition.value = this.#isBelow ? "below" : "above";
    }
  }

  #distance() {
    const { price, type } = this.#form.elements;
    const now = this.#now;
    if (now === null) return "The price of now is not known.";
    const text = `now ${brief(priceText(now))}`;
    if (type.value === "DCA" || !isAmount(price.value.trim())) return text;
    const away = signedPercent(Math.round(distanceBps(Number(price.value), now)));
    const isMet = type.value in ALREADY && this.#isMet(type.value);
    return `${text}, ${away}${isMet ? ALREADY[type.value] : ""}`;
  }

  #isMet(type) {
    const { tokenIn, priceIn, condition } = this.#form.elements;
    if (type === "STOP") return (condition.value === "above") === this.#isBelow;
    return (priceIn.value === tokenIn.value) !== this.#isBelow;
  }
}

const ALREADY = {
  LIMIT: "; it would be filled at once",
  STOP: "; the price is there already",
};
