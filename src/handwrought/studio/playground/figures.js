// @ts-check
// The cost and the share that is right, on training points and on those held out; and their course.
import { el } from "../../web/dom.js";
import { count, number, percent } from "../../web/numbers.js";
import { course } from "./cost_curve.js";

/**
 * @typedef {[number, number, number, number]} Costs Cost, cost held out, share right, share right
 *   held out; NaN where there is none.
 */

export function figures() {
  const cells = [0, 1, 2, 3].map(() => el("b", { class: "number" }));
  const rightRow = el(
    "tr",
    {},
    el("th", { scope: "row" }, "Right"),
    el("td", {}, cells[2]),
    el("td", {}, cells[3]),
  );
  const curve = el("canvas", { class: "course", role: "img" });
  const along = course(curve);
  return {
    table: el(
      "table",
      { class: "costs" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("td", {}),
          el("th", { scope: "col" }, "Training"),
          el("th", { scope: "col" }, "Held out"),
        ),
      ),
      el(
        "tbody",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "row" }, "Cost"),
          el("td", { class: "q-cost" }, cells[0]),
          el("td", {}, cells[1]),
        ),
        rightRow,
      ),
    ),
    curve,
    /** @param {any} frame @param {string} sentence */
    show(frame, sentence) {
      along.show(frame.course);
      curve.setAttribute("aria-label", `Course of the cost. ${sentence}`);
      cells.forEach((cell, i) => {
        const value = frame.costs[i];
        const text = i < 2 ? number(value) : percent(value);
        cell.textContent = Number.isNaN(value) ? "–" : text;
        cell.title = Number.isNaN(value) ? "" : String(value);
      });
    },
    /** @param {boolean} classes Whether points are right or wrong at all. */
    offer(classes) {
      rightRow.hidden = !classes;
    },
    close: along.close,
  };
}

/**
 * The same in a sentence.
 * @param {any} frame
 */
export function sentenceOf({ costs, steps }) {
  const [cost, heldCost, right, heldRight] = /** @type {Costs} */ (costs);
  const held = Number.isNaN(heldCost) ? "" : `, ${number(heldCost, 3)} on held-out points`;
  const others = Number.isNaN(heldRight) ? "" : `, and ${percent(heldRight)} of those held out`;
  const share = Number.isNaN(right)
    ? ""
    : ` ${percent(right)} of the training points are right${others}.`;
  return `After ${count(steps)} ${steps === 1 ? "step" : "steps"} the cost is ${number(cost, 3)}${held}.${share}`;
}
