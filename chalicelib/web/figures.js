/** How the service did of late: what came in, what became of it, and how long that took. */

import { isFailure } from "./api.js";
import { part, setText, shape } from "./dom.js";
import { draw } from "./drawing.js";
import { clock, count, seconds } from "./format.js";
import { whileVisible } from "./polling.js";

const MINUTES = 15;
const REFRESH_SECONDS = 3;
const BARS = { width: 150, height: 32, gap: 2 };

/** @returns {() => void} asks at once */
export function showFigures(root, api) {
  return whileVisible(REFRESH_SECONDS, async () => {
    try {
      const statistics = await api.get("/statistics", { minutes: String(MINUTES) });
      draw(() => drawFigures(root, statistics));
    } catch (error) {
      if (!isFailure(error)) throw error;
      draw(() => setText(part(root, "message"), `${error.code}: ${error.message}`));
    }
  });
}

function drawFigures(root, statistics) {
  const { accepted, confirmed, unfinished, secondsToConfirmed } = statistics;
  const reasons = Object.entries(statistics.failed);
  const total = reasons.reduce((sum, [, number]) => sum + number, 0);
  const texts = {
    message: "",
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

function drawBars(drawing, perMinute) {
  const most = Math.max(1, ...perMinute.map((minute) => minute.accepted));
  const step = BARS.width / Math.max(1, perMinute.length);
  drawing.setAttribute("aria-label", `Orders per minute, ${count(most, "order")} at most`);
  drawing.replaceChildren(
    ...perMinute.map((minute, n) => {
      const height = Math.max(1, (minute.accepted / most) * BARS.height);
      const text = `${clock(minute.timestamp)}: ${count(minute.accepted, "order")}`;
      const title = shape("title", {}, text);
      const place = { x: n * step, y: BARS.height - height, width: step - BARS.gap, height };
      return shape("rect", { class: minute.failed ? "failed" : "", ...place }, title);
    }),
  );
}
