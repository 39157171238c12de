/** How long things take and how long is left, in the fewest words. */

import { isVerdict } from "./orders.js";

const [MINUTE, HOUR, DAY] = [60, 3600, 86_400];

/** Milliseconds as "90 d", "1 d 12 h", "2 h 5 min", "0:42" or "now". */
export function left(ms) {
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 0) return "now";
  if (seconds < HOUR) return `${whole(seconds, MINUTE)}:${String(seconds % MINUTE).padStart(2, "0")}`;
  if (seconds < DAY) return two(whole(seconds, HOUR), "h", whole(seconds % HOUR, MINUTE), "min");
  if (seconds < 10 * DAY) return two(whole(seconds, DAY), "d", whole(seconds % DAY, HOUR), "h");
  return `${Math.round(seconds / DAY)} d`;
}

const whole = (seconds, size) => Math.floor(seconds / size);
const two = (many, unit, rest, part) => `${many} ${unit}${rest > 0 ? ` ${rest} ${part}` : ""}`;

/** What an order did between its beginning and its end, each with its milliseconds.
 *
 * Waiting is left out: it may take weeks. What is not final goes on until now.
 * @param {{status: string, timestamp: string, sequence: number}[]} events
 * @param {number} now
 */
export function phases(events, now) {
  const steps = events.filter((event) => !isVerdict(event));
  return steps
    .map((event, n) => {
      const start = Date.parse(event.timestamp);
      const end = n + 1 < steps.length ? Date.parse(steps[n + 1].timestamp) : now;
      return { ...event, ms: Math.max(0, end - start) };
    })
    .filter(({ status }) => status !== "open");
}
