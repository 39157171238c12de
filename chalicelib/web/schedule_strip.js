/** The parts of an order over time, as marks on a line and in a sentence. */

import { brief } from "./decimals.js";
import { part, setText, shape } from "./dom.js";
import { count, moment } from "./format.js";
import { priceText } from "./price_units.js";
import { divided, gridOf } from "./schedule.js";

const STRIP = { width: 300, height: 14, marksMax: 100 };

/**
 * @param {object | null} order a draft of parts, or null
 * @param {{decimals: number, rate: number | null}} known of the pair
 */
export function showSchedule(root, order, { decimals, rate }) {
  const strip = part(root, "strip");
  if (!order?.slices) {
    strip.replaceChildren();
    setText(part(root, "schedule"), "");
    return;
  }
  const { slices, endsAt } = gridOf(order, Date.now());
  const marks = Math.min(slices, STRIP.marksMax);
  const step = (STRIP.width - 2) / Math.max(1, marks - 1);
  const line = { x: 0, y: STRIP.height - 1, width: STRIP.width, height: 1 };
  strip.replaceChildren(
    shape("rect", line),
    ...Array.from({ length: marks }, (_, n) =>
      shape("rect", { x: n * step, y: 0, width: 2, height: STRIP.height }),
    ),
  );
  strip.setAttribute("aria-label", `${count(slices, "part")}, the first now`);
  const each = divided(order.amount, slices, decimals);
  const about = rate === null ? "" : `, about ${brief(priceText(Number(each) * rate))} ${order.tokenOut} each`;
  const text = `${brief(each)} ${order.tokenIn} a part${Number(each) > 0 ? about : ""}`;
  setText(part(root, "schedule"), `${text}; ends ${moment(endsAt)}`);
}
