/** The form that places orders, one or many of the same. */

import { isFailure } from "./api.js";
import { bpsToPercent, isAmount, percentToBps } from "./decimals.js";
import { element, part, setText } from "./dom.js";
import { count } from "./format.js";
import { OpenKeys } from "./open_keys.js";

const COUNT_MAX = 50;
const AT_ONCE = 8;
const SAFE = "not known whether it arrived; trying again is safe";

export class OrderForm {
  #form;
  #api;
  #accepted;
  #changed;
  #isPlacing = false;
  #keys = new OpenKeys();

  /**
   * @param {HTMLFormElement} form
   * @param {{accepted: (document: object) => void, changed: (order: object | null) => void}} tell
   */
  constructor(form, api, { accepted, changed }) {
    this.#form = form;
    this.#api = api;
    this.#accepted = accepted;
    this.#changed = changed;
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

  /** Show the order again that was sent before a reload and may have arrived. */
  #restore() {
    const { last } = this.#keys;
    if (last === null) return;
    const { tokenIn, tokenOut, given, amount, slippage, impact, count: many } = this.#form.elements;
    const { order } = last;
    tokenIn.value = order.tokenIn;
    tokenOut.value = order.tokenOut;
    given.value = order.amountOut === undefined ? "amount" : "amountOut";
    amount.value = order[given.value];
    slippage.value = bpsToPercent(order.slippageBps);
    impact.value = bpsToPercent(order.maxPriceImpactBps);
    many.value = String(last.count);
  }

  get pair() {
    const { tokenIn, tokenOut } = this.#form.elements;
    return { tokenIn: tokenIn.value, tokenOut: tokenOut.value };
  }

  #swap() {
    const { tokenIn, tokenOut } = this.#form.elements;
    [tokenIn.value, tokenOut.value] = [tokenOut.value, tokenIn.value];
    this.#read();
  }

  /** Read the form; what is wrong with it is said beside it. */
  #read() {
    const { given, amount } = this.#form.elements;
    const { tokenIn, tokenOut } = this.pair;
    setText(part(this.#form, "symbol"), given.value === "amount" ? tokenIn : tokenOut);
    const problem = this.#problem();
    const order = problem ? null : this.#order();
    if (order) this.#say(this.#unanswered(order));
    else this.#say(amount.value.trim() ? problem : "");
    this.#changed(order);
    return order;
  }

  #unanswered(order) {
    const number = this.#keys.unanswered(order);
    if (number === 0) return "";
    return `${count(number, "order")} like this got no answer before; ${SAFE}.`;
  }

  #problem() {
    const { tokenIn, tokenOut, amount, slippage, impact, count: many } = this.#form.elements;
    const text = amount.value.trim();
    const total = Number(many.value);
    const problems = [
      [tokenIn, tokenIn.value !== "", "The tokens are still being loaded."],
      [tokenOut, tokenIn.value !== tokenOut.value, "Choose two different tokens."],
      [amount, isAmount(text), `“${text}” is not an amount: enter one such as 1 or 0.25.`],
      [slippage, isShare(slippage), "Slippage must be 0 to 100%, in steps of 0.01%."],
      [impact, isShare(impact), "Price impact must be 0 to 100%, in steps of 0.01%."],
      [many, Number.isInteger(total) && total >= 1 && total <= COUNT_MAX,
        `1 to ${COUNT_MAX} orders can be placed at once.`],
    ];
    for (const [field, isGood] of problems) field.setAttribute("aria-invalid", String(!isGood));
    return problems.find(([, isGood]) => !isGood)?.[2] ?? "";
  }

  #order() {
    const { given, amount, slippage, impact } = this.#form.elements;
    return {
      ...this.pair,
      [given.value]: amount.value.trim(),
      slippageBps: share(slippage),
      maxPriceImpactBps: share(impact),
    };
  }

  async #place() {
    if (this.#isPlacing) return;
    const order = this.#read();
    if (order === null) {
      this.#say(this.#problem());
      this.#form.querySelector("[aria-invalid=true]").focus();
      return;
    }
    const button = part(this.#form, "place");
    const total = Number(this.#form.elements.count.value);
    this.#isPlacing = true;
    button.setAttribute("aria-disabled", "true");
    const failures = await this.#placeAll(order, total);
    button.removeAttribute("aria-disabled");
    this.#isPlacing = false;
    this.#tell(failures);
  }

  /** Place so many, a few at a time, and return why some were not accepted. */
  async #placeAll(order, total) {
    const failures = [];
    const keys = this.#keys.take(order, total);
    const next = async () => {
      for (let key = keys.pop(); key !== undefined; key = keys.pop()) {
        try {
          const document = await this.#api.submit({ type: "MARKET", ...order }, key);
          this.#keys.accepted(order, key);
          this.#accepted(document);
        } catch (error) {
          if (!isFailure(error)) throw error;
          if (error.isUnknown) this.#keys.lost(order, key);
          else this.#keys.refused(order, key);
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, total) }, next));
    return failures;
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

const share = (field) => percentToBps(field.value.trim());
const isShare = (field) => share(field) !== null;
const why = ([first]) => `${first.code}, ${first.message}`;
