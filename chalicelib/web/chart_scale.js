/** From values to places on a drawing. */

/** A straight line through (from, low) and (to, high); what has no extent lies in the middle. */
export function linear(from, to, low, high) {
  const extent = to - from;
  if (extent === 0) return () => (low + high) / 2;
  return (value) => low + ((value - from) / extent) * (high - low);
}

/** Round values between two, about so many. */
export function ticks(from, to, wanted) {
  const step = niceStep((to - from) / wanted);
  if (!(step > 0)) return [from];
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step);
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) * step);
}

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((f) => f * power >= rough);
  return factor * power;
}

/** Least and most of the values, with some room. */
export function range(values, room = 0.08) {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const margin = (most - least) * room || most * 0.01;
  return [least - margin, most + margin];
}

/** A value with the digits that tell it from its neighbours at this distance. */
export function tickText(value, step) {
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  return value.toFixed(Math.min(digits, 12));
}
