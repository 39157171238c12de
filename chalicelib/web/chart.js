/** The chart of what a pair was worth, by the best route and at each venue, with the fills on it. */

import { linear, range, tickText, ticks } from "./chart_scale.js";
import { element, part, setText, shape, table } from "./dom.js";
import { draw } from "./drawing.js";
import { clock, count, venue } from "./format.js";
import { brief } from "./decimals.js";
import { TriggerLine } from "./trigger_line.js";

const HEIGHT = 230;
const MARGIN = { top: 10, right: 12, bottom: 24, left: 58 };
const TICK_PIXELS = 100;
const ROWS_MAX = 12;

// Broad and pale, it lies under the lines of the venues: it is at least as high as each of them.
const BEST_ROUTE = { title: "Best route", look: "best-route", value: (point) => point.bestRoute };

export class Chart {
  #root;
  #drawing;
  #prices;
  #width = 0;
  #chosen = null;
  #line;
  /** While the line is held the scale stays. */
  #extent = null;

  /** @param {(rate: number) => void} moved hears where the price of the ticket was moved to */
  constructor(root, prices, moved) {
    this.#root = root;
    this.#prices = prices;
    this.#line = new TriggerLine(moved);
    part(root, "frame").append(this.#line.node);
    this.#drawing = part(root, "drawing");
    prices.addEventListener("change", () => draw(this.#draw));
    new ResizeObserver(([entry]) => {
      this.#width = Math.floor(entry.contentRect.width);
      draw(this.#draw);
    }).observe(part(root, "frame"));
    this.#listen();
  }

  /** @param {{rate: number, text: string} | null} price of the ticket, one input token in output */
  mark(price) {
    this.#line.price = price;
    draw(this.#draw);
  }

  #listen() {
    this.#drawing.addEventListener("pointermove", (event) => this.#choose(this.#nearest(event)));
    this.#drawing.addEventListener("pointerleave", () => this.#choose(null));
    this.#drawing.addEventListener("keydown", (event) => {
      const { points } = this.#prices;
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -points.length, End: points.length };
      if (event.key === "Escape") this.#choose(null);
      if (!(event.key in steps) || points.length === 0) return;
      event.preventDefault();
      const start = this.#chosen === null ? points.length - 1 : points.indexOf(this.#chosen);
      const place = Math.max(0, start + steps[event.key]);
      this.#choose(points[Math.min(place, points.length - 1)]);
    });
  }

  #choose(point) {
    this.#chosen = point;
    draw(this.#draw);
  }

  #nearest(event) {
    const { points } = this.#prices;
    if (points.length === 0) return null;
    const left = event.clientX - this.#drawing.getBoundingClientRect().left;
    const at = linear(MARGIN.left, this.#width - MARGIN.right, ...this.#times())(left);
    const distance = (point) => Math.abs(point.at - at);
    return points.reduce((best, point) => (distance(point) < distance(best) ? point : best));
  }

  #lines() {
    const venues = this.#prices.venues.map((name) => ({
      title: venue(name),
      look: `venue ${name}`,
      value: (point) => point.prices[name],
    }));
    return this.#prices.points.length === 0 ? [] : [BEST_ROUTE, ...venues];
  }

  #times() {
    const end = this.#prices.points.at(-1).at;
    const last = this.#prices.fills.at(-1)?.at ?? end;
    return [this.#prices.points[0].at, Math.max(end, last)];
  }

  #draw = () => {
    const { points, fills } = this.#prices;
    const lines = this.#lines();
    setText(part(this.#root, "message"), this.#message());
    part(this.#root, "legend").replaceChildren(...legend(lines, fills));
    this.#root.toggleAttribute("data-stale", this.#prices.failure !== null);
    if (points.length === 0 || this.#width === 0) {
      this.#clear();
      return;
    }
    if (!points.includes(this.#chosen)) this.#chosen = null;
    const [x, y] = this.#scales();
    this.#line.draw(y, linear(HEIGHT - MARGIN.bottom, MARGIN.top, y.least, y.most));
    this.#drawing.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    this.#drawing.setAttribute("aria-label", this.#summary());
    this.#drawing.replaceChildren(
      ...this.#grid(y),
      ...this.#hours(x),
      ...lines.map((line) => curve(line, points, x, y)),
      ...fills.map((fill) => mark(fill, x, y)),
      ...(this.#chosen ? [cross(this.#chosen, x, HEIGHT)] : []),
    );
    setText(part(this.#root, "readout"), this.#readout());
    this.#drawTable();
  };

  #clear() {
    this.#chosen = null;
    this.#line.draw(null, null);
    this.#drawing.setAttribute("aria-label", "Prices");
    this.#drawing.replaceChildren();
    part(this.#root, "rows").replaceChildren();
    setText(part(this.#root, "readout"), "");
  }

  #message() {
    const { failure, isLoaded, points, venues } = this.#prices;
    if (failure) return `${failure.code}: ${failure.message}`;
    if (!isLoaded || venues.length > 0) return "";
    return points.length === 0
      ? "No route connects these two tokens."
      : "No pool trades this pair directly: a route goes through other tokens.";
  }

  #scales() {
    const { points, fills } = this.#prices;
    const lines = this.#lines();
    const values = points
      .flatMap((point) => lines.map(({ value }) => value(point)))
      .filter((value) => value !== undefined)
      .map(Number);
    const marked = this.#line.rate === null ? [] : [this.#line.rate];
    const extent = range([...values, ...fills.map((fill) => fill.price), ...marked]);
    if (!this.#line.isHeld || this.#extent === null) this.#extent = extent;
    const [least, most] = this.#extent;
    const x = linear(...this.#times(), MARGIN.left, this.#width - MARGIN.right);
    const y = linear(least, most, HEIGHT - MARGIN.bottom, MARGIN.top);
    return [x, Object.assign(y, { least, most })];
  }

  #grid(y) {
    const values = ticks(y.least, y.most, 5);
    const [left, right] = [MARGIN.left - 8, this.#width - MARGIN.right];
    const step = values.length > 1 ? values[1] - values[0] : values[0];
    return values.flatMap((value) => [
      shape("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(value), y2: y(value) }),
      shape("text", { class: "tick end", x: left, y: y(value) + 4 }, tickText(value, step)),
    ]);
  }

  #hours(x) {
    const [start, end] = this.#times();
    const many = Math.max(2, Math.floor(this.#width / TICK_PIXELS) - 1);
    return Array.from({ length: many }, (_, n) => {
      const at = start + ((n + 0.5) / many) * (end - start);
      return shape("text", { class: "tick", x: x(at), y: HEIGHT - 6 }, clock(at));
    });
  }

  #summary() {
    const { pair, points, minutes, fills } = this.#prices;
    const now = this.#values(points.at(-1));
    return (
      `Prices of ${pair.tokenIn} in ${pair.tokenOut} over ${count(minutes, "minute")}: ` +
      `now ${now.join(", ")}; ${count(fills.length, "fill")}. Use the arrow keys to read single points.`
    );
  }

  #readout() {
    const point = this.#chosen ?? this.#prices.points.at(-1);
    return [clock(point.at), ...this.#values(point)].join("  ");
  }

  #values(point) {
    return this.#lines()
      .filter(({ value }) => value(point) !== undefined)
      .map(({ title, value }) => `${title} ${brief(value(point))}`);
  }

  #drawTable() {
    const holder = part(this.#root, "table");
    if (!holder.open) return;
    const { points } = this.#prices;
    const lines = this.#lines();
    const stride = Math.ceil(points.length / ROWS_MAX);
    const rows = points
      .filter((_, n) => (points.length - 1 - n) % stride === 0)
      .map((point) => [clock(point.at), ...lines.map(({ value }) => brief(value(point) ?? "0"))])
      .reverse();
    const columns = lines.map(({ title }) => ({ title, numeric: true }));
    const prices = table("Prices", [{ title: "Time" }, ...columns], rows);
    part(this.#root, "rows").replaceChildren(prices);
  }
}

function legend(lines, fills) {
  const items = lines.map(({ title, look }) => element("li", { class: look }, title));
  if (fills.length) items.push(element("li", { class: "fill" }, "Fills: ▼ sold, ▲ bought"));
  return items;
}

function curve({ look, value }, points, x, y) {
  const places = points
    .filter((point) => value(point) !== undefined)
    .map((point) => `${x(point.at).toFixed(1)},${y(Number(value(point))).toFixed(1)}`);
  return shape("polyline", { class: `price ${look}`, points: places.join(" ") });
}

function mark(fill, x, y) {
  const direction = fill.isReverse ? "bought" : "sold";
  const text = `${direction} at ${fill.price.toPrecision(7)}, ${clock(fill.at)}`;
  const title = shape("title", {}, text);
  const [left, top] = [x(fill.at), y(fill.price)];
  const tip = fill.isReverse ? -5 : 5;
  const points = `${left - 5},${top - tip} ${left + 5},${top - tip} ${left},${top + tip}`;
  return shape("polygon", { class: "fill", points }, title);
}

function cross(point, x, height) {
  const place = x(point.at);
  const ends = { x1: place, x2: place, y1: MARGIN.top, y2: height - MARGIN.bottom };
  return shape("line", { class: "cross", ...ends });
}
