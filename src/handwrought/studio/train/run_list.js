// The runs that are kept: to look at, compare, name, go on with, take along, delete.
import { COMPARED } from "./curves.js";
import { el } from "../../web/dom.js";
import { count, number, percent } from "../../web/numbers.js";

/** @type {Record<string, string>} */
export const STATUS = {
  starting: "starting",
  running: "running",
  paused: "paused",
  finished: "finished",
  stopped: "stopped",
  diverged: "diverged",
  failed: "failed",
  crashed: "crashed",
  damaged: "damaged",
};
/** @param {{ status: string }} run */
export const isLive = (run) => ["starting", "running", "paused"].includes(run.status);

// act: { show(id), compare(id, on), rename(id, name), goOn(id), remove(id) }.
export function runlist(act) {
  const body = el("tbody", {});
  const note = el("p", { class: "note" });
  const root = el(
    "section",
    { class: "runs", "aria-labelledby": "runs-title" },
    el("h2", { id: "runs-title" }, "Runs"),
    note,
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table of runs" },
      el(
        "table",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["Run", "Compare", "Validation", "Epochs", "Status"].map((text) =>
              el("th", { scope: "col" }, text),
            ),
            el("td", {}),
          ),
        ),
        body,
      ),
    ),
  );
  const lines = new Map();

  function line(run) {
    const name = el("a", {
      href: `#train?run=${run.id}`,
      onclick: (event) => {
        event.preventDefault();
        act.show(run.id);
      },
    });
    const compare = el("input", {
      type: "checkbox",
      onchange: () => act.compare(run.id, compare.checked),
    });
    const chip = el("span", { class: "chip" });
    const cells = {
      accuracy: el("td", { class: "number" }),
      epochs: el("td", { class: "number" }),
      status: el("td", {}),
    };
    const more = el("button", { type: "button", class: "quiet", onclick: () => act.goOn(run.id) });
    const rename = el(
      "button",
      {
        type: "button",
        class: "quiet",
        onclick: () => {
          const typed = prompt("Name of this run", name.textContent);
          if (typed?.trim()) act.rename(run.id, typed.trim().slice(0, 80));
        },
      },
      "Rename",
    );
    const root = el(
      "tr",
      {},
      el("td", {}, name),
      el("td", {}, el("span", { class: "row compare" }, compare, chip)),
      cells.accuracy,
      cells.epochs,
      cells.status,
      el(
        "td",
        { class: "actions" },
        more,
        rename,
        el(
          "a",
          { class: "button quiet", href: `/api/train/runs/${run.id}/model`, download: "" },
          "Export",
        ),
        el(
          "button",
          {
            type: "button",
            class: "quiet",
            onclick: () => {
              if (confirm(`Delete “${name.textContent}” and all it has learnt?`))
                act.remove(run.id);
            },
          },
          "Delete",
        ),
      ),
    );
    return { root, name, compare, chip, cells, more, rename };
  }

  return {
    root,
    // runs: the newest first; shownId; compared: ids in their order; bound: how many are kept at most.
    show(runs, shownId, compared, bound) {
      root.hidden = runs.length === 0;
      note.textContent =
        runs.length > bound - 10
          ? `${runs.length} of at most ${bound} runs are kept.`
          : "Tick runs to lay their validation curves over the one shown.";
      for (const id of lines.keys())
        if (!runs.some((run) => run.id === id)) {
          lines.get(id).root.remove();
          lines.delete(id);
        }
      runs.forEach((run, i) => {
        if (!lines.has(run.id)) lines.set(run.id, line(run));
        const made = lines.get(run.id);
        if (body.children[i] !== made.root) body.insertBefore(made.root, body.children[i] ?? null);
        const here = run.id === shownId;
        made.root.classList.toggle("here", here);
        if (made.name.textContent !== run.name) {
          made.name.textContent = run.name;
          made.compare.setAttribute("aria-label", `Compare with ${run.name}`);
        }
        if (here) made.name.setAttribute("aria-current", "true");
        else made.name.removeAttribute("aria-current");
        const at = compared.indexOf(run.id);
        made.compare.checked = at >= 0;
        made.compare.disabled = here || (at < 0 && compared.length >= COMPARED.length);
        made.chip.style.background = at >= 0 && !here ? `var(${COMPARED[at]})` : "transparent";
        made.cells.accuracy.textContent =
          run.accuracy === null || run.accuracy === undefined ? "–" : percent(run.accuracy);
        const epoch = run.progress.epoch ?? 0;
        made.cells.epochs.textContent =
          run.status === "damaged"
            ? "–"
            : `${number(Number(epoch.toFixed(2)), 3)} of ${count(run.wish.epochs)}`;
        made.cells.status.textContent = `${STATUS[run.status] ?? run.status}${run.damage ? ", damaged" : ""}`;
        made.more.hidden = isLive(run) || run.status === "damaged";
        made.rename.hidden = run.status === "damaged";
        made.more.textContent = run.status === "finished" ? "Train on" : "Go on";
      });
    },
  };
}
