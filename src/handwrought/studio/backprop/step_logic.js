// @ts-check
// What each step of the algorithm shows: numbers known so far, the neurons chosen, edges, and names.
import { floats } from "../../web/arrays.js";
import { sight } from "../../web/pixels.js";

/**
 * @typedef {import("./address.js").Place} Place
 * @typedef {Backprop.Picture} Picture
 */

/** @param {Place} place @param {Picture} picture */
export const indexOf = (place, picture) =>
  picture.steps.findIndex((each) => each.name === place.step);

/**
 * The layer that a step is about.
 * @param {Place} place
 * @param {Picture} picture
 */
export const layerOf = (place, picture) =>
  picture.steps[indexOf(place, picture)].layer ?? place.focus ?? 2;

/**
 * The numbers that a step works out.
 * @param {string} name
 * @param {number} L
 */
function produced(name, L) {
  if (name === "input") return ["a1"];
  if (name === "BP1") return [`delta${L}`];
  if (name.startsWith("BP2-")) return [`delta${name.slice(4)}`];
  return /^[za]\d+$/.test(name) ? [name] : [];
}

/**
 * Which numbers are known so far, and which are worked out or used now.
 * @param {Place} place
 * @param {Picture} picture
 */
export function knowledge(place, picture) {
  const L = picture.layers.length;
  const { step, focus } = place;
  const past = picture.steps.slice(0, indexOf(place, picture) + 1);
  const known = new Set(["a1", ...past.flatMap((each) => produced(each.name, L))]);
  const now = new Set(produced(step, L));
  if (step === "cost") now.add(`a${L}`);
  if (step === "BP3") for (let l = 2; l <= L; l++) now.add(`delta${l}`);
  if (step === "BP4") {
    now.add(`a${(focus ?? 2) - 1}`);
    now.add(`delta${focus}`);
  }
  return { known, now };
}

/**
 * The neuron that is marked in each layer.
 * @param {Place} place
 * @param {number} layer
 * @param {number} k
 */
export function chosenNeurons({ step, neurons, focus }, layer, k) {
  /** @type {Record<number, number>} */
  const chosen = Object.fromEntries(neurons.map((j, i) => [i + 2, j]));
  const sum = /^z/.test(step);
  if (step === "input" || layer === focus || sum) {
    const source = layer === 2 || step === "BP4" || step === "update" || sum;
    chosen[layer - 1] = source ? k : chosen[layer - 1];
  }
  if (step === "input") chosen[1] = k;
  return chosen;
}

/**
 * The edges that a step's terms run along; null where it has none.
 * @param {Place} place
 * @param {Backprop.Closeup} found
 * @param {number} layer
 * @param {number} neuron
 * @param {number} k
 */
export function edgesOf({ step, neurons }, found, layer, neuron, k) {
  const last = found.panels.at(-1);
  if (!last) return null;
  const below = { layer: layer - 1, kind: "a" };
  if (/^z/.test(step))
    return {
      from: below,
      to: { layer, kind: "z", neuron },
      values: floats(last.values),
      marked: k,
    };
  const to = { layer, kind: "delta", neuron };
  if (/^BP2/.test(step)) {
    const from = { layer: layer + 1, kind: "delta" };
    return { from, to, values: floats(last.values), marked: neurons[layer - 1] };
  }
  if (step !== "BP4" && step !== "update") return null;
  const gradient = step === "BP4" ? last : found.panels[1];
  return { from: below, to, values: floats(gradient.values), marked: k, colour: "gradient" };
}

/**
 * The term that is marked in the close-up.
 * @param {Place} place
 * @param {number} layer
 * @param {number} k
 */
export function markedTerm({ step, neurons }, layer, k) {
  if (/^z/.test(step)) return k;
  return /^BP2/.test(step) ? neurons[layer - 1] : null;
}

/** @param {Picture} picture */
export const inputName = (picture) => (/** @type {number} */ k) =>
  sight(picture.layers[0].size)?.place(k) ?? `number ${k}`;

/**
 * What a weight of the layer in focus comes from.
 * @param {Place} place
 * @param {Picture} picture
 * @param {number} k
 */
export const weightFrom = ({ focus }, picture, k) =>
  focus === 2 ? inputName(picture)(k) : `neuron ${k} of layer ${(focus ?? 2) - 1}`;

/**
 * What is seen close up.
 * @param {Place} place
 * @param {Picture} picture
 * @param {Backprop.Closeup} found
 * @param {number} k
 */
export function closeupName({ step }, picture, { layer, neuron }, k) {
  if (step === "input") return inputName(picture)(k);
  if (step === "cost") return "all outputs";
  if (step === "update") return "the weight becomes";
  return step === "BP4" ? `weight ${k} → ${neuron}` : `neuron ${neuron} of layer ${layer}`;
}

/**
 * A neuron was chosen.  Below the layer of the step it names a weight; in another layer the step of
 * the same kind for that layer is shown.
 * @param {Place} place Is changed.
 * @param {Picture} picture
 * @param {number} layer
 * @param {number} j
 */
export function chooseNeuron(place, picture, layer, j) {
  const kind = place.step.match(/^(z|a|BP2|BP1)/)?.[1];
  const at = layerOf(place, picture);
  if (layer === 1) {
    if (place.step !== "input") place.focus = 2;
    place.source = j;
    if (kind === "z") place.step = "z2";
    return;
  }
  place.neurons[layer - 2] = j;
  if (kind === "z" && layer === at - 1) {
    place.focus = at;
    place.source = j;
    return;
  }
  const gradient = place.step === "BP4" || place.step === "update";
  if (gradient && layer === (place.focus ?? 2) - 1) {
    place.source = j;
    return;
  }
  if (kind === "BP2" && layer === at + 1) return;
  if (layer !== place.focus) {
    place.focus = layer;
    place.source = Math.min(place.source ?? 0, picture.layers[layer - 2].size - 1);
  }
  const L = picture.layers.length;
  if (kind === "z" || kind === "a") place.step = `${kind}${layer}`;
  else if (kind) place.step = layer === L ? "BP1" : `BP2-${layer}`;
  else if (place.step === "cost" && layer !== L) place.step = `a${layer}`;
  else if (place.step === "input") place.step = `z${layer}`;
}

/**
 * A term of the close-up was chosen.
 * @param {Place} place Is changed.
 * @param {Picture} picture
 * @param {number} i
 */
export function chooseTerm(place, picture, i) {
  const at = layerOf(place, picture);
  if (/^z/.test(place.step)) {
    place.focus = at;
    place.source = i;
    if (at > 2) place.neurons[at - 3] = i;
  } else if (/^BP2/.test(place.step)) place.neurons[at - 1] = i;
  else place.neurons[at - 2] = i;
}
