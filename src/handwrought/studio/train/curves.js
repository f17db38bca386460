// Cost and accuracy over the epochs, of one run and of those compared with it.
import { chart } from "../../web/chart.js";
import { el, messageOf } from "../../web/dom.js";
import { number, percent } from "../../web/numbers.js";

export const COMPARED = ["--c-w", "--c-z", "--c-grad", "--c-delta", "--c-b"];
const MOST = 240; // points of a line that are drawn
const PACE = 900; // milliseconds between two drawings, at least

const KINDS = [
  {
    key: "cost",
    title: "Cost",
    train: "train_cost",
    validation: "validation_cost",
    colour: "--c-cost",
    text: (v) => number(v),
  },
  {
    key: "accuracy",
    title: "Accuracy",
    train: "train_accuracy",
    validation: "validation_accuracy",
    colour: "--c-a",
    text: percent,
  },
];

function fewer(points) {
  if (points.length <= MOST) return points;
  const step = points.length / MOST;
  return [...Array.from({ length: MOST }, (_, i) => points[Math.floor(i * step)]), points.at(-1)];
}

function line(points, key, name, style) {
  const known = points.filter((point) => point[key] !== null);
  return {
    x: known.map((point) => point.epoch),
    y: known.map((point) => point[key]),
    name,
    mode: "lines",
    type: "scatter",
    line: { width: 2.2, ...style },
    hovertemplate: `${name}: %{y:.4g}<br>epoch %{x:.2f}<extra></extra>`,
  };
}

export function curves() {
  const panels = KINDS.map((kind) => {
    const plot = el("div", { class: "plot" });
    const now = el("span", { class: "number" });
    const root = el(
      "figure",
      { class: "train-curve" },
      el("figcaption", {}, el("h3", {}, kind.title), now),
      plot,
      el(
        "p",
        { class: "curve-key note", "aria-hidden": "true" },
        el("span", { class: `key train-key ${kind.key}` }),
        "training images",
        el("span", { class: `key ${kind.key}` }),
        "validation images",
      ),
    );
    return { kind, plot, now, root, chart: /** @type {any} */ (null) };
  });
  const message = el("p", { class: "note" });
  const root = el(
    "div",
    { class: "curves" },
    panels.map((panel) => panel.root),
    message,
  );
  let wanted = null;
  let stale = false; // whether something came since it was last drawn
  let last = 0;
  let timer = null;
  let closed = false;

  // One panel a frame, so that no frame waits for both.
  async function draw() {
    if (!wanted || closed) return;
    last = performance.now();
    stale = false;
    const { points, others } = wanted;
    for (const panel of panels) {
      await drawPanel(panel, points, others);
      if (closed) return;
      await new Promise(requestAnimationFrame);
    }
    timer = null;
    if (stale) schedule();
  }

  async function drawPanel(panel, points, others) {
    const { kind } = panel;
    const few = fewer(points);
    const traces = others.flatMap(({ name, points: theirs, colour }) => [
      line(fewer(theirs), kind.validation, name, { color: colour, width: 1.8 }),
    ]);
    traces.push(
      line(few, kind.train, "training", { color: kind.colour, width: 1.6, dash: "dot" }),
      line(few, kind.validation, "validation", { color: kind.colour }),
    );
    const top = Math.max(1, ...traces.flatMap((trace) => trace.x.slice(-1)));
    const layout = {
      xaxis: { title: { text: "epochs", standoff: 6 }, range: [0, top], fixedrange: true },
      margin: { l: 46, r: 10, t: 8, b: 40 },
      // As many digits as tell one tick from the next: near the top tenths of a percent matter.
      yaxis:
        kind.key === "accuracy"
          ? { tickformat: ",~%", fixedrange: true, autorange: true }
          : { rangemode: "tozero", fixedrange: true },
      height: 250,
      hovermode: "closest",
    };
    const newest = points.at(-1);
    const measured = points.findLast((point) => point[kind.validation] !== null);
    panel.now.textContent = newest
      ? `${kind.text(newest[kind.train])} training${measured ? ` · ${kind.text(measured[kind.validation])} validation` : ""}`
      : "";
    const label = newest
      ? `${kind.title} over ${number(newest.epoch, 3)} epochs: ${panel.now.textContent}`
      : `${kind.title}: nothing measured yet`;
    panel.plot.setAttribute("aria-label", label);
    panel.plot.dataset.points = points.length;
    try {
      if (panel.chart) panel.chart.update(traces, layout);
      else panel.chart = await chart(panel.plot, traces, layout, label);
    } catch (error) {
      message.textContent = messageOf(error);
    }
    if (closed) panel.chart?.close();
  }

  function schedule() {
    timer ??= setTimeout(
      () => requestAnimationFrame(draw),
      Math.max(0, PACE - (performance.now() - last)),
    );
  }

  return {
    root,
    // points of the run; others: [{ name, points, colour }].
    show(points, others = []) {
      wanted = { points, others };
      stale = true;
      schedule();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      for (const panel of panels) panel.chart?.close();
    },
  };
}
