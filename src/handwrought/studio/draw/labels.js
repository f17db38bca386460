// @ts-check
// Drawings kept under their true labels, for fine-tuning.
import { el, messageOf } from "../../web/dom.js";
import { count } from "../../web/numbers.js";

/**
 * @param {App} app
 * @param {string[]} names
 * @param {() => Promise<Draw.Seen | null>} current What is on the pad, with its last stroke.
 */
export function labelling(app, names, current) {
  const buttons = names.map((name, digit) =>
    el(
      "button",
      {
        type: "button",
        class: "label",
        disabled: true,
        "aria-pressed": "false",
        "aria-label": `That was a ${name}`,
        onclick: () => keep(digit),
      },
      name,
    ),
  );
  const kept = el("p", { class: "note" });
  const command = el("code", {});
  const teach = el(
    "details",
    { class: "note", hidden: true },
    el("summary", {}, "Teach them to a network"),
    el(
      "p",
      {},
      el("a", { href: "#train?new=1&own=1" }, "Fine-tune on them in Train"),
      ", or in a terminal: ",
      command,
    ),
  );

  /** @param {number} digit */
  async function keep(digit) {
    const seen = await current();
    if (!seen) return;
    const again = seen.kept === digit;
    try {
      const label = again ? null : digit;
      const { counts } = await app.post("/api/draw/keep", { drawing: seen.drawing, label });
      seen.kept = label;
      press(label);
      showCounts(counts);
      app.toast(again ? "It is kept no longer." : `Kept as a ${digit}.`);
    } catch (error) {
      app.toast(messageOf(error));
    }
  }

  /** @param {number | null} label */
  function press(label) {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(label === i)));
  }

  /** @param {number[]} counts */
  function showCounts(counts) {
    const total = counts.reduce((sum, n) => sum + n, 0);
    kept.textContent = total
      ? `${count(total)} ${total === 1 ? "digit is" : "digits are"} kept for fine-tuning.`
      : "Label it, and it is kept for fine-tuning.";
    teach.hidden = !total;
  }

  return {
    root: el(
      "div",
      {
        class: "truth",
        role: "group",
        "aria-label": "Keep it for fine-tuning: which digit was it?",
      },
      el("p", {}, "That was a"),
      el("div", { class: "labels" }, buttons),
      kept,
      teach,
    ),
    /** @param {Draw.Seen | null} seen */
    show(seen) {
      for (const button of buttons) button.disabled = !seen || seen.digit === null;
      press(seen ? seen.kept : null);
    },
    /** @param {{ counts: number[], model: string, folder: string }} found */
    about({ counts, model, folder }) {
      showCounts(counts);
      command.textContent = `handwrought train --from ${model} --add "${folder}"`;
    },
  };
}
