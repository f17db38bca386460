// @ts-check
// What is drawn survives a look at another view, and a reload.
const KEY = "handwrought-strokes";

/** @param {import("../../web/pad.js").Stroke[]} strokes */
export function remember(strokes) {
  const round = (/** @type {number} */ v) => Math.round(1000 * v) / 1000;
  const text = JSON.stringify(
    strokes.map(({ width, points }) => ({ width, points: points.map((p) => p.map(round)) })),
  );
  try {
    sessionStorage.setItem(KEY, text);
  } catch {
    /* storage is turned off or full: it is forgotten then */
  }
}

/** @returns {import("../../web/pad.js").Stroke[]} */
export function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
  } catch {
    return [];
  }
}
