// The outputs before and after, as pairs of bars.
import { el } from "../../web/dom.js";
import { exact } from "../../web/numbers.js";

const shown = (p) => (p !== 0 && Math.abs(p) < 0.0005 ? "< 0.001" : p.toFixed(3).replace("-", "−"));

export function compare() {
  /** @type {any[]} */
  let rows = [];
  let named = "";
  const root = el("ul", { class: "ms-compare", "aria-label": "The outputs, before and after" });
  const row = (name) => {
    const [before, after] = [el("span", { class: "before" }), el("span", { class: "after" })];
    const value = el("span", { class: "number" }, "");
    return {
      before,
      after,
      value,
      root: el(
        "li",
        {},
        el("span", { class: "name" }, name),
        el("span", { class: "pair" }, before, after),
        value,
      ),
    };
  };
  return {
    root,
    // names: of the classes, one for each output.
    show(before, after, target, names) {
      if (named !== (named = JSON.stringify(names))) {
        rows = names.map(row);
        root.replaceChildren(...rows.map((each) => each.root));
      }
      const best = after.indexOf(Math.max(...after));
      rows.forEach((row, i) => {
        row.before.style.transform = `scaleX(${Math.min(1, Math.max(0, before[i]))})`;
        row.after.style.transform = `scaleX(${Math.min(1, Math.max(0, after[i]))})`;
        row.value.textContent = `${shown(before[i])} → ${shown(after[i])}`;
        row.value.title = `${exact(before[i])} → ${exact(after[i])}`;
        row.root.classList.toggle("best", i === best);
        row.root.classList.toggle("target", i === target);
      });
    },
  };
}
