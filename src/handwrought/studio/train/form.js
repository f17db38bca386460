// @ts-check
// The form of a new training: a new network, or a fine-tuning on one's own digits.
import { el, messageOf } from "../../web/dom.js";
import { tuning } from "./live_settings.js";
import { setup } from "./setup.js";

/**
 * @param {App} app
 * @param {object} options
 * @param {boolean} options.own Whether it begins as the form of a fine-tuning.
 * @param {(wish: any, goal: string) => void} options.onBegin
 * @param {() => void} options.onKind The other form was chosen.
 * @param {() => void} options.onTouched Somebody fills it in.
 */
export function trainingForm(app, { own, onBegin, onKind, onTouched }) {
  let closed = false;
  /** @type {HTMLElement | null} */
  let networkForm = null;
  const ownForm = el("div", {});
  const kinds = [
    { title: "A new network", mine: false },
    { title: "Fine-tune on my digits", mine: true },
  ].map(({ title, mine }) => el("button", { type: "button", onclick: () => choose(mine) }, title));
  const root = el(
    "div",
    { class: "train-form" },
    el("div", { class: "row", role: "group", "aria-label": "What to train" }, kinds),
    ownForm,
  );

  /** @param {boolean} mine */
  function choose(mine) {
    own = mine;
    onKind();
    show();
  }

  // What is kept in Draw may be more each time that this is looked at.
  async function show() {
    kinds.forEach((button, i) => button.setAttribute("aria-pressed", String(own === Boolean(i))));
    if (networkForm) networkForm.hidden = own;
    ownForm.hidden = !own;
    if (!own) return;
    try {
      const made = tuning(await app.get("/api/train/own"), onBegin);
      if (!closed) ownForm.replaceChildren(made.root);
    } catch (error) {
      app.toast(messageOf(error));
    }
  }

  return {
    root,
    show,
    get own() {
      return own;
    },
    /** @param {any} offered */
    offer(offered) {
      networkForm = setup(offered, onBegin, () => choose(true)).root;
      networkForm.addEventListener("input", onTouched);
      root.append(networkForm);
      show();
    },
    close() {
      closed = true;
    },
  };
}
