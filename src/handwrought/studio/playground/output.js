// @ts-check
// The picture of what one neuron makes of all inputs: the output, unless another is shown large.
import { el } from "../../web/dom.js";
import { figures, sentenceOf } from "./figures.js";
import { plane } from "./plane.js";
import { pointTool } from "./point_tool.js";

/**
 * @param {object} options
 * @param {(message: object) => void} options.say
 * @param {() => void} options.forget Take the points away that were put in by hand.
 */
export function output({ say, forget }) {
  /** @type {any} */
  let about = null; // the state, all that stays
  /** @type {any} */
  let settings = null;
  /** @type {any} */
  let frame = null; // the newest, all that changes
  let large = [0, 0]; // [layer, neuron] shown, layers from 0
  /** @type {any} */
  let line = null; // as it is drawn now
  /** @type {any} */
  let kept = null; // a line to compare with
  const keep = el(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-pressed": "false",
      onclick: toggleKept,
      title: "Keeps this curve or boundary as a dashed line, to compare with",
    },
    "Keep this line",
  );
  const canvas = el("canvas", { class: "picture", role: "img" });
  const picture = plane(canvas);
  const tool = pointTool(canvas, picture, {
    add: (/** @type {number[]} */ x, /** @type {number} */ y) => say({ kind: "add", x, y }),
    remove: (/** @type {number} */ point) => say({ kind: "remove", point }),
    forget,
  });
  const title = el("h2", {}, "Output");
  const legend = el("p", { class: "note legend" });
  const numbers = figures();
  const isOutput = () => large[0] === about.sizes.length - 1;

  function toggleKept() {
    const now =
      kept || !line ? null : { ...line, values: line.values.slice(), data: settings.data };
    kept = now;
    keep.textContent = kept ? "Forget the dashed line" : "Keep this line";
    keep.setAttribute("aria-pressed", String(Boolean(kept)));
    if (frame) paint();
  }

  function showPoints() {
    tool.show(about, about.inputs === 2 || isOutput());
    legend.textContent = legendOf(about);
  }

  function paint() {
    const [layer, j] = large;
    const values = frame.pictures[layer][j];
    const whole = isOutput();
    const centre = centreOf(about, settings, layer);
    line = { inputs: about.inputs, values, n: whole ? about.fine : about.coarse, level: centre };
    picture.show({
      ...line,
      centre,
      kept,
      domain: about.domain,
      range: rangeOf(about, values, whole),
      last: frame.last,
      points: { x: about.x, y: about.y, training: about.training, classes: about.classes },
      unit: settings.data === "dog" ? "eyes, cm" : "x",
    });
    const sentence = sentenceOf(frame);
    canvas.setAttribute("aria-label", `${title.textContent}. ${sentence}`);
    numbers.show(frame, sentence);
    return sentence;
  }

  return {
    root: el(
      "section",
      { class: "picture-side", "aria-label": "What it does" },
      el("div", { class: "row between" }, title, keep),
      canvas,
      tool.root,
      legend,
      numbers.table,
      numbers.curve,
    ),
    showPoints,
    /** @param {any} now @param {any} its */
    about(now, its) {
      about = now;
      settings = its;
      frame = null;
      if (kept && kept.data !== settings.data) toggleKept();
    },
    /** @param {any} its */
    settings(its) {
      settings = its;
      numbers.offer(about.classes);
      showPoints();
    },
    /** @param {any} now @returns {string} What there is to see, in a sentence. */
    show(now) {
      frame = now;
      return paint();
    },
    // The line of before, to see both where only the activation function becomes another.
    keepBefore() {
      if (frame?.steps && isOutput() && !kept) toggleKept();
    },
    /** @param {number} layer @param {number} j @param {string[]} names Of the inputs. */
    enlarge(layer, j, names) {
      large = [layer, j];
      const hidden = layer === 0 ? `Input ${names[j]}` : `Neuron ${j + 1} of layer ${layer + 1}`;
      title.textContent = isOutput() ? "Output" : hidden;
      keep.disabled = !isOutput();
      showPoints();
      if (frame) paint();
    },
    close() {
      picture.close();
      numbers.close();
    },
  };
}

/** @param {any} about */
function legendOf({ classes, training, y }) {
  const held = training < y.length ? " Hollow points are held out: never trained on." : "";
  const what = classes
    ? "Circles are 1 and blue, squares are 0 and red."
    : "Points are the training examples, the line is the network.";
  return what + held;
}

/**
 * The value of a neuron that is drawn without colour.
 * @param {any} about
 * @param {any} settings
 * @param {number} layer
 */
export function centreOf(about, settings, layer) {
  if (layer === 0) return 0;
  const name = layer === about.sizes.length - 1 ? about.output : settings.activation;
  return name === "sigmoid" ? 0.5 : 0;
}

/**
 * From where to where the picture's second axis goes.
 * @param {any} about
 * @param {Float32Array} values
 * @param {boolean} whole Whether it is the output's picture.
 */
function rangeOf(about, values, whole) {
  if (about.inputs === 2) return about.domain;
  if (about.classes && whole) return [-0.12, 1.12];
  let [low, high] = [Infinity, -Infinity];
  for (const v of about.y) [low, high] = [Math.min(low, v), Math.max(high, v)];
  if (!whole) for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
  const room = 0.2 * (high - low || 1);
  return [low - room, high + room];
}
