/** What an order does, in the words of the button that places it. */

import { brief } from "./decimals.js";
import { bought, count } from "./format.js";
import { isBuying } from "./price_units.js";

/** @param {object} order a draft; @param {number} many of the same */
export function deed(order, many = 1) {
  const text = order.type === "SNIPER" ? hunt(order) : `${swap(order)}${WHEN[order.type](order)}`;
  return many === 1 ? text : `${text}, ${count(many, "time")}`;
}

function swap({ tokenIn, tokenOut, amount, amountOut, type }) {
  if (amountOut !== undefined) return `Buy ${brief(amountOut)} ${tokenOut} with ${tokenIn}`;
  const paid = `${brief(amount)} ${tokenIn}`;
  if (isBuying(tokenIn, tokenOut)) return `Buy ${tokenOut} for ${paid}`;
  return type === "MARKET" ? `Sell ${paid} for ${tokenOut}` : `Sell ${paid}`;
}

const parts = ({ slices }) => ` in ${count(slices, "part")}`;
const WHEN = {
  MARKET: () => "",
  LIMIT: ({ limitPrice, priceIn, tokenIn }) =>
    ` if ${priceIn === tokenIn ? "≤" : "≥"} ${brief(limitPrice)}`,
  STOP: ({ triggerPrice, triggerCondition }) =>
    ` if ${triggerCondition === "below" ? "≤" : "≥"} ${brief(triggerPrice)}`,
  DCA: parts,
  TWAP: parts,
};

function hunt({ tokenIn, tokenOut, amount }) {
  return `Snipe ${bought(tokenOut)} for ${brief(amount)} ${tokenIn}`;
}
