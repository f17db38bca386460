// @ts-check
// Precision, recall and F1 of each class.
import { el } from "../../web/dom.js";
import { count, exact, percent } from "../../web/numbers.js";

const COLUMNS = ["class", "images", "said", "right", "precision", "recall", "F1"];

/** @param {number | null} value */
const share = (value) =>
  value === null
    ? el("td", {}, "–")
    : el(
        "td",
        { title: exact(value) },
        el(
          "span",
          { class: "share-bar", "aria-hidden": "true" },
          el("span", { style: { width: `${100 * value}%` } }),
        ),
        el("span", { class: "share-number" }, percent(value)),
      );

/**
 * @param {HTMLElement} section
 * @param {import("./shown.js").Shown} shown
 */
export function classes(section, { found }) {
  section.append(
    el(
      "p",
      { class: "lead" },
      el("strong", {}, "Precision"),
      ": when it says 4, how often is that right? ",
      el("strong", {}, "Recall"),
      ": of all images of a 4, how many does it find? ",
      el("strong", {}, "F1"),
      " is their harmonic mean.",
    ),
    el(
      "div",
      {
        class: "scroll",
        tabindex: 0,
        role: "region",
        "aria-label": "Precision and recall of each class",
      },
      el(
        "table",
        { class: "by-class" },
        el("caption", { class: "unseen" }, "Precision, recall and F1 of each class"),
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            COLUMNS.map((name) => el("th", { scope: "col" }, name)),
          ),
        ),
        el(
          "tbody",
          {},
          found.classes.map((/** @type {any} */ each) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, each.name),
              [each.images, each.said, each.right].map((n) => el("td", {}, count(n))),
              share(each.precision),
              share(each.recall),
              share(each.f1),
            ),
          ),
        ),
      ),
    ),
  );
}
