// What a fine-tuning brought: images read right before and after.
import { el } from "../../web/dom.js";
import { count, percent } from "../../web/numbers.js";

const KINDS = {
  held_out: "Your digits, held out",
  own: "Your digits, learnt",
  validation: "MNIST validation",
  test: "MNIST test",
};

export function brought() {
  const body = el("tbody", {});
  const root = el(
    "section",
    { class: "card", "aria-labelledby": "brought-title" },
    el("h2", { id: "brought-title" }, "What it brings"),
    el(
      "div",
      {
        class: "scroll",
        tabindex: 0,
        role: "group",
        "aria-label": "Images read right before and after",
      },
      el(
        "table",
        { class: "brought" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("td", {}),
            el("th", { scope: "col" }, "Before"),
            el("th", { scope: "col" }, "After"),
          ),
        ),
        body,
      ),
    ),
    el(
      "p",
      { class: "note" },
      "Of the digits held out it has seen none; in brackets 95 % intervals. MNIST’s test images choose nothing: they are only counted, at the end.",
    ),
  );

  function cell(measured) {
    if (!measured) return el("td", { class: "number note" }, "when it ends");
    if (!measured.images) return el("td", { class: "number note" }, "none yet");
    const [low, high] = measured.interval;
    return el(
      "td",
      { class: "number" },
      el("b", {}, percent(measured.accuracy)),
      " ",
      el(
        "span",
        { class: "note" },
        `${count(measured.right)} of ${count(measured.images)} (${percent(low)} to ${percent(high)})`,
      ),
    );
  }

  return {
    root,
    // found: { before, after }, each a measurement of each kind; null where a run is no fine-tuning.
    show(found) {
      root.hidden = !found;
      if (!found) return;
      body.replaceChildren(
        ...Object.entries(KINDS).map(([kind, title]) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, title),
            cell(found.before?.[kind]),
            cell(found.after?.[kind]),
          ),
        ),
      );
    },
  };
}
