/** A long list of lines of the same height, of which only those near the eye are in the page. */

const ROW_PIXELS = 28;
const AROUND = 4;

export class VirtualList {
  #frame;
  #list;
  #make;
  /** @type {string[]} */
  #ids = [];
  /** @type {Map<string, {node: HTMLElement, draw: () => void}>} those in the page */
  #rows = new Map();
  /** @type {WeakMap<HTMLElement, string>} where each was put last */
  #places = new WeakMap();

  /**
   * @param {HTMLElement} frame scrolls
   * @param {HTMLElement} list within it
   * @param {(id: string) => {node: HTMLElement, draw: () => void}} make
   */
  constructor(frame, list, make) {
    this.#frame = frame;
    this.#list = list;
    this.#make = make;
    frame.addEventListener("scroll", () => this.#place(), { passive: true });
    new ResizeObserver(() => this.#place()).observe(frame);
  }

  /** The lines that are in the page. */
  get rows() {
    return this.#rows.values();
  }

  row(id) {
    return this.#rows.get(id);
  }

  /** Show these, in this order. @param {string[]} ids */
  show(ids) {
    this.#ids = ids;
    this.#list.style.height = `${ids.length * ROW_PIXELS}px`;
    this.#place();
  }

  #place() {
    const { scrollTop, clientHeight } = this.#frame;
    const first = Math.max(0, Math.floor(scrollTop / ROW_PIXELS) - AROUND);
    const end = Math.ceil((scrollTop + clientHeight) / ROW_PIXELS) + AROUND;
    const seen = this.#ids.slice(first, end);
    this.#remove(new Set(seen));
    this.#add(seen, first);
  }

  #remove(seen) {
    for (const [id, { node }] of this.#rows) {
      if (seen.has(id)) continue;
      node.remove();
      this.#rows.delete(id);
    }
  }

  /** A line that stays where it is keeps the focus that it may have. */
  #add(seen, first) {
    let before = null;
    for (const [n, id] of seen.entries()) {
      let row = this.#rows.get(id);
      if (!row) {
        row = this.#make(id);
        this.#rows.set(id, row);
        row.draw();
      }
      const after = before ? before.nextSibling : this.#list.firstChild;
      if (row.node !== after) this.#list.insertBefore(row.node, after);
      this.#put(row.node, first + n);
      before = row.node;
    }
  }

  #put(node, n) {
    const place = `${n} of ${this.#ids.length}`;
    if (this.#places.get(node) === place) return;
    this.#places.set(node, place);
    node.style.top = `${n * ROW_PIXELS}px`;
    node.setAttribute("aria-posinset", String(n + 1));
    node.setAttribute("aria-setsize", String(this.#ids.length));
  }
}
