// Evaluate: how good a trained network is, and where and why it fails.
import { bytes, floats } from "../../web/arrays.js";
import { confusion, mostFrequent, pairName } from "./confusion.js";
import { digitmap } from "./activation_map.js";
import { el } from "../../web/dom.js";
import { count, exact, number, percent } from "../../web/numbers.js";
import { digit, drawing } from "./picture.js";
import { paintInk } from "../../web/pixels.js";
import { refusing } from "./rejection.js";
import { sliders } from "./sliders.js";
import { until, waiting } from "./waiting.js";

const SETTLED = 300; // milliseconds without a change before the address is written anew
const CELL = 20; // images at first, and each time more are asked for
const MISTAKES = 12;

const MEASURED = 250; // milliseconds from one accuracy to the next, while a slider moves

function mount(root, app) {
  const state = Object.fromEntries(app.params); // what the address holds
  let shown = null; // { closed, parts }: what is made for the model that is shown
  let settling = null;

  const choice = el("select", {
    id: "model",
    onchange: () => {
      keep({ model: choice.value }, ["cell", "layer", "refused"]);
      choose();
    },
  });
  const progress = waiting("Evaluation");
  const problem = el("p", { class: "error", role: "alert" });
  const content = el("div", { class: "evaluation" });
  root.append(
    el(
      "div",
      { class: "evaluate-head" },
      el(
        "div",
        {},
        el("h1", {}, "Evaluate"),
        el(
          "p",
          { class: "lead" },
          "How good a trained network is, and where it fails, on images it has never seen.",
        ),
      ),
      el("div", { class: "model-choice" }, el("label", { for: "model" }, "Model"), choice),
    ),
    progress.root,
    problem,
    content,
  );

  app
    .get("/api/evaluate/models")
    .then(({ models }) => {
      choice.append(...models.map(({ id, title }) => el("option", { value: id }, title)));
      if (state.model && !models.some(({ id }) => id === state.model)) {
        problem.textContent = `There is no model ${state.model} here; this is the shipped one.`;
        delete state.model;
      }
      choice.value = state.model ?? "shipped";
      choose();
    })
    .catch(fail);

  // New values for the address; `gone` names what no longer holds.
  function keep(values, gone = []) {
    for (const name of gone) delete state[name];
    Object.assign(state, values);
    for (const [name, value] of Object.entries(state)) if (value === null) delete state[name];
    clearTimeout(settling);
    settling = setTimeout(() => app.setParams(state), SETTLED);
  }

  function fail(error) {
    progress.hide();
    problem.textContent = error.message;
  }

  async function choose() {
    leave();
    const mine = (shown = { closed: false, parts: [] });
    content.replaceChildren();
    const model = choice.value;
    const wanted = () => !mine.closed;
    try {
      progress.show({ doing: "Evaluating", share: 0 });
      const found = await until(
        app,
        "/api/evaluate/result",
        { model },
        { wanted, onProgress: progress.show },
      );
      if (!found) return;
      progress.hide();
      show({
        model,
        found,
        wanted,
        parts: mine.parts,
        names: found.classes.map(({ name }) => name),
      });
      app.announce(`${found.title}: ${percent(found.accuracy, 2)} right`);
    } catch (error) {
      if (wanted()) fail(error);
    }
  }

  function leave() {
    if (!shown) return;
    shown.closed = true;
    for (const part of shown.parts) part.close();
    shown = null;
  }

  function show(at) {
    const digits = at.names.join("") === "0123456789";
    const sections = [
      ["what-for-what", "What it takes for what", matrix],
      ["surest", "Its surest mistakes", surest],
      ["change", "How much change it bears", change],
      ["layers", "How the layers see the digits", layers],
      ["honest", "Is its confidence honest?", honest],
      ["refuse", "What if it may say “I do not know”?", refuse],
      ["classes", digits ? "Digit by digit" : "Class by class", classes],
    ];
    const made = sections.map(([id, title, fill]) => {
      const section = el(
        "section",
        { id, "aria-labelledby": `${id}-title` },
        el("h2", { id: `${id}-title`, tabindex: -1 }, title),
      );
      return { section, title, fill };
    });
    content.replaceChildren(
      headline(at),
      el(
        "nav",
        { class: "jumps", "aria-label": "Parts of this page" },
        el(
          "ul",
          {},
          made.map(({ section, title }) =>
            el(
              "li",
              {},
              el(
                "button",
                {
                  type: "button",
                  class: "quiet",
                  onclick: () => {
                    section.scrollIntoView();
                    section.querySelector("h2").focus({ preventScroll: true });
                  },
                },
                title,
              ),
            ),
          ),
        ),
      ),
      ...made.map(({ section }) => section),
    );
    for (const { section, fill } of made) fill(section, at);
  }

  // --- in large type ------------------------------------------------------------------------------

  function headline({ model, found }) {
    const [low, high] = found.interval;
    const facts = [
      [count(found.wrong), `of ${count(found.images)} test images wrong`, found.wrong],
      [number(found.cost), `mean ${found.cost_name} cost`, found.cost],
      [percent(found.calibration_error, 2), "calibration error", found.calibration_error],
      [
        count(found.parameters),
        `weights and biases: ${found.layers.map(({ size }) => size).join(" → ")}`,
        found.parameters,
      ],
    ];
    return el(
      "div",
      { class: "headline" },
      el(
        "div",
        {},
        el(
          "p",
          { class: "huge number", title: exact(found.accuracy) },
          percent(found.accuracy, 2),
          el("span", { class: "right-word" }, " right"),
        ),
        el(
          "p",
          { class: "note" },
          `95 % interval: ${percent(low, 2)} to ${percent(high, 2)} (Wilson), on the test images of ${found.dataset}`,
        ),
      ),
      el(
        "dl",
        { class: "facts" },
        facts.map(([value, name, all]) =>
          el(
            "div",
            {},
            el("dd", { class: "number", title: exact(all) }, value),
            el("dt", {}, name),
          ),
        ),
      ),
      reportLink(model),
    );
  }

  function reportLink(model) {
    const making = waiting("Report");
    let ready = false;
    const link = el(
      "a",
      {
        class: "button",
        href: `/api/evaluate/report/${encodeURIComponent(model)}`,
        download: "handwrought-report.html",
        async onclick(event) {
          if (ready) return;
          event.preventDefault();
          link.setAttribute("aria-disabled", "true");
          try {
            making.show({ doing: "Making the report", share: 0 });
            ready = Boolean(
              await until(
                app,
                "/api/evaluate/report",
                { model },
                { wanted: () => link.isConnected, onProgress: making.show },
              ),
            );
            if (ready) link.click();
          } catch (error) {
            app.toast(error.message);
          }
          link.removeAttribute("aria-disabled");
          making.hide();
        },
      },
      "Download the full report",
    );
    return el("div", { class: "report" }, link, making.root);
  }

  // --- images ---------------------------------------------------------------------------------------

  function card(picture, names, { large = false } = {}) {
    const { label, said, confidence, second, second_confidence: sure, at, pixels } = picture;
    return el(
      "li",
      {},
      digit(
        pixels,
        `Test image ${count(at)}: it is ${names[label]}, the network says ${names[said]}`,
      ),
      large
        ? el("p", {}, "is ", el("strong", {}, names[label]), ", says ", el("em", {}, names[said]))
        : null,
      el(
        "p",
        { class: "note", title: `${exact(confidence)}, test image ${count(at)}` },
        large ? `${percent(confidence)} sure` : percent(confidence),
      ),
      large
        ? el("p", { class: "note", title: exact(sure) }, `then ${names[second]}, ${percent(sure)}`)
        : null,
      large ? el("p", { class: "note" }, `no. ${count(at)}`) : null,
    );
  }

  // A list that grows: ask(start, most) answers { count, pictures }.
  function gallery(ask, most, names, large) {
    const list = el("ul", { class: large ? "pictures large" : "pictures" });
    const more = el("button", {
      type: "button",
      hidden: true,
      onclick: () => add().then(() => list.children[before]?.focus()),
    });
    let before = 0;
    async function add() {
      before = list.children.length;
      try {
        const found = await ask(before, most);
        if (!found) return null;
        list.append(...found.pictures.map((picture) => card(picture, names, { large })));
        for (const item of list.children) item.tabIndex = -1;
        const left = found.count - list.children.length;
        more.hidden = left <= 0;
        more.textContent = `Show ${count(Math.min(left, most))} more of ${count(left)}`;
        return found;
      } catch (error) {
        app.toast(error.message);
        return null;
      }
    }
    return { root: el("div", {}, list, more), add };
  }

  function matrix(section, { model, found, wanted, names }) {
    const title = el("h3", {});
    const note = el("p", { class: "note" });
    const place = el("div", {});
    const panel = el(
      "div",
      { class: "cell", role: "region", "aria-label": "Images of the chosen cell" },
      title,
      note,
      place,
    );
    const table = confusion(found.confusion, names, (i, j) => {
      keep({ cell: `${i}-${j}` });
      open(i, j);
    });
    let turn = 0;
    function open(i, j) {
      const mine = ++turn;
      table.choose(i, j);
      const total = found.confusion[i][j];
      title.textContent = `${pairName(names, i, j)}: ${count(total)}`;
      note.textContent = `How sure it was, the ${i === j ? "least sure" : "surest"} first.`;
      app.announce(title.textContent);
      const pictures = gallery(
        async (start, most) => {
          const answer = await app.post("/api/evaluate/cell", {
            model,
            label: i,
            said: j,
            start,
            most,
          });
          return mine === turn && wanted() ? answer : null;
        },
        CELL,
        names,
        false,
      );
      pictures.add().then((answer) => {
        if (answer) place.replaceChildren(pictures.root);
      });
    }
    section.append(
      el(
        "p",
        { class: "lead" },
        "Rows are what the images are, columns what the network says. Blue is right; the stronger the orange, the more frequent the mistake. Choose a number to see its images.",
      ),
      el("div", { class: "beside" }, table.root, panel),
    );
    const asked = (state.cell ?? "").split("-").map(Number);
    const first = table.has(...asked) ? asked : (mostFrequent(found.confusion) ?? [0, 0]);
    if (table.has(...first)) open(...first);
  }

  function surest(section, { model, found, wanted, names }) {
    if (!found.wrong) {
      section.append(
        el("p", { class: "lead" }, `It was wrong on none of the ${count(found.images)} images.`),
      );
      return;
    }
    const pictures = gallery(
      async (start, most) => {
        const answer = await app.post("/api/evaluate/mistakes", { model, start, most });
        return wanted() ? answer : null;
      },
      MISTAKES,
      names,
      true,
    );
    section.append(
      el(
        "p",
        { class: "lead" },
        "Sure and wrong is the worst a network can be. Would you have known them? Some are hard for people too, and some are labelled wrongly.",
      ),
      pictures.root,
    );
    pictures.add();
  }

  // --- robustness ------------------------------------------------------------------------------------

  function change(section, { model, found, wanted, parts, names }) {
    let busy = false; // amounts are on their way
    let next = null; // the newest, to be sent when the answer is here
    let sent = null; // the last message
    let measuredAt = 0;
    let turn = 0;
    const accuracy = el("p", { class: "changed-accuracy number" }, "–");
    const says = el("p", { class: "note", role: "status" });
    const samples = el("ul", { class: "samples" });
    const meanwhile = waiting("Curves");
    const board = sliders(found.changes, state, (amounts) => {
      const gone = found.changes.map(({ name }) => name);
      keep(board.moved(), gone);
      send(amounts);
    });
    const tiles = [];
    section.append(
      el(
        "p",
        { class: "lead" },
        "Change all images at once and watch the accuracy. Where you still know a digit and the network does not, it has learned less than you.",
      ),
      el(
        "div",
        { class: "change" },
        el(
          "div",
          {},
          board.root,
          el(
            "div",
            { class: "row between" },
            el(
              "p",
              { class: "note" },
              "Each curve is the accuracy if that slider alone is moved; the dot is where you are.",
            ),
            el("button", { type: "button", onclick: () => board.reset() }, "Reset"),
          ),
          meanwhile.root,
        ),
        el("div", { class: "changed" }, accuracy, says, samples),
      ),
    );

    const socket = app.socket("/ws/evaluate", heard, {
      onOpen() {
        busy = false;
        measuredAt = 0;
        send(board.now());
      },
    });
    parts.push(socket);

    // One at a time: what comes meanwhile is overtaken by the newest.  While a slider moves, the images
    // follow each time, and the accuracy, which takes longer, a few times a second and at the end.
    function send(amounts) {
      next = amounts;
      if (busy) return;
      const measure = performance.now() - measuredAt > MEASURED;
      if (!socket.send({ model, turn: (turn += 1), amounts: next, measure })) return; // onOpen sends them
      if (measure) measuredAt = performance.now();
      sent = { turn, amounts: next, measure };
      next = null;
      busy = true;
    }

    function heard(message) {
      if (!wanted()) return;
      busy = false;
      if (message.kind === "error") says.textContent = message.error;
      else if (message.turn === sent?.turn) paint(message.seen);
      if (next) send(next);
      else if (message.kind !== "error" && !sent.measure) {
        measuredAt = 0;
        send(sent.amounts);
      }
    }

    function paint({ measured, ...seen }) {
      if (measured) {
        const [low, high] = measured.interval;
        accuracy.textContent = percent(measured.accuracy);
        accuracy.title = exact(measured.accuracy);
        says.textContent = `right: ${count(measured.right)} of ${count(measured.images)} test images, 95 % interval ${percent(low)} to ${percent(high)}`;
        board.showAccuracy(measured.accuracy);
      }
      const pixels = bytes(seen.pixels);
      seen.at.forEach((at, i) => {
        tiles[i] ??= tile();
        const wrong = seen.said[i] !== seen.labels[i];
        tiles[i].show(
          pixels.subarray(784 * i, 784 * (i + 1)),
          names[seen.labels[i]],
          names[seen.said[i]],
          wrong,
          seen.confidence[i],
          at,
        );
      });
      if (samples.children.length !== tiles.length)
        samples.replaceChildren(...tiles.map(({ root: each }) => each));
    }

    until(app, "/api/evaluate/curves", { model }, { wanted, onProgress: meanwhile.show })
      .then((answer) => {
        meanwhile.hide();
        if (answer) board.showCurves(answer.curves);
      })
      .catch((error) => {
        meanwhile.hide();
        app.toast(error.message);
      });
  }

  // --- the map ------------------------------------------------------------------------------------------

  function layers(section, { model, found, wanted, parts, names }) {
    const last = found.layers.length;
    let layer = Math.min(Math.max(1, Number(state.layer) || Math.max(1, last - 1)), last);
    let method = state.map === "tsne" && found.tsne ? "tsne" : "pca";
    let map = null;
    let images = null; // of all points, once they are here
    let turn = 0;
    const note = el("p", { class: "note map-note" });
    const meanwhile = waiting("Map");
    const seen = el(
      "div",
      { class: "map-seen" },
      el(
        "p",
        { class: "note" },
        "Point at the map, or move over it with the arrow keys, to see the images.",
      ),
    );
    const canvas = digitmap({ onPoint, names });
    parts.push(canvas);

    const layerButtons = found.layers.map(({ number: n, activation, size }) =>
      el(
        "button",
        {
          type: "button",
          "aria-pressed": "false",
          onclick: () => {
            layer = n;
            keep({ layer: n });
            draw();
          },
        },
        n === 1 ? "Input" : n === last ? "Output" : `Hidden ${n - 1}`,
        el("span", { class: "of" }, n === 1 ? `${size} pixels` : `${size} ${activation}`),
      ),
    );
    const methodButtons = [
      ["pca", "PCA"],
      ["tsne", "t-SNE"],
    ].map(([name, title]) =>
      el(
        "button",
        {
          type: "button",
          "aria-pressed": "false",
          disabled: name === "tsne" && !found.tsne,
          title:
            name === "tsne" && !found.tsne
              ? "t-SNE needs scikit-learn: pip install scikit-learn"
              : null,
          onclick: () => {
            method = name;
            keep({ map: name === "pca" ? null : name });
            draw();
          },
        },
        title,
      ),
    );
    const legend = names.map((name, d) =>
      el(
        "button",
        {
          type: "button",
          class: `legend d-${d % 10}`,
          "aria-pressed": "false",
          "aria-label": `Only ${name}`,
          onclick(event) {
            const on = event.currentTarget.getAttribute("aria-pressed") !== "true";
            legend.forEach((button) => button.setAttribute("aria-pressed", "false"));
            event.currentTarget.setAttribute("aria-pressed", String(on));
            canvas.highlight(on ? d : null);
          },
        },
        name,
      ),
    );
    section.append(
      el(
        "p",
        { class: "lead" },
        "Each point is a test image, placed by the activations of one layer: near each other are images that the layer takes for alike. Go from layer to layer and watch them come apart.",
      ),
      el(
        "div",
        { class: "row map-controls" },
        el("div", { class: "row segments", role: "group", "aria-label": "Layer" }, layerButtons),
        el("div", { class: "row segments", role: "group", "aria-label": "Method" }, methodButtons),
      ),
      meanwhile.root,
      el(
        "div",
        { class: "map" },
        el("div", { class: "map-box card" }, canvas.root),
        el(
          "div",
          { class: "map-side" },
          el("div", { class: "row legends", role: "group", "aria-label": "Digits" }, legend),
          note,
          seen,
        ),
      ),
    );
    draw();

    async function draw() {
      const mine = ++turn;
      const still = () => wanted() && mine === turn;
      layerButtons.forEach((button, i) =>
        button.setAttribute("aria-pressed", String(i + 1 === layer)),
      );
      methodButtons.forEach((button, i) =>
        button.setAttribute("aria-pressed", String((i === 1) === (method === "tsne"))),
      );
      meanwhile.hide();
      try {
        const answer = await until(
          app,
          "/api/evaluate/map",
          { model, layer, method },
          { wanted: still, onProgress: meanwhile.show },
        );
        if (!answer) return;
        meanwhile.hide();
        map = answer;
        const where =
          layer === 1 ? "the pixels" : layer === last ? "the output" : `hidden layer ${layer - 1}`;
        canvas.show(
          { ...map, places: floats(map.places) },
          `Map of ${count(map.at.length)} test images by ${where}: arrow keys move from image to image`,
        );
        const ring = "A ring marks an image that the network misreads. ";
        note.textContent =
          method === "pca"
            ? `${ring}The two directions in which the activations differ most: they hold ${percent(map.shares[0])} and ${percent(map.shares[1])} of all variance.`
            : `${ring}Neighbours are kept; distances between groups mean little.`;
        if (!images) {
          const { pixels } = await app.post("/api/evaluate/images", { model, at: map.at });
          images = bytes(pixels);
        }
      } catch (error) {
        if (!still()) return;
        meanwhile.hide();
        note.textContent = error.message;
      }
    }

    function onPoint(i) {
      if (i === null || !images) return;
      const [at, label, said] = [map.at[i], names[map.labels[i]], names[map.said[i]]];
      const what = `Test image ${count(at)}: ${label}${said === label ? "" : `, read as ${said}`}`;
      seen.replaceChildren(
        digit(images.subarray(784 * i, 784 * (i + 1)), what),
        el(
          "p",
          {},
          "is ",
          el("strong", {}, label),
          ", says ",
          said === label ? el("strong", {}, said) : el("em", {}, said),
        ),
        el("p", { class: "note" }, `no. ${count(at)}`),
      );
      if (document.activeElement === canvas.root) app.announce(what);
    }
  }

  // --- confidence -------------------------------------------------------------------------------------

  function honest(section, { found }) {
    const verdict = found.over > 0 ? "too sure" : "not sure enough";
    section.append(
      el(
        "p",
        { class: "lead" },
        "Of the answers given with 80 % confidence, 80 % should be right: then the points lie on the dashed line. The upright strokes are 95 % intervals.",
      ),
      el(
        "div",
        { class: "pair" },
        el(
          "figure",
          {},
          el("h3", {}, "Right answers at each confidence"),
          drawing(found.calibration_svg),
        ),
        el(
          "figure",
          {},
          el("h3", {}, "Images at each confidence"),
          drawing(found.counts_svg),
          el(
            "p",
            { class: "verdict-words" },
            "Expected calibration error: ",
            el(
              "strong",
              { title: exact(found.calibration_error) },
              percent(found.calibration_error, 2),
            ),
            `. On the whole it is ${verdict}, by ${(100 * Math.abs(found.over)).toFixed(2)} points.`,
          ),
          el(
            "p",
            { class: "note" },
            found.temperature === 1
              ? "The model's file records no temperature to correct its confidence by."
              : `Its confidence is corrected by the temperature ${number(found.temperature)} that its file records.`,
          ),
        ),
      ),
    );
  }

  function refuse(section, { found }) {
    const asked = Number(state.refused);
    section.append(
      el(
        "p",
        { class: "lead" },
        "A reader that passes doubtful cases to a person makes fewer mistakes. Drag the threshold.",
      ),
      refusing(
        found.rejections,
        found.images,
        Number.isFinite(asked) && asked > 0 ? asked : 0.01,
        (share) => keep({ refused: String(Number(share.toFixed(4))) }),
      ).root,
    );
  }

  function classes(section, { found }) {
    const share = (value) =>
      value === null
        ? el("td", {}, "–")
        : el(
            "td",
            { title: exact(value) },
            el(
              "span",
              { class: "share-bar", "aria-hidden": "true" },
              el("span", { style: { width: `${100 * value}%` } }),
            ),
            el("span", { class: "share-number" }, percent(value)),
          );
    section.append(
      el(
        "p",
        { class: "lead" },
        el("strong", {}, "Precision"),
        ": when it says 4, how often is that right? ",
        el("strong", {}, "Recall"),
        ": of all images of a 4, how many does it find? ",
        el("strong", {}, "F1"),
        " is their harmonic mean.",
      ),
      el(
        "div",
        {
          class: "scroll",
          tabindex: 0,
          role: "region",
          "aria-label": "Precision and recall of each class",
        },
        el(
          "table",
          { class: "by-class" },
          el("caption", { class: "unseen" }, "Precision, recall and F1 of each class"),
          el(
            "thead",
            {},
            el(
              "tr",
              {},
              ["class", "images", "said", "right", "precision", "recall", "F1"].map((name) =>
                el("th", { scope: "col" }, name),
              ),
            ),
          ),
          el(
            "tbody",
            {},
            found.classes.map((each) =>
              el(
                "tr",
                {},
                el("th", { scope: "row" }, each.name),
                [each.images, each.said, each.right].map((n) => el("td", {}, count(n))),
                share(each.precision),
                share(each.recall),
                share(each.f1),
              ),
            ),
          ),
        ),
      ),
    );
  }

  return () => {
    clearTimeout(settling);
    leave();
  };
}

// One changed image, and what it is taken for.
function tile() {
  const canvas = digit(new Uint8Array(784), "");
  const said = el("p", {});
  const root = el("li", {}, canvas, said);
  return {
    root,
    show(pixels, label, says, wrong, confidence, at) {
      paintInk(canvas, pixels);
      canvas.setAttribute("aria-label", `Test image ${count(at)}, a ${label}, read as ${says}`);
      said.textContent = says;
      said.title = `${percent(confidence)} sure`;
      root.classList.toggle("wrong", wrong);
    },
  };
}

export default { title: "Evaluate", mount };
