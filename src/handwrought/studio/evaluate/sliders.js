// Sliders that change all images of the sample, each under its curve of accuracy.
import { el, svg } from "../../web/dom.js";
import { percent } from "../../web/numbers.js";

/** @type {Record<string, string>} */
const TITLES = {
  rotation: "Rotate",
  shift: "Shift",
  scale: "Scale",
  noise: "Add noise",
  blur: "Blur",
  thickness: "Thicken",
};
const ORDER = Object.keys(TITLES);
/** @type {Record<string, (x: number) => string>} */
const UNITS = {
  degrees: (x) => `${signed(x, 0)}°`,
  pixels: (x) => `${signed(x, 2)} px`,
  "times the size": (x) => `× ${x.toFixed(2)}`,
  "of white": (x) => `${(100 * x).toFixed(0)} %`,
};
/** @type {Record<string, string>} */
const HELP = {
  rotation: "Degrees, clockwise; to the left of the middle counter-clockwise",
  shift: "Pixels: every fourth image to the right, down, left and up",
  scale: "Times its size",
  noise: "Standard deviation of the noise, white being 100 %",
  blur: "Standard deviation of the blur, in pixels",
  thickness: "Pixels on each side of a stroke; to the left of the middle thinner",
};

/** @param {number} x @param {number} digits */
function signed(x, digits) {
  const text = Math.abs(x).toFixed(digits);
  return x < 0 && Number(text) ? `−${text}` : text;
}

/**
 * @param {Evaluate.ChangeOffered[]} changes
 * @param {Record<string, any>} amounts What they begin with.
 * @param {(amounts: Record<string, number>) => void} onChange
 */
export function sliders(changes, amounts, onChange) {
  const sorted = changes.toSorted((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  const made = sorted.map((change) => {
    const says = el("output", { class: "number", for: `change-${change.name}` });
    const line = svg("polyline", { class: "curve", points: "" });
    const dot = el("span", { class: "now", hidden: true });
    const curve = el(
      "div",
      { class: "curve-box" },
      svg(
        "svg",
        { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" },
        line,
      ),
      dot,
    );
    const input = el("input", {
      id: `change-${change.name}`,
      type: "range",
      min: change.least,
      max: change.most,
      step: change.step,
      title: HELP[change.name],
      oninput: () => {
        tell();
        onChange(now());
      },
    });
    input.value = amounts[change.name] ?? change.harmless;
    const tell = () => {
      const x = Number(input.value);
      says.textContent = UNITS[change.unit](x);
      input.setAttribute("aria-valuetext", says.textContent);
      root.classList.toggle("moved", x !== change.harmless);
    };
    const root = el(
      "div",
      { class: "slider" },
      el(
        "div",
        { class: "row between" },
        el("label", { for: input.id }, TITLES[change.name]),
        says,
      ),
      curve,
      input,
    );
    tell();
    return {
      change,
      root,
      input,
      line,
      dot,
      tell,
      share: (x) => (x - change.least) / (change.most - change.least),
    };
  });

  const now = () =>
    Object.fromEntries(made.map(({ change, input }) => [change.name, Number(input.value)]));
  const root = el(
    "div",
    { class: "sliders" },
    made.map((slider) => slider.root),
  );
  return {
    root,
    now,
    // Only those that change something: what an address needs to hold.
    moved: () =>
      Object.fromEntries(
        made
          .filter(({ change, input }) => Number(input.value) !== change.harmless)
          .map(({ change, input }) => [change.name, input.value]),
      ),
    reset() {
      for (const { change, input, tell } of made) {
        input.value = String(change.harmless);
        tell();
      }
      onChange(now());
    },
    showCurves(curves) {
      for (const { name, amounts: xs, accuracy } of curves) {
        const slider = made.find(({ change }) => change.name === name);
        if (!slider) continue;
        slider.line.setAttribute(
          "points",
          xs.map((x, i) => `${100 * slider.share(x)},${100 * (1 - accuracy[i])}`).join(" "),
        );
        const told = xs
          .map((x, i) => `${UNITS[slider.change.unit](x)} ${percent(accuracy[i])}`)
          .join(", ");
        slider.root.title = `Accuracy if this alone is changed: ${told}`;
      }
    },
    showAccuracy(accuracy) {
      for (const { input, dot, share } of made) {
        dot.hidden = false;
        dot.style.left = `${100 * share(Number(input.value))}%`;
        dot.style.top = `${100 * (1 - accuracy)}%`;
      }
    },
  };
}
