// @ts-check
// Backpropagation: one image through one network and back, a step at a time, with every number.
import { floats } from "../../web/arrays.js";
import { el, messageOf } from "../../web/dom.js";
import { number } from "../../web/numbers.js";
import { sight } from "../../web/pixels.js";
import { addressOf, fit, list, placeOf, whole } from "./address.js";
import { applying } from "./apply.js";
import { closeUp } from "./closeup.js";
import { layersPicture } from "./layers.js";
import { breaking } from "./mistakes.js";
import { stepChips } from "./step_chips.js";
import * as logic from "./step_logic.js";
import { subject } from "./subject.js";
import { verifying } from "./verify.js";

const POLL = 700; // milliseconds from one question for a training's progress to the next
const MOST_STEPS = 100;

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
function mount(root, app) {
  const place = placeOf(app.params);
  const { view } = place;
  /** @type {Backprop.Picture | null} */
  let picture = null;
  let turn = 0; // counts pictures asked for,
  let asked = 0; // close-ups,
  let previews = 0; // and previews, so that a late answer is known
  /** @type {number | undefined} */
  let waiting;
  let gone = false;
  /** @type {any} */
  let breaker = null;

  // While the network is trained, the untrained one is shown.
  const seen = () => ({ ...view, network: picture?.network ?? view.network });

  // --- the page -----------------------------------------------------------------------------------

  const bar = subject({ app, onImage: takeImage, onNetwork: takeNetwork, onLabel: takeLabel });
  const trouble = el("p", { class: "error", role: "alert", hidden: true });
  const chips = stepChips({ onMove: move, onGo: go });
  const warning = el("p", { class: "ms-warning", role: "status", hidden: true });
  const net = layersPicture({ onChoose: choose });
  const close = closeUp({ onTerm: chooseTerm });
  const proof = verifying({
    ask: (bias) =>
      app.post("/api/backprop/verify", {
        seen: seen(),
        layer: place.focus,
        neuron: chosenOfFocus(),
        source: bias ? null : place.source,
      }),
    nameOf: (bias) => (bias ? `the bias of ${neuronInFocus()}` : `the weight from ${source()}`),
  });
  const applied = applying({
    onRate(rate) {
      Object.assign(place, { rate, rateChosen: true });
      app.setParams(addressOf(place));
    },
    onRest() {
      preview();
      if (place.step === "update") stage(false);
    },
    onApply: applyStep,
    onUndo: () => change({ rates: view.rates.slice(0, -1) }),
  });
  const arrows = " · an edge’s arrow points to where it grows brighter";
  const edges = el("span", { hidden: true }, arrows);
  const broken = el("div", {});
  const walk = walkSection(chips.root, warning, net.root, edges);
  root.append(
    heading(),
    bar.root,
    trouble,
    walk,
    close.root,
    el("div", { class: "ms-tools" }, proof.root, applied.root),
    broken,
  );

  const chosenOfFocus = () => place.neurons[(place.focus ?? 2) - 2];
  const neuronInFocus = () => `neuron ${chosenOfFocus()} of layer ${place.focus}`;
  /** @param {number} k */
  const from = (k) => (picture ? logic.weightFrom(place, picture, k) : "");
  const source = () => from(place.source ?? 0);

  /** @param {unknown} error */
  function fail(error) {
    trouble.textContent = messageOf(error);
    trouble.hidden = false;
  }

  // --- what is looked at changes -------------------------------------------------------------------

  /** @param {Partial<typeof view>} values */
  function change(values) {
    Object.assign(view, values);
    return load();
  }

  /** @param {string} image @param {number | null} label */
  function takeImage(image, label) {
    Object.assign(place, { neurons: [], source: null });
    change({ image, label, rates: [] });
  }
  /** @param {string} network */
  function takeNetwork(network) {
    Object.assign(place, { neurons: [], focus: null, source: null });
    change({ network, rates: [] });
  }
  /** @param {number | null} label */
  function takeLabel(label) {
    place.neurons = [];
    change({ label, rates: [] });
  }

  async function load() {
    const mine = ++turn;
    clearTimeout(waiting);
    proof.clear();
    try {
      const found = await app.post("/api/backprop/picture", { ...view });
      if (mine === turn && !gone) await show(found);
    } catch (error) {
      if (mine !== turn || gone) return;
      if (!view.mistake || !picture) return fail(error);
      app.toast(messageOf(error));
      breaker?.active(null);
      change({ mistake: null });
    }
  }

  /** @param {Backprop.Picture} found */
  async function show(found) {
    trouble.hidden = true;
    picture = found;
    fit(place, found);
    applied.setRate(place.rate);
    bar.show(view, found);
    bar.progress(found.progress);
    net.show(found.layers, found.label);
    edges.hidden = !sight(found.layers[0].size)?.maps.length;
    chips.offer(found.steps);
    await stage(true);
    preview();
    warning.hidden = !view.mistake;
    breaker?.active(view.mistake);
    if (found.progress < 1) waiting = setTimeout(poll, POLL);
  }

  async function poll() {
    const mine = turn;
    try {
      const body = { kind: "random", network: view.network };
      const { progress } = await app.post("/api/backprop/progress", body);
      if (mine !== turn || gone) return;
      bar.progress(progress);
      if (progress < 1) {
        waiting = setTimeout(poll, POLL);
        return;
      }
      const given = app.params;
      place.neurons = view.rates.length ? [] : list(given.get("neurons"));
      place.source = whole(given.get("source"));
      load();
      app.announce("The network is trained.");
    } catch (error) {
      if (mine === turn && !gone) fail(error);
    }
  }

  // --- steps --------------------------------------------------------------------------------------

  /** @param {number} by */
  function move(by) {
    const there = picture?.steps[logic.indexOf(place, picture) + by];
    if (there) go(there.name);
  }

  /** @param {string} name */
  function go(name) {
    if (!picture) return;
    place.step = name;
    app.announce(picture.steps[logic.indexOf(place, picture)].title);
    stage(true);
  }

  /** @param {boolean} pulse */
  async function stage(pulse) {
    if (!picture) return;
    const mine = ++asked;
    chips.show(logic.indexOf(place, picture));
    app.setParams(addressOf(place));
    const layer = Math.max(2, logic.layerOf(place, picture));
    const neuron = place.neurons[layer - 2];
    // The chosen weight belongs to the layer in focus; elsewhere its index may not exist.
    const chosen = place.source ?? 0;
    const k = chosen < picture.layers[layer - 2].size ? chosen : 0;
    const { step, rate } = place;
    const wanted = { seen: seen(), step, layer, neuron, source: k, rate };
    try {
      const found = await app.post("/api/backprop/closeup", wanted);
      if (mine === asked && !gone) showStep(picture, found, layer, k, pulse);
    } catch (error) {
      if (mine === asked && !gone) fail(error);
    }
  }

  /**
   * @param {Backprop.Picture} now
   * @param {any} found
   * @param {number} layer
   * @param {number} k
   * @param {boolean} pulse
   */
  function showStep(now, found, layer, k, pulse) {
    const neuron = place.neurons[layer - 2];
    net.stage(
      {
        ...logic.knowledge(place, now),
        chosen: logic.chosenNeurons(place, layer, k),
        focus: place.step === "input" ? 1 : layer,
        edges: logic.edgesOf(place, found, layer, neuron, k),
      },
      pulse,
    );
    found.marked = logic.markedTerm(place, layer, k);
    const { z, a } = now.layers[layer - 1];
    const at = { z: floats(z ?? "")[neuron], a: floats(a)[neuron] };
    const { title } = now.steps[logic.indexOf(place, now)];
    const name = logic.closeupName(place, now, found, k);
    close.show(found, title, name, at, logic.inputName(now));
    const weight = layer === place.focus ? from(k) : source();
    proof.show(`The weight from ${weight} to ${neuronInFocus()}`);
  }

  /** @param {number} layer @param {number} j */
  function choose(layer, j) {
    if (!picture) return;
    logic.chooseNeuron(place, picture, layer, j);
    stage(false);
  }

  /** @param {number} i */
  async function chooseTerm(i) {
    if (!picture) return;
    logic.chooseTerm(place, picture, i);
    await stage(false);
    /** @type {HTMLElement | null} */
    const term = document.querySelector(".ms-term[aria-pressed='true']");
    term?.focus();
  }

  // --- apply ----------------------------------------------------------------------------------------

  async function preview() {
    const mine = ++previews;
    try {
      const body = { seen: seen(), rate: place.rate };
      const found = await app.post("/api/backprop/moved", body);
      if (mine !== previews || gone || !picture) return;
      applied.show(picture, found, view.rates.length);
    } catch (error) {
      if (mine === previews && !gone) applied.fail(messageOf(error));
    }
    applied.applied(view.rates.length);
  }

  async function applyStep() {
    if (!picture || view.rates.length >= MOST_STEPS) return;
    // What is being trained may replace the network else.
    await change({ network: picture.network, rates: [...view.rates, place.rate] });
    app.announce(
      `Applied. The cost is ${number(picture.cost)}, the image is read as ${picture.class_names[picture.prediction]}.`,
    );
  }

  // --- break it -------------------------------------------------------------------------------------

  const switchOff = () => change({ mistake: null, rates: [] });
  warning.replaceChildren(
    "A mistake is switched on: the numbers below are wrong where it says so, and Verify catches it. ",
    el("button", { type: "button", onclick: switchOff }, "Switch it off"),
  );
  app
    .get("/api/backprop/mistakes")
    .then(({ mistakes }) => {
      if (gone) return;
      breaker = breaking({
        mistakes,
        ask: (/** @type {string} */ mistake) => app.post("/api/backprop/broken", { mistake }),
        async onSwitch(/** @type {string | null} */ mistake) {
          await change({ mistake, rates: [] });
          walk.scrollIntoView({ block: "start" });
        },
        announce: app.announce,
        toast: app.toast,
      });
      broken.replaceChildren(breaker.root);
      if (picture) breaker.active(view.mistake);
    })
    .catch((error) => app.toast(error.message));

  const unlisten = listenToArrows(move);
  load();
  return () => {
    gone = true;
    clearTimeout(waiting);
    unlisten();
    for (const part of [bar, net, close, applied, breaker]) part?.close();
  };
}

