// The page: a pad, what the network sees of it, and what it reads; all of it in this browser.
import { bars } from "../../web/bars.js";
import { el } from "../../web/dom.js";
import { networkOf } from "./forward.js";
import { count, percent } from "../../web/numbers.js";
import { pad } from "../../web/pad.js";
import { paintAmounts, paintInk } from "../../web/pixels.js";
import { prepare } from "./prepare.js";
import { deskewed, extractFeatures } from "./representations.js";

const SURE = 0.5; // below it, the answer is a question mark
const model = JSON.parse(document.getElementById("model").textContent);
const { class_names: labels, facts, sizes, representation } = model;
const network = networkOf(model);
const digits = labels.every((label) => "0123456789".includes(label));
const short = labels.every((label) => label.length === 1);
const announcer = document.getElementById("announcer");

// --- the page -------------------------------------------------------------------------------------

const board = pad({
  onChange: changed,
  onPicture: () => {
    says.textContent = "This page reads what is drawn on it, not pictures.";
  },
});
const seen = el("canvas", { class: "pixels seen", role: "img" });
const answer = el("p", { class: short ? "answer" : "answer word" });
const says = el("p", { class: "says" });
const chances = bars(labels, digits ? "Probability of each digit" : "Probability of each class");
chances.root.classList.toggle("named", !short);
const undo = el("button", { type: "button", onclick: () => board.undo() }, "Undo");
const clear = el("button", { type: "button", onclick: () => board.clear() }, "Clear");
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
const neurons = sizes.slice(1, -1).map((n, l) => {
  const canvas = el("canvas", {
    class: "pixels",
    role: "img",
    "aria-label": `Activations of hidden layer ${l + 1}`,
  });
  const caption = el(
    "figcaption",
    {},
    `Hidden layer ${l + 1}: ${count(n)} × ${model.activations[l]}`,
  );
  const columns = wide(n);
  const rows = Math.ceil(n / columns);
  // All layers are as tall as each other, and none taller than nine lines of text.
  const style = {
    flex: `${columns / rows} 1 0`,
    maxWidth: `min(100%, ${Math.max((9 * columns) / rows, 6)}rem)`,
  };
  return { canvas, columns, rows, figure: el("figure", { style }, canvas, caption) };
});

const made = [
  representation.upright && "set upright",
  representation.width && `${representation.width}\u00a0pixels wide`,
]
  .filter(Boolean)
  .map((step) => `, ${step}`)
  .join("");

// How many columns a layer's neurons are laid out in, two or three times as many as rows.
function wide(n) {
  if (n <= 12) return n;
  for (let columns = Math.ceil(Math.sqrt(2 * n)); columns * columns <= 5 * n; columns++)
    if (n % columns === 0) return columns;
  return Math.ceil(Math.sqrt(2.5 * n));
}

document.getElementById("page").append(
  el("h1", {}, digits ? "Draw a digit" : "Draw"),
  el(
    "p",
    { class: "lead" },
    "The network is in this page and reads stroke by stroke. Nothing leaves your browser.",
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
    ),
    el(
      "section",
      { class: "prepared", "aria-labelledby": "prepared-title" },
      el("h2", { id: "prepared-title" }, "What it sees"),
      seen,
      el(
        "p",
        { class: "note" },
        `The ink, scaled to 20\u00a0×\u00a020 pixels, with its centre of mass in the middle of 28\u00a0×\u00a028${made}.`,
        representation.strokes
          ? " Around it, where it brightens in each direction: the network is given these eight maps."
          : "",
      ),
    ),
    el(
      "section",
      { class: "reading", "aria-labelledby": "reading-title" },
      el("h2", { id: "reading-title" }, "What it reads"),
      el("div", { class: "verdict" }, answer, says),
      chances.root,
    ),
  ),
  ...(neurons.length
    ? [
        el(
          "section",
          { class: "neurons", "aria-labelledby": "neurons-title" },
          el("h2", { id: "neurons-title" }, "Its neurons"),
          el("p", { class: "note" }, "Each cell is a neuron, bluer the more active it is."),
          el(
            "div",
            { class: "neurons-row" },
            neurons.map(({ figure }) => figure),
          ),
        ),
      ]
    : []),
  el(
    "dl",
    { class: "facts" },
    facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  ),
);

