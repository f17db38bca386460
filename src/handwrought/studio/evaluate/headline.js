// In large type: how good it is, and the report to take away.
import { el, messageOf } from "../../web/dom.js";
import { count, exact, number, percent } from "../../web/numbers.js";
import { until, waiting } from "./waiting.js";

/** @param {import("./shown.js").Shown} shown */
export function headline({ app, model, found }) {
  const [low, high] = found.interval;
  const facts = [
    [count(found.wrong), `of ${count(found.images)} test images wrong`, found.wrong],
    [number(found.cost), `mean ${found.cost_name} cost`, found.cost],
    [percent(found.calibration_error, 2), "calibration error", found.calibration_error],
    [
      count(found.parameters),
      `weights and biases: ${found.layers.map(({ size }) => size).join(" → ")}`,
      found.parameters,
    ],
  ];
  return el(
    "div",
    { class: "headline" },
    el(
      "div",
      {},
      el(
        "p",
        { class: "huge number", title: exact(found.accuracy) },
        percent(found.accuracy, 2),
        el("span", { class: "right-word" }, " right"),
      ),
      el(
        "p",
        { class: "note" },
        `95 % interval: ${percent(low, 2)} to ${percent(high, 2)} (Wilson), on the test images of ${found.dataset}`,
      ),
    ),
    el(
      "dl",
      { class: "facts" },
      facts.map(([value, name, all]) =>
        el("div", {}, el("dd", { class: "number", title: exact(all) }, value), el("dt", {}, name)),
      ),
    ),
    reportLink(app, model),
  );
}

/**
 * @param {App} app
 * @param {string} model
 */
function reportLink(app, model) {
  const making = waiting("Report");
  let ready = false;
  const link = el(
    "a",
    {
      class: "button",
      href: `/api/evaluate/report/${encodeURIComponent(model)}`,
      download: "handwrought-report.html",
      async onclick(/** @type {Event} */ event) {
        if (ready) return;
        event.preventDefault();
        link.setAttribute("aria-disabled", "true");
        try {
          making.show({ doing: "Making the report", share: 0 });
          ready = Boolean(
            await until(
              app,
              "/api/evaluate/report",
              { model },
              { wanted: () => link.isConnected, onProgress: making.show },
            ),
          );
          if (ready) link.click();
        } catch (error) {
          app.toast(messageOf(error));
        }
        link.removeAttribute("aria-disabled");
        making.hide();
      },
    },
    "Download the full report",
  );
  return el("div", { class: "report" }, link, making.root);
}