function heading() {
  return el(
    "div",
    { class: "ms-head" },
    el("h1", {}, "Backpropagation"),
    el(
      "p",
      { class: "lead" },
      "An image goes through, its error comes back. Choose any neuron to see its numbers.",
    ),
  );
}

/**
 * @param {HTMLElement} chips
 * @param {HTMLElement} warning
 * @param {HTMLElement} net
 * @param {HTMLElement} edges
 */
function walkSection(chips, warning, net, edges) {
  return el(
    "section",
    { class: "ms-walk", "aria-label": "The algorithm, step by step" },
    chips,
    warning,
    el("div", { class: "scroll ms-scroll" }, net),
    el(
      "p",
      { class: "note ms-legend" },
      el("span", { class: "plus" }, "■"),
      " positive  ",
      el("span", { class: "minus" }, "■"),
      " negative · arrow keys ← → step, ↑ ↓ in a layer choose a neuron",
      edges,
    ),
  );
}

/** @param {(by: number) => void} move */
function listenToArrows(move) {
  const keys = (/** @type {KeyboardEvent} */ event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = /** @type {Element} */ (event.target);
    if (target.closest("input, select, textarea, dialog, .js-plotly-plot, [data-line]")) return;
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    move(event.key === "ArrowLeft" ? -1 : 1);
  };
  document.addEventListener("keydown", keys);
  return () => document.removeEventListener("keydown", keys);
}

export default { title: "Backpropagation", mount };
