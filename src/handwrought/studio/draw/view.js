// @ts-check
// Draw: a pad, and at every stroke all that the network makes of it.
import { bytes } from "../../web/arrays.js";
import { el, messageOf } from "../../web/dom.js";
import { percent } from "../../web/numbers.js";
import { pad } from "../../web/pad.js";
import { camera } from "./camera.js";
import { chosenNeuron } from "./chosen_neuron.js";
import { labelling } from "./labels.js";
import { boardSection, fill, titled } from "./layout.js";
import { preparation } from "./preparation.js";
import { strokeConnection } from "./stroke_connection.js";
import { remember, remembered } from "./stroke_memory.js";
import { verdict } from "./verdict.js";

const DIGITS = [..."0123456789"];
const REST = 350; // milliseconds without a stroke before the preparation is replayed
const MOST_BYTES = 32 * 2 ** 20;

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
function mount(root, app) {
  const board = pad({ strokes: remembered(), onChange: changed, onPicture: readFile });
  const shown = drawing(app, board);
  /** @type {number | undefined} */
  let rest; // runs out when the pen has rested
  let due = false; // it has, while the last stroke was still on its way
  const strokes = strokeConnection(app, board, {
    onSeen: (seen) => show(seen),
    onError: (text) => shown.reading.say(text),
    onAnswered: () => due && settle(),
    onOpen: () => {
      due = true;
    },
  });
  const labels = labelling(app, DIGITS, async () => {
    await strokes.caughtUp(); // the whole drawing, not the one before its last stroke
    return shown.seen;
  });
  fill(
    root,
    [
      boardSection(board, app, readFile, takePhotograph),
      shown.prepared,
      titled("reading", "What it reads", ...shown.reading.roots, labels.root),
    ],
    titled("draw-network", "The network at work", ...shown.network.roots),
    shown.network.root,
  );

  /** @param {boolean} finished */
  function changed(finished) {
    shown.stop();
    clearTimeout(rest);
    due = false;
    if (finished) remember(board.strokes);
    if (board.empty) return blank();
    if (board.hasPicture) return;
    strokes.send();
    if (finished) rest = setTimeout(settle, REST);
  }

  // Nothing moved for a while: replay the preparation once, and work out the neuron's sum.
  function settle() {
    due = strokes.busy; // the answer to come settles it
    if (!due) shown.settle();
  }

  /** @param {Draw.Seen} seen */
  function show(seen) {
    strokes.drawing = seen.drawing;
    shown.show(seen);
    labels.show(seen);
  }

  function blank() {
    strokes.overtake();
    strokes.drawing = 0;
    due = false;
    shown.clear();
    labels.show(null);
  }

  /** @param {File | Blob} picture */
  async function readFile(picture) {
    clearTimeout(rest);
    strokes.overtake();
    if (picture.size > MOST_BYTES) {
      blank();
      shown.reading.say("The picture is larger than 32 MB: make it smaller.");
      return;
    }
    shown.reading.say("Reading the picture…");
    try {
      const [bitmap, seen] = await Promise.all([
        createImageBitmap(picture).catch(() => null),
        app.post("/api/draw/picture", picture),
      ]);
      if (bitmap) board.show(bitmap);
      show(seen);
      settle();
    } catch (error) {
      blank();
      shown.reading.say(messageOf(error));
      app.announce(messageOf(error));
    }
  }

  async function takePhotograph() {
    try {
      const picture = await camera();
      if (picture) await readFile(picture);
    } catch (error) {
      app.toast(messageOf(error));
    }
  }

  app
    .get("/api/draw/network")
    .then((found) => {
      shown.network.about(found.layers);
      labels.about(found);
    })
    .catch((error) => shown.reading.say(error.message));
  const unlisten = listenToKeys(board);
  return () => {
    clearTimeout(rest);
    unlisten();
    for (const part of [board, shown.network]) part.close();
    shown.stop();
  };
}

/**
 * What is shown of the drawing: as the network sees it, what it reads, and its neurons.
 * @param {App} app
 * @param {ReturnType<typeof pad>} board
 */
function drawing(app, board) {
  /** @type {Draw.Seen | null} */
  let seen = null; // the last answer
  const prepared = preparation();
  const reading = verdict();
  const network = chosenNeuron(app, DIGITS);
  const replay = el(
    "button",
    { type: "button", class: "quiet", disabled: true, onclick: () => prepared.play(board.source) },
    "Replay",
  );
  return {
    prepared: titled("prepared", "What it sees", prepared.root, prepared.steps, replay),
    reading,
    network,
    get seen() {
      return seen;
    },
    stop: () => prepared.stop(),
    settle() {
      if (!seen) return;
      if (seen.preparation) prepared.play(board.source);
      // Said once the pen rests, and not at every movement.
      app.announce(seen.refused || `Read as ${seen.digit}, ${percent(seen.confidence)} sure`);
      network.ask();
    },
    /** @param {Draw.Seen} now */
    show(now) {
      seen = now;
      const what =
        now.digit === null
          ? "Nothing the network could see"
          : `What the network sees: a digit read as ${now.digit}`;
      prepared.show(bytes(now.pixels), now.preparation, what);
      replay.disabled = !now.preparation;
      reading.show(now);
      network.show(now);
    },
    clear() {
      seen = null;
      prepared.show(new Uint8Array(784), null, "Nothing drawn yet");
      replay.disabled = true;
      reading.clear();
      network.clear();
    },
  };
}

/** @param {ReturnType<typeof pad>} board */
function listenToKeys(board) {
  const keys = (/** @type {KeyboardEvent} */ event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.matches("input, select, textarea")) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z") {
      event.preventDefault();
      board.undo();
    }
    if (event.key === "Delete" || (event.key === "Backspace" && target === board.root))
      board.clear();
  };
  document.addEventListener("keydown", keys);
  return () => document.removeEventListener("keydown", keys);
}

export default { title: "Draw", mount };
