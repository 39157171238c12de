/** What to ask a quote for while the ticket is filled in. */

import { isAmount, percentToBps } from "./decimals.js";
import { isGiven, sideOf, typeOf } from "./draft.js";
import { divided } from "./schedule.js";

/**
 * @param {import("./draft.js").Values} values
 * @param {number} decimals of the token that is paid
 * @returns {Record<string, string | number> | null} the query of /quotes: of an order over time for
 *   one part; null where there is nothing to ask for
 */
export function offerOf(values, decimals) {
  if (values.type === "SNIPER" || !isGiven(values)) return null;
  const { tokenIn, tokenOut, slippage, impact } = values;
  const amount = amountOf(values, decimals);
  if (amount === null) return null;
  return {
    ...{ tokenIn, tokenOut, [sideOf(values)]: amount },
    slippageBps: percentToBps(slippage),
    maxPriceImpactBps: percentToBps(impact),
  };
}

function amountOf(values, decimals) {
  if (!["DCA", "TWAP"].includes(typeOf(values))) return values.amount;
  const slices = Number(values.slices);
  if (!Number.isInteger(slices) || slices < 1) return null;
  const part = divided(values.amount, slices, decimals);
  return isAmount(part) ? part : null;
}

/** Why nothing is asked for. */
export function whyNoOffer({ type }) {
  if (type === "SNIPER") return "A new token has no quote before its pool is found.";
  return "Enter an amount to see what you would get.";
}
