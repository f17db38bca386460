// How each layer fares: gradient norm, and the share of saturated or dead neurons.
import { el } from "../../web/dom.js";
import { exact, number, percent } from "../../web/numbers.js";

export function health() {
  const rows = el("tbody", {});
  const root = el(
    "table",
    { class: "health" },
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ["Layer", "Gradient", "", "Saturated", "Dead"].map((text) =>
          text ? el("th", { scope: "col" }, text) : el("td", {}),
        ),
      ),
    ),
    rows,
  );
  return {
    root,
    // The newest point, and the network's sizes.
    show({ layers, train_accuracy }, sizes) {
      const most = Math.max(...layers.map((layer) => Math.log10(layer.gradient + 1e-12)));
      rows.replaceChildren(
        ...layers.map((layer, i) => {
          const last = i === layers.length - 1;
          // Six powers of ten are the bar's whole length.
          const length = Math.max(0.02, 1 - (most - Math.log10(layer.gradient + 1e-12)) / 6);
          const share = (value, most) =>
            el(
              "td",
              { class: !last && value > most ? "number worrying" : "number", title: exact(value) },
              last ? "–" : percent(value),
            );
          return el(
            "tr",
            {},
            el(
              "th",
              { scope: "row" },
              last ? "output" : `${layer.number}`,
              el("span", { class: "note" }, ` ${sizes[i + 1]}`),
            ),
            el(
              "td",
              { class: "number q-grad", title: exact(layer.gradient) },
              number(layer.gradient, 3),
            ),
            el("td", { class: "length" }, el("span", { style: { width: `${100 * length}%` } })),
            // Saturated is what a network that reads right may be.
            share(layer.saturated, train_accuracy < 0.9 ? 0.6 : 1),
            share(layer.dead, 0.2),
          );
        }),
      );
    },
  };
}
