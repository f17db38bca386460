// @ts-check
// Run, pause, one step at a time, and how fast.
import { el } from "../../web/dom.js";
import { count } from "../../web/numbers.js";
import { choice } from "./stepper.js";

const SPEEDS = [
  ["slow", "slow"],
  ["normal", "normal"],
  ["fast", "fast"],
];
const SPEED_HELP =
  "Slow: a batch in each frame; normal: an epoch; fast: as much as there is time for";

/**
 * @param {object} options
 * @param {(message: object) => void} options.say
 * @param {() => void} options.onReset
 */
export function transport({ say, onReset }) {
  let running = false;
  const run = el(
    "button",
    { type: "button", class: "main run", onclick: () => (running ? pause() : start()) },
    "Run",
  );
  const speed = choice("Speed", SPEEDS, () => running && start(), SPEED_HELP);
  speed.show("normal");
  const where = el("p", { class: "where number" });

  /** @param {boolean} now */
  function show(now) {
    running = now;
    run.textContent = running ? "Pause" : "Run";
  }

  function start() {
    say({ kind: "run", speed: speed.value });
    show(true);
  }

  function pause() {
    if (running) say({ kind: "pause" });
    show(false);
  }

  /** @type {(what: string, name: string) => HTMLElement} */
  const step = (what, name) => {
    const onclick = () => {
      pause();
      say({ kind: "do", what });
    };
    return el("button", { type: "button", onclick }, name);
  };

  return {
    root: el(
      "div",
      { class: "transport", role: "group", "aria-label": "Learning" },
      run,
      el(
        "div",
        { class: "row steps-of", role: "group", "aria-label": "One step at a time" },
        el("span", { class: "note" }, "Step:"),
        step("example", "Example"),
        step("batch", "Batch"),
        step("epoch", "Epoch"),
      ),
      el("button", { type: "button", onclick: onReset }, "Reset"),
      speed.root,
      where,
    ),
    get running() {
      return running;
    },
    start,
    pause,
    stopped: () => show(false),
    /** @param {any} frame @param {number} training Points. */
    show({ epoch, steps, seen }, training) {
      where.textContent = `Epoch ${count(epoch)} · ${count(steps)} ${steps === 1 ? "step" : "steps"}`;
      where.title = `${count(seen)} of ${count(training)} training points were used in this epoch`;
    },
  };
}
