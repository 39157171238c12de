/** The orders of now, a card each; the oldest that are done make room. */

import { bpsAbove } from "./decimals.js";
import { element, setText } from "./dom.js";
import { draw } from "./drawing.js";
import {
  briefAmount,
  percent,
  shortId,
  shortSignature,
  signedPercent,
  venue,
  verdict,
  wanted,
} from "./format.js";
import { recall, remember } from "./memory.js";
import { bestOfVenues, outcome } from "./route_view.js";
import { Timeline } from "./timeline.js";

const CARDS_MAX = 60;
const NAME = "live-orders";

export class LiveOrders {
  #root;
  #orders;
  /** @type {Map<string, Card>} the newest last */
  #cards = new Map();
  /** The ids of the cards, those of before a reload included. */
  #ids = new Set(recall(NAME, []));
  #empty;

  constructor(root, orders) {
    this.#root = root;
    this.#orders = orders;
    this.#empty = root.firstElementChild;
    orders.addEventListener("change", ({ detail: order }) => {
      const card = this.#cards.get(order.id);
      if (card) draw(card.draw);
    });
    orders.addEventListener("gone", ({ detail: id }) => this.#remove(id));
  }

  has(id) {
    return this.#cards.has(id);
  }

  /** The ids of those that had a card before a reload and have none yet, the newest last. */
  get missing() {
    return [...this.#ids].filter((id) => !this.#cards.has(id));
  }

  /** @param {import("./orders.js").Order} order */
  show(order) {
    if (this.#cards.has(order.id)) return;
    const card = new Card(order);
    this.#cards.set(order.id, card);
    remember(NAME, [...this.#ids.add(order.id)]);
    draw(() => {
      if (this.#cards.get(order.id) !== card) return;
      this.#empty.remove();
      card.draw();
      this.#root.prepend(card.node);
      this.#makeRoom();
    });
  }

  #remove(id) {
    this.#cards.get(id)?.node.remove();
    this.#cards.delete(id);
    this.#ids.delete(id);
    remember(NAME, [...this.#ids]);
    if (this.#cards.size === 0) this.#root.replaceChildren(this.#empty);
  }

  #makeRoom() {
    let excess = this.#cards.size - CARDS_MAX;
    for (const [id, card] of this.#cards) {
      if (excess <= 0) return;
      if (card.order.isFinal && !card.node.contains(document.activeElement)) {
        excess -= 1;
        this.#remove(id);
        this.#orders.forget(id);
      }
    }
  }
}

class Card {
  node;
  #timeline = new Timeline();
  #link;
  #status = element("span", { class: "status" });
  #route = element("p");
  #outcome = element("p");
  #signature = element("p", { class: "quiet" });

  constructor(order) {
    this.order = order;
    this.#link = element("a", { href: `#/orders/${order.id}` });
    const title = element("h3", {}, this.#link);
    this.node = element(
      "li",
      { class: "card", "data-order": order.id },
      element("div", { class: "card-head" }, title, this.#status),
      this.#timeline.node,
      this.#route,
      this.#outcome,
      this.#signature,
    );
  }

  draw = () => {
    const { order } = this;
    this.node.dataset.status = order.status;
    setText(this.#link, wanted(order.swap));
    setText(this.#status, order.status);
    this.#timeline.draw(order);
    setText(this.#route, routeText(order));
    setText(this.#outcome, outcomeText(order));
    setText(this.#signature, signatureText(order));
    if (order.signature) this.#signature.title = order.signature;
  };
}

function routeText({ document, decision, tokenOut }) {
  if (!decision) return "";
  const side = outcome(decision, document.tokenIn, tokenOut);
  const offers = bestOfVenues(decision, side).map(
    (quote) => `${venue(quote.venue)} ${briefAmount(quote[side.field], "")}`.trim(),
  );
  const { route } = decision;
  const gain = route.baseline ? ` (${signedPercent(route.improvementBps)})` : "";
  return `${offers.join(", ")}; route ${briefAmount(route[side.field], side.symbol)}${gain}`;
}

function outcomeText(order) {
  const { fill, failure, retries, status, verdicts } = order;
  const last = retries.at(-1);
  const met = verdicts.at(-1);
  if (failure) return `${failure.code}: ${failure.message}, attempt ${failure.attempt}`;
  if (fill) return fillText(order);
  if (met && status === "open") return verdict(met);
  return last ? `Attempt ${order.attempt}, after ${last.code}: ${last.message}` : "";
}

function fillText({ document, decision, fill, tokenOut }) {
  const side = outcome(decision, document.tokenIn, tokenOut);
  const bps = bpsAbove(fill[side.field], decision.route[side.field]);
  const distance = `${percent(Math.abs(bps))} ${bps > 0 ? "over" : "under"} the quote`;
  const verb = side.field === "amountOut" ? "Received" : "Paid";
  const text = `${verb} ${briefAmount(fill[side.field], side.symbol)}`;
  return `${text}, ${bps === 0 ? "as quoted" : distance}`;
}

function signatureText({ id, signature, attempt }) {
  const parts = [shortId(id)];
  if (attempt > 0) parts.push(`attempt ${attempt}`);
  if (signature) parts.push(shortSignature(signature));
  return parts.join(" · ");
}
