// @ts-check
// One neuron: its weights, weight × input, and its sum written out, the largest terms first.
import { floats } from "../../web/arrays.js";
import { el } from "../../web/dom.js";
import { formula } from "../../web/formula.js";
import { count, exact, number } from "../../web/numbers.js";
import { grid, largest, paintAmounts, paintInk, paintSigned, sight } from "../../web/pixels.js";

/** @param {string} kind @param {number} x */
const quantity = (kind, x) => el("span", { class: `number ${kind}`, title: exact(x) }, number(x));

export function neuron() {
  const title = el("h2", {}, "A neuron");
  const equation = el("p", { class: "equation" });
  const pictures = ["weights", "input", "product"].map(() => ({
    canvas: el("canvas", { class: "pixels", role: "img" }),
    caption: el("figcaption", {}),
  }));
  const list = el("tbody", {});
  const result = el("dl", { class: "result" });
  const body = el(
    "div",
    { class: "neuron-body" },
    el(
      "div",
      { class: "neuron-pictures" },
      pictures.map((each) => el("figure", {}, each.canvas, each.caption)),
      result,
    ),
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "The sum's largest terms" },
      el(
        "table",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ...["From", "w", "× a", "= w × a"].map((text) => el("th", { scope: "col" }, text)),
            el("td", {}),
          ),
        ),
        list,
      ),
    ),
  );
  const empty = el(
    "p",
    { class: "note" },
    "Draw a digit, then choose any neuron above: click it, or use the arrow keys.",
  );
  /** @typedef {{ number: number, a: Float32Array }} Below */
  /** @type {[Draw.NeuronSeen, Below] | null} */
  let shown = null;

  function paint() {
    if (!shown) return;
    const [seen, below] = shown;
    const image = below.number === 1 ? sight(below.a.length) : null;
    const [columns, rows] = image ? [image.columns, image.rows] : grid(below.a.length);
    const [weights, products] = [floats(seen.weights), floats(seen.products)];
    paintSigned(pictures[0].canvas, weights, columns, rows);
    if (image)
      paintInk(
        pictures[1].canvas,
        Array.from(below.a, (v) => 255 * v),
        columns,
        rows,
      );
    else paintAmounts(pictures[1].canvas, below.a, columns, rows);
    paintSigned(pictures[2].canvas, products, columns, rows);
    for (const { canvas } of pictures) canvas.style.aspectRatio = `${columns} / ${rows}`;
    const what = `${count(weights.length)} numbers`;
    pictures[0].canvas.setAttribute(
      "aria-label",
      `Weights of the neuron: ${what}, the largest ${number(largest(weights))}`,
    );
    pictures[1].canvas.setAttribute("aria-label", `What the neuron gets: ${what}`);
    pictures[2].canvas.setAttribute(
      "aria-label",
      `Weight times input: ${what}, the largest ${number(largest(products))}`,
    );
  }

  document.addEventListener("themechange", paint);
  body.hidden = true;
  return {
    root: el(
      "section",
      { class: "card neuron", "aria-label": "A neuron's sum" },
      el("div", { class: "neuron-head" }, title, equation),
      empty,
      body,
    ),
    // seen: the server's NeuronSeen; below: the layer below, { number, a }; name: of an output neuron.
    /** @param {Draw.NeuronSeen} seen @param {Below} below @param {string | null} name */
    show(seen, below, name = null) {
      shown = [seen, below];
      body.classList.remove("stale");
      empty.hidden = true;
      body.hidden = false;
      title.textContent = name ?? `Neuron ${seen.neuron} of layer ${seen.layer}`;
      equation.replaceChildren(formula(seen.formula));
      const image = below.number === 1 ? sight(below.a.length) : null;
      const texts = [
        ["weights ", "w", "q-w"],
        ["input ", "a", "q-a"],
        ["weight × input ", "w × a", "q-z"],
      ];
      pictures.forEach(({ caption }, i) => {
        const [before, symbol, kind] = texts[i];
        caption.replaceChildren(before, el("i", { class: kind }, symbol));
      });
      const from = (/** @type {number} */ k) => (image ? image.place(k) : `neuron ${k}`);
      const most = Math.max(...seen.terms.map((term) => Math.abs(term.product)), 1e-300);
      list.replaceChildren(
        ...seen.terms.map((term) =>
          el(
            "tr",
            {},
            el("td", {}, from(term.k)),
            el("td", {}, quantity("q-w", term.w)),
            el("td", {}, quantity("q-a", term.a)),
            el("td", {}, quantity("q-z", term.product)),
            el(
              "td",
              { class: "size" },
              el("span", {
                class: term.product < 0 ? "minus" : "plus",
                style: { width: `${(100 * Math.abs(term.product)) / most}%` },
              }),
            ),
          ),
        ),
        ...(seen.rest_count
          ? [
              el(
                "tr",
                { class: "rest" },
                el("td", { colspan: 3 }, `${count(seen.rest_count)} smaller terms`),
                el("td", {}, quantity("q-z", seen.rest)),
                el("td", {}),
              ),
            ]
          : []),
        el(
          "tr",
          { class: "rest" },
          el("td", { colspan: 3 }, "bias"),
          el("td", {}, quantity("q-b", seen.bias)),
          el("td", {}),
        ),
        el(
          "tr",
          { class: "total" },
          el("td", { colspan: 3 }, "weighted input z"),
          el("td", {}, quantity("q-z", seen.z)),
          el("td", {}),
        ),
      );
      const activation =
        seen.activation === "softmax" ? "softmax, over the whole layer" : `${seen.activation} of z`;
      result.replaceChildren(
        .../** @type {[string, string, number][]} */ ([
          ["sum of the products", "q-z", seen.sum],
          ["bias b", "q-b", seen.bias],
          ["weighted input z", "q-z", seen.z],
          [`activation a: ${activation}`, "q-a", seen.a],
        ]).map(([name, kind, value]) =>
          el("div", {}, el("dt", {}, name), el("dd", {}, quantity(kind, value))),
        ),
      );
      paint();
    },
    // What is shown belongs to an older stroke, for a moment.
    set stale(/** @type {boolean} */ yes) {
      body.classList.toggle("stale", yes);
    },
    // Nothing to show, and why.
    clear(text = "Draw a digit, then choose any neuron above: click it, or use the arrow keys.") {
      shown = null;
      title.textContent = "A neuron";
      equation.replaceChildren();
      empty.textContent = text;
      empty.hidden = false;
      body.hidden = true;
    },
    close() {
      document.removeEventListener("themechange", paint);
    },
  };
}
