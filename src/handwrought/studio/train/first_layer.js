// @ts-check
// First-layer weights as images, and the images that are read most wrongly.
import { bytes } from "../../web/arrays.js";
import { el } from "../../web/dom.js";
import { count, number, percent } from "../../web/numbers.js";
import { paintInk, sight } from "../../web/pixels.js";
import { paintWeights } from "./image_tiles.js";

export function firstLayer() {
  const weights = el("canvas", {
    class: "pixels weights",
    role: "img",
    "aria-label": "No weights yet",
  });
  const note = el("figcaption", { class: "note" });
  const worst = el("ul", { class: "worst" });
  return {
    figure: el("figure", {}, weights, note),
    worst,
    /** @param {any} look */
    show(look) {
      const seen = sight(look.n_in);
      paintWeights(weights, new Int8Array(bytes(look.weights).buffer), look.shown, seen);
      weights.setAttribute(
        "aria-label",
        `Weights of ${look.shown} first-layer neurons as images, the largest ${number(look.most)}`,
      );
      note.textContent = described(look, seen?.maps ?? []);
      const images = bytes(look.images);
      const items = look.wrong.map(
        (/** @type {[number, number, number]} */ each, /** @type {number} */ i) =>
          misread(each, images.subarray(784 * i, 784 * (i + 1))),
      );
      const none = el("li", { class: "note" }, "None: every image looked at is read right.");
      worst.replaceChildren(...(items.length ? items : [none]));
    },
  };
}

/**
 * @param {any} look
 * @param {string[]} maps
 */
function described(look, maps) {
  const part = look.shown < look.neurons ? `${look.shown} of ` : "";
  const edges = maps.length
    ? ` Each is eight maps of edges, brighter towards ${maps.slice(0, 4).join(" ")} and, below, ${maps.slice(4).join(" ")}.`
    : "";
  return `${part}${count(look.neurons)} neurons; blue weights are positive, red negative, up to ${number(look.most, 3)}.${edges}`;
}

/**
 * @param {[number, number, number]} wrong
 * @param {Uint8Array} pixels
 */
function misread([label, said, sure], pixels) {
  const name = `A ${label} read as ${said}`;
  const canvas = el("canvas", { class: "pixels", role: "img", "aria-label": name });
  paintInk(canvas, pixels);
  return el(
    "li",
    {},
    canvas,
    el(
      "p",
      {},
      el("b", {}, label),
      " → ",
      el("b", { class: "error" }, said),
      el("span", { class: "note" }, percent(sure)),
    ),
  );
}
