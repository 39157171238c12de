/** The chart of a pair's prices at both venues, with the fills on it. */

import { linear, range, tickText, ticks } from "./chart_scale.js";
import { element, part, setText, shape, table } from "./dom.js";
import { draw } from "./drawing.js";
import { clock, count, venue } from "./format.js";
import { brief } from "./decimals.js";

const HEIGHT = 230;
const MARGIN = { top: 10, right: 12, bottom: 24, left: 58 };
const TICK_PIXELS = 100;
const ROWS_MAX = 12;

export class Chart {
  #root;
  #drawing;
  #prices;
  #width = 0;
  #chosen = null;

  constructor(root, prices) {
    this.#root = root;
    this.#prices = prices;
    this.#drawing = part(root, "drawing");
    prices.addEventListener("change", () => draw(this.#draw));
    new ResizeObserver(([entry]) => {
      this.#width = Math.floor(entry.contentRect.width);
      draw(this.#draw);
    }).observe(part(root, "frame"));
    this.#listen();
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

  #times() {
    const end = this.#prices.points.at(-1).at;
    const last = this.#prices.fills.at(-1)?.at ?? end;
    return [this.#prices.points[0].at, Math.max(end, last)];
  }

  #draw = () => {
    const { points, venues, fills } = this.#prices;
    setText(part(this.#root, "message"), this.#message());
    part(this.#root, "legend").replaceChildren(...legend(venues, fills));
    if (points.length === 0 || this.#width === 0) {
      this.#drawing.replaceChildren();
      return;
    }
    const [x, y] = this.#scales();
    this.#drawing.setAttribute("viewBox", `0 0 ${this.#width} ${HEIGHT}`);
    this.#drawing.setAttribute("aria-label", this.#summary());
    this.#drawing.replaceChildren(
      ...this.#grid(y),
      ...this.#hours(x),
      ...venues.map((name) => line(name, points, x, y)),
      ...fills.map((fill) => mark(fill, x, y)),
      ...(this.#chosen ? [cross(this.#chosen, x, HEIGHT)] : []),
    );
    setText(part(this.#root, "readout"), this.#readout());
    this.#drawTable();
  };

  #message() {
    const { failure, isLoaded, points } = this.#prices;
    if (failure) return `${failure.code}: ${failure.message}`;
    return isLoaded && points.length === 0 ? "No pool trades this pair directly." : "";
  }

  #scales() {
    const { points, fills } = this.#prices;
    const values = points.flatMap((point) => Object.values(point.prices).map(Number));
    const [least, most] = range([...values, ...fills.map((fill) => fill.price)]);
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
    const { pair, points, venues, minutes, fills } = this.#prices;
    const now = venues.map((name) => `${venue(name)} ${brief(points.at(-1).prices[name] ?? "0")}`);
    return (
      `Prices of ${pair.tokenIn} in ${pair.tokenOut} over ${count(minutes, "minute")}: ` +
      `now ${now.join(", ")}; ${count(fills.length, "fill")}. Arrow keys read out single points.`
    );
  }

  #readout() {
    const point = this.#chosen ?? this.#prices.points.at(-1);
    const values = this.#prices.venues
      .filter((name) => point.prices[name] !== undefined)
      .map((name) => `${venue(name)} ${brief(point.prices[name])}`);
    return `${clock(point.at)}  ${values.join("  ")}`;
  }

  #drawTable() {
    const holder = part(this.#root, "table");
    if (!holder.open) return;
    const { points, venues } = this.#prices;
    const stride = Math.ceil(points.length / ROWS_MAX);
    const rows = points
      .filter((_, n) => (points.length - 1 - n) % stride === 0)
      .map((point) => [clock(point.at), ...venues.map((name) => brief(point.prices[name] ?? "0"))])
      .reverse();
    const columns = venues.map((name) => ({ title: venue(name), numeric: true }));
    const prices = table("Prices", [{ title: "Time" }, ...columns], rows);
    part(this.#root, "rows").replaceChildren(prices);
  }
}

function legend(venues, fills) {
  const items = venues.map((name) => element("li", { class: `venue ${name}` }, venue(name)));
  if (fills.length) items.push(element("li", { class: "fill" }, "Fills: ▼ sold, ▲ bought"));
  return items;
}

function line(name, points, x, y) {
  const places = points
    .filter((point) => point.prices[name] !== undefined)
    .map((point) => `${x(point.at).toFixed(1)},${y(Number(point.prices[name])).toFixed(1)}`);
  return shape("polyline", { class: `price ${name}`, points: places.join(" ") });
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
