/** Prices as people state them: in a dollar or in SOL, whichever side of the pair that is. */

// What others are worth is said in these, in the first of them that the pair has.
const UNITS = ["USDC", "USDT", "SOL"];
const DIGITS = 6;

/** In which of its two tokens a pair's price is stated. */
export function unitOf(tokenIn, tokenOut) {
  return UNITS.find((symbol) => symbol === tokenIn || symbol === tokenOut) ?? tokenOut;
}

/** Whether who pays the one for the other would say that they buy. */
export const isBuying = (tokenIn, tokenOut) => unitOf(tokenIn, tokenOut) === tokenIn;

/** A price of one input token in output tokens, stated in that token; or the other way around. */
export function stated(price, { tokenIn }, priceIn) {
  return priceIn === tokenIn ? 1 / price : price;
}

/** A number as a plain decimal: no service reads 2e-5. */
export function priceText(price) {
  const digits = DIGITS - 1 - Math.floor(Math.log10(price));
  const text = price.toFixed(Math.min(Math.max(digits, 0), 20));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** How far a price is from that of now, in basis points. */
export const distanceBps = (price, now) => (price / now - 1) * 10_000;
