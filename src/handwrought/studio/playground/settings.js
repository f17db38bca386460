// @ts-check
// The settings in the address, and the presets that they may be.
import { el } from "../../web/dom.js";

/**
 * The settings that the address holds; null where it holds none.
 * @param {URLSearchParams} params
 * @param {Playground.Settings} standard
 * @returns {Playground.Settings | null}
 */
export function fromAddress(params, standard) {
  if (!params.has("data")) return null;
  /** @type {Record<string, any>} */
  const found = { ...standard };
  for (const [name, value] of Object.entries(standard)) {
    const text = params.get(name);
    if (text === null) continue;
    if (name === "hidden") found.hidden = text === "" ? [] : text.split("-").map(Number);
    else found[name] = typeof value === "number" ? Number(text) : text;
  }
  return /** @type {Playground.Settings} */ (found);
}

/**
 * Whether another activation function is wanted, and nothing else changes.
 * @param {Playground.Settings} one
 * @param {Playground.Settings} other
 */
export function otherActivation(one, other) {
  const rest = (/** @type {object} */ each) => JSON.stringify({ ...each, activation: "" });
  return one.activation !== other.activation && rest(one) === rest(other);
}

/** @param {Playground.Settings} settings */
const withoutSeed = ({ seed: _, ...others }) => JSON.stringify(others);

/** @param {(settings: Playground.Settings) => void} onChoose */
export function presetRow(onChoose) {
  const row = el("div", { class: "presets", role: "group", "aria-label": "Presets" });
  const look = el("p", { class: "look" });
  /** @type {Playground.Preset[]} */
  let presets = [];
  return {
    row,
    look,
    /** @param {Playground.Preset[]} offered */
    offer(offered) {
      presets = offered;
      const buttons = presets.map(({ name, settings }) => {
        const onclick = () => onChoose(settings);
        return el("button", { type: "button", "aria-pressed": "false", onclick }, name);
      });
      row.append(...buttons);
    },
    /** @param {Playground.Settings} settings */
    show(settings) {
      const wanted = withoutSeed(settings);
      const matching = presets.find((preset) => withoutSeed(preset.settings) === wanted);
      [...row.children].forEach((button, i) =>
        button.setAttribute("aria-pressed", String(presets[i] === matching)),
      );
      if (matching) look.replaceChildren(el("b", {}, "Look for: "), matching.look);
      look.classList.toggle("past", !matching);
    },
  };
}
