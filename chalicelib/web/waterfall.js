/** How long each attempt spent in each status, on one scale: a lane for each attempt. */

import { element } from "./dom.js";
import { phases } from "./durations.js";
import { FINAL } from "./orders.js";

/**
 * @typedef {{status: string, ms: number, startMs: number}} Step
 * @typedef {{steps: Step[], signature: string | null, end: string, why: string}} Lane
 */

/**
 * @param {import("./orders.js").Order["events"]} events
 * @param {number} now
 * @returns {{lanes: Lane[], totalMs: number}} waiting is in none of them
 */
export function lanesOf(events, now) {
  /** @type {Lane[]} */
  const lanes = [];
  let totalMs = 0;
  for (const step of phases(events, now)) {
    const isNext = step.status === "routing" && lanes.at(-1)?.steps.some(isRouting);
    if (lanes.length === 0 || isNext) lanes.push({ steps: [], signature: null, end: "", why: "" });
    if (isNext) Object.assign(lanes.at(-2), { end: "failed", why: step.retryOf?.code ?? "" });
    const lane = lanes.at(-1);
    lane.signature = step.signature ?? lane.signature;
    if (FINAL.has(step.status)) Object.assign(lane, { end: step.status, why: step.code ?? "" });
    else lane.steps.push({ status: step.status, ms: step.ms, startMs: totalMs });
    totalMs += FINAL.has(step.status) ? 0 : step.ms;
  }
  return { lanes, totalMs };
}

const isRouting = ({ status }) => status === "routing";

export function waterfall(events, now) {
  const { lanes, totalMs } = lanesOf(events, now);
  return element("ol", { class: "waterfall" }, ...lanes.map((lane, n) => laneNode(lane, n, totalMs)));
}

function laneNode({ steps, signature, end, why }, n, totalMs) {
  const texts = steps.map(({ status, ms }) => `${NAMES[status] ?? status} ${seconds(ms)}`);
  const title = texts.join(", ");
  const track = element("div", { class: "track", role: "img", "aria-label": title, title });
  for (const { status, ms, startMs } of steps) {
    const part = element("i", { class: status });
    part.style.left = `${(startMs / Math.max(1, totalMs)) * 100}%`;
    part.style.width = `${(ms / Math.max(1, totalMs)) * 100}%`;
    track.append(part);
  }
  const outcome = end && element("span", { class: "status", "data-status": end }, `${end} ${why}`.trim());
  return element(
    "li",
    {},
    element("b", {}, `Attempt ${n + 1} `),
    outcome || null,
    track,
    element("p", { class: "quiet" }, title),
    signature && element("code", {}, signature),
  );
}

const NAMES = { pending: "queue" };
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
