// @ts-check
// Playground: networks small enough to see whole.  All numbers come from the studio, in frames whose
// layout stands in playground.py; the address holds the settings and what was done since the start.
import { floats } from "../../web/arrays.js";
import { el } from "../../web/dom.js";
import { playgroundFields } from "./fields.js";
import { readFrame } from "./frame.js";
import { centreOf, output } from "./output.js";
import { fromAddress, otherActivation, presetRow } from "./settings.js";
import { stepper } from "./stepper.js";
import { transport } from "./transport.js";
import { weightEditor } from "./weight_editor.js";
import { wholeNetwork } from "./whole_network.js";

const LIVE = ["rate", "batch", "l1", "l2"];
const LEAD = "Networks small enough to see whole: run one, or take hold of a weight and drag it.";
const LINK =
  "A link holds all settings, the seed, and what was done since the start, with the points put in by hand.";
const COPIED = "The link is copied.";
const TOO_LONG =
  "The link is copied. It holds the settings; what was done since, your points among it, is too long for one.";

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
function mount(root, app) {
  const tab = [...crypto.getRandomValues(new Uint8Array(12))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  /** @type {any} */
  let settings = null; // as the studio has them
  /** @type {any} */
  let begun = null; // as they were at the start
  /** @type {string | null} */
  let did = "";
  let opened = false; // the studio keeps this tab's network: a new connection goes on with it
  /** @type {any} */
  let about = null; // the last state, all that stays
  /** @type {any} */
  let frame = null; // the last frame, all that changes
  let large = [0, 0]; // [layer, neuron] shown large, layers from 0
  /** @type {any} */
  let choices = null;
  /** @type {Connection | null} */
  let socket = null;
  let painting = 0;
  let announced = 0;
  /** @type {any} */
  let pending = null; // what was asked for last, while the studio has not answered
  let asked = 0; // answers to come

  // --- the page -----------------------------------------------------------------------------------

  const presets = presetRow((wanted) => open(wanted, false));
  const learning = transport({ say, onReset: () => open(settings) });
  const shown = output({ say, forget: () => open(settings, false) });
  const net = wholeNetwork({
    choose,
    drag: setParameter,
    neuron: enlarge,
    resize: (/** @type {number[]} */ hidden) => change("hidden", hidden),
  });
  const editor = weightEditor({ choose, set: setParameter });
  const layers = stepper("Hidden layers", {
    steps: [0, 1, 2, 3, 4, 5, 6],
    onChange: resize,
    hint: "Layers between input and output",
  });
  const form = playgroundFields(change);
  const middle = el(
    "div",
    { class: "playground" },
    networkSection(layers.root, net.root, editor.root),
    settingsPanel(form.groups, copyLink),
    shown.root,
  );
  const controls = [presets.row, learning.root, middle];
  for (const each of controls) each.inert = true; // until there is a network
  const lead = el("p", { class: "lead" }, LEAD);
  root.append(el("h1", {}, "Playground"), lead, presets.row, presets.look, learning.root, middle);

  // --- settings and the address ---------------------------------------------------------------------

  /** @param {string} name @param {any} value */
  function change(name, value) {
    if (LIVE.includes(name)) say({ kind: "change", name, value });
    else open({ ...(pending?.settings ?? settings), [name]: value });
  }

  /** @param {number} n */
  function resize(n) {
    const hidden = (pending?.settings ?? settings).hidden.slice(0, n);
    while (hidden.length < n) hidden.push(hidden.at(-1) ?? 4);
    change("hidden", hidden);
  }

  /**
   * A new network: what was done is forgotten, but for the points put in and taken out.
   * @param {any} wanted
   */
  function open(wanted, points = true) {
    if (settings && otherActivation(wanted, settings)) shown.keepBefore();
    opened = false;
    pending = { settings: wanted, did: "", points };
    if (say({ kind: "open", tab, ...pending, again: false })) asked += 1;
    learning.stopped();
  }

  async function copyLink() {
    learning.pause();
    try {
      await navigator.clipboard.writeText(location.href);
      app.toast(did === null ? TOO_LONG : COPIED);
    } catch {
      app.toast("The link is in the browser's address bar.");
    }
  }

  // --- to the studio and back -------------------------------------------------------------------------

  /** @param {object} message */
  function say(message) {
    return socket?.send(message) ?? false;
  }

  /** @param {number[]} at @param {number} value */
  function setParameter([layer, neuron, below], value) {
    say({ kind: "set", layer, neuron, below: below ?? null, value });
  }

  /** @param {any} message */
  function receive(message) {
    if (message instanceof ArrayBuffer) return takeFrame(message);
    if (message.kind === "state") return begin(message);
    if (message.kind === "points") return takePoints(message);
    if (message.kind === "did") {
      ({ settings, start: begun, did } = message);
      app.setParams({ ...begun, hidden: begun.hidden.join("-"), ...(did ? { did } : {}) });
      return showSettings();
    }
    if (message.kind === "stopped") learning.stopped();
    app.toast(message.error);
    if (message.kind === "error" && pending && (asked -= 1) <= 0) pending = null;
    if (about) return showSettings(); // what was refused is shown no more
    if (message.kind === "error") open(choices.standard);
  }

  /** @param {any} state */
  function begin(state) {
    const fresh = !opened;
    opened = true;
    asked -= 1;
    if (asked <= 0) pending = null;
    about = { ...state, x: floats(state.x), y: floats(state.y), inputs: state.sizes[0] };
    settings = state.settings;
    frame = null;
    for (const each of controls) each.inert = false;
    if (fresh) large = [about.sizes.length - 1, 0];
    shown.about(about, settings);
    middle.classList.toggle("deep", about.sizes.length > 5);
    net.build(about);
    editor.build(about, net.names);
    if (fresh) choose([2, 0, 0]);
    enlarge(large[0], large[1]);
    showSettings();
  }

  /** @param {ArrayBuffer} buffer */
  function takeFrame(buffer) {
    const read = about && readFrame(buffer, about);
    if (!read) return; // of a network that is no longer shown
    frame = read;
    painting ||= requestAnimationFrame(paint);
  }

  /** @param {any} points */
  function takePoints({ x, y, training, own }) {
    if (!about) return;
    Object.assign(about, { x: floats(x), y: floats(y), training, own });
    shown.showPoints();
  }

  // --- what is shown ------------------------------------------------------------------------------------

  function paint() {
    painting = 0;
    if (!frame) return;
    const centres = about.sizes.map((/** @type {number} */ _, /** @type {number} */ layer) =>
      centreOf(about, settings, layer),
    );
    net.show(frame.parameter, frame.pictures, centres);
    editor.show(frame.parameter);
    learning.show(frame, about.training);
    const sentence = shown.show(frame);
    const now = performance.now();
    if (now - announced > (learning.running ? 8000 : 600)) {
      announced = now;
      app.announce(sentence);
    }
  }

  /** @param {number[]} at */
  function choose(at, byHand = false) {
    net.choose(at);
    editor.choose(at);
    if (byHand) editor.focus();
    if (frame) editor.show(frame.parameter);
  }

  /** @param {number} layer @param {number} j */
  function enlarge(layer, j) {
    large = [layer, j];
    net.enlarge(layer, j);
    shown.enlarge(layer, j, net.names);
  }

  function showSettings() {
    form.show(settings);
    layers.show(settings.hidden.length);
    presets.show(settings);
    shown.settings(settings);
  }

  app
    .get("/api/playground/choices")
    .then((found) => {
      choices = found;
      form.offer(found.toys);
      presets.offer(found.presets);
      const wanted = fromAddress(app.params, found.standard) ?? found.presets[1].settings;
      pending = { settings: wanted, did: app.params.get("did") ?? "" };
      socket = app.socket("/ws/playground", receive, { onOpen: comeBack });
    })
    .catch((error) => {
      presets.look.textContent = error.message;
    });

  function comeBack() {
    asked = 1;
    if (opened) {
      say({ kind: "open", tab, settings: begun ?? settings, did: did ?? "", again: true });
      if (learning.running) learning.start();
    } else if (pending) say({ kind: "open", tab, ...pending, again: false });
  }

  return () => {
    cancelAnimationFrame(painting);
    for (const part of [net, shown]) part.close();
  };
}

/**
 * @param {HTMLElement} layers
 * @param {HTMLElement} net
 * @param {HTMLElement} editor
 */
function networkSection(layers, net, editor) {
  return el(
    "section",
    { class: "net-side", "aria-labelledby": "net-title" },
    el("div", { class: "row between" }, el("h2", { id: "net-title" }, "The network"), layers),
    net,
    editor,
  );
}

/**
 * @param {HTMLElement[]} groups
 * @param {() => void} copyLink
 */
function settingsPanel(groups, copyLink) {
  const link = el("button", { type: "button", class: "quiet", onclick: copyLink }, "Copy link");
  return el(
    "section",
    { class: "card settings", "aria-label": "Settings" },
    groups,
    el("p", { class: "row note" }, link, LINK),
  );
}

export default { title: "Playground", mount };
