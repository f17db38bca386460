// @ts-check
// What goes wrong with a run, with buttons that mend it.
import { el } from "../../web/dom.js";

/** @type {Record<string, string>} */
const ENDED = { stopped: "Interrupted", damaged: "This run is damaged" };

/** @param {{ onMend: (run: any, mend: Train.Mend) => void, onGoOn: () => void }} options */
export function findingList({ onMend, onGoOn }) {
  const root = el("div", { class: "troubles", role: "status" });
  let shown = "";
  return {
    root,
    /** @param {any} run */
    show(run) {
      const ended = endOf(run);
      const all = [...ended, ...run.findings];
      const now = JSON.stringify(all);
      if (shown === now) return;
      shown = now;
      const goesOn = !["failed", "damaged"].includes(run.status);
      root.replaceChildren(
        ...all.map((finding) =>
          el(
            "div",
            { class: "trouble" },
            el("div", {}, el("h3", {}, finding.title), el("p", {}, finding.sentence)),
            el(
              "div",
              { class: "row" },
              finding.mends.map((/** @type {any} */ mend) =>
                el("button", { type: "button", onclick: () => onMend(run, mend) }, mend.label),
              ),
              ended.includes(finding) && goesOn
                ? el("button", { type: "button", onclick: onGoOn }, "Go on")
                : null,
            ),
          ),
        ),
      );
    },
  };
}

/** @param {any} run */
function endOf({ status, sentence }) {
  if (!sentence || !["crashed", "damaged", "failed", "stopped"].includes(status)) return [];
  return [{ title: ENDED[status] ?? `The training has ${status}`, sentence, mends: [] }];
}
