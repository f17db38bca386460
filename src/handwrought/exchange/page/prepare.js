// From strokes to 28 x 28 pixels, as MNIST's images were made (LeCun et al. 1998, section III): the
// ink's box scaled to 20 x 20, antialiased, its centre of mass in the middle.
import { trace } from "../../web/pad.js";

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
  const box = least.map((v, i) => Math.min(BOX, Math.ceil((most[i] - v) * scale + width)));
  return centred(drawn(moved), box, pixels);
}

// The ink in each pixel of the box, from 0 to 1.
function drawn(strokes) {
  const side = BOX * FINE;
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  Object.assign(context, { strokeStyle: "#000", lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) trace(context, FINE, stroke);
  const { data } = context.getImageData(0, 0, side, side);
  const ink = new Float64Array(BOX * BOX);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const pixel = Math.floor(y / FINE) * BOX + Math.floor(x / FINE);
      ink[pixel] += data[4 * (y * side + x) + 3] / (255 * FINE * FINE);
    }
  }
  return ink;
}

// Into the whole, moved by whole pixels until the centre of mass lies in pixel (14, 14).
function centred(ink, [width, height], pixels) {
  const total = ink.reduce((sum, v) => sum + v, 0);
  const mean = (place) => ink.reduce((sum, v, i) => sum + v * place(i), 0) / total;
  const shift = (v, side) => Math.min(Math.max(Math.round(WHOLE / 2 - v), 0), WHOLE - side);
  const left = shift(
    mean((i) => i % BOX),
    width,
  );
  const top = shift(
    mean((i) => Math.floor(i / BOX)),
    height,
  );
  const peak = Math.max(...ink, 0.5);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels[(top + y) * WHOLE + left + x] = Math.round((255 * ink[y * BOX + x]) / peak);
    }
  }
  return pixels;
}
