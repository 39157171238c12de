/** The orders of now: those that wait, those under way, and the latest that are done. */

import { Details } from "./details.js";
import { part, setText } from "./dom.js";
import { draw } from "./drawing.js";
import { count } from "./format.js";
import { OrderRow } from "./order_row.js";
import { Rates } from "./rates.js";
import { learn } from "./status_bar.js";
import { VirtualList } from "./virtual_list.js";

const ORDERS_MAX = 1000;
const TICK_MS = 1000;


export class OrderBook {
  #root;
  #orders;
  #cancelling;
  #list;
  #rates;
  #details;
  #edit;
  #tabs;
  #lane = "all";
  /** @type {import("./orders.js").Order[]} the newest first */
  #shown = [];
  #ids = new Set();
  /** The ids of those that are to be cancelled together. */
  #chosen = new Set();
  /** Which lane each was in when it was drawn last. */
  #lanes = new Map();

  /** @param {(order: import("./orders.js").Order) => void} edit opens what changes an order */
  constructor(root, { api, orders, cancelling }, edit) {
    this.#root = root;
    this.#orders = orders;
    this.#cancelling = cancelling;
    this.#edit = edit;
    this.#details = new Details(api, orders, () => this.#inSight());
    this.#list = new VirtualList(part(root, "frame"), part(root, "list"), (id) => this.#rowOf(id));
    this.#rates = new Rates(api, () => this.#pairsInSight());
    this.#tabs = [...root.querySelectorAll("[role=tab]")];
    this.#listen();
    setInterval(() => this.#tick(), TICK_MS);
  }

  has(id) {
    return this.#ids.has(id);
  }

  /** @param {import("./orders.js").Order[]} orders */
  show(...orders) {
    const others = orders.filter((order) => !this.#ids.has(order.id));
    if (others.length === 0) return;
    for (const order of others) this.#ids.add(order.id);
    this.#shown = [...this.#shown, ...others].sort(newestFirst);
    draw(this.#draw);
  }

  #listen() {
    this.#orders.addEventListener("change", ({ detail }) => this.#hear(detail));
    this.#orders.addEventListener("gone", ({ detail: id }) => this.#remove(new Set([id])));
    this.#cancelling.addEventListener("change", ({ detail: id }) => this.#redraw(id));
    this.#rates.addEventListener("change", () => {
      for (const row of this.#list.rows) if (row.order.lane === "open") draw(row.draw);
    });
    part(this.#root, "list").addEventListener("click", ({ target }) => this.#act(target));
    part(this.#root, "list").addEventListener("change", ({ target }) => this.#choose(target));
    part(this.#root, "choose-all").addEventListener("change", ({ target }) => this.#chooseAll(target));
    part(this.#root, "cancel-chosen").addEventListener("click", () => this.#cancelChosen());
    for (const tab of this.#tabs) {
      tab.addEventListener("click", () => this.#open(tab));
      tab.addEventListener("keydown", (event) => this.#turn(event));
    }
  }

  #hear(order) {
    if (!this.#ids.has(order.id)) return;
    if (this.#lanes.get(order.id) === order.lane) this.#redraw(order.id);
    else draw(this.#draw);
  }

  #redraw(id) {
    const row = this.#list.row(id);
    if (row) draw(row.draw);
    draw(this.#drawTools);
  }

  #rowOf(id) {
    this.#details.look();
    const known = { cancelling: this.#cancelling, chosen: this.#chosen, rates: this.#rates };
    return new OrderRow(this.#orders.get(id), known);
  }

  #inSight() {
    return [...this.#list.rows].map(({ order }) => order);
  }

  #pairsInSight() {
    return this.#inSight()
      .filter(({ lane, document }) => lane === "open" && document.tokenOut && !document.slices)
      .map(({ document: { tokenIn, tokenOut } }) => ({ tokenIn, tokenOut }));
  }

  #draw = () => {
    this.#makeRoom();
    const counts = { all: this.#shown.length, open: 0, working: 0, done: 0 };
    for (const order of this.#shown) {
      const { id, lane } = order;
      counts[lane] += 1;
      if (lane === "done") {
        if (this.#lanes.get(id) === "working") learn(order);
        this.#chosen.delete(id);
      }
      if (this.#lanes.get(id) !== lane) this.#list.row(id)?.draw();
      this.#lanes.set(id, lane);
    }
    for (const tab of this.#tabs) setText(part(tab, "count"), String(counts[tab.value]));
    this.#list.show(this.#inLane().map(({ id }) => id));
    part(this.#root, "empty").hidden = counts[this.#lane] > 0;
    setText(part(this.#root, "empty"), EMPTY[this.#lane]);
    this.#drawTools();
  };

  #drawTools = () => {
    const many = this.#chosen.size;
    const button = part(this.#root, "cancel-chosen");
    button.disabled = many === 0;
    setText(button, many === 0 ? "Cancel" : `Cancel ${count(many, "order")}`);
    const box = part(this.#root, "choose-all");
    const offered = this.#inLane().filter((order) => this.#mayCancel(order));
    box.disabled = offered.length === 0;
    box.checked = many > 0 && offered.every(({ id }) => this.#chosen.has(id));
  };

  #inLane() {
    return this.#lane === "all" ? this.#shown : this.#shown.filter(({ lane }) => lane === this.#lane);
  }

  #mayCancel(order) {
    return !order.isFinal && !this.#cancelling.isUnderWay(order);
  }

  #tick() {
    if (document.hidden || this.#root.offsetParent === null) return;
    draw(this.#tickRows);
  }

  #tickRows = () => {
    for (const row of this.#list.rows) if (row.order.lane !== "done") row.tick();
  };

  #act(target) {
    const act = target.dataset.act;
    if (!act) return;
    const id = target.closest("[data-order]").dataset.order;
    if (act === "edit") this.#edit(this.#orders.get(id));
    else this.#cancelling.cancel([id]);
  }

  #choose({ checked, parentElement: { dataset } }) {
    if (checked) this.#chosen.add(dataset.order);
    else this.#chosen.delete(dataset.order);
    this.#drawTools();
  }

  #chooseAll({ checked }) {
    this.#chosen.clear();
    const offered = checked ? this.#inLane().filter((order) => this.#mayCancel(order)) : [];
    for (const { id } of offered) this.#chosen.add(id);
    for (const row of this.#list.rows) draw(row.draw);
    this.#drawTools();
  }

  #cancelChosen() {
    const ids = [...this.#chosen];
    this.#chosen.clear();
    this.#cancelling.cancel(ids);
    for (const id of ids) this.#redraw(id);
  }

  #open(chosen) {
    this.#lane = chosen.value;
    this.#chosen.clear();
    for (const tab of this.#tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      tab.tabIndex = tab === chosen ? 0 : -1;
    }
    part(this.#root, "panel").setAttribute("aria-labelledby", chosen.id);
    part(this.#root, "frame").scrollTop = 0;
    draw(this.#draw);
  }

  #turn(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const place = this.#tabs.indexOf(event.target) + step;
    const tab = this.#tabs.at(place % this.#tabs.length);
    this.#open(tab);
    tab.focus();
  }

  #remove(ids) {
    this.#shown = this.#shown.filter(({ id }) => !ids.has(id));
    for (const id of ids) {
      this.#ids.delete(id);
      this.#lanes.delete(id);
      this.#chosen.delete(id);
    }
    draw(this.#draw);
  }

  /** The oldest that are done are in the history. */
  #makeRoom() {
    const excess = this.#shown.length - ORDERS_MAX;
    if (excess <= 0) return;
    const done = this.#shown.filter(({ isFinal }) => isFinal).slice(-excess);
    for (const { id } of done) this.#orders.forget(id);
    this.#remove(new Set(done.map(({ id }) => id)));
  }
}

const EMPTY = {
  all: "Orders appear here once they are placed, here or elsewhere.",
  open: "No order waits.",
  working: "No order is under way.",
  done: "No order is done yet.",
};

function newestFirst(a, b) {
  const [left, right] = [a.document, b.document];
  if (left.createdAt !== right.createdAt) return left.createdAt < right.createdAt ? 1 : -1;
  return left.orderId < right.orderId ? 1 : -1;
}
