// @ts-check
// Test images in a list, with what they are and what the network says.
import { el, messageOf } from "../../web/dom.js";
import { count, exact, percent } from "../../web/numbers.js";
import { digit } from "./picture.js";

/**
 * @param {Evaluate.PictureSeen} picture
 * @param {string[]} names
 * @param {boolean} large
 */
function card(picture, names, large) {
  const { label, said, confidence, second, second_confidence: sure, at, pixels } = picture;
  return el(
    "li",
    {},
    digit(
      pixels,
      `Test image ${count(at)}: it is ${names[label]}, the network says ${names[said]}`,
    ),
    large
      ? el("p", {}, "is ", el("strong", {}, names[label]), ", says ", el("em", {}, names[said]))
      : null,
    el(
      "p",
      { class: "note", title: `${exact(confidence)}, test image ${count(at)}` },
      large ? `${percent(confidence)} sure` : percent(confidence),
    ),
    large
      ? el("p", { class: "note", title: exact(sure) }, `then ${names[second]}, ${percent(sure)}`)
      : null,
    large ? el("p", { class: "note" }, `no. ${count(at)}`) : null,
  );
}

// A list that grows.
/**
 * @param {App} app
 * @param {(start: number, most: number) => Promise<{ count: number, pictures: Evaluate.PictureSeen[] } | null>} ask
 * @param {number} most Each time.
 * @param {string[]} names
 * @param {boolean} large
 */
export function gallery(app, ask, most, names, large) {
  const list = el("ul", { class: large ? "pictures large" : "pictures" });
  const more = el("button", {
    type: "button",
    hidden: true,
    onclick: () =>
      add().then(() => /** @type {HTMLElement | undefined} */ (list.children[before])?.focus()),
  });
  let before = 0;
  async function add() {
    before = list.children.length;
    try {
      const found = await ask(before, most);
      if (!found) return null;
      list.append(...found.pictures.map((picture) => card(picture, names, large)));
      for (const item of list.querySelectorAll("li")) item.tabIndex = -1;
      const left = found.count - list.children.length;
      more.hidden = left <= 0;
      more.textContent = `Show ${count(Math.min(left, most))} more of ${count(left)}`;
      return found;
    } catch (error) {
      app.toast(messageOf(error));
      return null;
    }
  }
  return { root: el("div", {}, list, more), add };
}
