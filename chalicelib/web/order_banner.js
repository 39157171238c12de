/** What became of an order that was not filled: what, why, and what can be done now. */

import { element } from "./dom.js";

const AGAIN = "Repeat it: what stood in the way may be gone.";
const LESS = "Order less, or try again when there is more liquidity.";
const LIMIT = "Set the limit nearer to the price of now, or let the order wait.";
const GUARDS = "Loosen the guards that refused the pools, or place it again.";
const HELP = "Repeat it. If it fails again, give this order's id to whoever runs the service.";
const ADVICE = {
  PRICE_IMPACT_TOO_HIGH: "Order less, or allow a higher price impact.",
  SLIPPAGE_EXCEEDED: "The market moved: repeat it, or allow more slippage.",
  TRANSACTION_FAILED: "The market moved: repeat it, or allow more slippage.",
  BLOCKHASH_EXPIRED: AGAIN,
  QUOTE_TIMEOUT: AGAIN,
  INSUFFICIENT_LIQUIDITY: LESS,
  NO_ROUTE: LESS,
  EMPTY_POOL: LESS,
  PRICE_RANGE: LESS,
  ZERO_OUTPUT: "Order more: so little buys nothing.",
  NOT_FILLABLE: LIMIT,
  POOL_REFUSED: GUARDS,
  POOLS_EXHAUSTED: GUARDS,
  PRICE_OUT_OF_BAND: "Widen the band of prices of the order that it is a part of.",
  ABANDONED: HELP,
  INTERNAL: HELP,
};
const NOTHING = "Nothing was swapped.";

/**
 * @param {import("./orders.js").Order} order
 * @param {string} filledFirst why it was filled although it was to be cancelled
 * @returns {{tone: string, what: string, why: string, now: string} | null}
 */
export function bannerOf(order, filledFirst) {
  const { failure, status, terms } = order;
  if (failure) {
    const { code, message } = failure;
    const why = `${code}: ${message}`;
    return { tone: "bad", what: "This order failed.", why, now: `${NOTHING} ${ADVICE[code] ?? HELP}` };
  }
  if (filledFirst) {
    const why = `You wanted it cancelled, but ${filledFirst}.`;
    return { tone: "busy", what: "This order was filled first.", why, now: "The swap stands." };
  }
  const now = terms.slices ? "Parts that were traded stay traded." : NOTHING;
  if (status === "cancelled") {
    return { tone: "quiet", what: "This order was cancelled.", why: "", now };
  }
  if (status !== "expired") return null;
  const why = "Its time was up before it could be filled.";
  return { tone: "quiet", what: "This order has expired.", why, now: `${now} Repeat it to wait on.` };
}

export function bannerNode({ tone, what, why, now }) {
  return element(
    "div",
    { class: "banner", "data-tone": tone, role: "note" },
    element("b", {}, what),
    ...[why, now].filter(Boolean).map((text) => element("p", {}, text)),
  );
}
