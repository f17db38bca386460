// From strokes to 28 x 28 pixels, as MNIST's images were made (LeCun et al. 1998, section III): the
// ink's box scaled to 20 x 20, antialiased, its centre of mass in the middle.
import { trace } from "./pad.js";

const [BOX, WHOLE] = [20, 28];
const FINE = 8; // a pixel's side on the canvas it is averaged from
const [THIN, WIDE] = [2.1, 3.4]; // MNIST's strokes are as wide as this, in pixels

export function prepare(strokes) {
  const pixels = new Uint8Array(WHOLE * WHOLE);
  const points = strokes.flatMap((stroke) => stroke.points);
  if (!points.length) return pixels;
  const least = [0, 1].map((i) => Math.min(...points.map((p) => p[i])));
  const most = [0, 1].map((i) => Math.max(...points.map((p) => p[i])));
  const length = Math.max(most[0] - least[0], most[1] - least[1], 1e-6); // of the lines' box
  const brush = strokes.reduce((sum, stroke) => sum + stroke.width, 0) / strokes.length;
  // Lines that would be thinner or thicker than MNIST's ever are, are drawn as wide as they may be.
  let width = (brush * BOX) / (length + brush);
  if (width < THIN) width = THIN + 0.3;
  if (width > WIDE) width = WIDE - 0.2;
  const scale = (BOX - width) / length;
  const moved = strokes.map((stroke) => ({
    width,
    points: stroke.points.map((p) => p.map((v, i) => (v - least[i]) * scale + width / 2)),
  }));
  return centred(drawn(moved), pixels);
}

// The ink in each pixel of the box, from 0 to 1.
function drawn(strokes) {
  const side = BOX * FINE;
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  Object.assign(context, { strokeStyle: "#000", lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) trace(context, FINE, stroke);
  const { data } = context.getImageData(0, 0, side, side);
  const ink = new Float64Array(BOX * BOX);
  for (let i = 0; i < side * side; i++) {
    const [x, y] = [i % side, Math.floor(i / side)].map((v) => Math.floor(v / FINE));
    ink[y * BOX + x] += data[4 * i + 3] / (255 * FINE * FINE);
  }
  return ink;
}

// Into the whole, moved by whole pixels until the centre of mass lies in pixel (14, 14).
function centred(ink, pixels) {
  const total = ink.reduce((sum, v) => sum + v, 0);
  const mean = (place) => ink.reduce((sum, v, i) => sum + v * place(i), 0) / total;
  const shift = (v) => Math.min(Math.max(Math.round(WHOLE / 2 - v), 0), WHOLE - BOX);
  const left = shift(mean((i) => i % BOX));
  const top = shift(mean((i) => Math.floor(i / BOX)));
  const peak = Math.max(...ink, 0.5);
  ink.forEach((v, i) => {
    pixels[(top + Math.floor(i / BOX)) * WHOLE + left + (i % BOX)] = Math.round((255 * v) / peak);
  });
  return pixels;
}
