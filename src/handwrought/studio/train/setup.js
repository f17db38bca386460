// The form of a new training: recipes as presets, and each control explained in a sentence.
import { control } from "./controls.js";
import { el } from "../../web/dom.js";

const GROUPS = {
  data: "Data",
  network: "Network",
  training: "Learning",
  regularization: "Against overfitting",
  augmentation: "Changed images",
};

// offered: { controls, presets }; onBegin(wish, goal); onOwn(): one's own digits are wanted.
export function setup(offered, onBegin, onOwn) {
  const all = new Map(offered.controls.map((each) => [each.name, control(each)]));
  const images = all.get("dataset").input;
  images.append(el("option", { value: "own" }, "my digits, with MNIST"));
  images.addEventListener("change", () => {
    if (images.value !== "own") return;
    images.value = "mnist";
    onOwn();
  });
  const changes = el("input", { type: "checkbox", id: "set-augmentation" });
  const preset = el(
    "select",
    { id: "preset", onchange: take },
    el("option", { value: "" }, "none: the defaults"),
    offered.presets.map(({ name }) => el("option", { value: name }, name)),
  );
  const about = el("p", { class: "note", id: "preset-about" });

  const groups = Object.entries(GROUPS).map(([group, title]) => {
    const own = offered.controls.filter((each) => each.group === group);
    const roots = (more) =>
      own.filter((each) => each.more === more).map((each) => all.get(each.name).root);
    const rest = roots(true);
    return el(
      "fieldset",
      { class: "card group" },
      el("legend", {}, title),
      group === "augmentation"
        ? el(
            "div",
            { class: "row check" },
            changes,
            el("label", { for: "set-augmentation" }, "Change each image anew each time it is used"),
          )
        : null,
      roots(false),
      rest.length
        ? el("details", {}, el("summary", {}, "More"), el("div", { class: "group-more" }, rest))
        : null,
    );
  });
  const augmented = groups[groups.length - 1];
  const enable = () => {
    /** @type {NodeListOf<HTMLInputElement>} */
    const fields = augmented.querySelectorAll("input, select");
    for (const field of fields) if (field !== changes) field.disabled = !changes.checked;
  };
  changes.addEventListener("change", enable);

  function take() {
    const chosen = offered.presets.find(({ name }) => name === preset.value);
    about.textContent = chosen
      ? `A recipe: ${chosen.about}.`
      : "Or choose a recipe, and change what you like.";
    show(chosen?.wish ?? {});
  }

  // A wish's fields; what it does not say gets its default.
  function show(wish) {
    for (const [name, each] of all) {
      const [first, second] = name.split(".");
      const described = offered.controls.find((one) => one.name === name);
      const value = second ? wish.augmentation?.[second] : wish[first];
      each.set(value === undefined ? described.default : value);
    }
    changes.checked = Boolean(wish.augmentation);
    enable();
  }

  function wish() {
    const found = { augmentation: changes.checked ? {} : null };
    for (const [name, each] of all) {
      const [first, second] = name.split(".");
      if (second && found.augmentation) found.augmentation[second] = each.value;
      else if (!second) found[first] = each.value;
    }
    if (!changes.checked) Object.assign(found, { anneal_augmentation: 0, outliers: 0 });
    return found;
  }

  function begin(goal) {
    for (const details of root.querySelectorAll("details"))
      if (details.querySelector(":invalid")) details.open = true;
    if (root.reportValidity()) onBegin(wish(), goal);
  }

  const buttons = el(
    "div",
    { class: "row begin" },
    el("button", { type: "submit", class: "main" }, "Start"),
    el("button", { type: "button", onclick: () => begin("batch") }, "Single batch"),
    el("button", { type: "button", onclick: () => begin("epoch") }, "Single epoch"),
  );
  const root = el(
    "form",
    {
      class: "setup",
      "aria-label": "A new training",
      onsubmit: (event) => {
        event.preventDefault();
        begin("run");
      },
    },
    el(
      "div",
      { class: "card preset" },
      el("div", { class: "control" }, el("label", { for: "preset" }, "Recipe"), preset, about),
      buttons,
    ),
    el("div", { class: "groups" }, groups),
  );
  take();
  return { root, show };
}
