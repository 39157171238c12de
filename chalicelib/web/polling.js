/** When calls are made: again and again while the page is seen, or once for many reasons. A page that
 * nobody touches asks seldom: what moves on by itself comes over the stream. */

const ATTENTION_MS = 60_000;
const UNTOUCHED_SECONDS = 60;
const TOUCHES = ["pointerdown", "pointermove", "keydown", "wheel", "focus"];

let touchedAt = Date.now();
/** @type {Set<() => void>} what is done when somebody touches the page again */
const woken = new Set();

/** Whether somebody looks at the page, as far as it can tell. */
function isAttended() {
  return !document.hidden && Date.now() - touchedAt < ATTENTION_MS;
}

function touch() {
  const wasAttended = isAttended();
  touchedAt = Date.now();
  if (!wasAttended) wakeAll();
}

function wakeAll() {
  for (const wake of woken) wake();
}

for (const name of TOUCHES) window.addEventListener(name, touch, { passive: true });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  touchedAt = Date.now();
  wakeAll();
});

/**
 * @param {number} seconds between the end of one call and the next, while the page is attended
 * @param {() => Promise<void>} call tells its own failures
 * @returns {() => void} calls at once, whatever is left of the pause
 */
export function whileVisible(seconds, call) {
  let timer = 0;
  let isRunning = false;
  let isWanted = false;
  let endedAt = -Infinity;

  async function run() {
    clearTimeout(timer);
    if (isRunning) {
      isWanted = true;
      return;
    }
    isRunning = true;
    try {
      await call();
    } finally {
      isRunning = false;
      endedAt = Date.now();
      wait();
    }
  }

  function wait() {
    const pause = isAttended() ? seconds : Math.max(seconds, UNTOUCHED_SECONDS);
    const left = endedAt + pause * 1000 - Date.now();
    clearTimeout(timer);
    timer = setTimeout(runIfSeen, isWanted ? 0 : Math.max(0, left));
    isWanted = false;
  }

  function runIfSeen() {
    if (!document.hidden) run();
  }

  woken.add(() => isRunning || wait());
  runIfSeen();
  return run;
}

/**
 * @param {number} ms from the first reason to the call
 * @param {() => void} call
 * @returns {() => void} gives a reason: those that come close after each other make one call. While
 * nobody looks there is no call: whoever comes back gives the reason for it.
 */
export function gathered(ms, call) {
  let timer = 0;
  let isMissed = false;

  function callIfAttended() {
    timer = 0;
    isMissed = !isAttended();
    if (!isMissed) call();
  }

  woken.add(() => isMissed && callIfAttended());
  return () => {
    timer ||= setTimeout(callIfAttended, ms);
  };
}
