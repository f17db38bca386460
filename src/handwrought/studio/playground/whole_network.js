// A network small enough to see whole: each neuron a picture of what it does, each weight a line that
// can be dragged, each bias a small square that can.
import { el, svg } from "../../web/dom.js";
import { number } from "../../web/numbers.js";
import { paintCurve, paintHeat, scaleOf } from "./plane.js";

// Lengths in pixels where the page's type is 18 pixels; they grow with it.
const [PITCH, SIZE, HEAD] = [49, 40, 58]; // from one neuron to the next; a neuron; the head above
const unit = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 18;
const PER_PIXEL = 0.02; // how far a weight moves with the pointer

// on: { choose(at, byHand), drag(at, value), neuron(layer, j), resize(hidden) }; at: [layer, neuron] or [layer, neuron, below].
export function wholeNetwork(on) {
  const lines = svg("svg", { class: "wires", "aria-hidden": "true" });
  const nodes = el("div", {
    class: "nodes",
    role: "group",
    "aria-label": "Neurons: arrow keys move between them, Enter shows one large",
  });
  const heads = el("div", { class: "heads" });
  const bubble = el("output", { class: "bubble", hidden: true, "aria-hidden": "true" });
  const root = el("div", { class: "whole" }, lines, heads, nodes, bubble);
  let sizes = [];
  let about = null;
  let wires = []; // { at, path, hit, value } for weights and biases alike
  let neurons = []; // by layer: [{ button, canvas }]
  let names = [];
  let chosen = null;
  let large = null; // [layer, j] of the neuron shown large
  let drag = null;

  const same = (one, other) => one && other && one.join() === other.join();
  let [pitch, size, top] = [PITCH, SIZE, HEAD];
  const centre = (layer, j, width) => {
    const inset = 0.85 * size;
    const x = inset + (layer / (sizes.length - 1)) * (width - 2 * inset);
    const most = Math.max(...sizes, 4);
    return [x, top + (most * pitch) / 2 + (j - (sizes[layer] - 1) / 2) * pitch];
  };

  function build(made) {
    const held = root.contains(document.activeElement)
      ? document.activeElement?.getAttribute("aria-label")
      : null;
    about = made;
    sizes = made.sizes;
    names = Array.from({ length: sizes[0] }, (_, k) => (sizes[0] === 1 ? "x" : `x${"₁₂"[k]}`));
    wires = [];
    lines.replaceChildren();
    neurons = sizes.map((n, layer) =>
      Array.from({ length: n }, (_, j) => {
        const canvas = el("canvas", {});
        const name =
          layer === 0
            ? `Input ${names[j]}`
            : layer === sizes.length - 1
              ? "The output"
              : `Neuron ${j + 1} of layer ${layer + 1}`;
        const button = el(
          "button",
          {
            type: "button",
            class: "node",
            tabindex: -1,
            "aria-label": name,
            title: name,
            onclick: () => on.neuron(layer, j),
          },
          canvas,
        );
        if (layer === 0) button.append(el("span", {}, names[j]));
        button.addEventListener("keydown", (event) => walk(event, layer, j));
        return { button, canvas };
      }),
    );
    nodes.replaceChildren(...neurons.flat().map((each) => each.button));
    neurons.at(-1)[0].button.tabIndex = 0;
    for (let layer = 1; layer < sizes.length; layer++) {
      for (let j = 0; j < sizes[layer]; j++) {
        for (let k = 0; k < sizes[layer - 1]; k++) wire([layer + 1, j, k]);
      }
    }
    for (let layer = 1; layer < sizes.length; layer++) {
      for (let j = 0; j < sizes[layer]; j++) wire([layer + 1, j]);
    }
    heads.replaceChildren(...sizes.map(head));
    layOut();
    mark();
    // The button that was pressed is a new one now: the focus stays with it.
    if (held)
      [...root.querySelectorAll("button")]
        .find((each) => each.getAttribute("aria-label") === held)
        ?.focus();
  }

  function head(n, layer) {
    const hidden = layer > 0 && layer < sizes.length - 1;
    if (!hidden) return el("div", { class: "head" }, el("p", {}, layer ? "Output" : "Input"));
    const to = (m) => on.resize(sizes.slice(1, -1).map((each, i) => (i === layer - 1 ? m : each)));
    return el(
      "div",
      { class: "head", role: "group", "aria-label": `Layer ${layer + 1}: ${n} neurons` },
      el("p", {}, `Layer ${layer + 1}`),
      el(
        "span",
        { class: "fewer-more" },
        el(
          "button",
          {
            type: "button",
            "aria-label": `One neuron fewer in layer ${layer + 1}`,
            disabled: n <= 1,
            onclick: () => to(n - 1),
          },
          "−",
        ),
        el(
          "button",
          {
            type: "button",
            "aria-label": `One neuron more in layer ${layer + 1}`,
            disabled: n >= 8,
            onclick: () => to(n + 1),
          },
          "+",
        ),
      ),
    );
  }

  function wire(at) {
    const bias = at.length === 2;
    const path = svg(bias ? "rect" : "path", { class: "wire" });
    /** @type {SVGElement} */
    const hit = svg(bias ? "rect" : "path", { class: "hit" });
    const made = { at, path, hit, value: 0 };
    hit.append(svg("title"));
    hit.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      on.choose(at, true);
      hit.setPointerCapture(event.pointerId);
      drag = { made, from: event.clientY, value: made.value, at: made.value };
      tell(event);
    });
    hit.addEventListener("pointermove", (event) => {
      if (drag?.made !== made) return;
      const moved = (drag.from - event.clientY) * PER_PIXEL * (event.shiftKey ? 0.2 : 1);
      drag.at = Number(Math.max(-1000, Math.min(1000, drag.value + moved)).toFixed(3));
      if (moved) on.drag(at, drag.at);
      tell(event);
    });
    for (const end of ["pointerup", "pointercancel"])
      hit.addEventListener(end, () => {
        drag = null;
        bubble.hidden = true;
      });
    hit.addEventListener("pointerenter", () => path.classList.add("near"));
    hit.addEventListener("pointerleave", () => path.classList.remove("near"));
    wires.push(made);
    lines.append(path, hit);
  }

  function tell(event) {
    const frame = root.getBoundingClientRect();
    bubble.hidden = false;
    bubble.textContent = number(drag.at);
    bubble.style.translate = `${Math.min(frame.width - 90, event.clientX - frame.left + 14)}px ${event.clientY - frame.top - 40}px`;
  }

  // Arrow keys: up and down within a layer, left and right between layers.
  function walk(event, layer, j) {
    const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[
      event.key
    ];
    if (!step) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(sizes.length - 1, layer + step[0]));
    focus(to, Math.max(0, Math.min(sizes[to] - 1, j + step[1])));
  }

  function focus(layer, j) {
    for (const each of neurons.flat()) each.button.tabIndex = -1;
    neurons[layer][j].button.tabIndex = 0;
    neurons[layer][j].button.focus();
  }

  function layOut() {
    if (!sizes.length) return;
    const width = root.clientWidth;
    [pitch, size, top] = [PITCH, SIZE, HEAD].map((length) => length * unit());
    const height = top + Math.max(...sizes, 4) * pitch;
    root.style.height = `${height}px`;
    lines.setAttribute("viewBox", `0 0 ${width} ${height}`);
    neurons.forEach((layer, l) =>
      layer.forEach(({ button }, j) => {
        const [x, y] = centre(l, j, width);
        button.style.translate = `${x - size / 2}px ${y - size / 2}px`;
      }),
    );
    [...heads.children].forEach((each, l) => {
      /** @type {HTMLElement} */ (each).style.translate =
        `calc(${centre(l, 0, width)[0]}px - 50%) 0`;
    });
    for (const { at, path, hit } of wires) {
      const [x2, y2] = centre(at[0] - 1, at[1], width);
      if (at.length === 2) {
        const corner = [x2 - size / 2 - 5, y2 + size / 2 - 6];
        for (const [box, grow] of [
          [path, 0],
          [hit, 6],
        ]) {
          for (const [key, v] of Object.entries({
            x: corner[0] - grow,
            y: corner[1] - grow,
            width: 11 + 2 * grow,
            height: 11 + 2 * grow,
            rx: 2,
          }))
            box.setAttribute(key, v);
        }
        continue;
      }
      const [x1, y1] = centre(at[0] - 2, at[2], width);
      const [from, to] = [x1 + size / 2, x2 - size / 2];
      const bend = (to - from) / 2;
      const d = `M${from} ${y1}C${from + bend} ${y1} ${to - bend} ${y2} ${to} ${y2}`;
      path.setAttribute("d", d);
      hit.setAttribute("d", d);
    }
  }

  function mark() {
    for (const { at, path } of wires) path.classList.toggle("chosen", Boolean(same(at, chosen)));
    neurons.forEach((layer, l) =>
      layer.forEach(({ button }, j) =>
        button.setAttribute("aria-pressed", String(Boolean(same([l, j], large)))),
      ),
    );
  }

  const watcher = new ResizeObserver(layOut);
  watcher.observe(root);

  return {
    root,
    build,
    get names() {
      return names;
    },
    // read(at) gives a parameter; pictures: by layer, each neuron's values; centres: by layer.
    show(read, pictures, centres) {
      for (const made of wires) {
        const value = read(made.at);
        if (value === made.value && made.drawn) continue;
        made.value = value;
        made.drawn = true;
        const strength = Math.abs(value);
        made.path.classList.toggle("minus", value < 0);
        if (made.at.length === 3)
          made.path.style.strokeWidth = `${0.7 + (7 * strength) / (1.5 + strength)}px`;
        made.path.style.opacity = 0.22 + 0.78 * Math.min(1, strength / 1.5);
        made.hit.firstChild.textContent = `${made.at.length === 2 ? "b" : "w"} = ${number(value)}`;
      }
      pictures.forEach((layer, l) =>
        layer.forEach((values, j) => {
          const { canvas } = neurons[l][j];
          if (about.inputs === 2)
            paintHeat(
              canvas,
              values,
              Math.round(Math.sqrt(values.length)),
              scaleOf(values, centres[l]),
            );
          else paintCurve(canvas, values, size, centres[l]);
        }),
      );
    },
    choose(at) {
      chosen = at;
      mark();
    },
    enlarge(layer, j) {
      large = [layer, j];
      mark();
    },
    close() {
      watcher.disconnect();
    },
  };
}
