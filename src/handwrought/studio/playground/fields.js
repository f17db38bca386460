// The playground's settings as fields, each with a sentence that says what it does.
import { el } from "../../web/dom.js";
import { choice, stepper } from "./stepper.js";

const RATES = [
  0.0001, 0.0003, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 30, 100,
];
const STRENGTHS = [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1];
const SHARES = Array.from({ length: 21 }, (_, i) => i / 20);
const ACTIVATIONS = [
  ["identity", "none (identity)"],
  ["sigmoid", "sigmoid"],
  ["tanh", "tanh"],
  ["relu", "ReLU"],
  ["leaky-relu", "leaky ReLU"],
  ["silu", "SiLU"],
  ["gelu", "GELU"],
];
const OPTIMIZERS = [
  ["sgd", "gradient descent"],
  ["momentum", "momentum"],
  ["adam", "Adam"],
];

const group = (name, ...parts) =>
  el(
    "fieldset",
    {},
    el("legend", {}, name),
    el(
      "div",
      { class: "fields" },
      parts.map((part) => part.root),
    ),
  );

// onChange(name, value) hears what is wanted.
export function playgroundFields(onChange) {
  const number = (name, label, steps, hint) =>
    stepper(label, { steps, hint, onChange: (value) => onChange(name, value) });
  const list = (name, label, choices, hint) =>
    choice(label, choices, (value) => onChange(name, value), hint);
  const fields = {
    data: list("data", "Points from", [], "What there is to learn"),
    points: number(
      "points",
      "Points",
      [10, 20, 40, 60, 100, 150, 200, 300, 400, 500],
      "Training and held-out points together",
    ),
    noise: number("noise", "Noise", SHARES, "How far chance moves the points"),
    held: number("held", "Held out", SHARES.slice(0, 19), "Share of the points never trained on"),
    seed: number(
      "seed",
      "Seed",
      Array.from({ length: 100 }, (_, i) => i),
      "The same seed gives the same points, weights and order",
    ),
    activation: list("activation", "Activation", ACTIVATIONS, "Of the hidden layers"),
    optimizer: list("optimizer", "Optimizer", OPTIMIZERS, "How a gradient moves the weights"),
    rate: number(
      "rate",
      "Learning rate η",
      RATES,
      "How far a step goes; it may change while the network learns",
    ),
    batch: number(
      "batch",
      "Batch size",
      [1, 2, 5, 10, 20, 40, 100, 200, 500],
      "Examples averaged in one step",
    ),
    l1: number(
      "l1",
      "L1 λ",
      STRENGTHS,
      "Adds λ times the sum of the weights' sizes to the cost: it sets weights to zero",
    ),
    l2: number(
      "l2",
      "L2 λ",
      STRENGTHS,
      "Adds half of λ times the sum of the weights' squares to the cost: it keeps weights small",
    ),
  };
  const { data, points, noise, held, seed, activation, optimizer, rate, batch, l1, l2 } = fields;
  return {
    groups: [
      group("Data", data, points, noise, held, seed),
      group("Network", activation, optimizer),
      group("Learning", rate, batch, l1, l2),
    ],
    offer(toys) {
      data.offer(
        toys.map((toy) => [
          toy.name,
          `${toy.title} (${toy.inputs === 2 ? "two inputs" : "one input"})`,
        ]),
      );
    },
    show(settings) {
      for (const [name, field] of Object.entries(fields)) field.show(settings[name]);
    },
  };
}
