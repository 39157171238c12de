/** When calls are made: again and again while the page is seen, or once for many reasons. */

/**
 * @param {number} seconds between the end of one call and the next
 * @param {() => Promise<void>} call tells its own failures
 * @returns {() => void} calls at once, whatever is left of the pause
 */
export function whileVisible(seconds, call) {
  let timer = 0;
  let isRunning = false;
  let isWanted = false;

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
      timer = setTimeout(runIfSeen, isWanted ? 0 : seconds * 1000);
      isWanted = false;
    }
  }

  function runIfSeen() {
    if (!document.hidden) run();
  }

  document.addEventListener("visibilitychange", runIfSeen);
  runIfSeen();
  return run;
}

/**
 * @param {number} ms from the first reason to the call
 * @param {() => void} call
 * @returns {() => void} gives a reason: those that come close after each other make one call
 */
export function gathered(ms, call) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      call();
    }, ms);
  };
}
