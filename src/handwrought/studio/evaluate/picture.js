// @ts-check
// Images of digits with words under them, and SVG that the server drew.
import { bytes } from "../../web/arrays.js";
import { el } from "../../web/dom.js";
import { paintInk } from "../../web/pixels.js";

/**
 * @param {string | Uint8Array} pixels
 * @param {string} label
 */
export function digit(pixels, label) {
  const canvas = el("canvas", { class: "pixels", role: "img", "aria-label": label });
  paintInk(canvas, typeof pixels === "string" ? bytes(pixels) : pixels);
  return canvas;
}

/**
 * @param {string} text
 * @returns {SVGSVGElement}
 */
export function drawing(text) {
  const parsed = new DOMParser().parseFromString(
    text.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"'),
    "image/svg+xml",
  );
  return /** @type {any} */ (document.importNode(parsed.documentElement, true));
}
