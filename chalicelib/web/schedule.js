/** When the parts of an order are due, and how much each of them trades. */

/** @returns {{intervalSeconds: number, slices: number, endsAt: number}} the last part is due then */
export function gridOf({ slices, intervalSeconds, durationSeconds }, startAt) {
  const seconds = intervalSeconds ?? durationSeconds / slices;
  return { slices, intervalSeconds: seconds, endsAt: startAt + (slices - 1) * seconds * 1000 };
}

/** An amount divided by a number, rounded down to so many decimals. */
export function divided(amount, number, decimals) {
  const [whole, fraction = ""] = amount.split(".");
  const units = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0")) / BigInt(number);
  const digits = units.toString().padStart(decimals + 1, "0");
  const end = digits.length - decimals;
  const rest = digits.slice(end).replace(/0+$/, "");
  return rest ? `${digits.slice(0, end)}.${rest}` : digits.slice(0, end);
}
