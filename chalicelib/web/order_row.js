/** One order in one line. */

import { element, setText, shape } from "./dom.js";
import { shortId, wanted } from "./format.js";
import { note, offersText, timeText } from "./order_notes.js";
import { StatusBar } from "./status_bar.js";

const KINDS = { TRAILING_STOP: "trail", SNIPER: "snipe" };
const RADIUS = 7;
const ROUND = 2 * Math.PI * RADIUS;

export class OrderRow {
  node;
  #bar = new StatusBar();
  /** @type {Ring | null} only orders over time have one */
  #ring = null;
  #progress = element("span", { class: "progress" }, this.#bar.node);
  #box = element("input", { type: "checkbox" });
  #link;
  #type = element("span", { class: "kind" });
  #status = element("span", { class: "status" });
  #note = element("span", { class: "note" });
  #time = element("span", { class: "time" });
  #edit = element("button", { type: "button", class: "act", "data-act": "edit" }, "✎");
  #cancel = element("button", { type: "button", class: "act", "data-act": "cancel" }, "✕");
  #known;

  /**
   * @param {import("./orders.js").Order} order
   * @param {{cancelling: import("./cancelling.js").Cancelling, chosen: Set<string>,
   *   rates: import("./rates.js").Rates}} known what rows show beside the order
   */
  constructor(order, known) {
    this.order = order;
    this.#known = known;
    this.#link = element("a", { href: `#/orders/${order.id}` });
    this.node = element(
      "li",
      { class: "row", "data-order": order.id },
      this.#box,
      this.#type,
      this.#link,
      this.#progress,
      this.#status,
      this.#note,
      this.#time,
      element("span", { class: "acts" }, this.#edit, this.#cancel),
    );
  }

  draw = () => {
    const { order, node } = this;
    const { cancelling, chosen, rates } = this.#known;
    const isCancelling = cancelling.isUnderWay(order);
    const filledFirst = cancelling.filledFirst(order);
    const title = wanted(order.swap);
    node.dataset.status = order.status;
    node.toggleAttribute("data-cancelling", isCancelling);
    setText(this.#type, KINDS[order.document.type] ?? order.document.type.toLowerCase());
    this.#name(title);
    setText(this.#status, statusText(order, isCancelling, filledFirst));
    this.#drawProgress();
    const said = note(order, order.lane === "open" ? rates.of(order.document) : null);
    this.#say(cancelling.problem(order) || (filledFirst ? `${filledFirst}; ${said}` : said));
    this.tick();
    const mayCancel = !order.isFinal && !isCancelling;
    this.#box.disabled = !mayCancel;
    this.#box.checked = chosen.has(order.id);
    this.#cancel.hidden = !mayCancel;
    this.#edit.hidden = order.lane !== "open" || isCancelling;
  };

  #name(title) {
    if (this.#link.textContent === title) return;
    setText(this.#link, title);
    this.#link.title = `${title}, order ${shortId(this.order.id)}`;
    this.#box.setAttribute("aria-label", `Choose ${title}`);
    this.#cancel.setAttribute("aria-label", `Cancel ${title}`);
    this.#edit.setAttribute("aria-label", `Edit ${title}`);
  }

  /** What moves with time alone. */
  tick() {
    setText(this.#time, timeText(this.order, Date.now()));
    if (this.order.lane === "working") this.#bar.draw(this.order);
  }

  #drawProgress() {
    const { progress, terms } = this.order;
    if (progress === null) {
      this.#bar.draw(this.order);
      return;
    }
    if (this.#ring === null) {
      this.#ring = new Ring();
      this.#progress.replaceChildren(this.#ring.node);
    }
    this.#ring.draw(progress, terms.slices);
  }

  #say(text) {
    const { order } = this;
    setText(this.#note, text);
    const more = [text, offersText(order), order.signature].filter(Boolean).join("\n");
    if (this.#note.title !== more) this.#note.title = more;
  }
}

function statusText(order, isCancelling, filledFirst) {
  if (isCancelling) return "cancelling…";
  return filledFirst ? "filled first" : order.status;
}

/** The parts of an order that are done, as a part of a circle. */
class Ring {
  #done = shape("circle", { class: "done", cx: 10, cy: 10, r: RADIUS });
  #skipped = shape("circle", { class: "skipped", cx: 10, cy: 10, r: RADIUS });
  #title = shape("title");
  node = shape(
    "svg",
    { class: "ring", viewBox: "0 0 20 20", role: "img" },
    this.#title,
    shape("circle", { class: "ground", cx: 10, cy: 10, r: RADIUS }),
    this.#done,
    this.#skipped,
  );

  draw({ slicesDone, slicesSkipped }, slices) {
    const share = (number) => Math.min(1, number / slices) * ROUND;
    this.#done.setAttribute("stroke-dasharray", `${share(slicesDone)} ${ROUND}`);
    this.#skipped.setAttribute("stroke-dasharray", `${share(slicesSkipped)} ${ROUND}`);
    this.#skipped.setAttribute("stroke-dashoffset", String(-share(slicesDone)));
    setText(this.#title, `${slicesDone} of ${slices} parts done`);
  }
}
