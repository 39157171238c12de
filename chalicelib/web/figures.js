/** How the service did of late: what came in, what became of it, and how long that took. */

import { isFailure } from "./api.js";
import { part, setText, shape } from "./dom.js";
import { draw } from "./drawing.js";
import { clock, count, seconds } from "./format.js";
import { Freshness } from "./freshness.js";
import { gathered, whileVisible } from "./polling.js";

const MINUTES = 15;
const REFRESH_SECONDS = 3;
const GATHER_MS = 250;
const BARS = { width: 150, height: 32, gap: 2 };

/** Asked again and again, and when an order begins or ends: the cards show that at once. */
export function showFigures(root, api, orders) {
  const freshness = new Freshness(root);
  const refresh = whileVisible(REFRESH_SECONDS, async () => {
    try {
      const statistics = await api.get("/statistics", { minutes: String(MINUTES) });
      draw(() => {
        drawFigures(root, statistics);
        freshness.renewed();
      });
    } catch (error) {
      if (!isFailure(error)) throw error;
      draw(() => freshness.failed(error));
    }
  });
  const refreshSoon = gathered(GATHER_MS, refresh);
  orders.addEventListener("change", ({ detail: order }) => {
    if (order.isFinal || order.sequence <= 1) refreshSoon();
  });
}

function drawFigures(root, statistics) {
  const { accepted, confirmed, unfinished, secondsToConfirmed } = statistics;
  const reasons = Object.entries(statistics.failed);
  const total = reasons.reduce((sum, [, number]) => sum + number, 0);
  const texts = {
    accepted: String(accepted),
    confirmed: String(confirmed),
    failed: String(total),
    unfinished: String(unfinished),
    p50: seconds(secondsToConfirmed?.p50),
    p99: seconds(secondsToConfirmed?.p99),
    reasons: reasons.map(([code, number]) => `${code} ${number}`).join(", "),
  };
  for (const [name, text] of Object.entries(texts)) setText(part(root, name), text);
  drawBars(part(root, "bars"), statistics.perMinute);
}

/** A bar for each minute, as high as the orders that ended in it, and divided by their outcome. */
function drawBars(drawing, perMinute) {
  const ended = ({ confirmed, failed }) => confirmed + failed;
  const most = Math.max(1, ...perMinute.map(ended));
  const step = BARS.width / Math.max(1, perMinute.length);
  const label = `Orders that became final in each minute, ${count(most, "order")} at most`;
  drawing.setAttribute("aria-label", label);
  drawing.replaceChildren(
    ...perMinute.map((minute, n) => {
      const place = { x: n * step, width: step - BARS.gap };
      return bar(minute, place, BARS.height / most);
    }),
  );
}

function bar(minute, place, unit) {
  const { confirmed, failed, accepted, timestamp } = minute;
  const outcomes = `${confirmed} confirmed, ${failed} failed, ${accepted} placed`;
  const heights = { confirmed: confirmed * unit, failed: failed * unit };
  const ground = shape("rect", { class: "ground", ...place, y: BARS.height - 1, height: 1 });
  const shares = Object.entries(heights).map(([name, height]) => {
    const above = name === "failed" ? heights.confirmed : 0;
    return shape("rect", { class: name, ...place, y: BARS.height - above - height, height });
  });
  const title = shape("title", {}, `${clock(timestamp)}: ${outcomes}`);
  return shape("g", {}, title, ground, ...shares);
}
