// @ts-check
// Ten probabilities as bars.
import { el } from "./dom.js";
import { percent } from "./numbers.js";

export function bars(names = [..."0123456789"], label = "Probability of each digit") {
  const rows = names.map((name) => {
    const fill = el("span", { class: "fill" });
    const share = el("span", { class: "share" }, "–");
    const root = el("li", {}, el("span", {}, name), el("span", { class: "track" }, fill), share);
    return { root, fill, share };
  });
  return {
    root: el(
      "ul",
      { class: "bars", "aria-label": label },
      rows.map((row) => row.root),
    ),
    /** @param {number[] | null} values */
    show(values) {
      const best = values ? values.indexOf(Math.max(...values)) : -1;
      rows.forEach((row, i) => {
        row.fill.style.transform = `scaleX(${values ? values[i] : 0})`;
        row.share.textContent = values ? percent(values[i]) : "–";
        row.share.title = values ? String(values[i]) : "";
        row.root.classList.toggle("best", i === best);
      });
    },
  };
}
