// @ts-check
// One layer of a network as a grid of neurons to choose from, by click or by keyboard.
import { el } from "../../web/dom.js";
import { count, number } from "../../web/numbers.js";
import { arrows, grid, sight } from "../../web/pixels.js";

/**
 * @param {import("./network.js").Activations} layer
 * @param {boolean} last
 * @param {string[] | null} outputs
 * @param {(layer: number, neuron: number) => void} onChoose
 */
export function layerPanel(layer, last, outputs, onChoose) {
  const n = layer.a.length;
  const first = layer.number === 1;
  const seen = first ? sight(n) : null;
  const [columns, rows] = seen ? [seen.columns, seen.rows] : grid(n);
  const title = first ? "Input" : last ? "Output" : `Layer ${layer.number}`;
  const canvas = el("canvas", { class: "pixels" });
  const mark = el("span", { class: "mark", hidden: true });
  const box = el(
    "div",
    {
      class: "cells",
      tabindex: 0,
      role: "slider",
      "aria-orientation": "horizontal",
      "aria-label": `${title}: ${count(n)} ${seen ? seen.things : "neurons"}, choose one`,
      "aria-valuemin": 0,
      "aria-valuemax": n - 1,
      "aria-valuenow": 0,
      style: { aspectRatio: `${columns} / ${rows}` },
    },
    canvas,
    arrows(seen),
    mark,
  );
  const what = first ? (seen ? seen.things : "numbers") : layer.activation;
  const panel = el(
    "div",
    {
      class: `layer${columns === 1 ? " column" : ""}`,
      style: columns === 1 ? {} : { flex: `${columns} 1 0`, maxWidth: `${0.55 * columns}rem` },
    },
    el(
      "p",
      { class: "layer-name" },
      el("b", {}, title),
      el("span", { class: "note" }, `${count(n)} ${what}`),
    ),
    el("div", { class: "cells-row" }, box, last && columns === 1 ? nameList(outputs) : null),
  );
  const place = seen ? seen.place : (/** @type {number} */ j) => `neuron ${j}`;
  const shown = { ...layer, columns, rows, canvas, box, mark, panel, at: 0, place };
  listen(shown, onChoose);
  return shown;
}

/** @param {string[] | null} names */
function nameList(names) {
  return (
    names &&
    el(
      "span",
      { class: "names", "aria-hidden": "true" },
      names.map((name) => el("span", {}, name)),
    )
  );
}

/**
 * @param {import("./network.js").Panel} layer
 * @param {(layer: number, neuron: number) => void} onChoose
 */
function listen(layer, onChoose) {
  const { box, columns, rows } = layer;
  const n = layer.a.length;
  /** @param {number} neuron */
  const select = (neuron) => {
    layer.at = Math.min(n - 1, Math.max(0, neuron));
    onChoose(layer.number, layer.at);
  };
  /** @param {MouseEvent} event */
  const under = (event) => {
    const at = box.getBoundingClientRect();
    const column = Math.floor(((event.clientX - at.left) / at.width) * columns);
    return Math.floor(((event.clientY - at.top) / at.height) * rows) * columns + column;
  };
  box.addEventListener("click", (event) => {
    const j = under(event);
    if (j < n) select(j);
  });
  box.addEventListener("pointermove", (event) => {
    const j = under(event);
    box.title = j < n ? `${layer.place(j)}: a = ${number(layer.a[j])}` : "";
  });
  /** @type {Record<string, number>} */
  const steps = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -10 * columns,
    PageDown: 10 * columns,
    Home: -Infinity,
    End: Infinity,
  };
  box.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (step === undefined && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    select(layer.at + (step ?? 0));
  });
}
