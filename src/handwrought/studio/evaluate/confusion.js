// @ts-check
// The confusion matrix: every cell with images in it is a button; the arrow keys move between them.
import { el } from "../../web/dom.js";
import { count } from "../../web/numbers.js";

const LEVELS = 5;
/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** @param {string[]} names @param {number} i @param {number} j */
export const pairName = (names, i, j) =>
  i === j ? `${names[i]}, rightly` : `${names[i]} taken for ${names[j]}`;

/**
 * The most frequent mistake, or null where there is none.
 * @param {number[][]} matrix
 * @returns {[number, number] | null}
 */
export function mostFrequent(matrix) {
  /** @type {[number, number][]} */
  const wrong = matrix.flatMap((row, i) =>
    row.flatMap((n, j) => (i !== j && n ? [/** @type {[number, number]} */ ([i, j])] : [])),
  );
  const most = Math.max(...wrong.map(([i, j]) => matrix[i][j]));
  return wrong.find(([i, j]) => matrix[i][j] === most) ?? null;
}

/**
 * @param {number[][]} matrix
 * @param {string[]} names
 * @param {(i: number, j: number) => void} onChoose
 */
export function confusion(matrix, names, onChoose) {
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();
  const most = Math.max(1, ...matrix.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const rows = matrix.map((row, i) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, names[i]),
      row.map((n, j) => {
        // The root brings rare mistakes out beside frequent ones.
        const kind = i === j ? "right" : `heat${Math.ceil(LEVELS * Math.sqrt(n / most))}`;
        if (!n)
          return el(
            "td",
            { class: kind },
            el("span", { "aria-hidden": "true" }, i === j ? "0" : "·"),
          );
        const button = el(
          "button",
          {
            type: "button",
            tabindex: -1,
            "aria-pressed": "false",
            "data-cell": `${i}-${j}`,
            "aria-label": `${pairName(names, i, j)}: ${count(n)} ${n === 1 ? "image" : "images"}`,
            onclick: () => onChoose(i, j),
            onkeydown: move,
          },
          count(n),
        );
        buttons.set(`${i}-${j}`, button);
        return el("td", { class: kind }, button);
      }),
    ),
  );
  const caption = "Confusion matrix: rows are what is true, columns what the network says";
  const table = el(
    "table",
    { class: "confusion" },
    el("caption", { class: "unseen" }, caption),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("td", {}),
        names.map((name) => el("th", { scope: "col" }, name)),
      ),
    ),
    el("tbody", {}, rows),
  );
  [...buttons.values()][0]?.setAttribute("tabindex", "0");

  /** @param {KeyboardEvent} event */
  function move(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    let [i, j] = String(/** @type {HTMLElement} */ (event.currentTarget).dataset.cell)
      .split("-")
      .map(Number);
    // To the next cell in that direction that holds images.
    for (i += step[0], j += step[1]; matrix[i]?.[j] !== undefined; i += step[0], j += step[1]) {
      const next = buttons.get(`${i}-${j}`);
      if (next) return next.focus();
    }
  }

  return {
    root: el(
      "div",
      { class: "matrix" },
      el("p", { class: "axis across", "aria-hidden": "true" }, "says"),
      el("p", { class: "axis down", "aria-hidden": "true" }, "is"),
      el("div", { class: "scroll" }, table),
    ),
    /** @param {number} i @param {number} j */
    has: (i, j) => buttons.has(`${i}-${j}`),
    /** @param {number} i @param {number} j */
    choose(i, j) {
      for (const [name, button] of buttons) {
        const here = name === `${i}-${j}`;
        button.setAttribute("aria-pressed", String(here));
        button.tabIndex = here ? 0 : -1;
      }
    },
  };
}
