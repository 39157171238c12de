/** Changes an open order: the fields that its type lets one change, as they are now. */

import { isFailure } from "./api.js";
import { bpsToPercent, isAmount, percentToBps } from "./decimals.js";
import { element, part, setText } from "./dom.js";
import { wanted } from "./format.js";

const price = (label) => ({ label, read: (text) => (isAmount(text) ? text : null) });
const share = (label) => ({ label, read: percentToBps, write: bpsToPercent });
const moment = { label: "Waits until", kind: "datetime-local", read: utc, write: local };
const pause = { label: "Paused: no part begins", kind: "checkbox" };
const LIMITS = {
  limitPrice: price("Limit"),
  minAmountOut: price("At least"),
  maxAmountIn: price("At most"),
};
const SLIPPAGE = { slippageBps: share("Slippage, %") };
const TIMED = { ...SLIPPAGE, expiresAt: moment };
const FIELDS = {
  LIMIT: { ...LIMITS, expiresAt: moment },
  STOP: { triggerPrice: price("Price"), ...TIMED },
  TRAILING_STOP: {
    trailingBps: share("Below its best, %"),
    activationPrice: price("From this price on"),
    ...TIMED,
  },
  OCO: { takeProfitPrice: price("Profit at"), stopPrice: price("Stop at"), ...TIMED },
  DCA: {
    minPrice: price("Not below"),
    maxPrice: price("Not above"),
    ...{ paused: pause, ...SLIPPAGE },
  },
  TWAP: { limitPrice: price("Limit"), paused: pause, ...SLIPPAGE },
  SNIPER: TIMED,
  EXIT: SLIPPAGE,
};

export class OrderEdit {
  #dialog;
  #api;
  #orders;
  #order = null;

  constructor(dialog, api, orders) {
    this.#dialog = dialog;
    this.#api = api;
    this.#orders = orders;
    part(dialog, "form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    part(dialog, "close").addEventListener("click", () => dialog.close());
  }

  /** @param {import("./orders.js").Order} order that is open */
  open(order) {
    this.#order = order;
    this.#fill("");
    this.#dialog.showModal();
  }

  #fill(problem) {
    const { terms, swap } = this.#order;
    setText(part(this.#dialog, "title"), wanted(swap));
    const fields = Object.entries(this.#fields());
    part(this.#dialog, "fields").replaceChildren(
      ...fields.map(([name, field]) => control(name, field, terms)),
    );
    setText(part(this.#dialog, "problem"), problem);
  }

  /** What can be changed is what it has: a limit that was given as a price is no amount. */
  #fields() {
    const { terms } = this.#order;
    const isKept = (name) => name in terms && !(name in LIMITS && isImplied(name, terms));
    const mayEnd = terms.type !== "LIMIT" || terms.timeInForce === "GTT";
    return Object.fromEntries(
      Object.entries(FIELDS[terms.type]).filter(
        ([name]) => isKept(name) && (mayEnd || name !== "expiresAt"),
      ),
    );
  }

  /** What differs; null when a field says nothing. */
  #changes() {
    const { elements } = part(this.#dialog, "form");
    const changes = {};
    for (const [name, field] of Object.entries(this.#fields())) {
      const node = elements[name];
      const isBox = field.kind === "checkbox";
      const value = isBox ? node.checked : field.read(node.value.trim());
      node.setAttribute("aria-invalid", String(value === null));
      if (value === null) return null;
      const before = this.#order.terms[name];
      const isSame = isBox ? value === before : node.value.trim() === written(field, before);
      if (!isSame) changes[name] = value;
    }
    return changes;
  }

  async #save() {
    const changes = this.#changes();
    if (changes === null) {
      setText(part(this.#dialog, "problem"), "Enter a number as it was before: such as 142.5.");
      part(this.#dialog, "form").querySelector("[aria-invalid=true]").focus();
      return;
    }
    if (Object.keys(changes).length === 0) {
      this.#dialog.close();
      return;
    }
    const { id, version } = this.#order;
    try {
      this.#orders.merge(await this.#api.edit(id, version, changes));
      this.#dialog.close();
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (error.status === 412) await this.#lookAgain(id);
      else setText(part(this.#dialog, "problem"), `${error.code}: ${error.message}`);
    }
  }

  async #lookAgain(id) {
    try {
      this.#orders.merge(await this.#api.getOrder(id));
      this.#fill("The order has changed meanwhile: this is what it says now.");
    } catch (error) {
      if (!isFailure(error)) throw error;
      setText(part(this.#dialog, "problem"), `${error.code}: ${error.message}`);
    }
  }
}

function control(name, field, terms) {
  const { label, kind } = field;
  const node = element("input", { name, type: kind ?? "text", inputmode: kind ? null : "decimal" });
  if (kind === "datetime-local") node.step = "1";
  if (kind === "checkbox") {
    node.checked = terms[name];
    return element("label", { class: "accept" }, node, ` ${label}`);
  }
  node.value = written(field, terms[name]);
  const unit = name.endsWith("Price") ? `, ${terms.priceIn}` : "";
  return element("label", {}, `${label}${unit}`, node);
}

const written = ({ write = String }, value) => write(value);
const isImplied = (name, terms) => name !== "limitPrice" && "limitPrice" in terms;

function local(timestamp) {
  const at = new Date(timestamp);
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19);
}

function utc(text) {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
