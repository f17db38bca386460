// A step close up: its equation in general, for the chosen neuron, and with its numbers.
import { floats } from "../../web/arrays.js";
import { el, svg } from "../../web/dom.js";
import { formula } from "../../web/formula.js";
import { count, exact, number } from "../../web/numbers.js";
import { grid, largest, paintAmounts, paintInk, paintSigned, sight } from "../../web/pixels.js";

const number_ = (x, kind = "") =>
  el("span", { class: `number ${kind}`, title: exact(x) }, number(x));

// onTerm(index): a term of the sum was chosen.
export function closeUp({ onTerm }) {
  const title = el("h2", { id: "closeup-title" }, "");
  const value = el("p", { class: "ms-value" });
  const says = el("p", { class: "ms-says" });
  const lines = el("div", { class: "ms-equations" });
  const side = el("div", { class: "ms-side" });
  const panels = el("div", { class: "ms-panels" });
  const root = el(
    "section",
    { class: "card ms-closeup", "aria-labelledby": "closeup-title" },
    el("div", { class: "ms-main" }, el("div", { class: "ms-title" }, title, value), says, lines),
    panels,
    side,
  );
  let shown = null;

  function paint() {
    for (const { canvas, panel } of shown?.painted ?? []) {
      const values = floats(panel.values);
      const image = panel.layer === 1 ? sight(values.length) : null;
      const [columns, rows] = image
        ? [image.columns, image.rows]
        : values.length <= 16
          ? [values.length, 1]
          : grid(values.length);
      if (panel.quantity === "a" && image)
        paintInk(
          canvas,
          Array.from(values, (v) => 255 * v),
          columns,
          rows,
        );
      else if (panel.quantity === "a" && values.every((v) => v >= 0))
        paintAmounts(canvas, values, columns, rows);
      else paintSigned(canvas, values, columns, rows);
      canvas.style.aspectRatio = `${columns} / ${rows}`;
      canvas.classList.toggle("strip", rows === 1);
      canvas.setAttribute(
        "aria-label",
        `${panel.title}: ${count(values.length)} numbers, the largest ${number(largest(values))}`,
      );
    }
  }

  function table(seen, place) {
    const from = (k) =>
      seen.terms_from === 1
        ? place(k)
        : seen.step === "cost" || seen.terms_from === null
          ? `output ${k}`
          : `neuron ${k}`;
    const kinds = {
      z: ["q-w", "q-a", "q-z"],
      a: ["q-z", "q-z", "q-a"],
      cost: ["q-a", "", "q-cost"],
      delta: seen.step === "BP1" ? ["q-z", "q-cost", "q-delta"] : ["q-w", "q-delta", "q-delta"],
    }[seen.quantity];
    const spoken =
      seen.step === "BP1"
        ? ["slope of a", "slope of C", "product"]
        : {
            z: ["weight", "activation", "product"],
            a: ["weighted input", "its power of e", "share"],
            cost: ["activation", "target", "share of the cost"],
            delta: ["weight", "error", "product"],
          }[seen.quantity];
    const most = Math.max(...seen.terms.map((term) => Math.abs(term.product)), 1e-300);
    const rows = seen.terms.map((term) => {
      const chosen = term.index === seen.marked;
      const pick = el(
        "button",
        {
          type: "button",
          class: "ms-term",
          "aria-pressed": String(chosen),
          onclick: () => onTerm(term.index),
        },
        from(term.index),
      );
      return el(
        "tr",
        { class: chosen ? "is-chosen" : "" },
        el("td", {}, pick),
        el("td", {}, number_(term.left, kinds[0])),
        el("td", {}, number_(term.right, kinds[1])),
        el("td", {}, number_(term.product, kinds[2])),
        el(
          "td",
          { class: "size" },
          el("span", {
            class: term.product < 0 ? "minus" : "plus",
            style: { width: `${(100 * Math.abs(term.product)) / most}%` },
          }),
        ),
      );
    });
    const row = (kind, text, x, quantity) =>
      el(
        "tr",
        { class: kind },
        el("td", { colspan: 3 }, text),
        el("td", {}, number_(x, quantity)),
        el("td", {}),
      );
    const mark = { z: "z", a: "sum of all", cost: "C", delta: "δ" }[seen.quantity];
    const last = seen.quantity === "a" ? [] : [row("total", mark, seen.value, kinds[2])];
    return el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "The terms of the sum" },
      el(
        "table",
        { class: "ms-terms" },
        el("caption", { class: "note" }, "The largest terms first"),
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("th", { scope: "col" }, "from"),
            seen.columns.map(({ mathml }, i) =>
              el("th", { scope: "col", "aria-label": spoken[i] }, formula(mathml, false)),
            ),
            el("td", {}),
          ),
        ),
        el(
          "tbody",
          {},
          rows,
          seen.rest_count
            ? row(
                "rest",
                `+ ${count(seen.rest_count)} more ${seen.rest_count === 1 ? "term" : "terms that add up to"}`,
                seen.rest,
                kinds[2],
              )
            : null,
          seen.offset !== null ? row("rest", "+ bias", seen.offset, "q-b") : null,
          seen.factor !== null ? row("rest", "× σ′(z)", seen.factor, "q-z") : null,
          last,
        ),
      ),
    );
  }

  // σ with the chosen neuron's z on it, and the slope there.
  function plot([z, σ, prime], at) {
    const [width, height] = [300, 150];
    const [low, high] = [Math.min(...σ, 0), Math.max(...σ, 1)];
    const x = (v) => ((v - z[0]) / (z.at(-1) - z[0])) * width;
    const y = (v) => height - 8 - ((v - low) / (high - low)) * (height - 16);
    const path = (values) =>
      z.map((v, i) => `${i ? "L" : "M"}${x(v).toFixed(1)} ${y(values[i]).toFixed(1)}`).join("");
    const nearest = z.reduce(
      (best, v, i) => (Math.abs(v - at.z) < Math.abs(z[best] - at.z) ? i : best),
      0,
    );
    return el(
      "figure",
      { class: "ms-curve" },
      svg(
        "svg",
        {
          viewBox: `0 0 ${width} ${height}`,
          role: "img",
          "aria-label": `The activation function; at z = ${number(at.z)} it is ${number(at.a)}`,
        },
        svg("path", { d: `M0 ${y(0)}H${width}M${x(0)} 0V${height}`, class: "axis" }),
        svg("path", { d: path(prime), class: "prime" }),
        svg("path", { d: path(σ), class: "sigma" }),
        svg("path", { d: `M${x(at.z)} ${y(0)}V${y(at.a)}`, class: "drop" }),
        svg("circle", { cx: x(at.z), cy: y(at.a), r: 5, class: "dot" }),
        svg("circle", { cx: x(at.z), cy: y(prime[nearest]), r: 4, class: "dot-prime" }),
      ),
      el(
        "figcaption",
        { class: "note" },
        el("span", { class: "q-a" }, "— σ(z)"),
        "  ",
        el("span", { class: "q-z" }, "┄ σ′(z), its slope"),
        `; this neuron is at z = ${number(at.z)}`,
      ),
    );
  }

  document.addEventListener("themechange", paint);
  return {
    root,
    // seen: the server's Closeup; name: of its value; at: { z, a } of its neuron; place(k): names input k.
    show(seen, heading, name, at, place) {
      title.textContent = heading;
      root.dataset.step = seen.step;
      says.textContent = seen.says;
      value.replaceChildren(
        el("span", { class: "note" }, name, " "),
        number_(seen.value, `q-${seen.quantity}`),
      );
      lines.replaceChildren(
        ...seen.lines.flatMap(({ what, mathml }, i) => [
          el("p", { class: "note" }, what),
          el(
            "div",
            {
              class: `scroll${what.startsWith("With its") ? " ms-numbers" : ""}${what === "The mistake" ? " ms-wrong" : ""}`,
              tabindex: 0,
              role: "group",
              "aria-label": what,
              "data-line": i,
            },
            formula(mathml),
          ),
        ]),
      );
      const painted = seen.panels.map((panel) => ({
        panel,
        canvas: el("canvas", { class: "pixels", role: "img" }),
      }));
      panels.replaceChildren(
        ...painted.map(({ panel, canvas }) =>
          el(
            "figure",
            {},
            canvas,
            el("figcaption", { class: `note q-${panel.quantity}` }, panel.title),
          ),
        ),
      );
      shown = { painted };
      const curve = seen.curve.length ? plot(seen.curve, at) : null;
      const beside = seen.terms.length ? table(seen, place) : curve;
      side.replaceChildren(...(beside ? [beside] : []));
      if (curve && seen.terms.length) panels.append(curve);
      root.classList.toggle("alone", !side.childNodes.length || !painted.length);
      panels.hidden = !painted.length;
      panels.classList.toggle(
        "wide",
        painted.some(
          ({ panel }) => panel.layer === 1 && sight(floats(panel.values).length)?.maps.length,
        ),
      );
      paint();
    },
    close() {
      document.removeEventListener("themechange", paint);
    },
  };
}
