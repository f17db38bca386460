// The network: its weights out of half precision, and the forward pass, layer by layer.
import { bytes } from "../../web/arrays.js";

// Numbers of IEEE half precision, little-endian, out of base64: all 65,536 there are, looked up.
function halves(base64) {
  const all = Float32Array.from({ length: 65536 }, (_, bits) => {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    return bits >> 15 ? -size : size;
  });
  const stored = new Uint16Array(bytes(base64).buffer);
  const found = new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++) found[i] = all[stored[i]];
  return found;
}

// 1 / (1 + exp(-z)), with no exponent above 0.
function sigmoid(z) {
  const e = Math.exp(-Math.abs(z));
  return (z < 0 ? e : 1) / (1 + e);
}

// Φ, the distribution of N(0, 1): ½ + φ(z) (z + z³/3 + z⁵/15 + ...) (Marsaglia 2004).
function normal(z) {
  if (Math.abs(z) > 7) return z > 0 ? 1 : 0;
  let sum = z;
  for (let term = z, odd = 3; sum + term !== sum || odd === 3; odd += 2)
    sum += term *= (z * z) / odd;
  return 0.5 + (sum * Math.exp(-0.5 * z * z)) / Math.sqrt(2 * Math.PI);
}

function softmax(z) {
  const top = Math.max(...z);
  const e = z.map((v) => Math.exp(v - top));
  const total = e.reduce((sum, v) => sum + v, 0);
  return e.map((v) => v / total);
}

const ACTIVATIONS = {
  identity: (z) => z,
  sigmoid: (z) => z.map(sigmoid),
  tanh: (z) => z.map(Math.tanh),
  relu: (z) => z.map((v) => Math.max(0, v)),
  "leaky-relu": (z) => z.map((v) => (v > 0 ? v : 0.01 * v)),
  silu: (z) => z.map((v) => v * sigmoid(v)),
  gelu: (z) => z.map((v) => v * normal(v)),
  softmax,
};

export function networkOf({ sizes, activations, temperature, weights }) {
  const vector = halves(weights); // all weights, row by row and layer by layer, then all biases
  let at = 0;
  const share = (n) => vector.subarray(at, (at += n));
  const matrices = sizes.slice(1).map((n, l) => share(n * sizes[l]));
  const biases = sizes.slice(1).map(share);

  function layer(l, below) {
    const [w, n] = [matrices[l], sizes[l]];
    const z = Float64Array.from(biases[l], (b, j) => {
      let sum = b;
      for (let k = 0, from = j * n; k < n; k++) sum += w[from + k] * below[k];
      return sum;
    });
    return ACTIVATIONS[activations[l]](z); // a = σ(W a + b)
  }

  return {
    // The activations of every layer above the input x, numbers from 0 to 1.
    layers(x) {
      let a = Float64Array.from(x);
      return matrices.map((_, l) => (a = layer(l, a)));
    },
    // Those of the last layer as probabilities: p^(1/T) over its sum, softmax(z/T) for a softmax.
    probabilities(outputs) {
      const p = Array.from(outputs, (v) => Math.max(v, 1e-30) ** (1 / temperature));
      const total = p.reduce((sum, v) => sum + v, 0);
      return p.map((v) => v / total);
    },
  };
}
