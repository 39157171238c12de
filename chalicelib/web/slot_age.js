/** Says which slot was seen last, and how old it is. */

import { setText } from "./dom.js";
import { clock } from "./format.js";
import { grouped } from "./decimals.js";

const TICK_MS = 1000;
// Prices are asked for every two seconds: what is older than this is not of now.
const FRESH_MS = 10_000;

export function showSlot(node, prices) {
  let last = null;
  const show = () => {
    const isFresh = last !== null && Date.now() - last.at < FRESH_MS;
    node.hidden = last === null;
    node.toggleAttribute("data-old", !isFresh);
    setText(node, last === null ? "" : slotText(last, isFresh));
  };
  prices.addEventListener("change", () => {
    last = prices.points.at(-1) ?? last;
    show();
  });
  setInterval(show, TICK_MS);
}

function slotText({ slot, at }, isFresh) {
  const age = isFresh ? `${Math.max(0, (Date.now() - at) / 1000).toFixed(0)} s ago` : `at ${clock(at)}`;
  return `slot ${grouped(String(slot))}, ${age}`;
}
