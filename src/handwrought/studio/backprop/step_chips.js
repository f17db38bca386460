// @ts-check
// The algorithm's steps in a row, to go through one by one or to choose from.
import { el } from "../../web/dom.js";

/** @type {Record<string, string>} */
const PHASES = {
  forward: "Forward",
  cost: "Cost",
  backward: "Backward",
  gradient: "Gradient",
  update: "Update",
};

/** @param {{ onMove: (by: number) => void, onGo: (name: string) => void }} options */
export function stepChips({ onMove, onGo }) {
  /** @type {(text: string, kind: string, by: number) => HTMLButtonElement} */
  const mover = (text, kind, by) =>
    el("button", { type: "button", class: kind, onclick: () => onMove(by) }, text);
  const back = mover("← Back", "ms-back", -1);
  const next = mover("Next →", "main ms-next", 1);
  const chips = el("ol", { class: "ms-steps", "aria-label": "The algorithm's steps" });
  /** @type {HTMLButtonElement[]} */
  let buttons = [];

  /** @param {Backprop.Step} step */
  const chip = ({ name, label, title, phase }) =>
    el(
      "button",
      {
        type: "button",
        class: `ms-chip is-${phase}`,
        "data-step": name,
        title,
        "aria-label": `${label}: ${title}`,
        onclick: () => onGo(name),
      },
      label,
    );

  return {
    root: el("div", { class: "ms-stepper" }, back, chips, next),
    /** @param {Backprop.Step[]} steps */
    offer(steps) {
      buttons = steps.map(chip);
      const items = steps.map(({ phase }, i) => {
        const first = phase !== steps[i - 1]?.phase;
        const head = first
          ? el("span", { class: "ms-phase note", "aria-hidden": "true" }, PHASES[phase])
          : el("span", { class: "ms-phase", "aria-hidden": "true" }, " ");
        return el("li", { class: first ? "first" : "" }, head, buttons[i]);
      });
      chips.replaceChildren(...items);
    },
    /** @param {number} index */
    show(index) {
      buttons.forEach((each, i) => {
        each.classList.toggle("done", i < index);
        if (i !== index) return each.removeAttribute("aria-current");
        each.setAttribute("aria-current", "step");
        each.scrollIntoView({ block: "nearest", inline: "nearest" });
      });
      back.disabled = index === 0;
      next.disabled = index === buttons.length - 1;
    },
  };
}
