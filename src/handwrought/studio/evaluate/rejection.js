// @ts-check
// Accuracy against the share refused: the server's chart, and a threshold to drag along it.
import { floats } from "../../web/arrays.js";
import { el, svg } from "../../web/dom.js";
import { count, exact, number, percent } from "../../web/numbers.js";
import { drawing } from "./picture.js";

const STEPS = 500;

/**
 * @param {any} rejections
 * @param {number} images
 * @param {number} refused The share it begins with.
 * @param {(share: number) => void} onChange
 */
export function refusing(rejections, images, refused, onChange) {
  const [thresholds, accepted, wrong] = [
    rejections.thresholds,
    rejections.accepted,
    rejections.wrong,
  ].map(floats);
  const [left, right, top, bottom] = rejections.box;
  const [[x0, x1], [y0, y1]] = [rejections.x, rejections.y];
  const chart = drawing(rejections.svg);
  const line = svg("line", { class: "threshold", y1: top, y2: bottom });
  const grip = svg("circle", { class: "grip", r: 7 });
  chart.append(line, grip);
  const says = el("p", { class: "refusal-says", "aria-live": "polite" });
  const input = el("input", {
    id: "refused",
    type: "range",
    min: x0,
    max: x1,
    step: (x1 - x0) / STEPS,
    value: refused,
    oninput: () => {
      show();
      onChange(Number(input.value));
    },
  });
  const root = el(
    "div",
    { class: "refusing" },
    el(
      "div",
      {},
      chart,
      el("div", { class: "refused" }, el("label", { for: "refused" }, "Share refused"), input),
    ),
    says,
  );
  // The slider runs below the chart's own axis.
  const wide = chart.viewBox.baseVal.width;
  Object.assign(/** @type {HTMLElement} */ (input.parentElement).style, {
    marginLeft: `${(100 * left) / wide}%`,
    marginRight: `${100 - (100 * right) / wide}%`,
  });

  // The highest threshold that refuses no more than this share.
  /** @param {number} share */
  function at(share) {
    let [low, high] = [0, accepted.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (accepted[0] - accepted[middle] <= share * accepted[0] + 1e-6) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  function show() {
    const i = at(Number(input.value));
    const share = 1 - accepted[i] / accepted[0];
    const good = (accepted[i] - wrong[i]) / accepted[i];
    const x = left + ((share - x0) / (x1 - x0)) * (right - left);
    const y = bottom - ((good - y0) / (y1 - y0)) * (bottom - top);
    line.setAttribute("x1", String(x));
    line.setAttribute("x2", String(x));
    grip.setAttribute("cx", String(x));
    grip.setAttribute("cy", String(Math.max(top, Math.min(bottom, y))));
    const sure = el("strong", { title: exact(thresholds[i]) }, i ? number(thresholds[i]) : "0");
    const reached = el("strong", { title: exact(good) }, percent(good, 2));
    says.replaceChildren(
      "Below a confidence of ",
      sure,
      ` it refuses ${percent(share)}, ${count(images - accepted[i])} images. Of the ${count(accepted[i])} it answers, ${count(wrong[i])} are wrong: `,
      reached,
      " right.",
    );
    input.setAttribute(
      "aria-valuetext",
      `${percent(share)} refused, ${percent(good, 2)} of the rest right`,
    );
  }

  const dragged = (/** @type {PointerEvent} */ event) => {
    if (event.type === "pointermove" && !event.buttons) return;
    const box = chart.getBoundingClientRect();
    const x = ((event.clientX - box.x) / box.width) * chart.viewBox.baseVal.width;
    input.value = String(x0 + ((x - left) / (right - left)) * (x1 - x0));
    show();
    onChange(Number(input.value));
  };
  chart.addEventListener("pointerdown", (event) => {
    chart.setPointerCapture(event.pointerId);
    dragged(event);
  });
  chart.addEventListener("pointermove", dragged);
  show();
  return { root };
}
