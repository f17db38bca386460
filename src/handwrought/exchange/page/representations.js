// What a network sees of a prepared digit, as data/representations.py and data/strokes.py of the package say.
// What moves ink runs in single precision, as it does there: else some grey levels would be rounded otherwise.
const SIDE = 28;
const HALF = SIDE / 2;
const DIRECTIONS = 8;
const TURN = Math.cos((2 * Math.PI) / DIRECTIONS);
const MOST = 2; // a 1 is not made wider than this many times
const INK = 64; // pixels brighter than this are ink whose width is measured
const single = Math.fround;
const within = (v, least, most) => Math.min(Math.max(v, least), most);

// The representation's first part, 784 grey levels: the ink upright, and as wide as the representation says.
export function deskewed(pixels, { deskew, width }) {
  if (!deskew) return pixels;
  const moved = sheared(pixels);
  return Uint8ClampedArray.from(width ? widened(moved, width) : moved); // rounded, halves to the even
}

// Its last part, of these 784: as they are, or eight maps of the directions in which they brighten.
export function extractFeatures(pixels, { strokes }) {
  return strokes ? strokeMaps(pixels) : pixels;
}

// --- moving ink -------------------------------------------------------------------------------------

// How much ink there is, and its centre.
function centre(pixels) {
  let [total, row, column] = [0, 0, 0];
  pixels.forEach((v, i) => {
    total += v;
    row += v * Math.floor(i / SIDE);
    column += v * (i % SIDE);
  });
  total = Math.max(total, 1e-6);
  return { total, row: single(row / total), column: single(column / total) };
}

// Each pixel of row y between the two next to column from(x, y); outside, it is black.
function resampled(pixels, from) {
  const found = new Float32Array(SIDE * SIDE);
  const row = new Float32Array(SIDE + 3); // with a border of black
  for (let y = 0; y < SIDE; y++) {
    row.set(pixels.subarray(y * SIDE, (y + 1) * SIDE), 1);
    for (let x = 0; x < SIDE; x++) {
      const at = within(single(from(x, y) + 1), 0, SIDE + 1);
      const left = Math.floor(at);
      found[y * SIDE + x] = row[left] + single((at - left) * single(row[left + 1] - row[left]));
    }
  }
  return found;
}

// Rows and columns of the ink then vary independently.
function sheared(pixels) {
  const { total, row, column } = centre(pixels);
  let [both, alone] = [0, 0];
  pixels.forEach((v, i) => {
    const [y, x] = [single(Math.floor(i / SIDE) - row), single((i % SIDE) - column)];
    both += v * y * x;
    alone += v * y * y;
  });
  const lean = single(within(both / total / Math.max(alone / total, 1e-3), -1, 1));
  return resampled(pixels, (x, y) => single(x + single(lean * single(y - row))));
}

function widened(pixels, width) {
  const { column } = centre(pixels);
  const inked = [...Array(SIDE).keys()].filter((x) =>
    pixels.some((v, i) => v > INK && i % SIDE === x),
  );
  const own = inked.length ? inked.at(-1) - inked[0] + 1 : SIDE;
  const factor = within(width / own, 1 / MOST, MOST);
  return resampled(pixels, (x) => single(column + (x - HALF) / factor));
}

// --- maps of directions -----------------------------------------------------------------------------

// Row j weighs a line of pixels around the place between pixels 2j and 2j + 1.
const WEIGHTS = Array.from({ length: HALF }, (_, j) => {
  const weights = Array.from({ length: SIDE }, (_, x) => Math.exp(-0.5 * (x - 2 * j - 0.5) ** 2));
  const total = weights.reduce((sum, v) => sum + v, 0);
  return weights.map((v) => v / total);
});

// Eight of 14 x 14 in two rows of four, from 0 to 255: the first brightens to the right, and on clockwise.
function strokeMaps(pixels) {
  const maps = new Uint8ClampedArray(2 * SIDE * SIDE);
  const [right, down] = sobel(pixels);
  for (let k = 0; k < DIRECTIONS; k++) {
    const angle = (2 * Math.PI * k) / DIRECTIONS;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    // The share of a direction falls from 1 to 0 over 45°; Sobel's answer to an edge from 0 to 1 is 4.
    const facing = right.map((v, i) =>
      Math.max(0, v * cos + down[i] * sin - TURN * Math.hypot(v, down[i])),
    );
    const corner = HALF * Math.floor(k / 4) * 2 * SIDE + HALF * (k % 4);
    halved(halved(facing)).forEach((v, i) => {
      maps[corner + Math.floor(i / HALF) * 2 * SIDE + (i % HALF)] =
        255 * Math.sqrt(v / (4 * (1 - TURN)));
    });
  }
  return maps;
}

// How much brighter, of 1, it becomes to the right and downwards.
function sobel(pixels) {
  const wide = SIDE + 2; // with a border of black
  const p = new Float64Array(wide * wide);
  pixels.forEach((v, i) => {
    p[(Math.floor(i / SIDE) + 1) * wide + (i % SIDE) + 1] = v / 255;
  });
  // across: the step over the edge; along: the step beside it.
  const gradient = (across, along) =>
    Float64Array.from({ length: SIDE * SIDE }, (_, i) => {
      const at = (Math.floor(i / SIDE) + 1) * wide + (i % SIDE) + 1;
      const side = (middle) => p[middle - along] + 2 * p[middle] + p[middle + along];
      return side(at + across) - side(at - across);
    });
  return [gradient(1, wide), gradient(wide, 1)];
}

// Rows of 28 to 14, smoothed; and rows to columns, so that twice halves a picture both ways.
function halved(rows) {
  const n = rows.length / SIDE;
  const found = new Float64Array(HALF * n);
  for (let j = 0; j < HALF; j++) {
    for (let y = 0; y < n; y++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += WEIGHTS[j][x] * rows[y * SIDE + x];
      found[j * n + y] = sum;
    }
  }
  return found;
}
