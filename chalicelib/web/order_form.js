/** The ticket: the form that places orders of every type, one or many of the same. */

import { deed } from "./deed.js";
import { element, part, setText } from "./dom.js";
import { draftOf, sideOf, typeOf } from "./draft.js";
import { count, percent } from "./format.js";
import { offerOf, whyNoOffer } from "./offer.js";
import { Placing } from "./placing.js";
import { showSchedule } from "./schedule_strip.js";
import { TriggerPrice } from "./trigger_price.js";

const SAFE = "not known whether it arrived; trying again is safe";
// A price impact from which on one has to say that it is meant.
const GRAVE_BPS = 1500;
const AT_MARKET = ["MARKET", "DCA", "TWAP"];

export class OrderForm {
  #form;
  #tokens;
  #changed;
  #placing;
  #price;
  #isPlacing = false;
  #impactBps = null;
  #rate = null;

  /**
   * @param {HTMLFormElement} form
   * @param {{accepted: (document: object) => void, changed: (offer: object | null, otherwise: string) => void}} tell
   */
  constructor(form, { api, tokens }, { accepted, changed }) {
    this.#form = form;
    this.#tokens = tokens;
    this.#changed = changed;
    this.#placing = new Placing(api, accepted);
    this.#price = new TriggerPrice(form, () => this.#read());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#place();
    });
    form.addEventListener("input", () => this.#read());
    part(form, "swap").addEventListener("click", () => this.#swap());
  }

  /** Offer these tokens. */
  offer(symbols) {
    const { tokenIn, tokenOut } = this.#form.elements;
    for (const select of [tokenIn, tokenOut]) {
      select.replaceChildren(...symbols.map((symbol) => element("option", {}, symbol)));
    }
    tokenOut.value = symbols[1];
    this.#restore();
    this.#read();
  }

  get pair() {
    const { tokenIn, tokenOut } = this.#form.elements;
    return { tokenIn: tokenIn.value, tokenOut: tokenOut.value };
  }

  /** @param {number | null} rate one token of the pair's input in its output, now */
  observe(rate) {
    this.#rate = rate;
    this.#price.observe(rate);
    const values = this.#values();
    this.#showSchedule(values, draftOf(values).order);
  }

  /** @param {object | null} quotes what the order would get now; null while that is not known */
  quoted(quotes) {
    this.#impactBps = quotes?.route.priceImpactBps ?? null;
    this.#askForAcceptance(this.#values());
  }

  /** Where the price of the order is on the chart; null where it has none. */
  get line() {
    return this.#price.line;
  }

  /** Set the price. @param {number} rate one token of the pair's input in its output */
  setPrice(rate) {
    this.#price.set(rate);
    this.#read();
  }

  /** Say what such an order says. @param {import("./draft.js").Values} values */
  fill(values) {
    this.#form.reset();
    this.#set(values);
    this.#read();
  }

  /** Show the order again that was sent before a reload and may have arrived. */
  #restore() {
    const { last } = this.#placing;
    if (last !== null) this.#set({ ...last.values, count: String(last.count) });
  }

  #set(values) {
    const { elements } = this.#form;
    for (const name of ["tokenIn", "tokenOut"]) elements[name].value = values[name] ?? elements[name].value;
    this.#price.choose(this.pair);
    if (values.type === "SNIPER") {
      for (const box of this.#form.querySelectorAll("[type=checkbox]")) {
        box.checked = box.name in values;
      }
    }
    for (const [name, value] of Object.entries(values)) {
      if (elements[name].type !== "checkbox") elements[name].value = value;
    }
    if (values.type === "SNIPER") elements.maxFee.value = values.maxFee ?? "";
    const exits = elements.takeProfit.closest("details");
    exits.open = [...exits.querySelectorAll("input")].some(({ value }) => value !== "");
  }

  #swap() {
    const { tokenIn, tokenOut } = this.#form.elements;
    [tokenIn.value, tokenOut.value] = [tokenOut.value, tokenIn.value];
    this.#read();
  }

  #values() {
    const entries = [...new FormData(this.#form)];
    return Object.fromEntries(entries.map(([name, value]) => [name, value.trim()]));
  }

  /** Read the form; what is wrong with it is said beside it, unless that is merely missing. */
  #read() {
    this.#price.choose(this.pair);
    const values = this.#values();
    const { order, problem, field } = draftOf(values);
    const wrong = field && this.#form.elements[field];
    for (const control of this.#form.querySelectorAll("input, select")) {
      control.setAttribute("aria-invalid", String(control === wrong));
    }
    this.#show(values, order);
    if (order) this.#say(this.#unanswered(order));
    else this.#say(values[field] ? problem : "");
    this.#changed(offerOf(values, this.#decimals(values)), whyNoOffer(values));
    return { order, problem, wrong, values };
  }

  #show(values, order) {
    const type = typeOf(values);
    for (const node of this.#form.querySelectorAll("[data-for]")) {
      node.hidden = !node.dataset.for.split(" ").includes(type);
    }
    part(this.#form, "swap").disabled = type === "SNIPER";
    setText(part(this.#form, "symbol"), sideOf(values) === "amount" ? values.tokenIn ?? "" : values.tokenOut);
    setText(part(this.#form, "amount-name"), values.type === "DCA" ? "Total" : "Amount");
    setText(part(this.#form, "span-name"), type === "TWAP" ? "Over" : "Every");
    part(this.#form, "slippage").hidden = type === "LIMIT" && order !== null && !order.exit;
    setText(part(this.#form, "place"), order ? deed(order, Number(values.count)) : "Place order");
    this.#price.show();
    this.#showSchedule(values, order);
    this.#askForAcceptance(values);
  }

  #showSchedule(values, order) {
    showSchedule(this.#form, order, { decimals: this.#decimals(values), rate: this.#rate });
  }

  #decimals({ tokenIn }) {
    return this.#tokens.decimals(tokenIn);
  }

  #askForAcceptance(values) {
    const holder = part(this.#form, "accept");
    const isGrave = this.#impactBps >= GRAVE_BPS && AT_MARKET.includes(typeOf(values));
    holder.hidden = !isGrave;
    if (!isGrave) this.#form.elements.accepted.checked = false;
    else setText(part(holder, "accept-text"), `I accept a price impact of ${percent(this.#impactBps)}.`);
  }

  #unanswered(order) {
    const number = this.#placing.unanswered(order);
    if (number === 0) return "";
    return `${count(number, "order")} like this got no answer before; ${SAFE}.`;
  }

  async #place() {
    if (this.#isPlacing) return;
    const { order, problem, wrong, values } = this.#read();
    if (order === null) {
      this.#refuse(problem, wrong);
      return;
    }
    const { accepted } = this.#form.elements;
    if (!part(this.#form, "accept").hidden && !accepted.checked) {
      this.#refuse("Accept the price impact first, or order less.", accepted);
      return;
    }
    const button = part(this.#form, "place");
    this.#isPlacing = true;
    button.setAttribute("aria-disabled", "true");
    const failures = await this.#placing.place(order, Number(values.count), values);
    button.removeAttribute("aria-disabled");
    accepted.checked = false;
    this.#isPlacing = false;
    this.#tell(failures);
  }

  #refuse(problem, field) {
    this.#say(problem);
    const folded = field.closest("details");
    if (folded) folded.open = true;
    field.focus();
  }

  #tell(failures) {
    const texts = [];
    const refused = failures.filter((failure) => !failure.isUnknown);
    const unknown = failures.filter((failure) => failure.isUnknown);
    if (refused.length > 0) texts.push(`${count(refused.length, "order")} refused: ${why(refused)}.`);
    if (unknown.length > 0) {
      const which = `${count(unknown.length, "order")} without an answer: ${why(unknown)}`;
      texts.push(`${which}; ${SAFE}.`);
    }
    if (texts.length > 0) this.#say(texts.join(" "));
    else this.#read();
  }

  #say(problem) {
    setText(part(this.#form, "problem"), problem);
  }
}

const why = ([first]) => `${first.code}, ${first.message}`;
