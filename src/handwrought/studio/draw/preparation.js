// @ts-check
// How ink becomes 28 x 28, replayed with the server's numbers: crop, scale to 20, centre of mass.
import { contextOf, el, moves } from "../../web/dom.js";
import { number } from "../../web/numbers.js";

const SIDE = 336; // 12 pixels for one of the 28
const CELL = SIDE / 28;
const PACE = 750; // milliseconds of each of the three steps

/**
 * @typedef {{ image: CanvasImageSource, width: number, height: number }} Source
 * @typedef {[number, number, number, number]} Box
 */

/** @param {number} t */
const smooth = (t) => t * t * (3 - 2 * t);
/** @type {(from: Box, to: Box, t: number) => Box} */
const mix = (from, to, t) => /** @type {Box} */ (from.map((v, i) => v + (to[i] - v) * t));

export function preparation() {
  const canvas = el("canvas", {
    class: "seen pixels",
    width: SIDE,
    height: SIDE,
    role: "img",
    "aria-label": "Nothing drawn yet",
  });
  const steps = ["Crop to the ink", "Scale to 20 pixels", "Centre of mass"].map((name) => {
    const value = el("span", { class: "number" }, "");
    return { root: el("li", {}, el("span", {}, name), value), value };
  });
  const context = contextOf(canvas);
  const tiny = new OffscreenCanvas(28, 28);
  const tinyContext = contextOf(tiny, { willReadFrequently: true });
  let frame = 0;
  /** @type {Draw.Preparation | null} */
  let last = null;
  let inverted = true;

  function final(alpha = 1) {
    context.globalAlpha = alpha;
    context.imageSmoothingEnabled = false;
    context.drawImage(tiny, 0, 0, SIDE, SIDE);
    context.globalAlpha = 1;
  }

  function blank() {
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
  }

  /** @param {number} x @param {number} y @param {number} width @param {number} height @param {number} alpha */
  function frameOf(x, y, width, height, alpha) {
    context.strokeStyle = `rgba(134, 186, 240, ${alpha})`;
    context.lineWidth = 2;
    context.strokeRect(x, y, width, height);
  }

  // Whether the ink is dark in the source: it then runs against what the network sees.
  /** @param {Source} source @param {Draw.Preparation} made */
  function isDark(source, made) {
    const small = contextOf(new OffscreenCanvas(28, 28), { willReadFrequently: true });
    small.drawImage(source.image, ...made.box, ...made.placed);
    const there = small.getImageData(...made.placed).data;
    const here = tinyContext.getImageData(...made.placed).data;
    const mean = (/** @type {Uint8ClampedArray} */ data) =>
      data.reduce((sum, v, i) => (i % 4 ? sum : sum + v), 0) / (data.length / 4);
    const [a, b] = [mean(there), mean(here)];
    let agreement = 0;
    for (let i = 0; i < here.length; i += 4) agreement += (there[i] - a) * (here[i] - b);
    return agreement < 0;
  }

  // t from 0 to 3: the steps one after the other.
  /** @param {number} t @param {{ source: Source, made: Draw.Preparation }} scene */
  function paint(t, { source, made }) {
    const [bx, by, bw, bh] = made.box;
    const fit = Math.min(SIDE / source.width, SIDE / source.height);
    const offset = [(SIDE - source.width * fit) / 2, (SIDE - source.height * fit) / 2];
    /** @type {Box} */
    const whole = [offset[0] + bx * fit, offset[1] + by * fit, bw * fit, bh * fit];
    const [px, py, pw, ph] = made.placed.map((v) => v * CELL);
    /** @type {Box} */
    const middle = [(SIDE - pw) / 2, (SIDE - ph) / 2, pw, ph];
    const scaled = smooth(Math.min(1, Math.max(0, t - 1)));
    const moved = smooth(Math.min(1, Math.max(0, t - 2)));
    const target = t < 2 ? mix(whole, middle, scaled) : mix(middle, [px, py, pw, ph], moved);
    blank();
    context.imageSmoothingEnabled = true;
    // The network sees ink bright on black, whatever it was.
    context.filter = inverted ? "invert(1)" : "none";
    if (t < 1) {
      context.globalAlpha = 1 - 0.7 * smooth(t);
      context.drawImage(
        source.image,
        offset[0],
        offset[1],
        source.width * fit,
        source.height * fit,
      );
      context.globalAlpha = 1;
    }
    context.drawImage(source.image, bx, by, bw, bh, ...target);
    context.filter = "none";
    frameOf(...(t < 1 ? mix([0, 0, SIDE, SIDE], whole, smooth(t)) : target), 1 - moved);
    if (t > 1) frameOf(4 * CELL, 4 * CELL, 20 * CELL, 20 * CELL, 0.35 * scaled * (1 - moved));
    if (moved > 0) final(moved);
    steps.forEach((step, i) => step.root.classList.toggle("now", Math.floor(t) === i));
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
    steps.forEach((step) => step.root.classList.remove("now"));
  }

  blank();
  return {
    root: canvas,
    steps: el(
      "ol",
      { class: "steps" },
      steps.map((step) => step.root),
    ),
    get playing() {
      return frame !== 0;
    },
    // pixels: 784 bytes; made: the server's Preparation, or null without ink.
    /** @param {Uint8Array} pixels @param {Draw.Preparation | null} made @param {string} label */
    show(pixels, made, label) {
      stop();
      const image = new ImageData(28, 28);
      for (let i = 0; i < 784; i++) image.data.set([pixels[i], pixels[i], pixels[i], 255], 4 * i);
      tinyContext.putImageData(image, 0, 0);
      final();
      canvas.setAttribute("aria-label", label);
      last = made;
      const texts = made
        ? [
            `${made.box[2]} × ${made.box[3]}`,
            `× ${number(made.scale, 3)}`,
            `${made.shift[0] < 0 ? "←" : "→"} ${number(Math.abs(made.shift[0]), 2)}  ${made.shift[1] < 0 ? "↑" : "↓"} ${number(Math.abs(made.shift[1]), 2)}`,
          ]
        : ["", "", ""];
      steps.forEach((step, i) => {
        step.value.textContent = texts[i];
      });
    },
    // Once, from what was on the pad to what the network sees; not where motion is unwelcome.
    /** @param {Source} source */
    play(source) {
      stop();
      if (!last || !moves()) return;
      const scene = { source, made: last };
      inverted = isDark(source, last);
      const start = performance.now();
      const step = (/** @type {number} */ now) => {
        const t = (now - start) / PACE;
        if (t >= 3) {
          stop();
          blank();
          final();
          return;
        }
        paint(Math.max(0, t), scene);
        frame = requestAnimationFrame(step);
      };
      frame = requestAnimationFrame(step);
    },
    stop() {
      if (frame) {
        stop();
        blank();
        final();
      }
    },
  };
}
