// @ts-check
// The head of the run that is shown: its name, what it trains, its buttons and how far it is.
import { el } from "../../web/dom.js";
import { count, number } from "../../web/numbers.js";
import { MORE } from "./requests.js";
import { isLive, STATUS } from "./run_list.js";

/** @param {number | null | undefined} seconds */
function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return `${Math.ceil(seconds)} s left`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s left`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min left`;
}

/** @param {{ onRun: () => void, onResume: (goal: string) => void, onStop: () => void }} options */
export function runHead({ onRun, onResume, onStop }) {
  const name = el("h2", { class: "run-name" });
  const about = el("p", { class: "note" });
  const status = el("span", { class: "status" });
  /** @type {(text: string, onclick: () => void, kind?: string) => HTMLButtonElement} */
  const button = (text, onclick, kind) =>
    el("button", { type: "button", class: kind, onclick }, text);
  const buttons = {
    run: button("Start", onRun, "main"),
    batch: button("Single batch", () => onResume("batch")),
    epoch: button("Single epoch", () => onResume("epoch")),
    stop: button("Stop", onStop),
  };
  const figures = progressFigures();
  return {
    root: el(
      "section",
      { class: "run-head", "aria-label": "The training" },
      el(
        "div",
        { class: "row spread" },
        el("div", {}, el("div", { class: "row" }, name, status), about),
      ),
      el("div", { class: "row controls" }, ...Object.values(buttons), figures.root),
    ),
    /** @param {any} run */
    show(run) {
      name.textContent = run.name;
      about.textContent = run.status === "damaged" ? "" : described(run);
    },
    /** @param {any} run */
    showProgress(run) {
      const { running, finished } = {
        running: run.status === "running",
        finished: run.status === "finished",
      };
      status.textContent = STATUS[run.status];
      status.className = `status is-${run.status}`;
      const begun = run.progress.step ? "Go on" : "Start";
      const more = finished ? `Train ${MORE} epochs more` : begun;
      buttons.run.textContent = running ? "Pause" : more;
      buttons.run.disabled = ["starting", "damaged"].includes(run.status);
      buttons.batch.disabled = buttons.epoch.disabled = buttons.run.disabled || running;
      buttons.stop.disabled = !isLive(run);
      figures.show(run);
    },
  };
}

/** @param {any} run */
function described({ wish, shape, sizes }) {
  const tuned = wish.own ? "fine-tuned on your digits among MNIST’s, " : "";
  const data = shape.images
    ? `, ${count(shape.images)} images, ${count(shape.parameters)} parameters`
    : "";
  return `${tuned}${sizes.join("-")} ${wish.activation}, ${wish.cost} cost, ${wish.optimizer}, mini-batches of ${wish.batch_size}, ${wish.dataset}${data}`;
}

// A bar, and the epoch, the speed, the time left and the learning rate.
function progressFigures() {
  const fill = el("span", { class: "fill" });
  const bar = el(
    "div",
    {
      class: "progress",
      role: "progressbar",
      "aria-label": "Epochs done",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    },
    fill,
  );
  const [epoch, speed, left, rate] = [1, 2, 3, 4].map(() => el("span", { class: "number" }));
  return {
    root: el(
      "div",
      { class: "far" },
      bar,
      el("p", { class: "row figures" }, epoch, speed, left, rate),
    ),
    /** @param {any} run */
    show({ progress: at, wish, status }) {
      const share = at.total ? at.step / at.total : 0;
      fill.style.transform = `scaleX(${share})`;
      bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
      const passed = number(Number((at.epoch ?? 0).toFixed(2)), 3);
      epoch.textContent = status === "damaged" ? "" : `Epoch ${passed} of ${wish.epochs}`;
      const running = status === "running";
      const still = running ? "warming up" : "";
      speed.textContent = at.speed ? `${count(Math.round(at.speed))} images/s` : still;
      left.textContent = running ? duration(at.left) : "";
      rate.textContent = at.rate ? `η = ${number(at.rate, 2)}` : "";
    },
  };
}
