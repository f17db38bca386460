// A network drawn with its activations: a grid of neurons for each layer, and for a chosen neuron
// the terms of its sum as lines from the neurons below.
import { el, svg } from "../../web/dom.js";
import { count, number } from "../../web/numbers.js";
import { arrows, grid, largest, paintAmounts, paintInk, sight } from "../../web/pixels.js";

// onChoose(layer, neuron): a neuron was chosen, by click or by keyboard; layers count from 1.
// outputs: names of the last layer's neurons, or null.
export function network({ onChoose, outputs = null }) {
  const panels = el("div", { class: "layers" });
  const lines = svg("svg", { class: "lines", "aria-hidden": "true" });
  const root = el("div", { class: "network" }, panels, lines);
  let layers = []; // { number, activation, a, columns, rows, canvas, cell, input }
  let chosen = null; // { layer, neuron }
  let terms = [];

  function build(made) {
    layers = made.map((layer, i) => {
      const last = i === made.length - 1;
      const seen = i === 0 ? sight(layer.a.length) : null;
      const [columns, rows] = seen ? [seen.columns, seen.rows] : grid(layer.a.length);
      const canvas = el("canvas", { class: "pixels" });
      const mark = el("span", { class: "mark", hidden: true });
      const names =
        last && outputs && columns === 1
          ? el(
              "span",
              { class: "names", "aria-hidden": "true" },
              outputs.map((n) => el("span", {}, n)),
            )
          : null;
      const title = i === 0 ? "Input" : last ? "Output" : `Layer ${layer.number}`;
      const box = el(
        "div",
        {
          class: "cells",
          tabindex: 0,
          role: "slider",
          "aria-orientation": "horizontal",
          "aria-label": `${title}: ${count(layer.a.length)} ${seen ? seen.things : "neurons"}, choose one`,
          "aria-valuemin": 0,
          "aria-valuemax": layer.a.length - 1,
          "aria-valuenow": 0,
          style: { aspectRatio: `${columns} / ${rows}` },
        },
        canvas,
        arrows(seen),
        mark,
      );
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
          el(
            "span",
            { class: "note" },
            i === 0
              ? `${count(layer.a.length)} ${seen ? seen.things : "numbers"}`
              : `${count(layer.a.length)} ${layer.activation}`,
          ),
        ),
        el("div", { class: "cells-row" }, box, names),
      );
      const state = {
        ...layer,
        columns,
        rows,
        canvas,
        box,
        mark,
        panel,
        at: 0,
        place: seen ? seen.place : (j) => `neuron ${j}`,
      };
      listen(state);
      return state;
    });
    panels.replaceChildren(...layers.map((layer) => layer.panel));
  }

  function listen(layer) {
    const select = (neuron) => {
      layer.at = Math.min(layer.a.length - 1, Math.max(0, neuron));
      onChoose(layer.number, layer.at);
    };
    layer.box.addEventListener("click", (event) => {
      const box = layer.box.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * layer.columns);
      const row = Math.floor(((event.clientY - box.top) / box.height) * layer.rows);
      if (row * layer.columns + column < layer.a.length) select(row * layer.columns + column);
    });
    layer.box.addEventListener("pointermove", (event) => {
      const box = layer.box.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * layer.columns);
      const row = Math.floor(((event.clientY - box.top) / box.height) * layer.rows);
      const j = row * layer.columns + column;
      layer.box.title = j < layer.a.length ? `${layer.place(j)}: a = ${number(layer.a[j])}` : "";
    });
    layer.box.addEventListener("keydown", (event) => {
      const step = {
        ArrowLeft: -1,
        ArrowRight: 1,
        ArrowUp: -layer.columns,
        ArrowDown: layer.columns,
        PageUp: -10 * layer.columns,
        PageDown: 10 * layer.columns,
        Home: -Infinity,
        End: Infinity,
      }[event.key];
      if (step === undefined && event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      select(layer.at + (step ?? 0));
    });
  }

  function repaint() {
    for (const [i, layer] of layers.entries()) {
      if (i === 0)
        paintInk(
          layer.canvas,
          Array.from(layer.a, (v) => 255 * v),
          layer.columns,
          layer.rows,
        );
      else
        paintAmounts(
          layer.canvas,
          layer.a,
          layer.columns,
          layer.rows,
          i === layers.length - 1 ? 1 : largest(layer.a),
        );
    }
  }

  // Where neurons are; their layer's box is measured once, since measuring lays the page out anew.
  const places =
    (layer, frame, box = layer.box.getBoundingClientRect()) =>
    (j) => {
      const [column, row] = [j % layer.columns, Math.floor(j / layer.columns)];
      return [
        box.left - frame.left + ((column + 0.5) / layer.columns) * box.width,
        box.top - frame.top + ((row + 0.5) / layer.rows) * box.height,
      ];
    };

  function connect() {
    lines.replaceChildren();
    for (const layer of layers) {
      const here = chosen && layer.number === chosen.layer;
      layer.mark.hidden = !here;
      layer.box.setAttribute("aria-valuenow", here ? chosen.neuron : layer.at);
      layer.box.setAttribute(
        "aria-valuetext",
        `${layer.place(here ? chosen.neuron : layer.at)}, activation ${number(layer.a[here ? chosen.neuron : layer.at])}`,
      );
      if (!here) continue;
      layer.at = chosen.neuron;
      const [column, row] = [
        chosen.neuron % layer.columns,
        Math.floor(chosen.neuron / layer.columns),
      ];
      Object.assign(layer.mark.style, {
        left: `${(100 * column) / layer.columns}%`,
        top: `${(100 * row) / layer.rows}%`,
        width: `${100 / layer.columns}%`,
        height: `${100 / layer.rows}%`,
      });
    }
    const above = chosen && layers.find((layer) => layer.number === chosen.layer);
    const below = chosen && layers.find((layer) => layer.number === chosen.layer - 1);
    if (!above || !below || !terms.length) return;
    const frame = root.getBoundingClientRect();
    const [from, to] = [places(below, frame), places(above, frame)];
    const [x2, y2] = to(chosen.neuron);
    const most = Math.max(...terms.map((term) => Math.abs(term.product)));
    for (const term of terms) {
      const [x1, y1] = from(term.k);
      const middle = (x1 + x2) / 2;
      const strength = most > 0 ? Math.abs(term.product) / most : 0;
      lines.append(
        svg("path", {
          d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`,
          class: term.product < 0 ? "minus" : "plus",
          "stroke-width": 0.8 + 2.4 * strength,
          "stroke-opacity": 0.25 + 0.65 * strength,
        }),
      );
    }
  }

  const watcher = new ResizeObserver(connect);
  watcher.observe(root);
  const themed = () => repaint();
  document.addEventListener("themechange", themed);

  return {
    root,
    // made: [{ number, activation, a: Float32Array }], the input first.
    show(made) {
      const same =
        made.length === layers.length &&
        made.every((layer, i) => layer.a.length === layers[i].a.length);
      if (same)
        made.forEach((layer, i) => {
          layers[i].a = layer.a;
        });
      else build(made);
      repaint();
      connect();
    },
    // The chosen neuron and the largest terms of its sum: [{ k, product }].
    choose(layer, neuron, largestTerms = []) {
      chosen = layer === null ? null : { layer, neuron };
      terms = largestTerms;
      connect();
    },
    close() {
      watcher.disconnect();
      document.removeEventListener("themechange", themed);
    },
  };
}
