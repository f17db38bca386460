// Controls made of the server's descriptions: { name, label, sentence, kind, default, choices, ... }.
import { el } from "../../web/dom.js";
import { number } from "../../web/numbers.js";

const shown = (value) =>
  typeof value === "number"
    ? number(value, 4)
        .replace(/(\.\d*?)0+$/, "$1")
        .replace(/\.$/, "")
    : String(value);

function defaultText(control) {
  if (control.kind === "layers") return `Default ${control.default.join(", ")}.`;
  if (control.default === null) return control.automatic ? `Default: ${control.automatic}.` : "";
  return `Default ${shown(control.default)}.`;
}

// Returns { root, name, value, set(value), valid }.  onChange() is called with every change by hand.
export function control(made, onChange = () => {}, prefix = "set") {
  const id = `${prefix}-${made.name.replace(".", "-")}`;
  const common = { id, "aria-describedby": `${id}-about`, onchange: onChange };
  let input;
  if (made.kind === "choice") {
    const options = made.choices.map((name) => el("option", { value: name }, name));
    if (made.default === null) options.unshift(el("option", { value: "" }, "automatic"));
    input = el("select", common, options);
  } else if (made.kind === "layers") {
    input = el("input", {
      ...common,
      type: "text",
      inputmode: "numeric",
      pattern: " *([0-9]+( *, *[0-9]+)*)? *",
      autocomplete: "off",
    });
  } else {
    input = el("input", {
      ...common,
      type: "number",
      min: made.least,
      max: made.most,
      step: made.step ?? "any",
      placeholder:
        made.default === null
          ? ({ images: "all", clip_norm: "no limit" }[made.name] ?? "automatic")
          : null,
    });
  }
  const set = (value) => {
    input.value =
      value === null || value === undefined
        ? ""
        : made.kind === "layers"
          ? value.join(", ")
          : value;
  };
  set(made.default);
  return {
    name: made.name,
    input,
    root: el(
      "div",
      { class: "control" },
      el("label", { for: id }, made.label),
      input,
      el("p", { class: "note", id: `${id}-about` }, `${made.sentence} ${defaultText(made)}`),
    ),
    get value() {
      const text = input.value.trim();
      if (made.kind === "layers") return text ? text.split(",").map(Number) : [];
      if (text === "") return made.kind === "choice" ? null : made.default;
      return made.kind === "choice" ? text : Number(text);
    },
    set,
    get valid() {
      return input.reportValidity();
    },
  };
}
