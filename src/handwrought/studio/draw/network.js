// @ts-check
// A network drawn with its activations: a grid of neurons for each layer, and for a chosen neuron
// the terms of its sum as lines from the neurons below.
import { el, svg } from "../../web/dom.js";
import { number } from "../../web/numbers.js";
import { largest, paintAmounts, paintInk } from "../../web/pixels.js";
import { layerPanel } from "./layer_panel.js";

/**
 * @typedef {{ number: number, activation: string, a: Float32Array }} Activations
 * @typedef {ReturnType<typeof layerPanel>} Panel
 * @typedef {{ layer: number, neuron: number }} Place
 * @typedef {{ k: number, product: number }} Term
 */

/**
 * @param {object} options
 * @param {(layer: number, neuron: number) => void} options.onChoose A neuron was chosen, by click or
 *   by keyboard; layers count from 1.
 * @param {string[] | null} options.outputs Names of the last layer's neurons.
 */
export function network({ onChoose, outputs }) {
  const panels = el("div", { class: "layers" });
  const lines = svg("svg", { class: "lines", "aria-hidden": "true" });
  const root = el("div", { class: "network" }, panels, lines);
  /** @type {Panel[]} */
  let layers = [];
  /** @type {Place | null} */
  let chosen = null;
  /** @type {Term[]} */
  let terms = [];

  function repaint() {
    for (const [i, { canvas, a, columns, rows }] of layers.entries()) {
      const most = i === layers.length - 1 ? 1 : largest(a);
      if (i > 0) paintAmounts(canvas, a, columns, rows, most);
      else
        paintInk(
          canvas,
          Float32Array.from(a, (v) => 255 * v),
          columns,
          rows,
        );
    }
  }

  function connect() {
    for (const layer of layers) mark(layer, chosen);
    const of = (/** @type {number} */ n) => layers.find((layer) => layer.number === n);
    const [above, below] = chosen ? [of(chosen.layer), of(chosen.layer - 1)] : [];
    lines.replaceChildren();
    if (chosen && above && below && terms.length)
      lines.append(...curves(root, below, above, chosen.neuron, terms));
  }

  const watcher = new ResizeObserver(connect);
  watcher.observe(root);
  document.addEventListener("themechange", repaint);
  return {
    root,
    /** @param {Activations[]} made The input first. */
    show(made) {
      const same =
        made.length === layers.length &&
        made.every((layer, i) => layer.a.length === layers[i].a.length);
      if (same)
        made.forEach((layer, i) => {
          layers[i].a = layer.a;
        });
      else {
        const last = made.length - 1;
        layers = made.map((each, i) => layerPanel(each, i === last, outputs, onChoose));
        panels.replaceChildren(...layers.map((layer) => layer.panel));
      }
      repaint();
      connect();
    },
    /**
     * The chosen neuron and the largest terms of its sum.
     * @param {number | null} layer
     */
    choose(layer, neuron = 0, /** @type {Term[]} */ largestTerms = []) {
      chosen = layer === null ? null : { layer, neuron };
      terms = largestTerms;
      connect();
    },
    close() {
      watcher.disconnect();
      document.removeEventListener("themechange", repaint);
    },
  };
}

/**
 * Marks the chosen neuron, if it is of this layer, and says which one the keyboard is at.
 * @param {Panel} layer
 * @param {Place | null} chosen
 */
function mark(layer, chosen) {
  const here = chosen !== null && layer.number === chosen.layer;
  layer.mark.hidden = !here;
  if (here) layer.at = chosen.neuron;
  const { at, columns, rows } = layer;
  layer.box.setAttribute("aria-valuenow", String(at));
  layer.box.setAttribute("aria-valuetext", `${layer.place(at)}, activation ${number(layer.a[at])}`);
  if (!here) return;
  Object.assign(layer.mark.style, {
    left: `${(100 * (at % columns)) / columns}%`,
    top: `${(100 * Math.floor(at / columns)) / rows}%`,
    width: `${100 / columns}%`,
    height: `${100 / rows}%`,
  });
}

/**
 * The terms as lines, the larger the stronger.
 * @param {HTMLElement} root
 * @param {Panel} below
 * @param {Panel} above
 * @param {number} neuron
 * @param {Term[]} terms
 */
function curves(root, below, above, neuron, terms) {
  const frame = root.getBoundingClientRect();
  const [from, to] = [places(below, frame), places(above, frame)];
  const [x2, y2] = to(neuron);
  const most = Math.max(...terms.map((term) => Math.abs(term.product)));
  return terms.map((term) => {
    const [x1, y1] = from(term.k);
    const middle = (x1 + x2) / 2;
    const strength = most > 0 ? Math.abs(term.product) / most : 0;
    return svg("path", {
      d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`,
      class: term.product < 0 ? "minus" : "plus",
      "stroke-width": 0.8 + 2.4 * strength,
      "stroke-opacity": 0.25 + 0.65 * strength,
    });
  });
}

/**
 * Where neurons are; their layer's box is measured once, since measuring lays the page out anew.
 * @param {Panel} layer
 * @param {DOMRect} frame
 */
function places(layer, frame) {
  const box = layer.box.getBoundingClientRect();
  return (/** @type {number} */ j) => {
    const [column, row] = [j % layer.columns, Math.floor(j / layer.columns)];
    return [
      box.left - frame.left + ((column + 0.5) / layer.columns) * box.width,
      box.top - frame.top + ((row + 0.5) / layer.rows) * box.height,
    ];
  };
}
