// Break it: predict what a mistake does, then see it, and see what catches it.
import { chart } from "../../web/chart.js";
import { el, messageOf } from "../../web/dom.js";
import { formula } from "../../web/formula.js";
import { exact, number, percent } from "../../web/numbers.js";

// ask(mistake): the server's answer; onSwitch(mistake or null): show it in the microscope.
export function breaking({ mistakes, ask, onSwitch, announce, toast }) {
  const tabs = el("div", { class: "ms-mistakes", role: "group", "aria-label": "The mistakes" });
  const body = el("div", { class: "ms-broken" });
  const root = el(
    "section",
    { class: "ms-breaking", "aria-labelledby": "break-title" },
    el("h2", { id: "break-title" }, "Break it"),
    el(
      "p",
      { class: "note" },
      "Six mistakes that everyone makes once. Predict what each does, then look.",
    ),
    tabs,
    body,
  );
  let charts = [];
  let open = null;
  let active = null;
  const buttons = mistakes.map((mistake) =>
    el(
      "button",
      { type: "button", "aria-pressed": "false", onclick: () => show(mistake) },
      mistake.title,
    ),
  );
  tabs.append(...buttons);

  function clear() {
    for (const each of charts) each.close();
    charts = [];
  }

  function show(mistake) {
    open = mistake;
    clear();
    buttons.forEach((button, i) =>
      button.setAttribute("aria-pressed", String(mistakes[i] === mistake)),
    );
    const answer = el("div", { class: "ms-answer" });
    const choices = mistake.choices.map((text, i) =>
      el(
        "button",
        { type: "button", class: "ms-choice", onclick: () => guess(mistake, i, choices, answer) },
        text,
      ),
    );
    const toggle = mistake.switchable
      ? el(
          "button",
          {
            type: "button",
            class: "ms-switch",
            "aria-pressed": String(active === mistake.mistake),
            onclick: () => onSwitch(active === mistake.mistake ? null : mistake.mistake),
          },
          "Switch it on in the steps above",
        )
      : null;
    body.replaceChildren(
      el(
        "div",
        { class: "card" },
        el(
          "div",
          { class: "ms-two" },
          el(
            "div",
            {},
            el("p", { class: "ms-story" }, mistake.story),
            el(
              "div",
              { class: "ms-formulas" },
              el(
                "p",
                { class: "ms-wrong" },
                el("span", { class: "note" }, "wrong"),
                formula(mistake.wrong),
              ),
              el("p", {}, el("span", { class: "note" }, "right"), formula(mistake.right)),
            ),
            toggle,
          ),
          el(
            "div",
            { class: "ms-choices", role: "group", "aria-label": "What do you predict?" },
            el("p", { class: "note" }, "What do you predict?"),
            choices,
          ),
        ),
        answer,
      ),
    );
  }

  async function guess(mistake, i, choices, answer) {
    choices.forEach((button) => {
      button.disabled = true;
    });
    answer.replaceChildren(el("p", { class: "note", role: "status" }, "Trying it out…"));
    let found;
    try {
      found = await ask(mistake.mistake);
    } catch (error) {
      choices.forEach((button) => {
        button.disabled = false;
      });
      answer.replaceChildren();
      toast(messageOf(error));
      return;
    }
    if (open !== mistake) return;
    choices.forEach((button, at) => {
      button.classList.toggle("is-right", at === found.answer);
      button.classList.toggle("is-wrong", at === i && at !== found.answer);
      if (at === found.answer) button.append(el("span", { class: "ms-verdict" }, " ✓ so it is"));
      else if (at === i) button.append(el("span", { class: "ms-verdict" }, " ✗ not so"));
    });
    announce(i === found.answer ? "Right." : "Not so.");
    const plot = el("div", { class: "ms-chart" });
    answer.replaceChildren(
      el(
        "p",
        { class: "ms-why" },
        el("b", {}, i === found.answer ? "Right. " : "Not so. "),
        found.why,
      ),
      el(
        "div",
        { class: "ms-two" },
        el(
          "figure",
          {},
          el("h3", {}, "What training with it does"),
          plot,
          el(
            "figcaption",
            { class: "note" },
            el("span", { class: "ms-key right" }, "right"),
            " ",
            el("span", { class: "ms-key wrong" }, "with the mistake"),
            found.twice
              ? [" ", el("span", { class: "ms-key twice" }, "right, at twice the rate")]
              : [],
            ` · ${found.laboratory}. Read right at the end: ${percent(found.right.accuracies.at(-1))}, with the mistake ${percent(found.wrong.accuracies.at(-1))}.`,
          ),
        ),
        el(
          "div",
          {},
          el("h3", {}, "What catches it"),
          el("p", { class: "note ms-caught" }, found.caught),
          found.layers.length ? states(found) : checks(found),
        ),
      ),
    );
    const line = ({ steps, costs }, colour, dash = "solid") => ({
      x: steps,
      y: costs,
      mode: "lines",
      line: { color: colour, width: 3, dash },
    });
    const traces = [line(found.right, "--c-a"), line(found.wrong, "--negative")];
    if (found.twice) traces.push(line(found.twice, "--c-z", "dash"));
    try {
      charts.push(
        await chart(
          plot,
          traces,
          {
            xaxis: { title: { text: "steps" } },
            yaxis: { title: { text: "cost C" }, rangemode: "tozero" },
            margin: { l: 54, r: 12, t: 8, b: 44 },
          },
          `Cost while training: right, from ${number(found.right.costs[0])} to ${number(found.right.costs.at(-1))}; with the mistake, from ${number(found.wrong.costs[0])} to ${number(found.wrong.costs.at(-1))}`,
        ),
      );
    } catch (error) {
      plot.textContent = messageOf(error);
    }
  }

  const cell = (x, kind = "") => el("td", { class: kind, title: exact(x) }, number(x, 3));

  function table(heads, rows, kind = "") {
    return el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "What catches it" },
      el(
        "table",
        { class: `ms-checks ${kind}` },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            heads.map((text) => el("th", { scope: "col" }, text)),
          ),
        ),
        el("tbody", {}, rows),
      ),
    );
  }

  function checks(found) {
    return table(
      ["", "by BP", "difference", "relative error", "without it"],
      found.checks.map((row) => {
        const bad = row.wrong_error > 1e-3;
        return el(
          "tr",
          { class: bad ? "is-caught" : "" },
          el("td", {}, row.array),
          cell(row.analytic, "q-grad"),
          cell(row.numeric),
          el(
            "td",
            { title: exact(row.wrong_error) },
            `${number(row.wrong_error, 2)} ${bad ? "✗" : "✓"}`,
          ),
          cell(row.right_error),
        );
      }),
    );
  }

  function states(found) {
    return [
      table(
        ["layer", "saturated, N(0, 1)", "saturated, N(0, 1/n)", "size of δ", "and with N(0, 1/n)"],
        found.layers.map((row) =>
          el(
            "tr",
            { class: row.wrong_saturated > 0.5 ? "is-caught" : "" },
            el("td", {}, String(row.layer)),
            el("td", {}, percent(row.wrong_saturated)),
            el("td", {}, percent(row.right_saturated)),
            cell(row.wrong_error, "q-delta"),
            cell(row.right_error, "q-delta"),
          ),
        ),
        "ms-states",
      ),
      el(
        "p",
        { class: "note" },
        `Largest relative error of the gradient check: ${number(Math.max(...found.checks.map((row) => row.wrong_error)), 2)} ✓`,
      ),
    ];
  }

  return {
    root,
    // Which mistake is switched on.
    active(mistake) {
      active = mistake;
      const known = mistakes.find((each) => each.mistake === mistake);
      if (known && open !== known) show(known);
      else
        body
          .querySelector(".ms-switch")
          ?.setAttribute("aria-pressed", String(open?.mistake === mistake));
    },
    close: clear,
  };
}
