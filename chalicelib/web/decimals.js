/** Arithmetic on the decimal strings of the API. Amounts are exact: no number is made of them. */

const FORM = /^\d+(\.\d+)?$/;

/** Whether a text is a plain decimal, as the service reads them. */
export function isDecimal(text) {
  return FORM.test(text);
}

/** Whether a text is an amount to pay or receive: above zero, and without zeros before it. */
export function isAmount(text) {
  return isDecimal(text) && /[1-9]/.test(text) && !/^0\d/.test(text);
}

function aligned(...texts) {
  const parts = texts.map((text) => text.split("."));
  const scale = Math.max(...parts.map(([, fraction = ""]) => fraction.length));
  return parts
    .map(([whole, fraction = ""]) => BigInt(whole + fraction.padEnd(scale, "0")))
    .concat(BigInt(scale));
}

function written(units, scale) {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return sign + whole + (fraction && `.${fraction}`);
}

/** Negative, zero or positive, as sort() wants it. */
export function compare(a, b) {
  const [left, right] = aligned(a, b);
  return left < right ? -1 : Number(left > right);
}

export function subtract(a, b) {
  const [left, right, scale] = aligned(a, b);
  return written(left - right, Number(scale));
}

export function add(...texts) {
  const units = aligned(...texts);
  const scale = Number(units.pop());
  return written(units.reduce((sum, value) => sum + value, 0n), scale);
}

/** How far an amount is above another, in basis points to two places; null beside nothing. */
export function bpsAbove(amount, reference) {
  const [left, right] = aligned(amount, reference);
  return right === 0n ? null : Number(((left - right) * 1_000_000n) / right) / 100;
}

/** A share in whole percent. */
export function percentOf(amount, total) {
  const [left, right] = aligned(amount, total);
  return right === 0n ? 0 : Number((left * 200n + right) / (right * 2n));
}

/** Percent, as people write it, to whole basis points; null where it is none, or too much. */
export function percentToBps(text, bpsMax = 10_000) {
  if (!isDecimal(text)) return null;
  const [whole, fraction = ""] = text.split(".");
  if (/[^0]/.test(fraction.slice(2))) return null;
  const bps = Number(whole + fraction.slice(0, 2).padEnd(2, "0"));
  return bps <= bpsMax ? bps : null;
}

/** Basis points as people write them in percent. */
export function bpsToPercent(bps) {
  return written(BigInt(bps), 2);
}

/** With commas between thousands. */
export function grouped(text) {
  const [whole, fraction] = text.split(".");
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** Cut off after so many significant digits, but never before the point. */
export function brief(text, digits = 7) {
  const [whole, fraction = ""] = text.split(".");
  const leading = /^-?0$/.test(whole) ? -fraction.search(/[1-9]|$/) : whole.replace("-", "").length;
  const kept = fraction.slice(0, Math.max(0, digits - leading)).replace(/0+$/, "");
  return grouped(kept ? `${whole}.${kept}` : whole);
}
