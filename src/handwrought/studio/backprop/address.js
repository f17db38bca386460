// @ts-check
// What is looked at: all of it stands in the address.
const START = { network: "16-16:sigmoid:quadratic", image: "test:8" };

/**
 * @typedef {object} Place
 * @property {{ network: string, image: string, label: number | null, rates: number[],
 *   mistake: string | null }} view What the server is asked for.
 * @property {string} step
 * @property {number[]} neurons The chosen one of each layer from 2.
 * @property {number | null} focus The layer that BP3, BP4 and the update look at.
 * @property {number | null} source The weight chosen of it: the neuron below.
 * @property {number} rate
 * @property {boolean} rateChosen Whether the rate was chosen; else it fits the network.
 */

/** @param {string | null} text */
export const list = (text) => (text ? text.split(",").map(Number) : []);
/** @param {string | null} text */
export const whole = (text) => (text === null || text === "" ? null : Number(text));

/**
 * @param {URLSearchParams} given
 * @returns {Place}
 */
export function placeOf(given) {
  const rate = Number(given.get("eta")) || null;
  return {
    view: {
      network: given.get("network") || START.network,
      image: given.get("image") || START.image,
      label: whole(given.get("label")),
      rates: list(given.get("applied")),
      mistake: given.get("mistake") || null,
    },
    step: given.get("step") || "input",
    neurons: list(given.get("neurons")),
    focus: whole(given.get("layer")),
    source: whole(given.get("source")),
    rate: rate ?? 1,
    rateChosen: rate !== null,
  };
}

/** @param {Place} place */
export function addressOf({ view, step, neurons, focus, source, rate, rateChosen }) {
  /** @type {Record<string, any>} */
  const values = { network: view.network, image: view.image, step };
  if (view.label !== null && view.image.startsWith("ink:")) values.label = view.label;
  if (view.rates.length) values.applied = view.rates.join(",");
  if (view.mistake) values.mistake = view.mistake;
  if (neurons.length) values.neurons = neurons.join(",");
  if (focus !== null) values.layer = focus;
  if (source !== null) values.source = source;
  if (rateChosen) values.eta = rate;
  return values;
}

/**
 * Makes what is chosen fit the network of the picture.
 * @param {Place} place
 * @param {Backprop.Picture} picture
 */
export function fit(place, picture) {
  const sizes = picture.layers.map((layer) => layer.size);
  const within = (/** @type {number | null} */ j, /** @type {number} */ n) =>
    j !== null && Number.isInteger(j) && j >= 0 && j < n;
  if (!place.rateChosen) place.rate = picture.cost_name === "quadratic" ? 1 : 0.02;
  if (
    place.neurons.length !== sizes.length - 1 ||
    !place.neurons.every((j, i) => within(j, sizes[i + 1]))
  )
    place.neurons = [...picture.neurons];
  if (place.focus === null || !(place.focus >= 2 && place.focus <= sizes.length)) place.focus = 2;
  if (!within(place.source, sizes[place.focus - 2])) {
    const first = place.focus === 2 && place.neurons[0] === picture.neurons[0];
    place.source = first ? picture.source : 0;
  }
  if (!picture.steps.some((each) => each.name === place.step)) place.step = "input";
}
