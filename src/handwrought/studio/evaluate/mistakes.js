// @ts-check
// What it takes for what, and its surest mistakes.
import { el } from "../../web/dom.js";
import { count } from "../../web/numbers.js";
import { confusion, mostFrequent, pairName } from "./confusion.js";
import { gallery } from "./gallery.js";

const CELL = 20; // images at first, and each time more are asked for
const MISTAKES = 12;

/**
 * @param {HTMLElement} section
 * @param {import("./shown.js").Shown} shown
 */
export function takenFor(section, { app, model, found, wanted, names, state, keep }) {
  const title = el("h3", {});
  const note = el("p", { class: "note" });
  const place = el("div", {});
  const panel = el(
    "div",
    { class: "cell", role: "region", "aria-label": "Images of the chosen cell" },
    title,
    note,
    place,
  );
  const table = confusion(found.confusion, names, (i, j) => {
    keep({ cell: `${i}-${j}` });
    open(i, j);
  });
  let turn = 0;
  /** @param {number} i @param {number} j */
  function open(i, j) {
    const mine = ++turn;
    table.choose(i, j);
    const total = found.confusion[i][j];
    title.textContent = `${pairName(names, i, j)}: ${count(total)}`;
    note.textContent = `How sure it was, the ${i === j ? "least sure" : "surest"} first.`;
    app.announce(title.textContent);
    const pictures = gallery(
      app,
      async (start, most) => {
        const answer = await app.post("/api/evaluate/cell", {
          model,
          label: i,
          said: j,
          start,
          most,
        });
        return mine === turn && wanted() ? answer : null;
      },
      CELL,
      names,
      false,
    );
    pictures.add().then((answer) => {
      if (answer) place.replaceChildren(pictures.root);
    });
  }
  section.append(
    el(
      "p",
      { class: "lead" },
      "Rows are what the images are, columns what the network says. Blue is right; the stronger the orange, the more frequent the mistake. Choose a number to see its images.",
    ),
    el("div", { class: "beside" }, table.root, panel),
  );
  const [row, column] = (state.cell ?? "").split("-").map(Number);
  const [i, j] = table.has(row, column) ? [row, column] : (mostFrequent(found.confusion) ?? [0, 0]);
  if (table.has(i, j)) open(i, j);
}

/**
 * @param {HTMLElement} section
 * @param {import("./shown.js").Shown} shown
 */
export function surest(section, { app, model, found, wanted, names }) {
  if (!found.wrong) {
    section.append(
      el("p", { class: "lead" }, `It was wrong on none of the ${count(found.images)} images.`),
    );
    return;
  }
  const pictures = gallery(
    app,
    async (start, most) => {
      const answer = await app.post("/api/evaluate/mistakes", { model, start, most });
      return wanted() ? answer : null;
    },
    MISTAKES,
    names,
    true,
  );
  section.append(
    el(
      "p",
      { class: "lead" },
      "Sure and wrong is the worst a network can be. Would you have known them? Some are hard for people too, and some are labelled wrongly.",
    ),
    pictures.root,
  );
  pictures.add();
}
