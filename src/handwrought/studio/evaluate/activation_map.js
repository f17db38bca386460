// @ts-check
// Images as points in the plane, coloured by digit; a pointer or the arrow keys find one of them.
import { contextOf, el, moves } from "../../web/dom.js";

const TRAVEL = 700; // milliseconds from one layout to the next
/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const RIM = 26;

/**
 * @param {object} options
 * @param {(i: number | null) => void} options.onPoint A point was found, counted as in the map.
 * @param {string[]} options.names Of the classes.
 */
export function digitmap({ onPoint, names: classNames }) {
  const canvas = el("canvas", {
    class: "map-canvas",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "map of images",
    "aria-label": "Map of test images",
  });
  const context = contextOf(canvas);
  /** @typedef {{ x: Float32Array, y: Float32Array }} Places From 0 to 1. */
  /** @type {any} */
  let map = null; // Places, labels, said
  /** @type {Places | null} */
  let from = null; // where the points come from while they travel
  let began = 0;
  /** @type {number} */
  let frame = 0;
  /** @type {number | null} */
  let at = null;
  /** @type {number | null} */
  let only = null; // a digit that stands out
  let size = [0, 0];
  /** @type {{ digits: string[], ink: string, paper: string, wrong: string }} */
  let colours = { digits: [], ink: "", paper: "", wrong: "" };

  const resized = new ResizeObserver(() => {
    const { width, height } = canvas.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    size = [width, height];
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw();
  });
  resized.observe(canvas);
  document.addEventListener("themechange", themed);

  function themed() {
    const style = getComputedStyle(document.documentElement);
    const read = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    colours = {
      digits: [...Array(10).keys()].map((d) => read(`--d-${d}`)),
      ink: read("--ink"),
      paper: read("--card"),
      wrong: read("--rust"),
    };
    draw();
  }

  /** @param {number} i */
  function place(i) {
    const t = from ? ease(Math.min(1, (performance.now() - began) / TRAVEL)) : 1;
    const x = from ? from.x[i] + (map.x[i] - from.x[i]) * t : map.x[i];
    const y = from ? from.y[i] + (map.y[i] - from.y[i]) * t : map.y[i];
    return [RIM + x * (size[0] - 2 * RIM), RIM + (1 - y) * (size[1] - 2 * RIM)];
  }

  function draw() {
    if (!map || !size[0]) return;
    context.clearRect(0, 0, size[0], size[1]);
    /** @type {[number[], number[]][]} */
    const sums = classNames.map(() => [[], []]);
    for (let i = 0; i < map.labels.length; i++) {
      const [x, y] = place(i);
      const digit = map.labels[i];
      sums[digit][0].push(x);
      sums[digit][1].push(y);
      context.globalAlpha = only === null || only === digit ? 0.8 : 0.08;
      context.fillStyle = colours.digits[digit % 10];
      context.beginPath();
      context.arc(x, y, 3, 0, 7);
      context.fill();
      if (map.said[i] !== digit) ring(x, y, 5, colours.wrong, 1.6);
    }
    context.globalAlpha = 1;
    context.font = "700 22px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 5;
    context.strokeStyle = colours.paper;
    context.fillStyle = colours.ink;
    const names = sums
      .map(([xs, ys], digit) => ({ digit, x: median(xs), y: median(ys) }))
      .filter(({ digit, x }) => x !== undefined && (only === null || only === digit));
    for (const { digit, x, y } of apart(names)) {
      context.strokeText(classNames[digit], x, y);
      context.fillText(classNames[digit], x, y);
    }
    if (at !== null) {
      const [x, y] = place(at);
      ring(x, y, 9, colours.paper, 6);
      ring(x, y, 9, colours.ink, 2.5);
    }
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   * @param {string} colour
   * @param {number} width
   */
  function ring(x, y, radius, colour, width) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.arc(x, y, radius, 0, 7);
    context.stroke();
  }

  function travel() {
    draw();
    if (performance.now() - began < TRAVEL) frame = requestAnimationFrame(travel);
    else {
      from = null;
      draw();
    }
  }

  /** @param {number | null} i */
  function find(i) {
    if (i === at) return;
    at = i;
    draw();
    onPoint(i);
  }

  // The nearest point to a place, no farther than `reach`.
  /**
   * @param {number} x
   * @param {number} y
   * @param {number} reach
   */
  function nearest(x, y, reach) {
    let best = null;
    let least = reach * reach;
    for (let i = 0; i < map.labels.length; i++) {
      if (only !== null && only !== map.labels[i]) continue;
      const [a, b] = place(i);
      const distance = (a - x) ** 2 + (b - y) ** 2;
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  const pointed = (/** @type {PointerEvent} */ event) => {
    if (!map) return;
    const box = canvas.getBoundingClientRect();
    find(
      nearest(
        event.clientX - box.x,
        event.clientY - box.y,
        event.pointerType === "touch" ? 40 : 24,
      ),
    );
  };
  canvas.addEventListener("pointermove", pointed);
  canvas.addEventListener("pointerdown", pointed);
  canvas.addEventListener("focus", () => {
    if (map && at === null && canvas.matches(":focus-visible"))
      find(nearest(size[0] / 2, size[1] / 2, Infinity));
  });
  canvas.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!map || (!step && event.key !== "Escape")) return;
    event.preventDefault();
    if (!step) return find(null);
    if (at === null) return find(nearest(size[0] / 2, size[1] / 2, Infinity));
    const [x, y] = place(at);
    let best = null;
    let least = Infinity;
    for (let i = 0; i < map.labels.length; i++) {
      if (i === at || (only !== null && only !== map.labels[i])) continue;
      const [a, b] = place(i);
      const along = (a - x) * step[0] + (b - y) * step[1];
      const aside = Math.abs((a - x) * step[1]) + Math.abs((b - y) * step[0]);
      if (along <= 0.5 || aside > 2 * along) continue;
      const cost = along + 2 * aside;
      if (cost < least) {
        least = cost;
        best = i;
      }
    }
    if (best !== null) find(best);
  });

  themed();
  return {
    root: canvas,
    get points() {
      return map ? map.labels.length : 0;
    },
    // places: 2 n numbers; points that were there already travel to their new place.
    /**
     * @param {{ places: Float32Array, labels: number[], said: number[] }} found
     * @param {string} label
     */
    show({ places, labels, said }, label) {
      const n = labels.length;
      const [x, y] = [0, 1].map((axis) =>
        unit(Float32Array.from({ length: n }, (_, i) => places[2 * i + axis])),
      );
      cancelAnimationFrame(frame);
      from = map && map.labels.length === n && moves() ? { x: map.x, y: map.y } : null;
      map = { x, y, labels, said };
      at = null;
      canvas.setAttribute("aria-label", label);
      began = performance.now();
      if (from) travel();
      else draw();
    },
    /** @param {number | null} digit */
    highlight(digit) {
      only = digit;
      draw();
    },
    close() {
      cancelAnimationFrame(frame);
      resized.disconnect();
      document.removeEventListener("themechange", themed);
    },
  };
}

/** @param {number} t */
const ease = (t) => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);

// Names that would cover each other, moved apart upwards and downwards.
/** @param {{ digit: number, x: number, y: number }[]} names */
function apart(names) {
  for (let round = 0; round < 8; round++) {
    for (const a of names) {
      for (const b of names) {
        const gap = 26 - Math.hypot(a.x - b.x, a.y - b.y);
        if (a.digit >= b.digit || gap <= 0) continue;
        const up = a.y <= b.y ? a : b;
        up.y -= gap / 2;
        (up === a ? b : a).y += gap / 2;
      }
    }
  }
  return names;
}

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

// From the least to the most, as 0 to 1.
/** @param {Float32Array} values */
function unit(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const v of values) {
    least = Math.min(least, v);
    most = Math.max(most, v);
  }
  return values.map((v) => (most > least ? (v - least) / (most - least) : 0.5));
}
