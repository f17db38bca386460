// The form of a fine-tuning: a trained model learns the digits that Draw keeps.
import { control } from "./controls.js";
import { el } from "../../web/dom.js";
import { count } from "../../web/numbers.js";

// offered: what /api/train/own says; onBegin(wish, goal).
export function tuning(offered, onBegin) {
  const total = offered.counts.reduce((sum, n) => sum + n, 0);
  const missing = offered.counts.flatMap((n, digit) => (n ? [] : [digit]));
  const enough = total >= offered.least;
  const most = Math.max(1, ...offered.counts);
  const source = el(
    "select",
    { id: "own-source", "aria-describedby": "own-source-about" },
    Object.entries(offered.sources).map(([id, title]) => el("option", { value: id }, title)),
  );
  const fields = offered.controls.map((each) => control(each, () => {}, "own"));

  function begin(goal) {
    if (!root.reportValidity()) return;
    const wish = { ...offered.wish, own: { ...offered.wish.own, source: source.value } };
    for (const each of fields) {
      const [first, second] = each.name.split(".");
      if (second) wish[first][second] = each.value;
      else wish[first] = each.value;
    }
    onBegin(wish, goal);
  }

  const kept = el(
    "section",
    { class: "card", "aria-labelledby": "own-kept" },
    el(
      "h2",
      { id: "own-kept" },
      total
        ? `${count(total)} of your ${total === 1 ? "digit" : "digits"}`
        : "None of your digits yet",
    ),
    el(
      "ul",
      { class: "kept-digits" },
      offered.counts.map((n, digit) =>
        el(
          "li",
          { "aria-label": `${digit}: ${n}` },
          el(
            "span",
            { class: "column", "aria-hidden": "true" },
            el("span", { style: { height: `${(100 * n) / most}%` } }),
          ),
          el("span", { class: "number", "aria-hidden": "true" }, count(n)),
          el("b", { "aria-hidden": "true" }, digit),
        ),
      ),
    ),
    el(
      "p",
      {},
      !enough
        ? `Draw digits and label them with “That was a”: at least ${offered.least}, better 30 or more, some of each.`
        : missing.length
          ? `There is no ${missing.join(", ")} among them: label some of each, or yours may be taken for those that are there.`
          : "There are some of each: good.",
    ),
    el("p", { class: "note" }, "About a quarter of them is held out, to measure by."),
    el("p", {}, el("a", { href: "#draw" }, enough ? "Draw more" : "To Draw")),
  );
  const settings = el(
    "fieldset",
    { class: "card group" },
    el("legend", {}, "How"),
    el(
      "div",
      { class: "control" },
      el("label", { for: "own-source" }, offered.source.label),
      source,
      el("p", { class: "note", id: "own-source-about" }, offered.source.sentence),
    ),
    fields.map((each) => each.root),
    el(
      "p",
      { class: "note" },
      "Each image is changed anew each time, and the weights of the best epoch are kept: that which reads MNIST’s validation images and changed copies of your digits best.",
    ),
  );
  settings.disabled = !enough;
  const buttons = [
    el("button", { type: "submit", class: "main" }, "Start"),
    el("button", { type: "button", onclick: () => begin("epoch") }, "Single epoch"),
  ];
  for (const button of buttons) button.disabled = !enough;
  const root = el(
    "form",
    {
      class: "setup tuning",
      "aria-label": "A fine-tuning",
      onsubmit: (event) => {
        event.preventDefault();
        begin("run");
      },
    },
    el(
      "div",
      { class: "card preset" },
      el(
        "p",
        {},
        "A trained network learns your hand from the digits that you labelled in Draw, among MNIST’s, so that it forgets little.",
      ),
      el("div", { class: "row begin" }, buttons),
    ),
    el("div", { class: "own-form" }, kept, settings),
  );
  return { root };
}
