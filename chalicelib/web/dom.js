/** Nodes, made and changed without any markup: whatever is shown is text. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name
 * @param {Record<string, string | number | boolean | null | undefined>} [attributes]
 * @param {...(Node | string | null)} children
 */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for a part of a drawing. */
export function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Change a text only where it differs: what stays the same is neither laid out nor read out. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The part of a section that has this name in its `data-part`. */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

/**
 * A table with a caption for those who cannot see where it stands.
 * @param {string} caption
 * @param {{title: string, numeric?: boolean, whole?: boolean}[]} columns
 * @param {(Node | string)[][]} rows
 */
export function table(caption, columns, rows) {
  const kind = (column) => (column.numeric ? "numeric" : column.whole && "whole");
  const head = columns.map((c) => element("th", { scope: "col", class: kind(c) }, c.title));
  const body = rows.map((cells) =>
    element("tr", {}, ...cells.map((cell, n) => element("td", { class: kind(columns[n]) }, cell))),
  );
  return element(
    "table",
    {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body),
  );
}

/** A list of names and what they have. */
export function facts(pairs) {
  const rows = pairs.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value)),
  );
  return element("dl", { class: "facts" }, ...rows);
}
