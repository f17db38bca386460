// @ts-check
// Verify: one derivative by backpropagation and by differences, digit by digit.
import { el, messageOf } from "../../web/dom.js";
import { exact, number } from "../../web/numbers.js";

const QUESTION =
  "Is the gradient true? Move one weight a hair up and a hair down, and watch the cost itself.";

/**
 * @param {object} options
 * @param {(bias: boolean) => Promise<Backprop.Verified>} options.ask
 * @param {(bias: boolean) => string} options.nameOf What is verified.
 */
export function verifying({ ask, nameOf }) {
  const proof = el("div", { class: "ms-proof", role: "status" });
  const which = el("p", { class: "ms-which" });
  /** @type {(text: string, bias: boolean) => HTMLButtonElement} */
  const button = (text, bias) =>
    el("button", { type: "button", class: bias ? null : "main", onclick: () => prove(bias) }, text);

  /** @param {boolean} bias */
  async function prove(bias) {
    proof.replaceChildren(el("p", { class: "note" }, "Working it out…"));
    try {
      proof.replaceChildren(...proven(await ask(bias), bias, nameOf(bias)));
    } catch (error) {
      proof.replaceChildren(el("p", { class: "error" }, messageOf(error)));
    }
  }

  return {
    root: el(
      "section",
      { class: "card", "aria-labelledby": "verify-title" },
      el("h2", { id: "verify-title" }, "Verify"),
      el("p", { class: "note" }, QUESTION),
      which,
      el(
        "div",
        { class: "row" },
        button("Verify this weight", false),
        button("Verify the bias", true),
      ),
      proof,
    ),
    /** @param {string} text */
    show(text) {
      which.textContent = text;
    },
    clear: () => proof.replaceChildren(),
  };
}

/**
 * @param {Backprop.Verified} found
 * @param {boolean} bias
 * @param {string} name
 */
function proven(found, bias, name) {
  const marked = (/** @type {string} */ text) => [
    el("mark", {}, text.slice(0, found.agreeing)),
    text.slice(found.agreeing),
  ];
  const kink = found.numeric === null;
  const good = found.digits >= 3 || kink;
  const numeric = kink ? "at a kink" : marked(found.numeric_text);
  return [
    el("p", { class: "note" }, `By ${name}:`),
    el(
      "dl",
      { class: "ms-digits-rows" },
      el("dt", {}, bias ? "BP3" : "BP4"),
      el(
        "dd",
        { class: "number q-grad", title: exact(found.analytic) },
        marked(found.analytic_text),
      ),
      el("dt", {}, "difference"),
      el("dd", { class: "number", title: exact(found.numeric) }, numeric),
    ),
    el("p", { class: good ? "ms-verdict-line" : "ms-verdict-line error" }, found.says),
    el(
      "p",
      { class: "note number" },
      `(C(w + h) − C(w − h)) / 2h, h = ${number(found.step, 1)}, from C = ${exact(found.cost_up)} and ${exact(found.cost_down)}`,
    ),
  ];
}
