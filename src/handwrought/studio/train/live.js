// Settings that change while a training runs, sent when they have been set.
import { control } from "./controls.js";
import { el } from "../../web/dom.js";
import { number } from "../../web/numbers.js";

const SHOWN = ["learning_rate", "weight_decay", "dropout"];
const CHANGES = ["shift", "rotation", "scale", "elastic", "thickness", "noise"];

// onChange(changes): fields of a wish.
export function live(offered, onChange) {
  const described = (name) => offered.controls.find((each) => each.name === name);
  let augmentation = null; // as the run has it
  const send = (name, each) => () => {
    if (each.input.reportValidity() && each.value !== null) onChange({ [name]: each.value });
  };
  const fields = SHOWN.map((name) => {
    const each = control(described(name), () => send(name, each)(), "live");
    return each;
  });
  const rate = fields[0];
  const times = (factor) => () => {
    const value = Number((Number(rate.input.value) * factor).toPrecision(2));
    rate.set(value);
    onChange({ learning_rate: value });
  };
  rate.input.after(
    el(
      "span",
      { class: "row steps-of-rate" },
      el(
        "button",
        {
          type: "button",
          "aria-label": "÷ 3: a third of the learning rate",
          onclick: times(1 / 3),
        },
        "÷ 3",
      ),
      el(
        "button",
        { type: "button", "aria-label": "× 3: three times the learning rate", onclick: times(3) },
        "× 3",
      ),
    ),
  );

  const on = el("input", {
    type: "checkbox",
    id: "live-augmentation",
    onchange: () =>
      onChange({ augmentation: on.checked ? { ...augmentation, ...sliderValues() } : null }),
  });
  const sliders = CHANGES.map((name) => {
    const made = described(`augmentation.${name}`);
    const out = el("output", { class: "number" }, "0");
    const input = el("input", {
      type: "range",
      id: `live-${name}`,
      min: made.least,
      max: made.most,
      step: (made.most - made.least) / 60,
      value: 0,
      title: made.sentence,
      oninput: () => {
        out.textContent = number(Number(input.value), 2);
      },
      onchange: () => {
        on.checked = true;
        onChange({ augmentation: { ...augmentation, ...sliderValues() } });
      },
    });
    return {
      name,
      input,
      out,
      root: el(
        "div",
        { class: "slide" },
        el("label", { for: `live-${name}`, title: made.sentence }, made.label),
        input,
        out,
      ),
    };
  });
  const sliderValues = () =>
    Object.fromEntries(
      sliders.map(({ name, input }) => [name, Number(Number(input.value).toFixed(4))]),
    );
  const root = el(
    "section",
    { class: "card live", "aria-labelledby": "live-title" },
    el("h2", { id: "live-title" }, "While it runs"),
    fields.map((each) => each.root),
    el(
      "div",
      { class: "row check" },
      on,
      el("label", { for: "live-augmentation" }, "Change each image anew"),
    ),
    el(
      "p",
      { class: "note" },
      "So that no image is met twice, and none can be learnt by heart. Default: off.",
    ),
    el(
      "div",
      { class: "slides" },
      sliders.map((each) => each.root),
    ),
  );

  return {
    root,
    // The wish of the run that is shown; what is being typed is left alone.
    show(wish, eta) {
      fields.forEach((each) => {
        if (document.activeElement !== each.input)
          each.set(each.name === "learning_rate" ? eta : wish[each.name]);
      });
      augmentation = wish.augmentation;
      on.checked = augmentation !== null;
      for (const { name, input, out } of sliders) {
        if (document.activeElement === input) continue;
        input.value = augmentation?.[name] ?? 0;
        out.textContent = number(Number(input.value), 2);
      }
    },
  };
}
