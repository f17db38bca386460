// @ts-check
// How much change it bears: all images distorted by sliders, and what they are then taken for.
import { bytes } from "../../web/arrays.js";
import { el } from "../../web/dom.js";
import { count, exact, percent } from "../../web/numbers.js";
import { paintInk } from "../../web/pixels.js";
import { digit } from "./picture.js";
import { sliders } from "./sliders.js";
import { until, waiting } from "./waiting.js";

const MEASURED = 250; // milliseconds from one accuracy to the next, while a slider moves

/**
 * @param {HTMLElement} section
 * @param {import("./shown.js").Shown} shown
 */
export function distorted(section, { app, model, found, wanted, parts, names, state, keep }) {
  const samples = sampleTiles(names);
  const accuracy = el("p", { class: "changed-accuracy number" }, "–");
  const says = el("p", { class: "note", role: "status" });
  const meanwhile = waiting("Curves");
  const board = sliders(found.changes, state, (amounts) => {
    keep(
      board.moved(),
      found.changes.map((/** @type {{ name: string }} */ { name }) => name),
    );
    connection.send(amounts);
  });
  section.append(
    el(
      "p",
      { class: "lead" },
      "Change all images at once and watch the accuracy. Where you still know a digit and the network does not, it has learned less than you.",
    ),
    el(
      "div",
      { class: "change" },
      sliderColumn(board, meanwhile.root),
      el("div", { class: "changed" }, accuracy, says, samples.root),
    ),
  );
  const connection = amountConnection(app, model, {
    wanted,
    now: board.now,
    onError: (text) => {
      says.textContent = text;
    },
    onSeen({ measured, ...seen }) {
      if (measured) {
        const [low, high] = measured.interval;
        accuracy.textContent = percent(measured.accuracy);
        accuracy.title = exact(measured.accuracy);
        says.textContent = `right: ${count(measured.right)} of ${count(measured.images)} test images, 95 % interval ${percent(low)} to ${percent(high)}`;
        board.showAccuracy(measured.accuracy);
      }
      samples.show(seen);
    },
  });
  parts.push(connection);
  until(app, "/api/evaluate/curves", { model }, { wanted, onProgress: meanwhile.show })
    .then((answer) => answer && board.showCurves(answer.curves))
    .catch((error) => app.toast(error.message))
    .finally(meanwhile.hide);
}

/**
 * @param {ReturnType<typeof sliders>} board
 * @param {HTMLElement} meanwhile
 */
function sliderColumn(board, meanwhile) {
  return el(
    "div",
    {},
    board.root,
    el(
      "div",
      { class: "row between" },
      el(
        "p",
        { class: "note" },
        "Each curve is the accuracy if that slider alone is moved; the dot is where you are.",
      ),
      el("button", { type: "button", onclick: () => board.reset() }, "Reset"),
    ),
    meanwhile,
  );
}

/**
 * The sliders' way to the server.  One message at a time: what comes meanwhile is overtaken by the
 * newest.  While a slider moves, the images follow each time, and the accuracy, which takes longer,
 * a few times a second and at the end.
 * @param {App} app
 * @param {string} model
 * @param {{ wanted: () => boolean, now: () => object, onError: (text: string) => void,
 *   onSeen: (seen: Evaluate.Changed) => void }} options
 */
function amountConnection(app, model, { wanted, now, onError, onSeen }) {
  let busy = false; // amounts are on their way
  /** @type {object | null} */
  let next = null; // the newest, to be sent when the answer is here
  /** @type {{ turn: number, amounts: object, measure: boolean } | null} */
  let sent = null; // the last message
  let measuredAt = 0;
  let turn = 0;

  /** @param {object} amounts */
  function send(amounts) {
    next = amounts;
    if (busy) return;
    const measure = performance.now() - measuredAt > MEASURED;
    turn += 1;
    if (!socket.send({ model, turn, amounts, measure })) return; // onOpen sends them
    if (measure) measuredAt = performance.now();
    sent = { turn, amounts, measure };
    next = null;
    busy = true;
  }

  const socket = app.socket(
    "/ws/evaluate",
    (message) => {
      if (!wanted()) return;
      busy = false;
      if (message.kind === "error") onError(message.error);
      else if (message.turn === sent?.turn) onSeen(message.seen);
      if (next) send(next);
      else if (message.kind !== "error" && sent && !sent.measure) {
        measuredAt = 0;
        send(sent.amounts);
      }
    },
    {
      onOpen() {
        busy = false;
        measuredAt = 0;
        send(now());
      },
    },
  );
  return { send, close: () => socket.close() };
}

/**
 * The sample's images as they are distorted, each with what it is taken for.
 * @param {string[]} names
 */
function sampleTiles(names) {
  const root = el("ul", { class: "samples" });
  /** @type {ReturnType<typeof tile>[]} */
  const tiles = [];
  return {
    root,
    /** @param {Omit<Evaluate.Changed, "measured">} seen */
    show(seen) {
      const pixels = bytes(seen.pixels);
      seen.at.forEach((at, i) => {
        tiles[i] ??= tile();
        const [label, said] = [seen.labels[i], seen.said[i]];
        const words = { at, label: names[label], said: names[said], wrong: said !== label };
        tiles[i].show(pixels.subarray(784 * i, 784 * (i + 1)), words, seen.confidence[i]);
      });
      if (root.children.length !== tiles.length)
        root.replaceChildren(...tiles.map(({ root: each }) => each));
    },
  };
}

function tile() {
  const canvas = digit(new Uint8Array(784), "");
  const says = el("p", {});
  const root = el("li", {}, canvas, says);
  return {
    root,
    /**
     * @param {Uint8Array} pixels
     * @param {{ at: number, label: string, said: string, wrong: boolean }} words
     * @param {number} confidence
     */
    show(pixels, { at, label, said, wrong }, confidence) {
      paintInk(canvas, pixels);
      canvas.setAttribute("aria-label", `Test image ${count(at)}, a ${label}, read as ${said}`);
      says.textContent = said;
      says.title = `${percent(confidence)} sure`;
      root.classList.toggle("wrong", wrong);
    },
  };
}
