// Playground: networks small enough to see whole.  All numbers come from the studio, in frames whose
// layout stands in playground.py; the address holds the settings and what was done since the start.
import { floats } from "../../web/arrays.js";
import { course } from "./cost_curve.js";
import { el } from "../../web/dom.js";
import { count, number, percent } from "../../web/numbers.js";
import { plane } from "./plane.js";
import { playgroundFields } from "./fields.js";
import { readFrame } from "./frame.js";
import { pointTool } from "./point_tool.js";
import { choice, stepper } from "./stepper.js";
import { weightEditor } from "./weight_editor.js";
import { wholeNetwork } from "./whole_network.js";

const LIVE = ["rate", "batch", "l1", "l2"];

function mount(root, app) {
  const tab = [...crypto.getRandomValues(new Uint8Array(12))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  let settings = null; // as the studio has them
  let begun = null; // as they were at the start
  let did = "";
  let opened = false; // the studio keeps this tab's network: a new connection goes on with it
  let about = null; // the last state, all that stays
  let frame = null; // the last frame, all that changes
  let running = false;
  let large = null; // [layer, neuron] shown large, layers from 0
  let kept = null; // a picture to compare with
  let choices = null;
  let socket = null;
  let painting = 0;
  let announced = 0;

  // --- the page -----------------------------------------------------------------------------------

  const presets = el("div", { class: "presets", role: "group", "aria-label": "Presets" });
  const look = el("p", { class: "look" });
  const run = el(
    "button",
    { type: "button", class: "main run", onclick: () => (running ? pause() : start()) },
    "Run",
  );
  const step = (what, name) =>
    el(
      "button",
      {
        type: "button",
        onclick: () => {
          pause();
          say({ kind: "do", what });
        },
      },
      name,
    );
  const speed = choice(
    "Speed",
    [
      ["slow", "slow"],
      ["normal", "normal"],
      ["fast", "fast"],
    ],
    () => {
      if (running) start();
    },
    "Slow: a batch in each frame; normal: an epoch; fast: as much as there is time for",
  );
  speed.show("normal");
  const where = el("p", { class: "where number" });
  const keep = el(
    "button",
    {
      type: "button",
      class: "quiet",
      "aria-pressed": "false",
      onclick: toggleKept,
      title: "Keeps this curve or boundary as a dashed line, to compare with",
    },
    "Keep this line",
  );
  const link = el("button", { type: "button", class: "quiet", onclick: copyLink }, "Copy link");
  const canvas = el("canvas", { class: "picture", role: "img" });
  const picture = plane(canvas);
  const tool = pointTool(canvas, picture, {
    add: (x, y) => say({ kind: "add", x, y }),
    remove: (point) => say({ kind: "remove", point }),
    forget: () => open(settings, false),
  });
  const title = el("h2", {}, "Output");
  const legend = el("p", { class: "note legend" });
  const curve = el("canvas", { class: "course", role: "img" });
  const along = course(curve);
  const figures = {
    training: el("b", { class: "number" }),
    held: el("b", { class: "number" }),
    right: el("b", { class: "number" }),
    heldRight: el("b", { class: "number" }),
  };
  const rightRow = el(
    "tr",
    {},
    el("th", { scope: "row" }, "Right"),
    el("td", {}, figures.right),
    el("td", {}, figures.heldRight),
  );
  const net = wholeNetwork({
    choose,
    drag: setParameter,
    neuron: enlarge,
    resize: (hidden) => change("hidden", hidden),
  });
  const editor = weightEditor({ choose, set: setParameter });
  const layers = stepper("Hidden layers", {
    steps: [0, 1, 2, 3, 4, 5, 6],
    onChange: resize,
    hint: "Layers between input and output",
  });

  const transport = el(
    "div",
    { class: "transport", role: "group", "aria-label": "Learning" },
    run,
    el(
      "div",
      { class: "row steps-of", role: "group", "aria-label": "One step at a time" },
      el("span", { class: "note" }, "Step:"),
      step("example", "Example"),
      step("batch", "Batch"),
      step("epoch", "Epoch"),
    ),
    el("button", { type: "button", onclick: () => open(settings) }, "Reset"),
    speed.root,
    where,
  );
  const form = playgroundFields(change);
  const panel = el(
    "section",
    { class: "card settings", "aria-label": "Settings" },
    form.groups,
    el(
      "p",
      { class: "row note" },
      link,
      "A link holds all settings, the seed, and what was done since the start, with the points put in by hand.",
    ),
  );
  const middle = el(
    "div",
    { class: "playground" },
    el(
      "section",
      { class: "net-side", "aria-labelledby": "net-title" },
      el(
        "div",
        { class: "row between" },
        el("h2", { id: "net-title" }, "The network"),
        layers.root,
      ),
      net.root,
      editor.root,
    ),
    panel,
    el(
      "section",
      { class: "picture-side", "aria-label": "What it does" },
      el("div", { class: "row between" }, title, keep),
      canvas,
      tool.root,
      legend,
      el(
        "table",
        { class: "costs" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("td", {}),
            el("th", { scope: "col" }, "Training"),
            el("th", { scope: "col" }, "Held out"),
          ),
        ),
        el(
          "tbody",
          {},
          el(
            "tr",
            {},
            el("th", { scope: "row" }, "Cost"),
            el("td", { class: "q-cost" }, figures.training),
            el("td", {}, figures.held),
          ),
          rightRow,
        ),
      ),
      curve,
    ),
  );
  const controls = [presets, transport, middle];
  for (const each of controls) each.inert = true; // until there is a network
  root.append(
    el("h1", {}, "Playground"),
    el(
      "p",
      { class: "lead" },
      "Networks small enough to see whole: run one, or take hold of a weight and drag it.",
    ),
    presets,
    look,
    transport,
    middle,
  );

  // --- settings and the address ---------------------------------------------------------------------

  function change(name, value) {
    if (LIVE.includes(name)) say({ kind: "change", name, value });
    else open({ ...(pending?.settings ?? settings), [name]: value });
  }

  function resize(n) {
    const hidden = (pending?.settings ?? settings).hidden.slice(0, n);
    while (hidden.length < n) hidden.push(hidden.at(-1) ?? 4);
    change("hidden", hidden);
  }

  // A new network: what was done is forgotten, but for the points put in and taken out.
  function open(wanted, points = true) {
    if (frame?.steps && isOutput() && !kept && otherActivation(wanted)) toggleKept(); // to see both
    running = false;
    opened = false;
    pending = { settings: wanted, did: "", points };
    if (say({ kind: "open", tab, ...pending, again: false })) asked += 1;
    showRunning();
  }
  let pending = null; // what was asked for last, while the studio has not answered
  let asked = 0; // answers to come

  const isOutput = () => large[0] === about.sizes.length - 1;

  // Whether the same network is wanted with another activation function, and nothing else changes.
  function otherActivation(wanted) {
    return (
      wanted.activation !== settings.activation &&
      JSON.stringify({ ...wanted, activation: "" }) ===
        JSON.stringify({ ...settings, activation: "" })
    );
  }

  function fromAddress() {
    if (!app.params.has("data")) return null;
    const found = { ...choices.standard };
    for (const [name, standard] of Object.entries(choices.standard)) {
      const text = app.params.get(name);
      if (text === null) continue;
      if (name === "hidden") found.hidden = text === "" ? [] : text.split("-").map(Number);
      else found[name] = typeof standard === "number" ? Number(text) : text;
    }
    return found;
  }

  function intoAddress() {
    const values = { ...begun, hidden: begun.hidden.join("-") };
    if (did) values.did = did;
    app.setParams(values);
  }

  async function copyLink() {
    pause();
    try {
      await navigator.clipboard.writeText(location.href);
      app.toast(
        did === null
          ? "The link is copied. It holds the settings; what was done since, your points among it, is too long for one."
          : "The link is copied.",
      );
    } catch {
      app.toast("The link is in the browser's address bar.");
    }
  }

  // --- to the studio and back -------------------------------------------------------------------------

  const say = (message) => socket?.send(message) ?? false;

  function start() {
    running = true;
    say({ kind: "run", speed: speed.value });
    showRunning();
  }

  function pause() {
    if (!running) return;
    running = false;
    say({ kind: "pause" });
    showRunning();
  }

  function setParameter(at, value) {
    say({ kind: "set", layer: at[0], neuron: at[1], below: at.length === 3 ? at[2] : null, value });
  }

  function heard(message) {
    if (message instanceof ArrayBuffer) return hold(message);
    if (message.kind === "state") return begin(message);
    if (message.kind === "points") return holdPoints(message);
    if (message.kind === "did") {
      ({ settings, start: begun, did } = message);
      intoAddress();
      showSettings();
      return undefined;
    }
    if (message.kind === "stopped") {
      running = false;
      showRunning();
    }
    app.toast(message.error);
    if (message.kind === "error" && pending && (asked -= 1) <= 0) pending = null;
    if (about)
      showSettings(); // what was refused is shown no more
    else if (message.kind === "error") open(choices.standard);
    return undefined;
  }

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
    if (kept && kept.data !== settings.data) toggleKept();
    middle.classList.toggle("deep", about.sizes.length > 5);
    net.build(about);
    editor.build(about, net.names);
    if (fresh) choose([2, 0, 0]);
    enlarge(...large);
    showSettings();
  }

  // --- frames ------------------------------------------------------------------------------------------

  function hold(buffer) {
    const read = about && readFrame(buffer, about);
    if (!read) return; // of a network that is no longer shown
    frame = read;
    painting ||= requestAnimationFrame(paint);
  }

  function holdPoints({ x, y, training, own }) {
    if (!about) return;
    Object.assign(about, { x: floats(x), y: floats(y), training, own });
    showPoints();
  }

  function showPoints() {
    tool.show(about, about.inputs === 2 || isOutput());
    const held =
      about.training < about.y.length ? " Hollow points are held out: never trained on." : "";
    legend.textContent =
      (about.classes
        ? "Circles are 1 and blue, squares are 0 and red."
        : "Points are the training examples, the line is the network.") + held;
  }

  const centreOf = (layer) => {
    if (layer === 0) return 0;
    const name = layer === about.sizes.length - 1 ? about.output : settings.activation;
    return name === "sigmoid" ? 0.5 : 0;
  };

  function paint() {
    painting = 0;
    if (!frame) return;
    net.show(
      frame.parameter,
      frame.pictures,
      about.sizes.map((_, layer) => centreOf(layer)),
    );
    editor.show(frame.parameter);
    along.show(frame.course);
    const [layer, j] = large;
    const values = frame.pictures[layer][j];
    const output = isOutput();
    const centre = centreOf(layer);
    const line = {
      inputs: about.inputs,
      values,
      n: output ? about.fine : about.coarse,
      level: centre,
    };
    shownLine = line;
    picture.show({
      ...line,
      centre,
      kept,
      domain: about.domain,
      range: rangeOf(values, output),
      last: frame.last,
      points: { x: about.x, y: about.y, training: about.training, classes: about.classes },
      unit: settings.data === "dog" ? "eyes, cm" : "x",
    });
    const [cost, heldCost, right, heldRight] = frame.costs;
    const show = (node, x, text) => {
      node.textContent = Number.isNaN(x) ? "–" : text(x);
      node.title = Number.isNaN(x) ? "" : String(x);
    };
    show(figures.training, cost, number);
    show(figures.held, heldCost, number);
    show(figures.right, right, percent);
    show(figures.heldRight, heldRight, percent);
    where.textContent = `Epoch ${count(frame.epoch)} · ${count(frame.steps)} ${frame.steps === 1 ? "step" : "steps"}`;
    where.title = `${count(frame.seen)} of ${count(about.training)} training points were used in this epoch`;
    const sentence = said();
    canvas.setAttribute("aria-label", `${title.textContent}. ${sentence}`);
    curve.setAttribute("aria-label", `Course of the cost. ${sentence}`);
    const now = performance.now();
    if (now - announced > (running ? 8000 : 600)) {
      announced = now;
      app.announce(sentence);
    }
  }
  let shownLine = null;

  function rangeOf(values, output) {
    if (about.inputs === 2) return about.domain;
    if (about.classes && output) return [-0.12, 1.12];
    let [low, high] = [Infinity, -Infinity];
    for (const v of about.y) [low, high] = [Math.min(low, v), Math.max(high, v)];
    if (!output) for (const v of values) [low, high] = [Math.min(low, v), Math.max(high, v)];
    const room = 0.2 * (high - low || 1);
    return [low - room, high + room];
  }

  function said() {
    const [cost, heldCost, right, heldRight] = frame.costs;
    const held = Number.isNaN(heldCost) ? "" : `, ${number(heldCost, 3)} on held-out points`;
    const share = Number.isNaN(right)
      ? ""
      : ` ${percent(right)} of the training points are right${Number.isNaN(heldRight) ? "" : `, and ${percent(heldRight)} of those held out`}.`;
    return `After ${count(frame.steps)} ${frame.steps === 1 ? "step" : "steps"} the cost is ${number(cost, 3)}${held}.${share}`;
  }

  // --- what is chosen -------------------------------------------------------------------------------------

  function choose(at, byHand = false) {
    net.choose(at);
    editor.choose(at);
    if (byHand) editor.focus();
    if (frame) editor.show(frame.parameter);
  }

  function enlarge(layer, j) {
    large = [layer, j];
    net.enlarge(layer, j);
    const output = isOutput();
    title.textContent = output
      ? "Output"
      : layer === 0
        ? `Input ${net.names[j]}`
        : `Neuron ${j + 1} of layer ${layer + 1}`;
    keep.disabled = !output;
    showPoints();
    if (frame) paint();
  }

  function toggleKept() {
    kept =
      kept || !shownLine
        ? null
        : { ...shownLine, values: shownLine.values.slice(), data: settings.data };
    keep.textContent = kept ? "Forget the dashed line" : "Keep this line";
    keep.setAttribute("aria-pressed", String(Boolean(kept)));
    if (frame) paint();
  }

  function showRunning() {
    run.textContent = running ? "Pause" : "Run";
  }

  function showSettings() {
    form.show(settings);
    layers.show(settings.hidden.length);
    const { seed: _, ...wanted } = settings;
    const matching = choices.presets.find((preset) => {
      const { seed: __, ...own } = preset.settings;
      return JSON.stringify(own) === JSON.stringify(wanted);
    });
    [...presets.children].forEach((button, i) =>
      button.setAttribute("aria-pressed", String(choices.presets[i] === matching)),
    );
    if (matching) look.replaceChildren(el("b", {}, "Look for: "), matching.look);
    look.classList.toggle("past", !matching);
    rightRow.hidden = !about.classes;
    showPoints();
  }

  app
    .get("/api/playground/choices")
    .then((found) => {
      choices = found;
      form.offer(found.toys);
      presets.append(
        ...found.presets.map((preset) =>
          el(
            "button",
            {
              type: "button",
              "aria-pressed": "false",
              onclick: () => {
                open(preset.settings, false);
              },
            },
            preset.name,
          ),
        ),
      );
      const wanted = fromAddress();
      pending = { settings: wanted ?? found.presets[1].settings, did: app.params.get("did") ?? "" };
      socket = app.socket("/ws/playground", heard, {
        onOpen() {
          asked = 1;
          if (opened) {
            socket.send({
              kind: "open",
              tab,
              settings: begun ?? settings,
              did: did ?? "",
              again: true,
            });
            if (running) start();
          } else if (pending) socket.send({ kind: "open", tab, ...pending, again: false });
        },
      });
    })
    .catch((error) => {
      look.textContent = error.message;
    });

  return () => {
    cancelAnimationFrame(painting);
    for (const part of [net, picture, along]) part.close();
  };
}

export default { title: "Playground", mount };
