// A number with a button on either side of it: fewer, more, or typed in.
import { el } from "../../web/dom.js";

let made = 0;

// steps: the values that the buttons go to.  onChange(value) hears what was chosen.
export function stepper(label, { steps, onChange, hint = "" }) {
  const id = `stepper-${++made}`;
  let value = steps[0];
  const field = el("input", { id, type: "text", inputmode: "decimal", autocomplete: "off" });
  const less = el(
    "button",
    { type: "button", "aria-label": `${label}: less`, onclick: () => choose(below()) },
    "−",
  );
  const more = el(
    "button",
    { type: "button", "aria-label": `${label}: more`, onclick: () => choose(above()) },
    "+",
  );
  const below = () => steps.filter((each) => each < value - 1e-12).at(-1);
  const above = () => steps.find((each) => each > value + 1e-12);
  const choose = (to) => {
    if (to !== undefined) onChange(to);
  };
  field.addEventListener("change", () => {
    const typed = Number(field.value.trim().replace("−", "-").replace(",", "."));
    if (field.value.trim() === "" || Number.isNaN(typed)) show(value);
    else if (typed !== value) onChange(typed);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    choose(event.key === "ArrowUp" ? above() : below());
  });
  function show(to) {
    value = to;
    field.value = String(to);
    less.disabled = below() === undefined;
    more.disabled = above() === undefined;
  }
  show(value);
  return {
    root: el(
      "div",
      { class: "field", title: hint || undefined },
      el("label", { for: id }, label),
      el("div", { class: "stepper" }, less, field, more),
    ),
    show,
  };
}

// A list of choices: [[value, name], ...].
export function choice(label, choices, onChange, hint = "") {
  const id = `choice-${++made}`;
  const select = el("select", { id, onchange: () => onChange(select.value) });
  const offer = (made) =>
    select.replaceChildren(...made.map(([value, name]) => el("option", { value }, name)));
  offer(choices);
  return {
    root: el(
      "div",
      { class: "field", title: hint || undefined },
      el("label", { for: id }, label),
      select,
    ),
    offer,
    get value() {
      return select.value;
    },
    show(value) {
      select.value = value;
    },
  };
}
