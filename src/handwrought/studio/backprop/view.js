// Backpropagation: one image through one network and back, a step at a time, with every number.
import { floats } from "../../web/arrays.js";
import { breaking } from "./mistakes.js";
import { closeUp } from "./closeup.js";
import { compare } from "./compare.js";
import { el } from "../../web/dom.js";
import { layersPicture } from "./layers.js";
import { exact, number } from "../../web/numbers.js";
import { sight } from "../../web/pixels.js";
import { subject } from "./subject.js";

const PHASES = {
  forward: "Forward",
  cost: "Cost",
  backward: "Backward",
  gradient: "Gradient",
  update: "Update",
};
const START = { network: "16-16:sigmoid:quadratic", image: "test:8" };

function mount(root, app) {
  // --- what is looked at: all of it stands in the address ------------------------------------------

  const given = app.params;
  const list = (text) => (text ? text.split(",").map(Number) : []);
  const whole = (text) => (text === null || text === "" ? null : Number(text));
  const view = {
    network: given.get("network") || START.network,
    image: given.get("image") || START.image,
    label: whole(given.get("label")),
    rates: list(given.get("applied")),
    mistake: given.get("mistake") || null,
  };
  let step = given.get("step") || "input";
  let neurons = list(given.get("neurons")); // the chosen one of each layer from 2
  let focus = whole(given.get("layer")); // the layer that BP3, BP4 and the update look at
  let source = whole(given.get("source")); // the weight chosen of it: the neuron below
  let rate = Number(given.get("eta")) || null; // null until it is chosen or fits the network

  let rateChosen = rate !== null;
  let picture = null; // the server's Picture
  let shownNetwork = null; // its network: the untrained one while training
  let turn = 0;
  let asked = 0;
  let waiting = null;
  let gone = false;

  const seen = () => ({ ...view, network: shownNetwork ?? view.network });

  function keep() {
    const values = { network: view.network, image: view.image, step };
    if (view.label !== null && view.image.startsWith("ink:")) values.label = view.label;
    if (view.rates.length) values.applied = view.rates.join(",");
    if (view.mistake) values.mistake = view.mistake;
    if (neurons.length) values.neurons = neurons.join(",");
    if (focus !== null) values.layer = focus;
    if (source !== null) values.source = source;
    if (rateChosen) values.eta = rate;
    app.setParams(values);
  }

  // --- the page -----------------------------------------------------------------------------------

  const bar = subject({ app, onImage: takeImage, onNetwork: takeNetwork, onLabel: takeLabel });
  const back = el(
    "button",
    { type: "button", class: "ms-back", onclick: () => move(-1) },
    "← Back",
  );
  const next = el(
    "button",
    { type: "button", class: "main ms-next", onclick: () => move(1) },
    "Next →",
  );
  const chips = el("ol", { class: "ms-steps", "aria-label": "The algorithm's steps" });
  const warning = el("p", { class: "ms-warning", role: "status", hidden: true });
  const net = layersPicture({ onChoose: choose });
  const close = closeUp({ onTerm: chooseTerm });
  const trouble = el("p", { class: "error", role: "alert", hidden: true });
  const verify = el(
    "button",
    { type: "button", class: "main", onclick: () => prove(false) },
    "Verify this weight",
  );
  const verifyBias = el(
    "button",
    { type: "button", onclick: () => prove(true) },
    "Verify the bias",
  );
  const proof = el("div", { class: "ms-proof", role: "status" });
  const which = el("p", { class: "ms-which" });
  const bars = compare();
  const eta = el("input", {
    id: "ms-eta",
    type: "range",
    min: -3,
    max: 1.5,
    step: 0.05,
    oninput: () => {
      rateChosen = true;
      rate = Number((10 ** Number(eta.value)).toPrecision(2));
      showRate();
      keep();
      later();
    },
  });
  const etaText = el("output", { for: "ms-eta", class: "number" });
  const apply = el(
    "button",
    { type: "button", class: "main", onclick: applyStep },
    "Apply one step",
  );
  const undo = el("button", { type: "button", onclick: undoStep }, "Undo");
  const moved = el("p", { class: "ms-moved", role: "status" });
  const edges = el(
    "span",
    { hidden: true },
    " · an edge’s arrow points to where it grows brighter",
  );
  const broken = el("div", {});
  let breaker = null;

  root.append(
    el(
      "div",
      { class: "ms-head" },
      el("h1", {}, "Backpropagation"),
      el(
        "p",
        { class: "lead" },
        "An image goes through, its error comes back. Choose any neuron to see its numbers.",
      ),
    ),
    bar.root,
    trouble,
    el(
      "section",
      { class: "ms-walk", "aria-label": "The algorithm, step by step" },
      el("div", { class: "ms-stepper" }, back, chips, next),
      warning,
      el("div", { class: "scroll ms-scroll" }, net.root),
      el(
        "p",
        { class: "note ms-legend" },
        el("span", { class: "plus" }, "■"),
        " positive  ",
        el("span", { class: "minus" }, "■"),
        " negative · arrow keys ← → step, ↑ ↓ in a layer choose a neuron",
        edges,
      ),
    ),
    close.root,
    el(
      "div",
      { class: "ms-tools" },
      el(
        "section",
        { class: "card", "aria-labelledby": "verify-title" },
        el("h2", { id: "verify-title" }, "Verify"),
        el(
          "p",
          { class: "note" },
          "Is the gradient true? Move one weight a hair up and a hair down, and watch the cost itself.",
        ),
        which,
        el("div", { class: "row" }, verify, verifyBias),
        proof,
      ),
      el(
        "section",
        { class: "card", "aria-labelledby": "apply-title" },
        el("h2", { id: "apply-title" }, "Apply"),
        el(
          "p",
          { class: "note" },
          "One step of gradient descent on this image alone, and the prediction moves.",
        ),
        el(
          "div",
          { class: "ms-rate" },
          el("label", { for: "ms-eta" }, "Learning rate η"),
          eta,
          etaText,
        ),
        bars.root,
        moved,
        el("div", { class: "row" }, apply, undo),
      ),
    ),
    broken,
  );

  function fail(error) {
    trouble.textContent = error.message;
    trouble.hidden = false;
  }

  // --- what is looked at changes -------------------------------------------------------------------

  function takeImage(image, label) {
    Object.assign(view, { image, label, rates: [] });
    neurons = [];
    source = null;
    load();
  }
  function takeNetwork(network) {
    Object.assign(view, { network, rates: [] });
    neurons = [];
    focus = null;
    source = null;
    load();
  }
  function takeLabel(label) {
    Object.assign(view, { label, rates: [] });
    neurons = [];
    load();
  }

  async function load() {
    const mine = ++turn;
    clearTimeout(waiting);
    proof.replaceChildren();
    let found;
    try {
      found = await app.post("/api/backprop/picture", { ...view });
    } catch (error) {
      if (mine === turn && !gone) {
        if (view.mistake && picture) {
          view.mistake = null;
          app.toast(error.message);
          breaker?.active(null);
          load();
        } else fail(error);
      }
      return;
    }
    if (mine !== turn || gone) return;
    trouble.hidden = true;
    picture = found;
    shownNetwork = found.network;
    if (!rateChosen) rate = found.cost_name === "quadratic" ? 1 : 0.02;
    eta.value = String(Math.log10(rate));
    showRate();
    const sizes = found.layers.map((layer) => layer.size);
    if (
      neurons.length !== sizes.length - 1 ||
      neurons.some((j, i) => !(Number.isInteger(j) && j >= 0 && j < sizes[i + 1]))
    )
      neurons = [...found.neurons];
    if (!(focus >= 2 && focus <= sizes.length)) focus = 2;
    if (!(Number.isInteger(source) && source >= 0 && source < sizes[focus - 2]))
      source = focus === 2 && neurons[0] === found.neurons[0] ? found.source : 0;
    if (!found.steps.some((each) => each.name === step)) step = "input";
    bar.show(view, found);
    bar.progress(found.progress);
    net.show(found.layers, found.label);
    edges.hidden = !sight(sizes[0])?.maps.length;
    showSteps();
    await stage(true);
    preview();
    warning.hidden = !view.mistake;
    breaker?.active(view.mistake);
    if (found.progress < 1) waiting = setTimeout(poll, 700);
  }

  async function poll() {
    const mine = turn;
    try {
      const { progress } = await app.post("/api/backprop/progress", {
        kind: "random",
        network: view.network,
      });
      if (mine !== turn || gone) return;
      bar.progress(progress);
      if (progress < 1) waiting = setTimeout(poll, 700);
      else {
        neurons = given.get("neurons") && !view.rates.length ? list(given.get("neurons")) : [];
        source = whole(given.get("source"));
        load();
        app.announce("The network is trained.");
      }
    } catch (error) {
      if (mine === turn && !gone) fail(error);
    }
  }

  // --- steps --------------------------------------------------------------------------------------

  const index = () => picture.steps.findIndex((each) => each.name === step);

  function showSteps() {
    let phase = null;
    chips.replaceChildren(
      ...picture.steps.map((each) => {
        const first = each.phase !== phase;
        phase = each.phase;
        return el(
          "li",
          { class: first ? "first" : "" },
          first
            ? el("span", { class: "ms-phase note", "aria-hidden": "true" }, PHASES[phase])
            : el("span", { class: "ms-phase", "aria-hidden": "true" }, " "),
          el(
            "button",
            {
              type: "button",
              class: `ms-chip is-${each.phase}`,
              "data-step": each.name,
              title: each.title,
              "aria-label": `${each.label}: ${each.title}`,
              onclick: () => go(each.name),
            },
            each.label,
          ),
        );
      }),
    );
  }

  function move(by) {
    if (!picture) return;
    const there = picture.steps[index() + by];
    if (there) go(there.name);
  }

  function go(name) {
    step = name;
    const now = picture.steps[index()];
    app.announce(now.title);
    stage(true);
  }

  // Which numbers are known so far, and which are worked out now.
  function knowledge() {
    const at = index();
    const L = picture.layers.length;
    const known = new Set(["a1"]);
    const now = new Set();
    const produces = (name) =>
      name === "input"
        ? ["a1"]
        : name === "BP1"
          ? [`delta${L}`]
          : name.startsWith("BP2-")
            ? [`delta${name.slice(4)}`]
            : /^[za]\d+$/.test(name)
              ? [name]
              : [];
    picture.steps.forEach((each, i) => {
      if (i <= at) for (const made of produces(each.name)) known.add(made);
    });
    for (const made of produces(step)) now.add(made);
    if (step === "cost") now.add(`a${L}`);
    if (step === "BP3") for (let l = 2; l <= L; l++) now.add(`delta${l}`);
    if (step === "BP4") {
      now.add(`a${focus - 1}`);
      now.add(`delta${focus}`);
    }
    return { known, now };
  }

  const here = () => picture.steps[index()].layer ?? focus;

  async function stage(pulse) {
    const mine = ++asked;
    for (const chip of chips.querySelectorAll("button")) {
      const current = chip.dataset.step === step;
      if (current) {
        chip.setAttribute("aria-current", "step");
        chip.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else chip.removeAttribute("aria-current");
      chip.classList.toggle(
        "done",
        picture.steps.findIndex((each) => each.name === chip.dataset.step) < index(),
      );
    }
    back.disabled = index() === 0;
    next.disabled = index() === picture.steps.length - 1;
    keep();
    const layer = Math.max(2, here());
    const neuron = neurons[layer - 2];
    // The chosen weight belongs to the layer in focus; elsewhere its index may not exist.
    const below = picture.layers[layer - 2].size;
    const k = source !== null && source < below ? source : 0;
    let found;
    try {
      found = await app.post("/api/backprop/closeup", {
        seen: seen(),
        step,
        layer,
        neuron,
        source: k,
        rate,
      });
    } catch (error) {
      if (mine === asked && !gone) fail(error);
      return;
    }
    if (mine !== asked || gone) return;
    const chosen = Object.fromEntries(neurons.map((j, i) => [i + 2, j]));
    if (step === "input" || layer === focus || /^z/.test(step))
      chosen[layer - 1] =
        layer === 2 || step === "BP4" || step === "update" || /^z/.test(step)
          ? k
          : chosen[layer - 1];
    if (step === "input") chosen[1] = k;
    net.stage(
      {
        ...knowledge(),
        chosen,
        focus: step === "input" ? 1 : layer,
        edges: edgesOf(found, layer, neuron, k),
      },
      pulse,
    );
    found.marked = /^z/.test(step) ? k : /^BP2/.test(step) ? neurons[layer - 1] : null;
    const at = {
      z: floats(picture.layers[layer - 1].z)[neuron],
      a: floats(picture.layers[layer - 1].a)[neuron],
    };
    close.show(found, picture.steps[index()].title, nameOf(found, k), at, place);
    which.textContent = `The weight from ${weightFrom(layer === focus ? k : source)} to neuron ${neurons[focus - 2]} of layer ${focus}`;
  }

  const nameOf = ({ layer, neuron }, k) => {
    if (step === "input") return place(k);
    if (step === "cost") return "all outputs";
    if (step === "update") return "the weight becomes";
    return step === "BP4" ? `weight ${k} → ${neuron}` : `neuron ${neuron} of layer ${layer}`;
  };

  const place = (k) => sight(picture.layers[0].size)?.place(k) ?? `number ${k}`;
  const weightFrom = (k) => (focus === 2 ? place(k) : `neuron ${k} of layer ${focus - 1}`);

  function edgesOf(found, layer, neuron, k) {
    const last = found.panels.at(-1);
    if (!last) return null;
    const values = floats(last.values);
    if (/^z/.test(step))
      return {
        from: { layer: layer - 1, kind: "a" },
        to: { layer, kind: "z", neuron },
        values,
        marked: k,
      };
    if (/^BP2/.test(step))
      return {
        from: { layer: layer + 1, kind: "delta" },
        to: { layer, kind: "delta", neuron },
        values,
        marked: neurons[layer - 1],
      };
    if (step === "BP4" || step === "update") {
      const gradient = step === "BP4" ? values : floats(found.panels[1].values);
      return {
        from: { layer: layer - 1, kind: "a" },
        to: { layer, kind: "delta", neuron },
        values: gradient,
        marked: k,
        colour: "gradient",
      };
    }
    return null;
  }

  // A neuron was chosen.  Below the layer of the step it names a weight; in another layer the step
  // of the same kind for that layer is shown.
  function choose(layer, j) {
    const kind = step.match(/^(z|a|BP2|BP1)/)?.[1];
    const at = here();
    if (layer === 1) {
      if (step !== "input") focus = 2;
      source = j;
      if (kind === "z") step = "z2";
      return stage(false);
    }
    neurons[layer - 2] = j;
    if (kind === "z" && layer === at - 1) {
      focus = at;
      source = j;
      return stage(false);
    }
    if ((step === "BP4" || step === "update") && layer === focus - 1) {
      source = j;
      return stage(false);
    }
    if (kind === "BP2" && layer === at + 1) return stage(false);
    if (layer !== focus) {
      focus = layer;
      source = Math.min(source ?? 0, picture.layers[layer - 2].size - 1);
    }
    const L = picture.layers.length;
    if (kind === "z" || kind === "a") step = `${kind}${layer}`;
    else if (kind) step = layer === L ? "BP1" : `BP2-${layer}`;
    else if (step === "cost" && layer !== L) step = `a${layer}`;
    else if (step === "input") step = `z${layer}`;
    return stage(false);
  }

  function chooseTerm(i) {
    const at = here();
    if (/^z/.test(step)) {
      focus = at;
      source = i;
      if (at > 2) neurons[at - 3] = i;
    } else if (/^BP2/.test(step)) neurons[at - 1] = i;
    else neurons[at - 2] = i;
    stage(false).then(() => document.querySelector(".ms-term[aria-pressed='true']")?.focus());
  }

  // --- verify ---------------------------------------------------------------------------------------

  async function prove(bias) {
    proof.replaceChildren(el("p", { class: "note" }, "Working it out…"));
    let found;
    try {
      found = await app.post("/api/backprop/verify", {
        seen: seen(),
        layer: focus,
        neuron: neurons[focus - 2],
        source: bias ? null : source,
      });
    } catch (error) {
      proof.replaceChildren(el("p", { class: "error" }, error.message));
      return;
    }
    const marked = (text) => [
      el("mark", {}, text.slice(0, found.agreeing)),
      text.slice(found.agreeing),
    ];
    const name = bias
      ? `the bias of neuron ${neurons[focus - 2]} of layer ${focus}`
      : `the weight from ${weightFrom(source)}`;
    proof.replaceChildren(
      el("p", { class: "note" }, `By ${name}:`),
      el(
        "dl",
        { class: "ms-digits-rows" },
        el("dt", {}, bias ? "BP3" : "BP4"),
        el(
          "dd",
          { class: "number q-grad", title: exact(found.analytic) },
          marked(found.analytic_text),
        ),
        el("dt", {}, "difference"),
        el(
          "dd",
          { class: "number", title: exact(found.numeric) },
          found.numeric === null ? "at a kink" : marked(found.numeric_text),
        ),
      ),
      el(
        "p",
        {
          class:
            found.digits >= 3 || found.numeric === null
              ? "ms-verdict-line"
              : "ms-verdict-line error",
        },
        found.says,
      ),
      el(
        "p",
        { class: "note number" },
        `(C(w + h) − C(w − h)) / 2h, h = ${number(found.step, 1)}, from C = ${exact(found.cost_up)} and ${exact(found.cost_down)}`,
      ),
    );
  }

  // --- apply ----------------------------------------------------------------------------------------

  function showRate() {
    etaText.textContent = number(rate, 2);
    eta.setAttribute("aria-valuetext", number(rate, 2));
  }

  let soon = null;
  function later() {
    clearTimeout(soon);
    soon = setTimeout(() => {
      preview();
      if (step === "update") stage(false);
    }, 120);
  }

  let previews = 0;
  async function preview() {
    const mine = ++previews;
    try {
      const found = await app.post("/api/backprop/moved", { seen: seen(), rate });
      if (mine !== previews || gone) return;
      bars.show(picture.output, found.output, picture.label, picture.class_names);
      const n = view.rates.length;
      moved.replaceChildren(
        "This step: ",
        el("b", { class: "q-cost" }, "C"),
        " ",
        el("span", { class: "number", title: exact(picture.cost) }, number(picture.cost)),
        " → ",
        el("span", { class: "number ms-cost-after", title: exact(found.cost) }, number(found.cost)),
        `, read as ${picture.class_names[found.prediction]}. `,
        n
          ? `${n} ${n === 1 ? "step" : "steps"} applied: C was ${number(picture.costs[0])}, is ${number(picture.cost)}.`
          : "",
      );
    } catch (error) {
      if (mine === previews && !gone) moved.textContent = error.message;
    }
    undo.disabled = !view.rates.length;
  }

  function applyStep() {
    if (!picture || view.rates.length >= 100) return;
    view.network = shownNetwork; // what is being trained may replace it else
    view.rates = [...view.rates, rate];
    load().then(() =>
      app.announce(
        `Applied. The cost is ${number(picture.cost)}, the image is read as ${picture.class_names[picture.prediction]}.`,
      ),
    );
  }
  function undoStep() {
    view.rates = view.rates.slice(0, -1);
    load();
  }

  // --- break it -------------------------------------------------------------------------------------

  app
    .get("/api/backprop/mistakes")
    .then(({ mistakes }) => {
      if (gone) return;
      breaker = breaking({
        mistakes,
        ask: (mistake) => app.post("/api/backprop/broken", { mistake }),
        onSwitch(mistake) {
          view.mistake = mistake;
          view.rates = [];
          load().then(() => root.querySelector(".ms-walk").scrollIntoView({ block: "start" }));
        },
        announce: app.announce,
        toast: app.toast,
      });
      warning.replaceChildren(
        "A mistake is switched on: the numbers below are wrong where it says so, and Verify catches it. ",
        el(
          "button",
          {
            type: "button",
            onclick: () => {
              view.mistake = null;
              view.rates = [];
              load();
            },
          },
          "Switch it off",
        ),
      );
      broken.replaceChildren(breaker.root);
      if (picture) breaker.active(view.mistake);
    })
    .catch((error) => app.toast(error.message));

  const keys = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog, .js-plotly-plot, [data-line]"))
      return;
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    move(event.key === "ArrowLeft" ? -1 : 1);
  };
  document.addEventListener("keydown", keys);

  load();
  return () => {
    gone = true;
    clearTimeout(waiting);
    clearTimeout(soon);
    document.removeEventListener("keydown", keys);
    for (const part of [bar, net, close, breaker]) part?.close();
  };
}

export default { title: "Backpropagation", mount };
