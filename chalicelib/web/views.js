/** Which part of the page is shown, by the address after the #. */

export class Views {
  #views;

  /** @param {Record<string, {title: string, node: HTMLElement,
   *   open: (rest: string, query: URLSearchParams) => void}>} views */
  constructor(views) {
    this.#views = views;
    window.addEventListener("hashchange", () => {
      this.open();
      document.getElementById("main").focus();
    });
  }

  /** Show what the address names, and fill it. */
  open() {
    const { shown, rest, query } = this.#address();
    this.show();
    this.#views[shown].open(rest, query);
  }

  /** Show what the address names. */
  show() {
    const { shown } = this.#address();
    for (const [other, { node }] of Object.entries(this.#views)) node.hidden = other !== shown;
    for (const link of document.querySelectorAll("nav a[data-view]")) {
      if (link.dataset.view === shown) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = `${this.#views[shown].title} · Order execution engine`;
  }

  /** What the address names wrongly is the first view. */
  #address() {
    const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
    const [name, ...rest] = path.split("/");
    return {
      shown: Object.hasOwn(this.#views, name) ? name : "",
      rest: decoded(rest.join("/")),
      query: new URLSearchParams(search),
    };
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
