// One weight or bias, chosen in the picture or here, and set by slider, by keyboard or as a number.
import { el } from "../../web/dom.js";
import { exact, number } from "../../web/numbers.js";

// on: { choose(at), set(at, value) }; at: [layer, neuron, below], or [layer, neuron] for a bias.
export function weightEditor(on) {
  let sizes = [];
  let names = [];
  let at = null;
  const list = (label, onchange) => el("select", { "aria-label": label, onchange });
  const layer = list("Layer", () => pick(Number(layer.value), 0, 0));
  const neuron = list("Neuron", () => pick(at[0], Number(neuron.value), at[2]));
  const below = list("From", () =>
    pick(at[0], at[1], below.value === "bias" ? undefined : Number(below.value)),
  );
  const slider = el("input", {
    type: "range",
    min: -5,
    max: 5,
    step: 0.01,
    "aria-label": "Value",
    oninput: () => set(Number(slider.value)),
  });
  const field = el("input", {
    type: "number",
    step: 0.1,
    "aria-label": "Value as a number",
    oninput: () => {
      if (field.value !== "" && field.checkValidity()) set(Number(field.value));
    },
  });
  const symbol = el("b", { class: "symbol" });
  field.min = "-1000";
  field.max = "1000";

  function pick(l, j, k) {
    on.choose(k === undefined ? [l, j] : [l, j, Math.min(k, sizes[l - 2] - 1)]);
  }

  function set(value) {
    on.set(at, value);
  }

  const options = (select, made) =>
    select.replaceChildren(...made.map(([value, name]) => el("option", { value }, name)));
  const source = (l, k) => (l === 2 ? names[k] : `neuron ${k + 1}`);

  return {
    root: el(
      "div",
      { class: "card weight-editor", role: "group", "aria-label": "The chosen weight or bias" },
      el(
        "div",
        { class: "row" },
        symbol,
        el("span", { class: "note" }, "into"),
        layer,
        neuron,
        el("span", { class: "note" }, "from"),
        below,
      ),
      el("div", { class: "row value" }, slider, field),
    ),
    build(about, inputNames) {
      sizes = about.sizes;
      names = inputNames;
      options(
        layer,
        sizes
          .slice(1)
          .map((_, i) => [i + 2, i + 2 === sizes.length ? "the output" : `layer ${i + 2}`]),
      );
    },
    choose(now) {
      at = now;
      const [l, j, k] = at;
      layer.value = l;
      options(
        neuron,
        Array.from({ length: sizes[l - 1] }, (_, i) => [i, `neuron ${i + 1}`]),
      );
      neuron.value = j;
      neuron.hidden = sizes[l - 1] === 1;
      options(below, [
        ...Array.from({ length: sizes[l - 2] }, (_, i) => [i, source(l, i)]),
        ["bias", "its bias"],
      ]);
      below.value = k === undefined ? "bias" : k;
      symbol.replaceChildren(k === undefined ? "bias b" : "weight w");
      symbol.className = `symbol ${k === undefined ? "q-b" : "q-w"}`;
      slider.max = "5";
      slider.min = "-5";
    },
    focus: () => slider.focus({ preventScroll: true }),
    // read(at) gives a parameter's value.
    show(read) {
      if (!at) return;
      const value = read(at);
      if (Math.abs(value) > Number(slider.max)) {
        slider.max = String(5 * Math.ceil(Math.abs(value) / 5));
        slider.min = `-${slider.max}`;
      }
      if (Math.abs(Number(slider.value) - value) > 0.005) slider.value = String(value);
      slider.setAttribute("aria-valuetext", number(value));
      if (document.activeElement !== field || !(Math.abs(Number(field.value) - value) < 1e-9)) {
        if (document.activeElement !== field || field.value !== "")
          field.value = String(Number(value.toPrecision(6)));
      }
      field.title = exact(value);
    },
  };
}
