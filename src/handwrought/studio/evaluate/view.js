// @ts-check
// Evaluate: how good a trained network is, and where and why it fails.
import { el, messageOf } from "../../web/dom.js";
import { percent } from "../../web/numbers.js";
import { classes } from "./by_class.js";
import { honest, refuse } from "./confidence.js";
import { distorted } from "./distorted.js";
import { headline } from "./headline.js";
import { layers } from "./layers.js";
import { surest, takenFor } from "./mistakes.js";
import { until, waiting } from "./waiting.js";

const SETTLED = 300; // milliseconds without a change before the address is written anew

/** @type {[string, string, (section: HTMLElement, shown: import("./shown.js").Shown) => void][]} */
const SECTIONS = [
  ["what-for-what", "What it takes for what", takenFor],
  ["surest", "Its surest mistakes", surest],
  ["change", "How much change it bears", distorted],
  ["layers", "How the layers see the digits", layers],
  ["honest", "Is its confidence honest?", honest],
  ["refuse", "What if it may say “I do not know”?", refuse],
  ["classes", "Digit by digit", classes],
];

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
function mount(root, app) {
  /** @type {Record<string, any>} */
  const state = Object.fromEntries(app.params); // what the address holds
  /** @type {{ closed: boolean, parts: Closing[] } | null} */
  let shown = null;
  /** @type {number | undefined} */
  let settling;
  const choice = el("select", {
    id: "model",
    onchange: () => {
      keep({ model: choice.value }, ["cell", "layer", "refused"]);
      choose();
    },
  });
  const progress = waiting("Evaluation");
  const problem = el("p", { class: "error", role: "alert" });
  const content = el("div", { class: "evaluation" });
  root.append(heading(choice), progress.root, problem, content);

  app
    .get("/api/evaluate/models")
    .then(({ models }) => {
      problem.textContent = offer(choice, models, state);
      choose();
    })
    .catch(fail);

  /** @type {import("./shown.js").Shown["keep"]} */
  function keep(values, gone = []) {
    for (const name of gone) delete state[name];
    Object.assign(state, values);
    for (const [name, value] of Object.entries(state)) if (value === null) delete state[name];
    clearTimeout(settling);
    settling = setTimeout(() => app.setParams(state), SETTLED);
  }

  /** @param {unknown} error */
  function fail(error) {
    progress.hide();
    problem.textContent = messageOf(error);
  }

  async function choose() {
    leave();
    const mine = { closed: false, parts: [] };
    shown = mine;
    content.replaceChildren();
    const model = choice.value;
    const wanted = () => !mine.closed;
    try {
      progress.show({ doing: "Evaluating", share: 0 });
      const options = { wanted, onProgress: progress.show };
      const found = await until(app, "/api/evaluate/result", { model }, options);
      if (!found) return;
      progress.hide();
      const names = found.classes.map((/** @type {{ name: string }} */ { name }) => name);
      fill(content, { app, model, found, names, wanted, parts: mine.parts, state, keep });
      app.announce(`${found.title}: ${percent(found.accuracy, 2)} right`);
    } catch (error) {
      if (wanted()) fail(error);
    }
  }

  function leave() {
    if (!shown) return;
    shown.closed = true;
    for (const part of shown.parts) part.close();
    shown = null;
  }

  return () => {
    clearTimeout(settling);
    leave();
  };
}

/** @param {HTMLSelectElement} choice */
function heading(choice) {
  return el(
    "div",
    { class: "evaluate-head" },
    el(
      "div",
      {},
      el("h1", {}, "Evaluate"),
      el(
        "p",
        { class: "lead" },
        "How good a trained network is, and where it fails, on images it has never seen.",
      ),
    ),
    el("div", { class: "model-choice" }, el("label", { for: "model" }, "Model"), choice),
  );
}

/**
 * Offers the models and chooses the address's; returns what is wrong with that, or nothing.
 * @param {HTMLSelectElement} choice
 * @param {Evaluate.ModelOffered[]} models
 * @param {Record<string, any>} state
 */
function offer(choice, models, state) {
  choice.append(...models.map(({ id, title }) => el("option", { value: id }, title)));
  let problem = "";
  if (state.model && !models.some(({ id }) => id === state.model)) {
    problem = `There is no model ${state.model} here; this is the shipped one.`;
    delete state.model;
  }
  choice.value = state.model ?? "shipped";
  return problem;
}

/**
 * @param {HTMLElement} content
 * @param {import("./shown.js").Shown} shown
 */
function fill(content, shown) {
  const digits = shown.names.join("") === "0123456789";
  const made = SECTIONS.map(([id, name, make]) => {
    const title = id === "classes" && !digits ? "Class by class" : name;
    const heading = el("h2", { id: `${id}-title`, tabindex: -1 }, title);
    const section = el("section", { id, "aria-labelledby": `${id}-title` }, heading);
    const jump = () => {
      section.scrollIntoView();
      heading.focus({ preventScroll: true });
    };
    const button = el("button", { type: "button", class: "quiet", onclick: jump }, title);
    return { section, link: el("li", {}, button), make };
  });
  content.replaceChildren(
    headline(shown),
    el(
      "nav",
      { class: "jumps", "aria-label": "Parts of this page" },
      el(
        "ul",
        {},
        made.map(({ link }) => link),
      ),
    ),
    ...made.map(({ section }) => section),
  );
  for (const { section, make } of made) make(section, shown);
}

export default { title: "Evaluate", mount };
