/** The prices that an order waits for, and how far away they are. */

import { brief } from "./decimals.js";
import { signedPercent } from "./format.js";
import { distanceBps, priceText, stated } from "./price_units.js";

/**
 * @typedef {{price: number, isAbove: boolean, unit: string}} Level it waits for this price or a
 *   better one, in the unit in which it was stated
 */

/** @returns {Level[]} none of an order that waits for something else than a price it knows */
export function levelsOf(terms) {
  const unit = terms.priceIn ?? terms.tokenOut;
  const isInverse = unit === terms.tokenIn;
  // What is better for its owner is above, as long as the output is what counts.
  const level = (price, isBetter) => ({
    price: Number(price),
    isAbove: isBetter !== isInverse,
    unit,
  });
  const { triggerPrice, triggerCondition: condition } = terms;
  if (triggerPrice) return [{ ...level(triggerPrice), isAbove: condition === "above" }];
  if (terms.type === "LIMIT") return [level(terms.limitPrice ?? impliedPrice(terms), true)];
  return [
    ...(terms.takeProfitPrice ? [level(terms.takeProfitPrice, true)] : []),
    ...(terms.stopPrice ? [level(terms.stopPrice, false)] : []),
  ];
}

/** What a limit on the other amount comes to for one input token. */
function impliedPrice({ amount, minAmountOut, maxAmountIn, amountOut }) {
  return amount === undefined
    ? Number(amountOut) / Number(maxAmountIn)
    : Number(minAmountOut) / Number(amount);
}

/**
 * @param {Level[]} levels of an order
 * @param {{tokenIn: string}} pair
 * @param {number | null} rate one input token in output tokens, now
 */
export function levelsText(levels, pair, rate) {
  const away = levels.map((level) => ({ ...level, bps: bpsAway(level, pair, rate) }));
  const nearest = away.sort((a, b) => Math.abs(a.bps) - Math.abs(b.bps));
  return nearest
    .map(({ price, isAbove, unit, bps }) => {
      const text = `${isAbove ? "≥" : "≤"} ${brief(priceText(price))} ${unit}`;
      return rate === null ? text : `${text}, ${signedPercent(Math.round(bps))}`;
    })
    .join(" or ");
}

const bpsAway = ({ price, unit }, pair, rate) =>
  rate === null ? 0 : distanceBps(price, stated(rate, pair, unit));
