// @ts-check
// Whether its confidence is honest, and what it gains by refusing.
import { el } from "../../web/dom.js";
import { exact, number, percent } from "../../web/numbers.js";
import { drawing } from "./picture.js";
import { refusing } from "./rejection.js";

/**
 * @param {HTMLElement} section
 * @param {import("./shown.js").Shown} shown
 */
export function honest(section, { found }) {
  const verdict = found.over > 0 ? "too sure" : "not sure enough";
  section.append(
    el(
      "p",
      { class: "lead" },
      "Of the answers given with 80 % confidence, 80 % should be right: then the points lie on the dashed line. The upright strokes are 95 % intervals.",
    ),
    el(
      "div",
      { class: "pair" },
      el(
        "figure",
        {},
        el("h3", {}, "Right answers at each confidence"),
        drawing(found.calibration_svg),
      ),
      el(
        "figure",
        {},
        el("h3", {}, "Images at each confidence"),
        drawing(found.counts_svg),
        el(
          "p",
          { class: "verdict-words" },
          "Expected calibration error: ",
          el(
            "strong",
            { title: exact(found.calibration_error) },
            percent(found.calibration_error, 2),
          ),
          `. On the whole it is ${verdict}, by ${(100 * Math.abs(found.over)).toFixed(2)} points.`,
        ),
        el(
          "p",
          { class: "note" },
          found.temperature === 1
            ? "The model's file records no temperature to correct its confidence by."
            : `Its confidence is corrected by the temperature ${number(found.temperature)} that its file records.`,
        ),
      ),
    ),
  );
}

/**
 * @param {HTMLElement} section
 * @param {import("./shown.js").Shown} shown
 */
export function refuse(section, { found, state, keep }) {
  const asked = Number(state.refused);
  section.append(
    el(
      "p",
      { class: "lead" },
      "A reader that passes doubtful cases to a person makes fewer mistakes. Drag the threshold.",
    ),
    refusing(
      found.rejections,
      found.images,
      Number.isFinite(asked) && asked > 0 ? asked : 0.01,
      (share) => keep({ refused: String(Number(share.toFixed(4))) }),
    ).root,
  );
}
