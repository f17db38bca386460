// @ts-check
// Numbers as people read them: a true minus, four significant digits, powers of ten written out.
/** @type {Record<string, string>} */
const RAISED = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

/** @param {number | null | undefined} x */
export function number(x, digits = 4) {
  if (x === null || x === undefined || Number.isNaN(x)) return "not a number";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  let text;
  if (size >= 1e6 || size < 1e-4) {
    const [mantissa, power] = size.toExponential(digits - 1).split("e");
    text = `${mantissa} × 10${[...String(Number(power))].map((c) => RAISED[c]).join("")}`;
  } else {
    text = size.toPrecision(digits);
    if (text.includes("e")) text = String(Math.round(size));
  }
  return (x < 0 ? "−" : "") + text;
}

// All digits there are, for a title.
/** @param {number | null} x */
export const exact = (x) => String(x).replace("-", "−");

/** @param {number} n */
export const count = (n) => n.toLocaleString("en");

/** @param {number} p */
export function percent(p, digits = 1) {
  const step = 10 ** -digits;
  if (p > 0 && 100 * p < step) return `< ${step.toFixed(digits)} %`;
  if (p < 1 && 100 * p > 100 - step) return `> ${(100 - step).toFixed(digits)} %`;
  return `${(100 * p).toFixed(digits)} %`;
}
