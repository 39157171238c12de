/** Draws what changed once per animation frame, and no more of it than fits into a frame. */

const BUDGET_MS = 4;

/** @type {Set<() => void>} */
const waiting = new Set();
let frame = 0;

/** Have this run in the next frame; asked for twice, it runs once. */
export function draw(change) {
  waiting.add(change);
  frame ||= requestAnimationFrame(drawAll);
}

function drawAll() {
  const start = performance.now();
  frame = 0;
  for (const change of waiting) {
    waiting.delete(change);
    change();
    if (performance.now() - start > BUDGET_MS) break;
  }
  if (waiting.size > 0) frame = requestAnimationFrame(drawAll);
}
