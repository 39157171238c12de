/** What an order would get now: asked while the form changes, and again every few seconds. */

import { isFailure } from "./api.js";
import { draw } from "./drawing.js";
import { element, part, setText } from "./dom.js";
import { amount, percent } from "./format.js";
import { whileVisible } from "./polling.js";
import { gravity, isExactOut, legsList, outcome, quotesTable, savingText } from "./route_view.js";

const TYPING_MS = 200;
const REFRESH_SECONDS = 4;

export class QuotePreview {
  #api;
  #tokens;
  #root;
  #query = null;
  #asking = null;
  #typing = 0;
  #refresh;
  #quoted;

  /** @param {(quotes: object | null) => void} quoted hears what is shown now */
  constructor(root, { api, tokens }, quoted) {
    this.#root = root;
    this.#api = api;
    this.#tokens = tokens;
    this.#quoted = quoted;
    this.#refresh = whileVisible(REFRESH_SECONDS, () => this.#ask());
  }

  /**
   * @param {Record<string, string | number> | null} query of /quotes; null while there is nothing
   *   to ask for
   * @param {string} otherwise what to say then
   */
  show(query, otherwise) {
    if (query === null) draw(() => query === this.#query && this.#say(otherwise));
    if (JSON.stringify(query) === JSON.stringify(this.#query)) return;
    if (isOfAnother(query, this.#query)) draw(() => this.#tell("Asking…"));
    this.#query = query;
    this.#asking?.abort();
    clearTimeout(this.#typing);
    if (query === null) return;
    this.#root.setAttribute("aria-busy", "true");
    this.#typing = setTimeout(this.#refresh, TYPING_MS);
  }

  async #ask() {
    const query = this.#query;
    if (query === null) return;
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const quotes = await this.#api.get("/quotes", query, signal);
      draw(() => query === this.#query && this.#draw(quotes));
    } catch (error) {
      if (signal.aborted || query !== this.#query) return;
      if (!isFailure(error)) throw error;
      draw(() => query === this.#query && this.#say(error.message, error.code));
    }
  }

  #draw(quotes) {
    const { route, tokenIn, tokenOut } = quotes;
    const side = outcome(quotes, tokenIn, tokenOut);
    const limit = isExactOut(quotes)
      ? `At most ${amount(quotes.maxAmountIn, tokenIn)}`
      : `At least ${amount(quotes.minAmountOut, tokenOut)}`;
    this.#root.removeAttribute("aria-busy");
    setText(part(this.#root, "total"), amount(quotes[side.field], side.symbol));
    setText(part(this.#root, "limit"), limit);
    const impact = part(this.#root, "impact");
    setText(impact, `Price impact ${percent(route.priceImpactBps)}`);
    impact.className = gravity(route.priceImpactBps);
    setText(part(this.#root, "warning"), quotes.warning ? warning(quotes) : "");
    const saved = part(this.#root, "saving");
    setText(saved, savingText(route, side));
    saved.className = route.baseline ? "good" : "quiet";
    part(this.#root, "route").replaceChildren(legsList(route, this.#tokens));
    part(this.#root, "pools").replaceChildren(
      quotesTable(quotes, tokenIn, tokenOut),
      ...quotes.rejections.map(refusal),
    );
    this.#reveal(true);
    this.#quoted(quotes);
  }

  #say(text, code = "") {
    this.#root.removeAttribute("aria-busy");
    this.#tell(code ? `${code}: ${text}` : text);
  }

  #tell(text) {
    setText(part(this.#root, "problem"), text);
    this.#reveal(false);
  }

  #reveal(isQuote) {
    part(this.#root, "quote").hidden = !isQuote;
    part(this.#root, "problem").hidden = isQuote;
    if (!isQuote) this.#quoted(null);
  }
}

function warning({ route, maxPriceImpactBps }) {
  const impact = `a price impact of ${percent(route.priceImpactBps)} is above your limit of`;
  const advice = "order less, or raise the limit.";
  return `An order would fail now: ${impact} ${percent(maxPriceImpactBps)}; ${advice}`;
}

function refusal(rejection) {
  const text = `${rejection.venue} ${rejection.kind} refused: ${rejection.code}`;
  return element("p", { class: "quiet", title: rejection.pool }, text);
}

/** Whether what is shown for the one says nothing of the other: other tokens, or the other side. */
function isOfAnother(query, shown) {
  const traits = (q) => [q?.tokenIn, q?.tokenOut, q?.amount === undefined].join();
  return query !== null && traits(query) !== traits(shown);
}
