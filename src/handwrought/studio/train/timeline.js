// Back through a run: its network at each moment that was kept, and what it made of one image then.
import { bytes, floats } from "../../web/arrays.js";
import { bars } from "../../web/bars.js";
import { el, messageOf } from "../../web/dom.js";
import { count, number, percent } from "../../web/numbers.js";
import { grid, largest, paintAmounts, paintInk, sight } from "../../web/pixels.js";
import { paintWeights } from "./image_tiles.js";

export function scrubber(app) {
  let run = null; // { id, batches }
  let steps = [];
  let wrong = []; // options: the run's most wrong images, each with its pixels as value
  let shown = null; // the last moment
  let asked = null; // the step that is on its way
  let next = null;
  let byHand = false; // whether the image to follow was chosen
  let courseOf = "";
  let course = null;

  const slider = el("input", {
    type: "range",
    id: "moment",
    min: 0,
    max: 0,
    step: 1,
    value: 0,
    "aria-label": "Moment of the training",
    oninput: () => ask(),
  });
  const when = el("p", { class: "when", role: "status" });
  const image = el("select", {
    id: "followed",
    onchange: () => {
      byHand = true;
      courseOf = "";
      ask();
    },
  });
  const ink = el("canvas", { class: "pixels", role: "img" });
  const ten = bars([..."0123456789"], "Probability of each digit at that moment");
  const weights = el("canvas", { class: "pixels weights", role: "img" });
  const stack = el("div", { class: "stack" });
  const strip = el("canvas", {
    class: "pixels course",
    role: "img",
    "aria-label": "Probability of each digit at every moment kept",
  });
  const mark = el("span", { class: "course-mark" });
  const box = el(
    "div",
    { class: "course-box" },
    el(
      "span",
      { class: "digits", "aria-hidden": "true" },
      [..."0123456789"].map((d) => el("span", {}, d)),
    ),
    el("div", { class: "course-frame" }, strip, mark),
  );
  const hint = el("p", { class: "note" });
  const says = el("p", { class: "said" });
  const root = el(
    "section",
    { class: "scrubber card", "aria-labelledby": "scrubber-title" },
    el(
      "div",
      { class: "row spread" },
      el("h2", { id: "scrubber-title" }, "Back through its learning"),
      el("div", { class: "row" }, el("label", { for: "followed" }, "Follow"), image),
    ),
    el("div", { class: "time" }, slider, box),
    when,
    el(
      "div",
      { class: "then" },
      el("figure", {}, weights, el("figcaption", { class: "note" }, "First-layer weights then")),
      el(
        "figure",
        { class: "activations" },
        stack,
        el("figcaption", { class: "note" }, "Its activations, layer by layer"),
      ),
      el(
        "div",
        { class: "answer-then" },
        el("div", { class: "row ink-row" }, ink, says),
        ten.root,
        hint,
      ),
    ),
  );

  const chosen = () => (image.value === "drawing" ? null : image.value);

  async function ask() {
    if (!run || !steps.length) return;
    next = steps[Number(slider.value)];
    if (asked !== null) return; // one at a time: what comes meanwhile is overtaken by the newest
    while (next !== null) {
      asked = next;
      next = null;
      /** @type {string} */
      const id = run.id;
      const wish = chosen();
      try {
        const found = await app.post("/api/train/moment", { run: id, step: asked, pixels: wish });
        if (run?.id !== id) continue;
        if (!found.pixels && wrong.length && !byHand) {
          // nothing drawn yet: follow an image of the set
          image.value = wrong[0].value;
          next ??= asked;
          continue;
        }
        shown = found;
        paint();
        const key = `${id} ${wish} ${steps.length}`;
        if (courseOf !== key) {
          courseOf = key;
          course = found.pixels
            ? await app.post("/api/train/course", { run: id, pixels: wish })
            : null;
          paintCourse();
        }
      } catch (error) {
        when.textContent = messageOf(error);
      }
    }
    asked = null;
  }

  function paintCourse() {
    box.hidden = !course?.steps.length;
    if (box.hidden) return;
    const values = floats(course.probabilities);
    const n = course.steps.length;
    const turned = Float32Array.from(
      { length: 10 * n },
      (_, i) => values[(i % n) * 10 + Math.floor(i / n)],
    );
    paintAmounts(strip, turned, n, 10, 1);
  }

  function paint() {
    if (!shown) return;
    const at = Number(slider.value);
    const epochs = run.batches ? `, ${number(shown.step / run.batches, 3)} epochs` : "";
    when.textContent = `After ${count(shown.step)} mini-batches${epochs}: moment ${at + 1} of ${steps.length}.`;
    slider.setAttribute("aria-valuetext", when.textContent);
    mark.style.left = `${(100 * (at + 0.5)) / steps.length}%`;
    paintWeights(
      weights,
      new Int8Array(bytes(shown.weights).buffer),
      shown.shown,
      sight(shown.n_in),
    );
    weights.setAttribute(
      "aria-label",
      `Weights of ${shown.shown} neurons of the first layer, the largest ${number(shown.most)}`,
    );
    const pixels = shown.pixels ? bytes(shown.pixels) : null;
    ink.hidden = !pixels;
    hint.textContent = pixels ? "" : "Draw a digit in the view Draw, and follow it here.";
    if (pixels) paintInk(ink, pixels);
    ink.setAttribute("aria-label", "The image that is followed");
    ten.show(shown.probabilities);
    if (shown.probabilities) {
      const best = shown.probabilities.indexOf(Math.max(...shown.probabilities));
      says.replaceChildren(
        "read as ",
        el("b", { class: "read-as" }, String(best)),
        `, ${percent(shown.probabilities[best])} sure`,
      );
    } else says.textContent = "";
    stack.replaceChildren(
      ...shown.layers.slice(1).map((layer, i, all) => {
        const a = floats(layer.a);
        const last = i === all.length - 1;
        const [columns, rows] = last ? [10, 1] : grid(a.length).toSorted((p, q) => q - p);
        const canvas = el("canvas", {
          class: "pixels",
          role: "img",
          "aria-label": `Activations of layer ${layer.number}, the largest ${number(largest(a))}`,
          style: { aspectRatio: `${columns} / ${rows}`, maxWidth: `${(9 * columns) / rows}rem` },
        });
        paintAmounts(canvas, a, columns, rows, last ? 1 : largest(a));
        return el(
          "div",
          {},
          el(
            "p",
            { class: "note" },
            last ? "output" : `layer ${layer.number}: ${count(a.length)} ${layer.activation}`,
          ),
          canvas,
        );
      }),
    );
  }

  const themed = () => {
    paint();
    paintCourse();
  };
  document.addEventListener("themechange", themed);
  root.hidden = true;
  return {
    root,
    // Another run: its summary, moments and most wrong images.
    open(summary, moments, look) {
      run = { id: summary.id, batches: summary.shape.batches };
      steps = [...moments];
      shown = course = null;
      courseOf = "";
      this.images(look);
      this.fit(true);
    },
    // Mini-batches in an epoch, once they are known.
    set batches(n) {
      if (run && n) run.batches = n;
    },
    images(look) {
      if (document.activeElement === image) return; // it may be open
      const before =
        image.selectedOptions[0] ?? el("option", { value: "drawing" }, "your last drawing");
      const pixels = look ? bytes(look.images) : new Uint8Array();
      wrong = (look?.wrong ?? []).map(([label, said], i) =>
        el(
          "option",
          {
            value: btoa(String.fromCharCode(...pixels.subarray(784 * i, 784 * (i + 1)))),
          },
          `a ${label} read as ${said}`,
        ),
      );
      const others = wrong.filter((option) => option.value !== before.value);
      const drawing =
        before.value === "drawing" ? null : el("option", { value: "drawing" }, "your last drawing");
      image.replaceChildren(before, ...(drawing ? [drawing] : []), ...others);
      image.value = before.value;
    },
    add(step) {
      if (steps.includes(step)) return;
      const atEnd = Number(slider.value) === steps.length - 1;
      steps.push(step);
      steps.sort((a, b) => a - b);
      this.fit(false, atEnd);
    },
    fit(fresh, follow = true) {
      root.hidden = steps.length === 0;
      slider.max = String(Math.max(0, steps.length - 1));
      if (follow) slider.value = slider.max;
      if (fresh || (follow && document.activeElement !== slider)) ask();
    },
    close() {
      document.removeEventListener("themechange", themed);
    },
  };
}
