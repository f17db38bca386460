// @ts-check
// How the layers see the digits: the test images as points in the plane, one layer at a time.
import { bytes, floats } from "../../web/arrays.js";
import { el, messageOf } from "../../web/dom.js";
import { count, percent } from "../../web/numbers.js";
import { digitmap } from "./activation_map.js";
import { digit } from "./picture.js";
import { until, waiting } from "./waiting.js";

const LEAD =
  "Each point is a test image, placed by the activations of one layer: near each other are images that the layer takes for alike. Go from layer to layer and watch them come apart.";
const HELP = "Point at the map, or move over it with the arrow keys, to see the images.";
const NO_TSNE = "t-SNE needs scikit-learn: pip install scikit-learn";

/**
 * @param {HTMLElement} section
 * @param {import("./shown.js").Shown} shown
 */
export function layers(section, shown) {
  const { app, model, found, wanted, parts, names, state, keep } = shown;
  const last = found.layers.length;
  let layer = Math.min(Math.max(1, Number(state.layer) || Math.max(1, last - 1)), last);
  let method = state.map === "tsne" && found.tsne ? "tsne" : "pca";
  /** @type {Evaluate.MapSeen | null} */
  let map = null;
  /** @type {Uint8Array | null} */
  let images = null; // of all points, once they are here
  let turn = 0;
  const note = el("p", { class: "note map-note" });
  const meanwhile = waiting("Map");
  const seen = el("div", { class: "map-seen" }, el("p", { class: "note" }, HELP));
  const canvas = digitmap({ onPoint, names });
  parts.push(canvas);
  const controls = mapControls(found, {
    onLayer(n) {
      layer = n;
      keep({ layer: n });
      draw();
    },
    onMethod(name) {
      method = name;
      keep({ map: name === "pca" ? null : name });
      draw();
    },
  });
  section.append(
    el("p", { class: "lead" }, LEAD),
    controls.root,
    meanwhile.root,
    el(
      "div",
      { class: "map" },
      el("div", { class: "map-box card" }, canvas.root),
      el("div", { class: "map-side" }, digitLegend(names, canvas.highlight), note, seen),
    ),
  );
  draw();

  async function draw() {
    const mine = ++turn;
    const still = () => wanted() && mine === turn;
    controls.press(layer, method);
    meanwhile.hide();
    try {
      const options = { wanted: still, onProgress: meanwhile.show };
      const answer = await until(app, "/api/evaluate/map", { model, layer, method }, options);
      if (!answer) return;
      meanwhile.hide();
      map = answer;
      const where =
        layer === 1 ? "the pixels" : layer === last ? "the output" : `hidden layer ${layer - 1}`;
      canvas.show(
        { ...answer, places: floats(answer.places) },
        `Map of ${count(answer.at.length)} test images by ${where}: arrow keys move from image to image`,
      );
      note.textContent = explained(method, answer.shares);
      images ??= bytes((await app.post("/api/evaluate/images", { model, at: answer.at })).pixels);
    } catch (error) {
      if (!still()) return;
      meanwhile.hide();
      note.textContent = messageOf(error);
    }
  }

  /** @param {number | null} i */
  function onPoint(i) {
    if (i === null || !images || !map) return;
    const what = showPoint(seen, map, i, images.subarray(784 * i, 784 * (i + 1)), names);
    if (document.activeElement === canvas.root) app.announce(what);
  }
}

/**
 * @param {HTMLElement} seen
 * @param {Evaluate.MapSeen} map
 * @param {number} i
 * @param {Uint8Array} pixels
 * @param {string[]} names
 */
function showPoint(seen, map, i, pixels, names) {
  const [at, label, said] = [map.at[i], names[map.labels[i]], names[map.said[i]]];
  const what = `Test image ${count(at)}: ${label}${said === label ? "" : `, read as ${said}`}`;
  const answer = said === label ? el("strong", {}, said) : el("em", {}, said);
  seen.replaceChildren(
    digit(pixels, what),
    el("p", {}, "is ", el("strong", {}, label), ", says ", answer),
    el("p", { class: "note" }, `no. ${count(at)}`),
  );
  return what;
}

/**
 * @param {string} method
 * @param {number[]} shares
 */
function explained(method, shares) {
  const ring = "A ring marks an image that the network misreads. ";
  return method === "pca"
    ? `${ring}The two directions in which the activations differ most: they hold ${percent(shares[0])} and ${percent(shares[1])} of all variance.`
    : `${ring}Neighbours are kept; distances between groups mean little.`;
}

/**
 * @param {any} found
 * @param {{ onLayer: (layer: number) => void, onMethod: (name: string) => void }} options
 */
function mapControls(found, { onLayer, onMethod }) {
  /** @type {(properties: object, ...children: import("../../web/dom.js").Child[]) => HTMLButtonElement} */
  const button = (properties, ...children) =>
    el("button", { type: "button", "aria-pressed": "false", ...properties }, ...children);
  const last = found.layers.length;
  /** @type {HTMLButtonElement[]} */
  const layerButtons = found.layers.map((/** @type {any} */ { number: n, activation, size }) =>
    button(
      { onclick: () => onLayer(n) },
      n === 1 ? "Input" : n === last ? "Output" : `Hidden ${n - 1}`,
      el("span", { class: "of" }, n === 1 ? `${size} pixels` : `${size} ${activation}`),
    ),
  );
  const methods = [
    ["pca", "PCA", true],
    ["tsne", "t-SNE", found.tsne],
  ];
  const methodButtons = methods.map(([name, title, there]) =>
    button(
      { disabled: !there, title: there ? null : NO_TSNE, onclick: () => onMethod(name) },
      title,
    ),
  );
  return {
    root: el(
      "div",
      { class: "row map-controls" },
      el("div", { class: "row segments", role: "group", "aria-label": "Layer" }, layerButtons),
      el("div", { class: "row segments", role: "group", "aria-label": "Method" }, methodButtons),
    ),
    /** @param {number} layer @param {string} method */
    press(layer, method) {
      layerButtons.forEach((each, i) => each.setAttribute("aria-pressed", String(i + 1 === layer)));
      methodButtons.forEach((each, i) =>
        each.setAttribute("aria-pressed", String(methods[i][0] === method)),
      );
    },
  };
}

/**
 * @param {string[]} names
 * @param {(digit: number | null) => void} highlight
 */
function digitLegend(names, highlight) {
  const buttons = names.map((name, d) =>
    el(
      "button",
      {
        type: "button",
        class: `legend d-${d % 10}`,
        "aria-pressed": "false",
        "aria-label": `Only ${name}`,
        onclick() {
          const on = buttons[d].getAttribute("aria-pressed") !== "true";
          buttons.forEach((each, i) => each.setAttribute("aria-pressed", String(on && i === d)));
          highlight(on ? d : null);
        },
      },
      name,
    ),
  );
  return el("div", { class: "row legends", role: "group", "aria-label": "Digits" }, buttons);
}
