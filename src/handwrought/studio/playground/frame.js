// A frame of the playground: bytes to numbers.  The layout stands in playground.py, Playground.frame.
const HEADER = 64;
const NONE = 2 ** 32 - 1;

// about: the state that the frame belongs to; null if it belongs to another.
export function readFrame(buffer, about) {
  const [state, , epoch, seen, steps, p, c, last] = new Uint32Array(buffer, 0, 8);
  if (state !== about.state) return null;
  const area = (n) => (about.inputs === 2 ? n * n : n);
  let at = HEADER;
  const next = (Kind, n) => {
    const values = new Kind(buffer, at, n);
    at += values.byteLength;
    return values;
  };
  const parameters = next(Float64Array, p);
  const course = next(Float32Array, 3 * c);
  const output = next(Float32Array, area(about.fine));
  const hidden = about.sizes
    .slice(1, -1)
    .map((n) => Array.from({ length: n }, () => next(Float32Array, area(about.coarse))));
  const pictures = [(about.inputPictures ??= inputPictures(about)), ...hidden, [output]];
  return {
    epoch,
    seen,
    steps,
    parameters,
    course,
    pictures,
    costs: new Float64Array(buffer, 32, 4),
    last: last === NONE ? null : last,
    // A weight, [layer, neuron, below], or a bias, [layer, neuron]; layers from 2.
    parameter(place) {
      return parameters[indexOf(place, about.sizes)];
    },
  };
}

// Where a parameter stands in the vector: all weights, layer by layer, then all biases.
function indexOf([layer, neuron, below], sizes) {
  const weights = (l) => sizes[l] * sizes[l - 1];
  let index = 0;
  const last = below === undefined ? sizes.length : layer - 1;
  for (let l = 1; l < last; l++) index += weights(l);
  if (below !== undefined) return index + neuron * sizes[layer - 2] + below;
  for (let l = 1; l < layer - 1; l++) index += sizes[l];
  return index + neuron;
}

// What the inputs themselves look like: a slope in their own direction.
function inputPictures({ inputs, domain: [low, high], coarse: n }) {
  const at = (i) => low + ((i + 0.5) / n) * (high - low);
  if (inputs === 1) return [Float32Array.from({ length: n }, (_, i) => at(i))];
  const cells = { length: n * n };
  return [
    Float32Array.from(cells, (_, i) => at(i % n)),
    Float32Array.from(cells, (_, i) => at(n - 1 - Math.floor(i / n))),
  ];
}
