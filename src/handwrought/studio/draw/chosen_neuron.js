// @ts-check
// The network's layers, and the sum of the neuron that is chosen in them.
import { floats } from "../../web/arrays.js";
import { el, messageOf } from "../../web/dom.js";
import { number } from "../../web/numbers.js";
import { sight } from "../../web/pixels.js";
import { network } from "./network.js";
import { neuron } from "./neuron.js";

const CELLS = "Each cell is a neuron, bluer the more active it is";
const EDGES = " The input is eight maps of edges: an arrow points to where they grow brighter.";

/** @typedef {{ layer: number, neuron: number }} Place */

/**
 * @param {App} app
 * @param {string[]} outputs
 */
export function chosenNeuron(app, outputs) {
  /** @type {Draw.Seen | null} */
  let seen = null;
  /** @type {Place | null} */
  let chosen = null; // null follows the answer's own neuron
  let asked = 0; // counts questions, so that a late answer is known
  /** @type {any[] | null} */
  let layers = null;
  const note = el("p", { class: "note" }, `${CELLS}. Choose one to see its weights and its sum.`);
  const one = neuron();
  const net = network({
    onChoose(/** @type {number} */ layer, /** @type {number} */ j) {
      chosen = { layer, neuron: j };
      net.choose(layer, j); // at once; the terms of its sum follow
      ask();
    },
    outputs,
  });

  /** @param {Draw.Seen} now @param {number} k */
  function showInput(now, k) {
    const input = floats(now.layers[0].a);
    net.choose(1, k);
    const place = sight(input.length)?.place(k) ?? `number ${k}`;
    one.clear(
      `Input, ${place}: a = ${number(input[k])}. The input has no weights; choose a neuron of a layer above.`,
    );
  }

  // Works out the sum of the neuron that is chosen.
  async function ask() {
    if (!seen || seen.digit === null) return;
    const last = seen.layers[seen.layers.length - 1].number;
    const wanted = chosen ?? { layer: last, neuron: seen.digit };
    if (wanted.layer === 1) return showInput(seen, wanted.neuron);
    const mine = ++asked;
    const below = seen.layers[wanted.layer - 2];
    try {
      const found = await app.post("/api/draw/neuron", { drawing: seen.drawing, ...wanted });
      if (!seen || mine !== asked) return; // overtaken by another
      net.choose(wanted.layer, wanted.neuron, found.terms);
      const title = wanted.layer === last ? `The output neuron for ${wanted.neuron}` : null;
      one.show(found, { number: below.number, a: floats(below.a) }, title);
    } catch (error) {
      one.clear(messageOf(error));
    }
  }

  function showEmpty() {
    if (layers) net.show(layers.map((each) => ({ ...each, a: new Float32Array(each.size) })));
  }

  one.clear();
  return {
    root: one.root,
    roots: [note, net.root],
    ask,
    /** @param {Draw.Seen} now */
    show(now) {
      seen = now;
      net.show(now.layers.map((layer) => ({ ...layer, a: floats(layer.a) })));
      one.stale = true; // its sum is worked out when the pen rests
      if (now.digit === null) {
        net.choose(null);
        one.clear(now.refused);
      } else if (chosen) net.choose(chosen.layer, chosen.neuron);
      else net.choose(now.layers[now.layers.length - 1].number, now.digit);
    },
    clear() {
      seen = null;
      asked += 1;
      net.choose(null);
      showEmpty();
      one.clear();
    },
    /** @param {any[]} found */
    about(found) {
      layers = found;
      if (!seen) showEmpty();
      const sizes = found.map((layer) => layer.size).join(", ");
      const edges = sight(found[0].size)?.maps.length ? EDGES : "";
      note.textContent = `${CELLS}: ${sizes}. Choose one to see its weights and its sum.${edges}`;
    },
    close() {
      net.close();
      one.close();
    },
  };
}
