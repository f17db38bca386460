// Train: begin a training, watch it, steer it, and look back.
import { bytes } from "../../web/arrays.js";
import { brought } from "./new_runs.js";
import { COMPARED, curves } from "./curves.js";
import { el } from "../../web/dom.js";
import { health } from "./health.js";
import { live } from "./live.js";
import { count, number, percent } from "../../web/numbers.js";
import { paintInk, sight } from "../../web/pixels.js";
import { isLive, runlist, STATUS } from "./run_list.js";
import { scrubber } from "./timeline.js";
import { setup } from "./setup.js";
import { paintWeights } from "./image_tiles.js";
import { tuning } from "./live_settings.js";

const GONE = { stopped: "Interrupted", damaged: "This run is damaged" };
const MORE = 10; // epochs that a finished run goes on for

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return `${Math.ceil(seconds)} s left`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s left`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min left`;
}

function mount(root, app) {
  let runs = new Map(); // id -> summary, the newest first
  let whole = new Map(); // id -> { points, look, moments } of the runs that are drawn
  let shownId = app.params.get("run");
  let compared = (app.params.get("with") ?? "").split(",").filter(Boolean);
  let fresh = app.params.has("new"); // the form of a new training is open
  let bound = 50;
  let heardState = false;
  let dirty = new Set();
  let frame = 0;
  let form = null;
  let ownForm = null;
  let own = app.params.has("own"); // the form is that of a fine-tuning on one's own digits
  let steering = null;
  let touched = false; // whether somebody is filling in the form
  let closed = false;

  // --- the page -----------------------------------------------------------------------------------

  const anew = el(
    "button",
    {
      type: "button",
      onclick: () => {
        fresh = !fresh;
        if (fresh) showForm();
        place();
        touch("all");
      },
    },
    "New training",
  );
  const kinds = [
    ["A new network", false],
    ["Fine-tune on my digits", true],
  ].map(([text, mine]) => el("button", { type: "button", onclick: () => kind(mine) }, text));
  const ownPlace = el("div", {});
  const formPlace = el(
    "div",
    { class: "train-form" },
    el("div", { class: "row", role: "group", "aria-label": "What to train" }, kinds),
    ownPlace,
  );
  const name = el("h2", { class: "run-name" });
  const about = el("p", { class: "note" });
  const status = el("span", { class: "status" });
  const act = (goal) => () => doing("/api/train/do", { run: shownId, goal });
  const buttons = {
    run: el(
      "button",
      {
        type: "button",
        class: "main",
        onclick: () => (shown()?.status === "running" ? act("pause")() : resume("run")),
      },
      "Start",
    ),
    batch: el("button", { type: "button", onclick: () => resume("batch") }, "Single batch"),
    epoch: el("button", { type: "button", onclick: () => resume("epoch") }, "Single epoch"),
    stop: el("button", { type: "button", onclick: act("stop") }, "Stop"),
  };
  const bar = el("span", { class: "fill" });
  const progress = el(
    "div",
    {
      class: "progress",
      role: "progressbar",
      "aria-label": "Epochs done",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    },
    bar,
  );
  const numbers = Object.fromEntries(
    ["epoch", "speed", "left", "rate"].map((key) => [key, el("span", { class: "number" })]),
  );
  const troubles = el("div", { class: "troubles", role: "status" });
  const chart = curves();
  const gain = brought();
  const steer = el("div", { class: "steer" });
  const layers = health();
  const weights = el("canvas", {
    class: "pixels weights",
    role: "img",
    "aria-label": "No weights yet",
  });
  const weightsNote = el("figcaption", { class: "note" });
  const worst = el("ul", { class: "worst" });
  const back = scrubber(app);
  const list = runlist({
    show: choose,
    compare,
    rename: (run, to) => doing("/api/train/rename", { run, name: to }),
    goOn: (id) => {
      choose(id);
      goOn(id, "run");
    },
    remove: (run) => doing("/api/train/delete", { run }),
  });
  const stage = el(
    "div",
    { class: "stage" },
    el(
      "section",
      { class: "run-head", "aria-label": "The training" },
      el(
        "div",
        { class: "row spread" },
        el("div", {}, el("div", { class: "row" }, name, status), about),
      ),
      el(
        "div",
        { class: "row controls" },
        ...Object.values(buttons),
        el(
          "div",
          { class: "far" },
          progress,
          el("p", { class: "row figures" }, ...Object.values(numbers)),
        ),
      ),
    ),
    troubles,
    gain.root,
    el(
      "div",
      { class: "watch" },
      el("section", { class: "card", "aria-label": "Cost and accuracy" }, chart.root),
      steer,
    ),
    el(
      "div",
      { class: "inside" },
      el(
        "section",
        { class: "card", "aria-labelledby": "weights-title" },
        el("h2", { id: "weights-title" }, "First-layer weights"),
        el("figure", {}, weights, weightsNote),
      ),
      el(
        "section",
        { class: "card", "aria-labelledby": "health-title" },
        el("h2", { id: "health-title" }, "Layer by layer"),
        el(
          "div",
          { class: "scroll", tabindex: 0, role: "group", "aria-label": "Table of layers" },
          layers.root,
        ),
        el(
          "p",
          { class: "note" },
          "Gradient: its norm on 256 training images. Saturated: activations where the slope is under 5 % of the steepest. Dead: neurons without a slope for any of the images.",
        ),
      ),
      el(
        "section",
        { class: "card", "aria-labelledby": "worst-title" },
        el("h2", { id: "worst-title" }, "Most wrong"),
        worst,
      ),
    ),
    back.root,
  );
  root.append(
    el(
      "div",
      { class: "train" },
      el(
        "div",
        { class: "row spread train-head" },
        el(
          "div",
          {},
          el("h1", {}, "Train"),
          el(
            "p",
            { class: "lead" },
            "Choose a network and watch it learn; it goes on when you close the page.",
          ),
        ),
        anew,
      ),
      formPlace,
      stage,
      list.root,
    ),
  );
  stage.hidden = list.root.hidden = true;

  // --- what is asked -------------------------------------------------------------------------------

  const shown = () => runs.get(shownId);

  async function doing(path, body) {
    try {
      return await app.post(path, body);
    } catch (error) {
      app.toast(error.message);
      return null;
    }
  }

  async function begin(wish, goal) {
    const found = await doing("/api/train/begin", { wish, goal });
    if (!found) return;
    fresh = touched = false;
    choose(found.run);
    scrollTo({ top: 0 });
  }

  function resume(goal) {
    const run = shown();
    if (run && isLive(run)) doing("/api/train/do", { run: run.id, goal });
    else if (run) goOn(run.id, goal);
  }

  const goOn = (id, goal, changes = {}) =>
    doing("/api/train/go-on", {
      run: id,
      goal,
      more: runs.get(id)?.status === "finished" ? MORE : 0,
      ...changes,
    });

  function mend(run, { changes, anew: again }) {
    if (again) {
      begin({ ...run.wish, ...changes }, "run");
      if (isLive(run)) doing("/api/train/do", { run: run.id, goal: "stop" });
    } else if (isLive(run)) doing("/api/train/change", { run: run.id, ...changes });
    else goOn(run.id, "run", changes);
  }

  // --- which run is shown --------------------------------------------------------------------------

  function place() {
    app.setParams({
      ...(shownId ? { run: shownId } : {}),
      ...(compared.length ? { with: compared.join(",") } : {}),
      ...(fresh ? { new: 1 } : {}),
      ...(own && (fresh || !shownId) ? { own: 1 } : {}),
    });
  }

  function kind(mine) {
    own = mine;
    place();
    showForm();
  }

  // What is kept in Draw may be more each time that this is looked at.
  async function showForm() {
    kinds.forEach((button, i) => button.setAttribute("aria-pressed", String(own === Boolean(i))));
    if (form) form.root.hidden = own;
    ownPlace.hidden = !own;
    if (!own) return;
    try {
      ownForm = tuning(await app.get("/api/train/own"), begin);
      if (!closed) ownPlace.replaceChildren(ownForm.root);
    } catch (error) {
      app.toast(error.message);
    }
  }

  function choose(id) {
    shownId = id;
    fresh = false;
    compared = compared.filter((each) => each !== id);
    place();
    fetchWhole(id);
    touch("all");
  }

  function compare(id, on) {
    compared = compared.filter((each) => each !== id);
    if (on) {
      compared.push(id);
      fetchWhole(id);
    }
    place();
    touch("all");
  }

  async function fetchWhole(id) {
    try {
      const found = await app.get(`/api/train/runs/${encodeURIComponent(id)}`);
      if (closed) return;
      whole.set(id, found);
      runs.set(id, found.run);
      if (id === shownId) {
        back.open(found.run, found.moments, found.look);
        touch("all");
      } else touch("curves");
    } catch (error) {
      if (id === shownId && heardState) app.toast(error.message);
    }
  }

  // --- what is told --------------------------------------------------------------------------------

  const socket = app.socket("/ws/train", heard);

  function heard(message) {
    const run = message.run?.id ? null : runs.get(message.run);
    const known = whole.get(message.run);
    const here = message.run === shownId;
    if (message.kind === "state") {
      runs = new Map(message.runs.map((each) => [each.id, each]));
      bound = message.most;
      heardState = true;
      compared = compared.filter((id) => runs.has(id));
      if (!runs.has(shownId))
        shownId = message.runs.find(isLive)?.id ?? message.runs[0]?.id ?? null;
      for (const id of [shownId, ...compared]) if (id) fetchWhole(id);
      touch("all");
    } else if (message.kind === "run") {
      const now = message.run;
      const before = runs.get(now.id);
      if (before) runs.set(now.id, now);
      else runs = new Map([[now.id, now], ...runs]);
      if (!shown() && !touched) choose(now.id); // begun in another tab, while nothing was asked for here
      if (now.id === shownId && before?.status !== now.status)
        app.announce(`The training is ${STATUS[now.status]}. ${now.sentence}`);
      // Where it began or went on, points may have been taken back.
      if (whole.has(now.id) && before?.status !== now.status) fetchWhole(now.id);
      touch("all");
    } else if (message.kind === "progress" && run) {
      const { kind, run: id, status: now, ...rest } = message;
      if (now !== run.status && id === shownId) app.announce(`The training is ${STATUS[now]}.`);
      Object.assign(run, { status: now, progress: rest });
      touch(here ? "progress" : "list");
    } else if (message.kind === "point" && run) {
      run.findings = message.findings;
      run.accuracy = message.point.validation_accuracy ?? run.accuracy;
      if (known) {
        known.points = known.points.filter(
          (point) =>
            point.step < message.point.step ||
            (point.step === message.point.step && !message.point.whole),
        );
        known.points.push(message.point);
      }
      if (here) {
        touch("curves");
        touch("health");
        touch("troubles");
      } else if (compared.includes(message.run)) touch("curves");
    } else if (message.kind === "look" && known) {
      known.look = message;
      if (here) touch("look");
    } else if (message.kind === "moment" && known) {
      known.moments.push(message.step);
      if (here) back.add(message.step);
    } else if (message.kind === "brought" && known) {
      known.brought = message.brought;
      if (here) touch("all");
    } else if (message.kind === "deleted") {
      runs.delete(message.run);
      whole.delete(message.run);
      compared = compared.filter((id) => id !== message.run);
      if (here) {
        shownId = runs.keys().next().value ?? null;
        if (shownId) choose(shownId);
        place();
      }
      touch("all");
    } else if (message.kind === "refused" || message.kind === "error") app.toast(message.error);
  }

  // --- drawing: whatever comes, the newest state is drawn once a frame -----------------------------

  function touch(what) {
    dirty.add(what);
    frame ||= requestAnimationFrame(draw);
  }

  function draw() {
    frame = 0;
    const now = dirty;
    dirty = new Set();
    const all = now.has("all");
    const run = shown();
    const some = heardState && Boolean(run) && !fresh;
    stage.hidden = !some;
    formPlace.hidden = !heardState || some;
    anew.hidden = !run;
    anew.textContent = fresh ? "Back to the run" : "New training";
    if (all || now.has("list") || now.has("progress"))
      list.show([...runs.values()], fresh ? null : shownId, compared, bound);
    if (!some) return;
    const known = whole.get(run.id);
    if (all) {
      showHead(run);
      gain.show(known?.brought ?? null);
    }
    if (all || now.has("progress")) showProgress(run);
    if (all || now.has("troubles")) showTroubles(run);
    if ((all || now.has("curves")) && known) chart.show(known.points, others());
    if ((all || now.has("health")) && known?.points.length && run.shape.sizes)
      layers.show(known.points.at(-1), run.shape.sizes);
    if ((all || now.has("look")) && known?.look) showLook(known.look);
  }

  const others = () =>
    compared
      .filter((id) => id !== shownId && whole.has(id))
      .map((id) => ({
        name: runs.get(id).name,
        points: whole.get(id).points,
        colour: COMPARED[compared.indexOf(id)],
      }));

  function showHead(run) {
    name.textContent = run.name;
    const { wish, shape } = run;
    if (run.status === "damaged") {
      about.textContent = "";
      return;
    }
    const taught = wish.own ? "fine-tuned on your digits among MNIST’s, " : "";
    about.textContent = `${taught}${run.sizes.join("-")} ${wish.activation}, ${wish.cost} cost, ${wish.optimizer}, mini-batches of ${wish.batch_size}, ${wish.dataset}${shape.images ? `, ${count(shape.images)} images, ${count(shape.parameters)} parameters` : ""}`;
    steering?.show(run.wish, run.rate);
    back.batches = shape.batches;
  }

  function showProgress(run) {
    const { progress: at, wish } = run;
    const alive = isLive(run);
    status.textContent = STATUS[run.status];
    status.className = `status is-${run.status}`;
    buttons.run.textContent =
      run.status === "running"
        ? "Pause"
        : run.status === "finished"
          ? `Train ${MORE} epochs more`
          : at.step
            ? "Go on"
            : "Start";
    buttons.run.disabled = ["starting", "damaged"].includes(run.status);
    buttons.batch.disabled = buttons.epoch.disabled =
      buttons.run.disabled || run.status === "running";
    buttons.stop.disabled = !alive;
    const share = at.total ? at.step / at.total : 0;
    bar.style.transform = `scaleX(${share})`;
    progress.setAttribute("aria-valuenow", Math.round(100 * share));
    numbers.epoch.textContent =
      run.status === "damaged"
        ? ""
        : `Epoch ${number(Number((at.epoch ?? 0).toFixed(2)), 3)} of ${wish.epochs}`;
    numbers.speed.textContent = at.speed
      ? `${count(Math.round(at.speed))} images/s`
      : run.status === "running"
        ? "warming up"
        : "";
    numbers.left.textContent = run.status === "running" ? duration(at.left) : "";
    numbers.rate.textContent = at.rate ? `η = ${number(at.rate, 2)}` : "";
  }

  function showTroubles(run) {
    const gone =
      ["crashed", "damaged", "failed", "stopped"].includes(run.status) && run.sentence
        ? [
            {
              title: GONE[run.status] ?? `The training has ${run.status}`,
              sentence: run.sentence,
              mends: [],
            },
          ]
        : [];
    const all = [...gone, ...run.findings];
    const key = JSON.stringify(all);
    if (troubles.dataset.key === key) return;
    troubles.dataset.key = key;
    troubles.replaceChildren(
      ...all.map((finding) =>
        el(
          "div",
          { class: "trouble" },
          el("div", {}, el("h3", {}, finding.title), el("p", {}, finding.sentence)),
          el(
            "div",
            { class: "row" },
            finding.mends.map((each) =>
              el("button", { type: "button", onclick: () => mend(run, each) }, each.label),
            ),
            gone.includes(finding) && !["failed", "damaged"].includes(run.status)
              ? el("button", { type: "button", onclick: () => resume("run") }, "Go on")
              : null,
          ),
        ),
      ),
    );
  }

  function showLook(look) {
    const seen = sight(look.n_in);
    paintWeights(weights, new Int8Array(bytes(look.weights).buffer), look.shown, seen);
    weights.setAttribute(
      "aria-label",
      `Weights of ${look.shown} first-layer neurons as images, the largest ${number(look.most)}`,
    );
    weightsNote.textContent = `${look.shown < look.neurons ? `${look.shown} of ` : ""}${count(look.neurons)} neurons; blue weights are positive, red negative, up to ${number(look.most, 3)}.${seen?.maps.length ? ` Each is eight maps of edges, brighter towards ${seen.maps.slice(0, 4).join(" ")} and, below, ${seen.maps.slice(4).join(" ")}.` : ""}`;
    const images = bytes(look.images);
    worst.replaceChildren(
      ...look.wrong.map(([label, said, sure], i) => {
        const canvas = el("canvas", {
          class: "pixels",
          role: "img",
          "aria-label": `A ${label} read as ${said}`,
        });
        paintInk(canvas, images.subarray(784 * i, 784 * (i + 1)));
        return el(
          "li",
          {},
          canvas,
          el(
            "p",
            {},
            el("b", {}, label),
            " → ",
            el("b", { class: "error" }, said),
            el("span", { class: "note" }, percent(sure)),
          ),
        );
      }),
    );
    if (!look.wrong.length)
      worst.replaceChildren(
        el("li", { class: "note" }, "None: every image looked at is read right."),
      );
    back.images(look);
  }

  const themed = () => touch("look");
  document.addEventListener("themechange", themed);
  app
    .get("/api/train/controls")
    .then((offered) => {
      if (closed) return;
      form = setup(offered, begin, () => kind(true));
      formPlace.append(form.root);
      form.root.addEventListener("input", () => {
        touched = true;
      });
      steering = live(
        offered,
        (changes) => shown() && doing("/api/train/change", { run: shownId, ...changes }),
      );
      steer.append(steering.root);
      showForm();
      touch("all");
    })
    .catch((error) => app.toast(error.message));

  return () => {
    closed = true;
    cancelAnimationFrame(frame);
    document.removeEventListener("themechange", themed);
    socket.close();
    chart.close();
    back.close();
  };
}

export default { title: "Train", mount };
