// @ts-check
// Train: begin a training, watch it, steer it, and look back.
import { el, messageOf } from "../../web/dom.js";
import { COMPARED } from "./curves.js";
import { trainingForm } from "./form.js";
import { live } from "./live.js";
import { requests } from "./requests.js";
import { runlist } from "./run_list.js";
import { receive } from "./run_state.js";
import { stage } from "./stage.js";

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
function mount(root, app) {
  /** @type {import("./run_state.js").State} */
  const state = {
    runs: new Map(),
    whole: new Map(),
    shownId: app.params.get("run"),
    compared: (app.params.get("with") ?? "").split(",").filter(Boolean),
    bound: 50,
    heard: false,
  };
  let fresh = app.params.has("new"); // the form of a new training is open
  let touched = false; // whether somebody is filling in the form
  let closed = false;
  /** @type {ReturnType<typeof live> | null} */
  let steering = null;
  const shown = () => (state.shownId === null ? undefined : state.runs.get(state.shownId));
  const ask = requests(
    app,
    (id) => state.runs.get(id),
    (id) => {
      fresh = touched = false;
      choose(id);
      scrollTo({ top: 0 });
    },
  );
  const form = trainingForm(app, {
    own: app.params.has("own"),
    onBegin: ask.begin,
    onKind: address,
    onTouched: () => {
      touched = true;
    },
  });
  const onStage = stage(app, {
    onRun: () => (shown()?.status === "running" ? act("pause") : resume("run")),
    onResume: resume,
    onStop: () => act("stop"),
    onMend: ask.mend,
    onGoOn: () => resume("run"),
  });
  const list = runlist({
    show: choose,
    compare,
    rename: ask.rename,
    goOn: (/** @type {string} */ id) => {
      choose(id);
      ask.goOn(id, "run");
    },
    remove: ask.remove,
  });
  const anew = el("button", { type: "button", onclick: toggleForm }, "New training");
  const drawing = drawnOnce(draw);
  root.append(page(anew, form.root, onStage.root, list.root));
  list.root.hidden = true;

  /** @param {string} goal */
  const act = (goal) => state.shownId && ask.act(state.shownId, goal);
  /** @param {string} goal */
  function resume(goal) {
    const run = shown();
    if (run) ask.resume(run, goal);
  }

  function toggleForm() {
    fresh = !fresh;
    if (fresh) form.show();
    address();
    drawing.touch("all");
  }

  function address() {
    app.setParams({
      ...(state.shownId ? { run: state.shownId } : {}),
      ...(state.compared.length ? { with: state.compared.join(",") } : {}),
      ...(fresh ? { new: 1 } : {}),
      ...(form.own && (fresh || !state.shownId) ? { own: 1 } : {}),
    });
  }

  /** @param {string} id */
  function choose(id) {
    state.shownId = id;
    fresh = false;
    compare(id, false);
    fetchWhole(id);
  }

  /** @param {string} id @param {boolean} on */
  function compare(id, on) {
    state.compared = state.compared.filter((each) => each !== id);
    if (on) {
      state.compared.push(id);
      fetchWhole(id);
    }
    address();
    drawing.touch("all");
  }

  /** @param {string} id */
  async function fetchWhole(id) {
    try {
      const found = await app.get(`/api/train/runs/${encodeURIComponent(id)}`);
      if (closed) return;
      state.whole.set(id, found);
      state.runs.set(id, found.run);
      if (id === state.shownId) {
        onStage.timeline.open(found.run, found.moments, found.look);
        drawing.touch("all");
      } else drawing.touch("curves");
    } catch (error) {
      if (id === state.shownId && state.heard) app.toast(messageOf(error));
    }
  }

  /** @param {Set<string>} parts */
  function draw(parts) {
    const changed = (/** @type {string} */ part) => parts.has("all") || parts.has(part);
    const run = shown();
    const some = state.heard && Boolean(run) && !fresh;
    onStage.root.hidden = !some;
    form.root.hidden = !state.heard || some;
    anew.hidden = !run;
    anew.textContent = fresh ? "Back to the run" : "New training";
    if (changed("list") || parts.has("progress"))
      list.show(
        [...state.runs.values()],
        fresh ? null : state.shownId,
        state.compared,
        state.bound,
      );
    if (!some) return;
    onStage.show(run, state.whole.get(run.id), comparedWith(state), changed);
    if (parts.has("all") && run.status !== "damaged") steering?.show(run.wish, run.rate);
  }

  const socket = app.socket("/ws/train", (message) =>
    receive(state, message, {
      touch: drawing.touch,
      choose,
      fetchWhole,
      addMoment: (step) => onStage.timeline.add(step),
      address,
      announce: app.announce,
      toast: app.toast,
      untouched: () => !touched,
    }),
  );
  const themed = () => drawing.touch("look");
  document.addEventListener("themechange", themed);
  app
    .get("/api/train/controls")
    .then((offered) => {
      if (closed) return;
      form.offer(offered);
      steering = live(
        offered,
        (/** @type {object} */ changes) => shown() && ask.change(shown().id, changes),
      );
      onStage.steer.append(steering.root);
      drawing.touch("all");
    })
    .catch((error) => app.toast(error.message));

  return () => {
    closed = true;
    document.removeEventListener("themechange", themed);
    for (const part of [drawing, form, socket, onStage]) part.close();
  };
}

/**
 * @param {HTMLElement} anew
 * @param {...HTMLElement} parts
 */
function page(anew, ...parts) {
  const lead = "Choose a network and watch it learn; it goes on when you close the page.";
  return el(
    "div",
    { class: "train" },
    el(
      "div",
      { class: "row spread train-head" },
      el("div", {}, el("h1", {}, "Train"), el("p", { class: "lead" }, lead)),
      anew,
    ),
    ...parts,
  );
}

/**
 * Whatever comes, the newest state is drawn once a frame.
 * @param {(parts: Set<string>) => void} draw
 */
function drawnOnce(draw) {
  let parts = new Set();
  let frame = 0;
  return {
    /** @param {import("./run_state.js").Part} part */
    touch(part) {
      parts.add(part);
      frame ||= requestAnimationFrame(() => {
        const now = parts;
        [frame, parts] = [0, new Set()];
        draw(now);
      });
    },
    close: () => cancelAnimationFrame(frame),
  };
}

/** @param {import("./run_state.js").State} state */
function comparedWith({ compared, shownId, runs, whole }) {
  return compared
    .filter((id) => id !== shownId && whole.has(id))
    .map((id) => ({
      name: runs.get(id).name,
      points: whole.get(id)?.points,
      colour: COMPARED[compared.indexOf(id)],
    }));
}

export default { title: "Train", mount };
