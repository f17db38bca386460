// Many small images on one canvas: first-layer weights, or images of the set.
import { rgb } from "../../web/pixels.js";

const GAP = 2;

let palette = null;
document.addEventListener("themechange", () => {
  palette = null;
});
function colours() {
  if (palette) return palette;
  const [negative, zero, positive] = ["--negative", "--zero", "--positive"].map(rgb);
  // A colour for each of the 255 values that an int8 weight has, -127 to 127; the root shows small ones.
  palette = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const value = i - 128;
    const t = Math.sqrt(Math.min(1, Math.abs(value) / 127));
    const end = value < 0 ? negative : positive;
    const [r, g, b] = zero.map((c, k) => Math.round(c + (end[k] - c) * t));
    palette[i] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return palette;
}

// weights: Int8Array of n rows, each a picture as wide and high as the network's sight of a digit; where it
// has none, nothing is shown.
export function paintWeights(canvas, weights, n, seen) {
  canvas.hidden = !seen;
  if (!seen) return;
  const { columns: wide, rows: high } = seen;
  const columns = Math.min(n, Math.max(5, Math.round(Math.sqrt((n * 1.6 * high) / wide))));
  const rows = Math.ceil(n / columns);
  const [width, height] = [columns * (wide + GAP) - GAP, rows * (high + GAP) - GAP];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const map = colours();
  for (let j = 0; j < n; j++) {
    const left = (j % columns) * (wide + GAP);
    const top = Math.floor(j / columns) * (high + GAP);
    for (let y = 0; y < high; y++) {
      for (let x = 0; x < wide; x++)
        pixels[(top + y) * width + left + x] = map[weights[(j * high + y) * wide + x] + 128];
    }
  }
  context.putImageData(image, 0, 0);
}