// --- reading --------------------------------------------------------------------------------------

// pixels: 28 x 28 of a prepared digit, uint8, ink bright on black.
function read(pixels) {
  const straight = deskewed(pixels, representation);
  const inputs = extractFeatures(straight, representation);
  const layers = network.layers(Array.from(inputs, (v) => v / 255));
  const probabilities = network.probabilities(layers.at(-1));
  const best = probabilities.indexOf(Math.max(...probabilities));
  return { pixels, straight, inputs, layers, probabilities, best, confidence: probabilities[best] };
}

let soon = 0;
let last = null;

function changed(finished) {
  soon ||= requestAnimationFrame(show);
  if (finished) announce();
}

function announce() {
  if (soon) {
    cancelAnimationFrame(soon);
    show();
  }
  announcer.textContent = last
    ? `Read as ${labels[last.best]}, ${percent(last.confidence)} sure`
    : "Nothing drawn";
}

function show() {
  soon = 0;
  last = board.empty ? null : read(prepare(board.strokes));
  const sure = last !== null && last.confidence >= SURE;
  answer.textContent = last ? (sure ? labels[last.best] : "?") : "–";
  answer.classList.toggle("none", !last);
  answer.classList.toggle("refused", last !== null && !sure);
  if (!last) says.textContent = digits ? "Draw a digit from 0 to 9." : "Draw something.";
  else if (sure) says.textContent = `${percent(last.confidence)} sure`;
  else
    says.textContent = `Perhaps ${labels[last.best]}, but only ${percent(last.confidence)} sure.`;
  chances.show(last?.probabilities ?? null);
  showSeen();
  seen.setAttribute(
    "aria-label",
    last ? "What the network sees of the drawing" : "Nothing drawn yet",
  );
  neurons.forEach(({ canvas, columns, rows }, l) => {
    paintAmounts(canvas, last?.layers[l] ?? new Float64Array(sizes[l + 1]), columns, rows);
  });
  undo.disabled = clear.disabled = board.empty;
}

// The digit, amid the maps of its strokes if there are any, each on the side it stands for.
function showSeen() {
  const digit = last?.straight ?? new Uint8Array(784);
  if (!representation.strokes) return paintInk(seen, digit);
  const all = new Uint8Array(56 * 56);
  const put = (from, wide, x, y, side, [left, top]) => {
    for (let i = 0; i < side; i++)
      all.set(from.subarray((y + i) * wide + x, (y + i) * wide + x + side), (top + i) * 56 + left);
  };
  put(digit, 28, 0, 0, 28, [14, 14]);
  const places = [
    [42, 21],
    [42, 42],
    [21, 42],
    [0, 42],
    [0, 21],
    [0, 0],
    [21, 0],
    [42, 0],
  ]; // from the right, clockwise
  places.forEach((place, k) =>
    put(last?.inputs ?? new Uint8Array(1568), 56, 14 * (k % 4), 14 * Math.floor(k / 4), 14, place),
  );
  paintInk(seen, all, 56, 56);
}

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input")) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "z") {
    event.preventDefault();
    board.undo();
  }
  if (event.key === "Delete" || (event.key === "Backspace" && event.target === board.root))
    board.clear();
});

// --- theme ------------------------------------------------------------------------------------------

const button = document.getElementById("theme");
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  button.textContent = theme === "dark" ? "Light theme" : "Dark theme";
  document.dispatchEvent(new Event("themechange"));
  show();
}
button.addEventListener("click", () =>
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"),
);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) =>
  setTheme(event.matches ? "dark" : "light"),
);
setTheme(document.documentElement.dataset.theme);

// For whoever wants the numbers, and for the tests.
window.handwrought = {
  feedforward: (x) => Array.from(network.layers(x).at(-1)),
  probabilities: (x) => network.probabilities(network.layers(x).at(-1)),
  prepare,
  read: (pixels) => read(Uint8Array.from(pixels)),
  get strokes() {
    return board.strokes;
  },
  get picture() {
    return board.pixels();
  },
  get reading() {
    return last;
  },
};
