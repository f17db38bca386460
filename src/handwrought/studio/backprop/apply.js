// @ts-check
// Apply: one step of gradient descent on this image alone, and where it leads.
import { el } from "../../web/dom.js";
import { exact, number } from "../../web/numbers.js";
import { compare } from "./compare.js";

const DELAY = 120; // milliseconds without a change of the rate before it is tried out

/**
 * @param {object} options
 * @param {(rate: number) => void} options.onRate At once, while the slider moves.
 * @param {() => void} options.onRest A moment after it.
 * @param {() => void} options.onApply
 * @param {() => void} options.onUndo
 */
export function applying({ onRate, onRest, onApply, onUndo }) {
  /** @type {number | undefined} */
  let soon;
  const bars = compare();
  const eta = el("input", {
    id: "ms-eta",
    type: "range",
    min: -3,
    max: 1.5,
    step: 0.05,
    oninput: () => {
      const rate = Number((10 ** Number(eta.value)).toPrecision(2));
      showRate(rate);
      onRate(rate);
      clearTimeout(soon);
      soon = setTimeout(onRest, DELAY);
    },
  });
  const etaText = el("output", { for: "ms-eta", class: "number" });
  const undo = el("button", { type: "button", onclick: onUndo }, "Undo");
  const moved = el("p", { class: "ms-moved", role: "status" });

  /** @param {number} rate */
  function showRate(rate) {
    etaText.textContent = number(rate, 2);
    eta.setAttribute("aria-valuetext", number(rate, 2));
  }

  return {
    root: el(
      "section",
      { class: "card", "aria-labelledby": "apply-title" },
      el("h2", { id: "apply-title" }, "Apply"),
      el(
        "p",
        { class: "note" },
        "One step of gradient descent on this image alone, and the prediction moves.",
      ),
      el(
        "div",
        { class: "ms-rate" },
        el("label", { for: "ms-eta" }, "Learning rate η"),
        eta,
        etaText,
      ),
      bars.root,
      moved,
      el(
        "div",
        { class: "row" },
        el("button", { type: "button", class: "main", onclick: onApply }, "Apply one step"),
        undo,
      ),
    ),
    /** @param {number} rate */
    setRate(rate) {
      eta.value = String(Math.log10(rate));
      showRate(rate);
    },
    /** @param {number} steps Applied so far. */
    applied(steps) {
      undo.disabled = !steps;
    },
    /**
     * @param {Backprop.Picture} picture
     * @param {Backprop.Moved} found
     * @param {number} steps
     */
    show(picture, found, steps) {
      bars.show(picture.output, found.output, picture.label, picture.class_names);
      moved.replaceChildren(...described(picture, found, steps));
    },
    /** @param {string} text */
    fail(text) {
      moved.textContent = text;
    },
    close: () => clearTimeout(soon),
  };
}

/**
 * @param {Backprop.Picture} picture
 * @param {Backprop.Moved} found
 * @param {number} steps
 */
function described(picture, found, steps) {
  const applied = steps
    ? `${steps} ${steps === 1 ? "step" : "steps"} applied: C was ${number(picture.costs[0])}, is ${number(picture.cost)}.`
    : "";
  return [
    "This step: ",
    el("b", { class: "q-cost" }, "C"),
    " ",
    el("span", { class: "number", title: exact(picture.cost) }, number(picture.cost)),
    " → ",
    el("span", { class: "number ms-cost-after", title: exact(found.cost) }, number(found.cost)),
    `, read as ${picture.class_names[found.prediction]}. `,
    applied,
  ];
}
