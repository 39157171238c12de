/** Everything about one order, and what can be done with it. */

import { isFailure } from "./api.js";
import { valuesOf } from "./draft_values.js";
import { part, setText } from "./dom.js";
import { draw } from "./drawing.js";
import { wanted } from "./format.js";
import { bannerNode, bannerOf } from "./order_banner.js";
import { bodyAgain, command, curl } from "./order_commands.js";
import {
  attemptsSections,
  decisionSections,
  eventsSection,
  guardsSections,
  outcomeSection,
  raw,
} from "./order_sections.js";
import { Relatives } from "./relatives.js";
import { Timeline } from "./timeline.js";

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NO_ID = "This is not an order id: an order id has 36 characters. The history lists your orders.";
const TICK_MS = 1000;

export class OrderPage {
  #root;
  #known;
  #deeds;
  #relatives;
  #id = null;
  #isRefused = false;
  #timeline = null;

  /**
   * @param {{api: import("./api.js").Api, orders: import("./orders.js").Orders,
   *   stream: import("./stream.js").Stream, tokens: import("./tokens.js").Tokens,
   *   cancelling: import("./cancelling.js").Cancelling}} known
   * @param {{edit: (order: object) => void, repeat: (values: object) => void}} deeds
   */
  constructor(root, known, deeds) {
    this.#root = root;
    this.#known = known;
    this.#deeds = deeds;
    this.#relatives = new Relatives(known.api, () => draw(this.#draw));
    known.orders.addEventListener("change", ({ detail: order }) => {
      if (order.id === this.#id) draw(this.#draw);
    });
    known.cancelling.addEventListener("change", ({ detail: id }) => {
      if (id === this.#id) draw(this.#draw);
    });
    part(root, "acts").addEventListener("click", ({ target }) => this.#act(target));
    setInterval(() => this.#tick(), TICK_MS);
  }

  async open(id) {
    this.#id = id;
    this.#isRefused = false;
    this.#timeline = null;
    this.#relatives.show(null);
    part(this.#root, "body").replaceChildren();
    part(this.#root, "banner").replaceChildren();
    part(this.#root, "acts").hidden = true;
    part(this.#root, "copied").hidden = true;
    setText(part(this.#root, "copy-note"), "");
    setText(part(this.#root, "title"), "Order");
    setText(part(this.#root, "id"), id);
    setText(part(this.#root, "message"), ID.test(id) ? "Loading…" : NO_ID);
    if (ID.test(id)) await this.#load(id);
  }

  async #load(id) {
    const { api, orders, stream } = this.#known;
    try {
      const order = orders.merge(await api.getOrder(id));
      // It may be spelled in other letters.
      if (this.#id === id) this.#id = order.id;
      stream.follow(order);
      draw(this.#draw);
    } catch (error) {
      if (!isFailure(error)) throw error;
      if (this.#id === id) draw(() => this.#refuse(error));
    }
  }

  /** Ask again for what could not be had. */
  retry() {
    if (!this.#root.hidden && this.#isRefused) this.open(this.#id);
  }

  #refuse(error) {
    this.#isRefused = true;
    setText(part(this.#root, "message"), `${error.code}: ${error.message}`);
  }

  get #order() {
    return this.#known.orders.get(this.#id);
  }

  /** What is under way takes longer by itself. */
  #tick() {
    if (document.hidden || this.#root.hidden || this.#order?.lane !== "working") return;
    draw(this.#draw);
  }

  #draw = () => {
    const order = this.#order;
    if (!order) return;
    const { cancelling, tokens } = this.#known;
    this.#timeline ??= new Timeline();
    this.#timeline.draw(order);
    this.#relatives.show(order);
    const isCancelling = cancelling.isUnderWay(order);
    const banner = bannerOf(order, cancelling.filledFirst(order));
    setText(part(this.#root, "message"), cancelling.problem(order));
    setText(part(this.#root, "title"), wanted(order.swap));
    setText(part(this.#root, "id"), order.id);
    part(this.#root, "banner").replaceChildren(...(banner ? [bannerNode(banner)] : []));
    this.#offer(order, isCancelling);
    const content = [
      this.#timeline.node,
      outcomeSection(order, isCancelling ? "cancelling…" : order.status),
      ...this.#relatives.sections(),
      ...attemptsSections(order),
      ...guardsSections(order),
      ...decisionSections(order, tokens),
      eventsSection(order),
      raw(order),
    ];
    keepFolds(part(this.#root, "body"), content);
  };

  /** Offer what can be done with the order as it is. */
  #offer(order, isCancelling) {
    const body = this.#bodyAgain(order);
    part(this.#root, "acts").hidden = false;
    part(this.#root, "cancel").hidden = order.isFinal || isCancelling;
    part(this.#root, "edit").hidden = order.lane !== "open" || isCancelling;
    part(this.#root, "repeat").hidden = !this.#maySay(body);
    part(this.#root, "curl").hidden = body === null;
    part(this.#root, "command").hidden = body === null || command(body) === null;
  }

  /** The body that places it again: a token that is not listed is named by its mint. */
  #bodyAgain({ terms, decision }) {
    const { tokens } = this.#known;
    const legs = decision?.route.legs ?? [];
    const name = (symbol, mint) => (symbol === undefined || tokens.has(symbol) ? symbol : (mint ?? symbol));
    return bodyAgain({
      ...terms,
      tokenIn: name(terms.tokenIn, legs[0]?.inputMint),
      // What a sniper waited for is not what it has found.
      ...(terms.type === "SNIPER" ? {} : { tokenOut: name(terms.tokenOut, legs.at(-1)?.outputMint) }),
    });
  }

  /** Whether the ticket can say this. */
  #maySay(body) {
    if (body === null || valuesOf(body) === null) return false;
    const { tokens } = this.#known;
    return tokens.has(body.tokenIn) && (body.type === "SNIPER" || tokens.has(body.tokenOut));
  }

  #act({ dataset }) {
    const order = this.#order;
    const body = this.#bodyAgain(order);
    const { api, cancelling } = this.#known;
    const base = new URL(document.documentElement.dataset.base, location.origin);
    const acts = {
      cancel: () => cancelling.cancel([order.id]),
      edit: () => this.#deeds.edit(order),
      repeat: () => this.#deeds.repeat(valuesOf(body)),
      curl: () => this.#copy(curl(body, base.href.replace(/\/$/, ""), Boolean(api.key))),
      command: () => this.#copy(command(body)),
    };
    acts[dataset.part]?.();
  }

  /** Where a page may not write to the clipboard, the text can be taken from here. */
  async #copy(text) {
    const shown = part(this.#root, "copied");
    const said = part(this.#root, "copy-note");
    setText(shown, text);
    shown.hidden = false;
    try {
      await navigator.clipboard.writeText(text);
      setText(said, "Copied.");
    } catch (error) {
      if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
      getSelection().selectAllChildren(shown);
      setText(said, "Your browser does not let this page copy: copy what is marked here.");
    }
  }
}

/** Show this instead; what was unfolded stays so. */
function keepFolds(holder, content) {
  const unfolded = [...holder.querySelectorAll("details[open]")].map((node) => node.dataset.fold);
  holder.replaceChildren(...content);
  for (const name of unfolded) {
    const node = holder.querySelector(`[data-fold="${name}"]`);
    if (node) node.open = true;
  }
}
