// @ts-check
// Work that takes the studio a while: asked for again until it is done, with a bar meanwhile.
import { el } from "../../web/dom.js";

const PAUSE = 250; // milliseconds

/** @typedef {{ doing: string, share: number }} Progress */

/**
 * The answer once it is `done`; null when `wanted()` is no longer true.
 * @param {App} app
 * @param {string} path
 * @param {object} body
 * @param {{ wanted: () => boolean, onProgress: (progress: Progress) => void }} options
 * @returns {Promise<any>}
 */
export async function until(app, path, body, { wanted, onProgress }) {
  for (;;) {
    const answer = await app.post(path, body);
    if (!wanted()) return null;
    if (answer.done) return answer;
    onProgress(answer);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (!wanted()) return null;
  }
}

/** @param {string} label */
export function waiting(label) {
  const bar = el("progress", { max: 1, value: 0, "aria-label": label });
  const says = el("span", {}, "");
  const root = el("p", { class: "waiting", hidden: true }, bar, says);
  return {
    root,
    /** @param {Progress} progress */
    show({ doing, share }) {
      root.hidden = false;
      bar.value = share;
      says.textContent = `${doing}…`;
    },
    hide() {
      root.hidden = true;
    },
  };
}
