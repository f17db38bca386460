// @ts-check
// All that is shown of one run.
import { el } from "../../web/dom.js";
import { curves } from "./curves.js";
import { findingList } from "./findings.js";
import { firstLayer } from "./first_layer.js";
import { health } from "./health.js";
import { brought } from "./new_runs.js";
import { runHead } from "./run_head.js";
import { scrubber } from "./timeline.js";

const HEALTH =
  "Gradient: its norm on 256 training images. Saturated: activations where the slope is under 5 % of the steepest. Dead: neurons without a slope for any of the images.";

/**
 * @param {App} app
 * @param {Parameters<typeof runHead>[0] & Parameters<typeof findingList>[0]} on
 */
export function stage(app, on) {
  const head = runHead(on);
  const findings = findingList(on);
  const chart = curves();
  const gain = brought();
  const steer = el("div", { class: "steer" });
  const layers = health();
  const first = firstLayer();
  const timeline = scrubber(app);
  const table = el(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table of layers" },
    layers.root,
  );
  const root = el(
    "div",
    { class: "stage", hidden: true },
    head.root,
    findings.root,
    gain.root,
    el(
      "div",
      { class: "watch" },
      el("section", { class: "card", "aria-label": "Cost and accuracy" }, chart.root),
      steer,
    ),
    el(
      "div",
      { class: "inside" },
      card("weights-title", "First-layer weights", first.figure),
      card("health-title", "Layer by layer", table, el("p", { class: "note" }, HEALTH)),
      card("worst-title", "Most wrong", first.worst),
    ),
    timeline.root,
  );
  return {
    root,
    steer,
    timeline,
    /**
     * What has changed of it.
     * @param {any} run
     * @param {import("./run_state.js").Whole | undefined} whole
     * @param {any[]} others Runs to compare it with.
     * @param {(part: import("./run_state.js").Part) => boolean} changed
     */
    show(run, whole, others, changed) {
      if (changed("all")) {
        head.show(run);
        timeline.batches = run.shape.batches;
        gain.show(whole?.brought ?? null);
      }
      if (changed("progress")) head.showProgress(run);
      if (changed("troubles")) findings.show(run);
      if (!whole) return;
      if (changed("curves")) chart.show(whole.points, others);
      if (changed("health") && whole.points.length && run.shape.sizes)
        layers.show(whole.points[whole.points.length - 1], run.shape.sizes);
      if (changed("look") && whole.look) {
        first.show(whole.look);
        timeline.images(whole.look);
      }
    },
    close() {
      chart.close();
      timeline.close();
    },
  };
}

/**
 * @param {string} id
 * @param {string} title
 * @param {...Node} content
 */
function card(id, title, ...content) {
  return el(
    "section",
    { class: "card", "aria-labelledby": id },
    el("h2", { id }, title),
    ...content,
  );
}
