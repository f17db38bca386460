// @ts-check
// Arrays as pictures, a pixel for a number; canvases are scaled up by CSS (class "pixels").
import { contextOf, el } from "./dom.js";

/**
 * @typedef {number[]} Colour Red, green and blue.
 * @typedef {{ columns: number, rows: number, maps: string[], things: string, place: (k: number) => string }} Sight
 * @typedef {ArrayLike<number>} Numbers
 */

/** @type {Record<string, Colour> | null} */
let palette = null;
document.addEventListener("themechange", () => {
  palette = null;
});

// A colour of the theme now shown, such as "--zero", as [red, green, blue].
/**
 * @param {string} name
 * @returns {Colour}
 */
export function rgb(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** @returns {Record<string, Colour>} */
function colours() {
  if (palette) return palette;
  const names = {
    low: "--low",
    a: "--c-a",
    negative: "--negative",
    zero: "--zero",
    positive: "--positive",
  };
  palette = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, rgb(name)]));
  return palette;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 * @param {number} n
 * @param {(i: number) => Colour} colour
 */
function paint(canvas, width, height, n, colour) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = contextOf(canvas);
  const image = context.createImageData(width, height);
  for (let i = 0; i < n; i++) {
    const [r, g, b] = colour(i);
    image.data[4 * i] = r;
    image.data[4 * i + 1] = g;
    image.data[4 * i + 2] = b;
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

/** @type {(from: Colour, to: Colour, t: number) => Colour} */
const between = (from, to, t) => from.map((c, i) => c + (to[i] - c) * t);

/** @param {Numbers} values */
export const largest = (values) => {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
};

// How a network sees a digit of 28 x 28, by the numbers it is given: its pixels, or eight maps of edges,
// in two rows of four; a map's arrow points to where its edges grow brighter. Null where it sees something
// else. place(k) is a noun, with row and column; input_names.py says the same.
/**
 * @param {number} n
 * @returns {Sight | null}
 */
export function sight(n) {
  if (n === 784)
    return {
      columns: 28,
      rows: 28,
      maps: [],
      things: "pixels",
      place: (k) => `pixel ${Math.floor(k / 28)}, ${k % 28}`,
    };
  if (n !== 1568) return null;
  const maps = [..."→↘↓↙←↖↑↗"];
  return {
    columns: 56,
    rows: 28,
    maps,
    things: "parts of strokes",
    place: (k) => {
      const [row, column] = [Math.floor(k / 56), k % 56];
      return `edge ${maps[4 * Math.floor(row / 14) + Math.floor(column / 14)]} at ${2 * (row % 14)}, ${2 * (column % 14)}`;
    },
  };
}

// The maps' arrows, to be laid over them; null where there are none.
/** @param {Sight | null} seen */
export function arrows(seen) {
  return seen?.maps.length
    ? el(
        "span",
        { class: "map-arrows", "aria-hidden": "true" },
        seen.maps.map((arrow) => el("span", {}, arrow)),
      )
    : null;
}

// What the network sees: uint8, ink bright on black, in either theme.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {Numbers} pixels
 */
export function paintInk(canvas, pixels, width = 28, height = 28) {
  paint(canvas, width, height, width * height, (i) => [pixels[i], pixels[i], pixels[i]]);
}

// From nothing to much, as activations are: paper to blue; below 0 to red.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {Numbers} values
 * @param {number} width
 * @param {number} height
 */
export function paintAmounts(canvas, values, width, height, most = largest(values)) {
  const { low, a, negative } = colours();
  const scale = most > 0 ? 1 / most : 0;
  paint(canvas, width, height, values.length, (i) => {
    const t = Math.max(-1, Math.min(1, values[i] * scale));
    return between(low, t < 0 ? negative : a, Math.sqrt(Math.abs(t)));
  });
}

// Negative red, zero the paper's colour, positive blue: weights and products.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {Numbers} values
 * @param {number} width
 * @param {number} height
 */
export function paintSigned(canvas, values, width, height, most = largest(values)) {
  const { negative, zero, positive } = colours();
  const scale = most > 0 ? 1 / most : 0;
  paint(canvas, width, height, values.length, (i) => {
    const t = Math.max(-1, Math.min(1, values[i] * scale));
    return between(zero, t < 0 ? negative : positive, Math.sqrt(Math.abs(t)));
  });
}

// How a layer's neurons are laid out: columns and rows, rather tall than wide; up to 16 stand in one
// column.
/**
 * @param {number} n
 * @returns {[number, number]}
 */
export function grid(n) {
  if (n <= 16) return [1, n];
  const root = Math.sqrt(n);
  let columns = Math.floor(root);
  while (n % columns && columns > root / 2.2) columns--;
  if (n % columns) columns = Math.ceil(root);
  return [columns, Math.ceil(n / columns)];
}
