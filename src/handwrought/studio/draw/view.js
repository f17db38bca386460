// Draw: a pad, and at every stroke all that the network makes of it.
import { bytes, floats } from "../../web/arrays.js";
import { bars } from "../../web/bars.js";
import { camera } from "./camera.js";
import { el } from "../../web/dom.js";
import { network } from "./network.js";
import { neuron } from "./neuron.js";
import { count, number, percent } from "../../web/numbers.js";
import { pad } from "../../web/pad.js";
import { sight } from "../../web/pixels.js";
import { preparation } from "./preparation.js";

const DIGITS = [..."0123456789"];
const REST = 350; // milliseconds without a stroke before the preparation is replayed

const MOST_BYTES = 32 * 2 ** 20;

function mount(root, app) {
  let drawing = 0; // the server's number of what is on the pad; 0 while it has none
  let turn = 0; // counts what was sent, so that a late answer to an older drawing is known
  const answered = []; // who waits for the answer to come
  let floor = 0; // answers below this turn belong to a drawing that was cleared
  let waiting = false; // a stroke is on its way
  let again = false; // the pad has changed since, and is sent when the answer is here
  let seen = null; // the last answer
  let chosen = null; // { layer, neuron }; null follows the answer's own neuron
  let asked = 0; // counts questions for a neuron, so that a late answer is known
  let rest = null; // runs out when the pen has rested
  let due = false; // it has, while the last stroke was still on its way

  // --- the page -----------------------------------------------------------------------------------

  const board = pad({ strokes: remembered(), onChange: changed, onPicture: readFile });
  const prepared = preparation();
  const ten = bars();
  const answer = el("p", { class: "answer none" }, "–");
  const says = el("p", { class: "says" }, "Draw a digit from 0 to 9.");
  const net = network({ onChoose: choose, outputs: DIGITS });
  const note = el(
    "p",
    { class: "note" },
    "Each cell is a neuron, bluer the more active it is. Choose one to see its weights and its sum.",
  );
  const one = neuron();
  const undo = el(
    "button",
    { type: "button", onclick: () => board.undo() || app.announce("Nothing to undo") },
    "Undo",
  );
  const clear = el("button", { type: "button", onclick: () => board.clear() }, "Clear");
  const replay = el(
    "button",
    { type: "button", class: "quiet", disabled: true, onclick: () => prepared.play(board.source) },
    "Replay",
  );
  const brush = el("input", {
    id: "brush",
    type: "range",
    min: 3,
    max: 15,
    step: 0.5,
    value: 7.5,
    oninput: () => {
      board.brush = brush.value / 100;
    },
  });
  const file = el("input", {
    id: "file",
    type: "file",
    accept: "image/*",
    class: "unseen",
    onchange: () => {
      if (file.files[0]) readFile(file.files[0]);
      file.value = "";
    },
  });
  const photograph = el("button", { type: "button", onclick: takePhotograph }, "Photograph");
  const labels = DIGITS.map((name) =>
    el(
      "button",
      {
        type: "button",
        class: "label",
        disabled: true,
        "aria-pressed": "false",
        "aria-label": `That was a ${name}`,
        onclick: () => keep(Number(name)),
      },
      name,
    ),
  );
  const kept = el("p", { class: "note" });
  const command = el("code", {});
  const teach = el(
    "details",
    { class: "note", hidden: true },
    el("summary", {}, "Teach them to a network"),
    el(
      "p",
      {},
      el("a", { href: "#train?new=1&own=1" }, "Fine-tune on them in Train"),
      ", or in a terminal: ",
      command,
    ),
  );

  root.append(
    el("h1", {}, "Draw"),
    el(
      "p",
      { class: "lead" },
      "Write a digit and watch what the network makes of it, stroke by stroke.",
    ),
    el(
      "div",
      { class: "draw" },
      el(
        "section",
        { class: "board", "aria-label": "Drawing" },
        board.root,
        el(
          "p",
          { id: "pad-help", class: "unseen" },
          "Draw with the pointer. By keyboard: arrow keys move the pen, with Shift further; Space puts it down and lifts it; Control Z takes the last stroke back; Delete clears.",
        ),
        el(
          "div",
          { class: "row tools" },
          undo,
          clear,
          el("div", { class: "brush" }, el("label", { for: "brush" }, "Brush"), brush),
        ),
        el(
          "div",
          { class: "row tools" },
          el("label", { for: "file", class: "button" }, "Open a picture"),
          file,
          photograph,
        ),
        el("p", { class: "note" }, "Or drop or paste a picture of one digit."),
      ),
      el(
        "section",
        { class: "prepared", "aria-labelledby": "prepared-title" },
        el("h2", { id: "prepared-title" }, "What it sees"),
        prepared.root,
        prepared.steps,
        replay,
      ),
      el(
        "section",
        { class: "reading", "aria-labelledby": "reading-title" },
        el("h2", { id: "reading-title" }, "What it reads"),
        el("div", { class: "verdict" }, answer, says),
        ten.root,
        el(
          "div",
          {
            class: "truth",
            role: "group",
            "aria-label": "Keep it for fine-tuning: which digit was it?",
          },
          el("p", {}, "That was a"),
          el("div", { class: "labels" }, labels),
          kept,
          teach,
        ),
      ),
    ),
    el(
      "section",
      { class: "draw-network", "aria-labelledby": "network-title" },
      el("h2", { id: "network-title" }, "The network at work"),
      note,
      net.root,
    ),
    one.root,
  );

  // --- strokes out, readings in -------------------------------------------------------------------

  // After each (re)connection the server is shown what is on the pad.
  const socket = app.socket("/ws/draw", heard, {
    onOpen() {
      waiting = false;
      drawing = 0;
      due = true;
      if (!board.empty && !board.hasPicture) send();
      letGo();
    },
  });

  function changed(finished) {
    prepared.stop();
    clearTimeout(rest);
    due = false;
    if (finished) remember(board.strokes);
    if (board.empty) return blank();
    if (board.hasPicture) return;
    send();
    if (finished) rest = setTimeout(settle, REST);
  }

  function send() {
    again = waiting; // one at a time: what comes meanwhile is overtaken by the newest
    if (waiting) return;
    const { width, height, grey } = board.pixels();
    const message = new Uint8Array(12 + grey.length);
    const header = new DataView(message.buffer);
    turn += 1;
    header.setUint32(0, drawing, true);
    header.setUint32(4, turn, true);
    header.setUint16(8, width, true);
    header.setUint16(10, height, true);
    message.set(grey, 12);
    waiting = socket.send(message); // if not, onOpen sends what is on the pad then
  }

  function heard(message) {
    waiting = false;
    if (message.kind === "error") says.textContent = message.error;
    else if (message.turn >= floor) show(message.seen);
    if (again) send();
    else if (due) settle();
    letGo();
  }

  function letGo() {
    if (!waiting) answered.splice(0).forEach((go) => go());
  }

  // Resolves once the newest strokes have been answered.
  function caughtUp() {
    return waiting ? new Promise((go) => answered.push(go)) : Promise.resolve();
  }

  // Nothing moved for a while: replay the preparation once, and work out the neuron's sum.
  function settle() {
    due = waiting; // the answer to come settles it
    if (waiting || !seen) return;
    if (seen.preparation) prepared.play(board.source);
    // Said once the pen rests, and not at every movement.
    app.announce(seen.refused || `Read as ${seen.digit}, ${percent(seen.confidence)} sure`);
    ask();
  }

  function show(now) {
    seen = now;
    drawing = now.drawing;
    const ink = now.digit !== null;
    answer.textContent = ink && !now.refused ? String(now.digit) : "?";
    answer.classList.toggle("refused", Boolean(now.refused));
    answer.classList.remove("none");
    says.textContent = now.refused || `${percent(now.confidence)} sure`;
    ten.show(ink ? now.probabilities : null);
    const what = ink
      ? `What the network sees: a digit read as ${now.digit}`
      : "Nothing the network could see";
    prepared.show(bytes(now.pixels), now.preparation, what);
    net.show(now.layers.map((layer) => ({ ...layer, a: floats(layer.a) })));
    replay.disabled = !now.preparation;
    labels.forEach((button, digit) => {
      button.disabled = !ink;
      button.setAttribute("aria-pressed", String(now.kept === digit));
    });
    // Its sum is worked out when the pen rests; till then the old one is no more than a memory.
    one.stale = true;
    if (!ink) {
      net.choose(null);
      one.clear(now.refused);
    } else if (chosen) net.choose(chosen.layer, chosen.neuron);
    else net.choose(now.layers.at(-1).number, now.digit);
  }

  function blank() {
    floor = turn + 1;
    asked += 1;
    again = false;
    drawing = 0;
    seen = null;
    due = false;
    answer.textContent = "–";
    answer.classList.remove("refused");
    answer.classList.add("none");
    says.textContent = "Draw a digit from 0 to 9.";
    ten.show(null);
    prepared.show(new Uint8Array(784), null, "Nothing drawn yet");
    replay.disabled = true;
    labels.forEach((button) => {
      button.disabled = true;
      button.setAttribute("aria-pressed", "false");
    });
    net.choose(null);
    showEmptyNetwork();
    one.clear();
  }

  function showEmptyNetwork() {
    if (layerSizes)
      net.show(layerSizes.map((layer) => ({ ...layer, a: new Float32Array(layer.size) })));
  }

  // --- pictures -------------------------------------------------------------------------------------

  async function readFile(picture) {
    clearTimeout(rest);
    floor = turn + 1;
    again = false;
    if (picture.size > MOST_BYTES) {
      blank();
      says.textContent = "The picture is larger than 32 MB: make it smaller.";
      return;
    }
    says.textContent = "Reading the picture…";
    try {
      const [bitmap, now] = await Promise.all([
        createImageBitmap(picture).catch(() => null),
        app.post("/api/draw/picture", picture),
      ]);
      if (bitmap) board.show(bitmap);
      show(now);
      settle();
    } catch (error) {
      blank();
      says.textContent = error.message;
      app.announce(error.message);
    }
  }

  async function takePhotograph() {
    try {
      const picture = await camera();
      if (picture) await readFile(picture);
    } catch (error) {
      app.toast(error.message);
    }
  }

  // --- one neuron ---------------------------------------------------------------------------------

  function choose(layer, j) {
    chosen = { layer, neuron: j };
    net.choose(layer, j); // at once; the terms of its sum follow
    ask();
  }

  async function ask() {
    if (!seen || seen.digit === null) return;
    const last = seen.layers.at(-1).number;
    const wish = chosen ?? { layer: last, neuron: seen.digit };
    if (wish.layer === 1) {
      const input = floats(seen.layers[0].a);
      net.choose(1, wish.neuron);
      const place = sight(input.length)?.place(wish.neuron) ?? `number ${wish.neuron}`;
      one.clear(
        `Input, ${place}: a = ${number(input[wish.neuron])}. The input has no weights; choose a neuron of a layer above.`,
      );
      return;
    }
    const mine = ++asked;
    const below = seen.layers[wish.layer - 2];
    try {
      const found = await app.post("/api/draw/neuron", { drawing: seen.drawing, ...wish });
      if (!seen || mine !== asked) return; // overtaken by another
      net.choose(wish.layer, wish.neuron, found.terms);
      one.show(
        found,
        { number: below.number, a: floats(below.a) },
        wish.layer === last ? `The output neuron for ${wish.neuron}` : null,
      );
    } catch (error) {
      one.clear(error.message);
    }
  }

  // --- keeping ---------------------------------------------------------------------------------------

  async function keep(digit) {
    await caughtUp(); // what is kept is the whole drawing, not the one before its last stroke
    if (!seen) return;
    const again = seen.kept === digit;
    try {
      const { counts } = await app.post("/api/draw/keep", {
        drawing: seen.drawing,
        label: again ? null : digit,
      });
      seen.kept = again ? null : digit;
      labels.forEach((button, i) => button.setAttribute("aria-pressed", String(seen.kept === i)));
      showCounts(counts);
      app.toast(again ? "It is kept no longer." : `Kept as a ${digit}.`);
    } catch (error) {
      app.toast(error.message);
    }
  }

  function showCounts(counts) {
    const total = counts.reduce((sum, n) => sum + n, 0);
    kept.textContent = total
      ? `${count(total)} ${total === 1 ? "digit is" : "digits are"} kept for fine-tuning.`
      : "Label it, and it is kept for fine-tuning.";
    teach.hidden = !total;
  }

  let layerSizes = null;
  app
    .get("/api/draw/network")
    .then((found) => {
      layerSizes = found.layers;
      if (!seen) showEmptyNetwork();
      showCounts(found.counts);
      command.textContent = `handwrought train --from ${found.model} --add "${found.folder}"`;
      note.textContent = `Each cell is a neuron, bluer the more active it is: ${found.layers.map((layer) => layer.size).join(", ")}. Choose one to see its weights and its sum.${sight(found.layers[0].size)?.maps.length ? " The input is eight maps of edges: an arrow points to where they grow brighter." : ""}`;
    })
    .catch((error) => {
      says.textContent = error.message;
    });

  const keys = (event) => {
    if (event.target.matches("input, select, textarea")) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z") {
      event.preventDefault();
      board.undo();
    }
    if (event.key === "Delete" || (event.key === "Backspace" && event.target === board.root))
      board.clear();
  };
  document.addEventListener("keydown", keys);

  one.clear();
  return () => {
    clearTimeout(rest);
    document.removeEventListener("keydown", keys);
    for (const part of [board, net, one, prepared]) part.close?.();
    prepared.stop();
  };
}

// What is drawn survives a look at another view, and a reload.
const PLACE = "handwrought-strokes";

function remember(strokes) {
  const round = (v) => Math.round(1000 * v) / 1000;
  const text = JSON.stringify(
    strokes.map(({ width, points }) => ({ width, points: points.map((p) => p.map(round)) })),
  );
  try {
    sessionStorage.setItem(PLACE, text);
  } catch {
    /* storage is turned off or full: it is forgotten then */
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? "[]");
  } catch {
    return [];
  }
}

export default { title: "Draw", mount };
