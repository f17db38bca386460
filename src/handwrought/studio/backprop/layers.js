// The microscope's picture: layers side by side, for each neuron its z, a and δ as far as the
// algorithm has come, and for the chosen neuron the weights that matter at this step.
import { floats } from "../../web/arrays.js";
import { el, moves, svg } from "../../web/dom.js";
import { count, number } from "../../web/numbers.js";
import {
  arrows,
  grid,
  largest,
  paintAmounts,
  paintInk,
  paintSigned,
  sight,
} from "../../web/pixels.js";

const NAMES = { z: "z", a: "a", delta: "δ" };
const SAYS = { z: "weighted input", a: "activation", delta: "error" };
const LINES = 30; // of a neuron with many weights, the ones that matter most
const PULSES = 14;
const PULSE = 900;

// onChoose(layer, neuron), layers from 1.
export function layersPicture({ onChoose }) {
  const panels = el("div", { class: "ms-layers" });
  const lines = svg("svg", { class: "ms-lines", "aria-hidden": "true" });
  const root = el("div", { class: "ms-picture" }, lines, panels);
  let layers = [];
  let scene = null; // { known: {z: {2: n}}, now, chosen, edges }

  function build(made, y) {
    layers = made.map((layer, i) => {
      const last = i === made.length - 1;
      const image = i === 0 ? sight(layer.size) : null;
      const [columns, rows] = image ? [image.columns, image.rows] : grid(layer.size);
      const things = i === 0 ? (image?.things ?? "numbers") : "neurons";
      const narrow = columns === 1;
      const title = i === 0 ? "Input" : last ? "Output" : `Layer ${layer.number}`;
      const blocks = {};
      for (const kind of i === 0 ? ["a"] : ["z", "a", "delta"]) {
        const canvas = el("canvas", { class: "pixels" });
        const mark = el("span", { class: "mark", hidden: true });
        const cells = el("span", { class: "ms-cells" }, canvas, arrows(image), mark);
        cells.style.setProperty("--rows", String(rows));
        if (!narrow) cells.style.aspectRatio = `${columns} / ${rows}`;
        if (!narrow && !image) cells.style.maxWidth = `${6 * Math.min(1, columns / rows)}rem`;
        blocks[kind] = {
          canvas,
          mark,
          cells,
          root: el(
            "span",
            { class: `ms-block is-${kind}` },
            el("span", { class: `ms-kind q-${kind}` }, NAMES[kind]),
            cells,
          ),
        };
      }
      const names =
        last && narrow
          ? el(
              "span",
              { class: "ms-names", "aria-hidden": "true" },
              el("span", { class: "ms-kind" }, " "),
              el(
                "span",
                { class: "ms-digits" },
                [...Array(layer.size).keys()].map((d) =>
                  el("span", { class: y === d ? "is-target" : "" }, String(d)),
                ),
              ),
            )
          : null;
      const box = el(
        "div",
        {
          class: "ms-box",
          tabindex: 0,
          role: "slider",
          "aria-orientation": "vertical",
          "aria-valuemin": 0,
          "aria-valuemax": layer.size - 1,
          "aria-valuenow": 0,
          "aria-label": `${title}: ${count(layer.size)} ${things}, choose one`,
        },
        names,
        Object.values(blocks).map((block) => block.root),
      );
      const panel = el(
        "div",
        {
          class: `ms-layer${narrow ? " narrow" : ""}${i === 0 ? " input" : ""}${columns > rows ? " wide" : ""}`,
        },
        el(
          "p",
          { class: "ms-name" },
          el("b", {}, title),
          el(
            "span",
            { class: "note" },
            `${count(layer.size)} ${i === 0 ? things : layer.activation}`,
          ),
        ),
        box,
      );
      const state = {
        number: layer.number,
        size: layer.size,
        columns,
        rows,
        narrow,
        image,
        blocks,
        box,
        panel,
        at: 0,
        last,
      };
      listen(state);
      return state;
    });
    panels.replaceChildren(...layers.map((layer) => layer.panel));
  }

  function listen(layer) {
    const select = (neuron) => {
      layer.at = Math.min(layer.size - 1, Math.max(0, neuron));
      onChoose(layer.number, layer.at);
    };
    for (const block of Object.values(layer.blocks)) {
      const under = (event) => {
        const box = block.cells.getBoundingClientRect();
        const column = Math.min(
          layer.columns - 1,
          Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * layer.columns)),
        );
        const row = Math.min(
          layer.rows - 1,
          Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * layer.rows)),
        );
        return Math.min(layer.size - 1, row * layer.columns + column);
      };
      block.cells.addEventListener("click", (event) => select(under(event)));
      block.cells.addEventListener("pointermove", (event) => {
        block.cells.title = said(layer, under(event));
      });
    }
    layer.box.addEventListener("keydown", (event) => {
      const step = {
        ArrowUp: -layer.columns,
        ArrowDown: layer.columns,
        PageUp: -10 * layer.columns,
        PageDown: 10 * layer.columns,
        Home: -Infinity,
        End: Infinity,
        ...(layer.narrow ? {} : { ArrowLeft: -1, ArrowRight: 1 }),
      }[event.key];
      if (step === undefined) return; // in a column, left and right step through the algorithm
      event.preventDefault();
      event.stopPropagation();
      select(layer.at + step);
    });
  }

  const known = (layer, kind) => !scene || scene.known.has(`${kind}${layer.number}`);

  function said(layer, j) {
    const parts = Object.keys(layer.blocks)
      .filter((kind) => known(layer, kind))
      .map((kind) => `${SAYS[kind]} ${NAMES[kind]} = ${number(layer[kind][j])}`);
    const name = layer.image ? layer.image.place(j) : `neuron ${j}`;
    return [name, ...parts].join(", ");
  }

  function repaint() {
    for (const layer of layers) {
      for (const [kind, { canvas, root: block }] of Object.entries(layer.blocks)) {
        const values = layer[kind];
        const shown = known(layer, kind);
        block.classList.toggle("unknown", !shown);
        block.classList.toggle("now", Boolean(scene?.now.has(`${kind}${layer.number}`)));
        if (!shown)
          paintAmounts(canvas, new Float32Array(layer.size), layer.columns, layer.rows, 1);
        else if (layer.image)
          paintInk(
            canvas,
            Array.from(values, (v) => 255 * v),
            layer.columns,
            layer.rows,
          );
        else if (kind === "a" && values.every((v) => v >= 0))
          paintAmounts(canvas, values, layer.columns, layer.rows, layer.last ? 1 : largest(values));
        else paintSigned(canvas, values, layer.columns, layer.rows);
      }
    }
  }

  function place(mark, layer, j) {
    Object.assign(mark.style, {
      left: `${(100 * (j % layer.columns)) / layer.columns}%`,
      top: `${(100 * Math.floor(j / layer.columns)) / layer.rows}%`,
      width: `${100 / layer.columns}%`,
      height: `${100 / layer.rows}%`,
    });
  }

  /** @type {(layer: any, kind: string, j: number, side: string) => [number, number]} */
  const at = (layer, kind, j, side) => {
    const frame = root.getBoundingClientRect();
    const box = layer.blocks[kind].cells.getBoundingClientRect();
    const column = j % layer.columns;
    const x = layer.narrow ? (side === "right" ? 1 : 0) : (column + 0.5) / layer.columns;
    return [
      box.left - frame.left + x * box.width,
      box.top - frame.top + ((Math.floor(j / layer.columns) + 0.5) / layer.rows) * box.height,
    ];
  };

  /** @type {(from: [number, number], to: [number, number]) => string} */
  const curve = ([x1, y1], [x2, y2]) =>
    `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;

  function connect(pulse = false) {
    lines.replaceChildren();
    for (const layer of layers) {
      const j = scene?.chosen[layer.number];
      for (const [kind, { mark }] of Object.entries(layer.blocks)) {
        mark.hidden = j === undefined || (!known(layer, kind) && layer.number !== scene?.focus);
        mark.classList.toggle("is-focus", layer.number === scene?.focus);
        if (j !== undefined) place(mark, layer, j);
      }
      layer.at = j ?? layer.at;
      layer.box.setAttribute("aria-valuenow", layer.at);
      layer.box.setAttribute("aria-valuetext", said(layer, layer.at));
    }
    if (!scene) return;
    const quiet = svg("g", { class: "ms-quiet" });
    for (const [i, layer] of layers.entries()) {
      if (!layer.weights) continue;
      const below = layers[i - 1];
      const most = largest(layer.weights);
      for (let j = 0; j < layer.size; j++) {
        for (let k = 0; k < below.size; k++) {
          const w = layer.weights[j * below.size + k];
          quiet.append(
            svg("path", {
              d: curve(
                at(below, below.blocks.delta ? "delta" : "a", k, "right"),
                at(layer, "z", j, "left"),
              ),
              "stroke-opacity": (0.05 + (0.3 * Math.abs(w)) / most).toFixed(3),
              class: w < 0 ? "minus" : "plus",
            }),
          );
        }
      }
    }
    lines.append(quiet);
    const edges = scene.edges;
    if (!edges) return;
    const from = layers.find((layer) => layer.number === edges.from.layer);
    const to = layers.find((layer) => layer.number === edges.to.layer);
    if (!from || !to) return;
    const order = [...edges.values.keys()]
      .sort((p, q) => Math.abs(edges.values[q]) - Math.abs(edges.values[p]))
      .slice(0, LINES);
    const most = order.length ? Math.abs(edges.values[order[0]]) : 0;
    const forward = from.number < to.number;
    for (const [n, i] of order.reverse().entries()) {
      const strength = most > 0 ? Math.abs(edges.values[i]) / most : 0;
      const ends = [
        at(from, edges.from.kind, i, forward ? "right" : "left"),
        at(to, edges.to.kind, edges.to.neuron, forward ? "left" : "right"),
      ];
      const path = svg("path", {
        d: curve(ends[0], ends[1]),
        class: `${edges.colour ?? (edges.values[i] < 0 ? "minus" : "plus")}${i === edges.marked ? " marked" : ""}`,
        "stroke-width": (0.9 + 2.6 * strength).toFixed(2),
        "stroke-opacity": (0.25 + 0.7 * strength).toFixed(2),
      });
      lines.append(path);
      if (pulse && moves() && strength > 0.08 && order.length - n <= PULSES) run(path);
    }
  }

  // A bright dash that runs along a line once, the way the numbers flow.
  function run(path) {
    const length = path.getTotalLength();
    const bright = path.cloneNode();
    bright.classList.add("ms-pulse");
    bright.setAttribute("stroke-dasharray", `${Math.min(26, length / 3)} ${length}`);
    lines.append(bright);
    bright
      .animate([{ strokeDashoffset: 26 }, { strokeDashoffset: -length }], {
        duration: PULSE,
        easing: "ease-in-out",
      })
      .finished.then(
        () => bright.remove(),
        () => bright.remove(),
      );
  }

  const watcher = new ResizeObserver(() => connect());
  watcher.observe(root);
  document.addEventListener("themechange", repaint);

  return {
    root,
    // The server's layers, and the output that should be 1.
    show(made, y) {
      build(made, y);
      made.forEach((layer, i) =>
        Object.assign(layers[i], {
          a: floats(layer.a),
          z: layer.z && floats(layer.z),
          delta: layer.delta && floats(layer.delta),
          weights: layer.weights && floats(layer.weights),
        }),
      );
      scene = null;
      repaint();
    },
    // known, now: sets of "z2", "a3", "delta4"; chosen: { layer: neuron }; focus: a layer;
    // edges: { from: {layer, kind}, to: {layer, kind, neuron}, values, marked, colour } or null.
    stage(next, pulse) {
      scene = next;
      repaint();
      connect(pulse);
    },
    close() {
      watcher.disconnect();
      document.removeEventListener("themechange", repaint);
    },
  };
}
