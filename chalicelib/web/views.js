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

  /** Show what the address names; what it names wrongly is the first view. */
  open() {
    const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
    const [name, ...rest] = path.split("/");
    const shown = Object.hasOwn(this.#views, name) ? name : "";
    for (const [other, { node }] of Object.entries(this.#views)) node.hidden = other !== shown;
    for (const link of document.querySelectorAll("nav a[data-view]")) {
      if (link.dataset.view === shown) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const { title, open } = this.#views[shown];
    document.title = `${title} · Order execution engine`;
    open(decoded(rest.join("/")), new URLSearchParams(search));
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
