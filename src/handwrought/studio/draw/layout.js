// @ts-check
// Where the parts of Draw stand on the page.
import { el } from "../../web/dom.js";

const KEYS =
  "Draw with the pointer. By keyboard: arrow keys move the pen, with Shift further; Space puts it down and lifts it; Control Z takes the last stroke back; Delete clears.";

/**
 * The pad, what changes it, and pictures in its place.
 * @param {ReturnType<typeof import("../../web/pad.js").pad>} board
 * @param {App} app
 * @param {(picture: File) => void} readFile
 * @param {() => void} takePhotograph
 */
export function boardSection(board, app, readFile, takePhotograph) {
  const undo = () => board.undo() || app.announce("Nothing to undo");
  const brush = el("input", {
    id: "brush",
    type: "range",
    min: 3,
    max: 15,
    step: 0.5,
    value: 7.5,
    oninput: () => {
      board.brush = Number(brush.value) / 100;
    },
  });
  const file = el("input", {
    id: "file",
    type: "file",
    accept: "image/*",
    class: "unseen",
    onchange: () => {
      if (file.files?.[0]) readFile(file.files[0]);
      file.value = "";
    },
  });
  return el(
    "section",
    { class: "board", "aria-label": "Drawing" },
    board.root,
    el("p", { id: "pad-help", class: "unseen" }, KEYS),
    el(
      "div",
      { class: "row tools" },
      el("button", { type: "button", onclick: undo }, "Undo"),
      el("button", { type: "button", onclick: () => board.clear() }, "Clear"),
      el("div", { class: "brush" }, el("label", { for: "brush" }, "Brush"), brush),
    ),
    el(
      "div",
      { class: "row tools" },
      el("label", { for: "file", class: "button" }, "Open a picture"),
      file,
      el("button", { type: "button", onclick: takePhotograph }, "Photograph"),
    ),
    el("p", { class: "note" }, "Or drop or paste a picture of one digit."),
  );
}

/**
 * @param {string} name
 * @param {string} title
 * @param {...import("../../web/dom.js").Child} content
 */
export function titled(name, title, ...content) {
  const id = `${name.split("-").at(-1)}-title`;
  return el("section", { class: name, "aria-labelledby": id }, el("h2", { id }, title), ...content);
}

/**
 * @param {HTMLElement} root
 * @param {HTMLElement[]} columns
 * @param {...HTMLElement} below
 */
export function fill(root, columns, ...below) {
  root.append(
    el("h1", {}, "Draw"),
    el(
      "p",
      { class: "lead" },
      "Write a digit and watch what the network makes of it, stroke by stroke.",
    ),
    el("div", { class: "draw" }, ...columns),
    ...below,
  );
}
