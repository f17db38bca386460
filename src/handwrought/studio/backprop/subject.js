// Which image, which network: the bar above the steps, and a pad for an image of one's own.
import { bytes } from "../../web/arrays.js";
import { el, messageOf } from "../../web/dom.js";
import { pad } from "../../web/pad.js";
import { paintInk } from "../../web/pixels.js";

const DIGITS = [..."0123456789"];

// onImage(name, label or null), onNetwork(name), onLabel(digit).
export function subject({ app, onImage, onNetwork, onLabel }) {
  let now = null; // { image, network, label }
  const canvas = el("canvas", { class: "pixels ms-thumb", role: "img", "aria-label": "The image" });
  const what = el("p", { class: "ms-what" });
  const digit = el(
    "select",
    { id: "ms-digit" },
    el("option", { value: "" }, "any digit"),
    DIGITS.map((d) => el("option", { value: d }, `a ${d}`)),
  );
  const label = el("select", { id: "ms-label", onchange: () => onLabel(Number(label.value)) });
  const labelBox = el(
    "span",
    { class: "row" },
    el("label", { for: "ms-label" }, "It should be read as"),
    label,
  );
  const index = el("input", {
    id: "ms-index",
    type: "number",
    min: 0,
    max: 9999,
    step: 1,
    class: "ms-index",
    onchange: () => {
      if (index.value !== "") onImage(`test:${Math.trunc(Number(index.value))}`, null);
    },
  });
  const network = el("select", {
    id: "ms-network",
    onchange: () => (network.value === "own" ? own.showModal() : onNetwork(network.value)),
  });

  async function find(kind) {
    const after =
      kind === "misread" && now?.image.startsWith("test:") ? Number(now.image.slice(5)) : -1;
    try {
      const { image } = await app.post("/api/backprop/find", {
        kind,
        network: now.network,
        digit: digit.value === "" ? null : Number(digit.value),
        after,
      });
      onImage(image, null);
    } catch (error) {
      app.toast(messageOf(error));
    }
  }

  // --- one's own drawing ---------------------------------------------------------------------------

  const reads = el("p", { class: "note", role: "status" }, "Draw a digit.");
  const gallery = el("div", { class: "row ms-gallery" });
  const use = el(
    "button",
    {
      type: "button",
      class: "main",
      disabled: true,
      onclick: () => {
        drawing.close();
        onImage(drawn.image, drawn.digit);
      },
    },
    "Use it",
  );
  let drawn = null;
  let turn = 0;
  const board = pad({
    onPicture() {},
    async onChange(finished) {
      if (!finished) return;
      const mine = ++turn;
      if (board.empty) {
        drawn = null;
        use.disabled = true;
        return;
      }
      const { width, height, grey } = board.pixels();
      const message = new Uint8Array(12 + grey.length);
      const header = new DataView(message.buffer);
      header.setUint16(8, width, true);
      header.setUint16(10, height, true);
      message.set(grey, 12);
      try {
        const found = await app.post("/api/backprop/drawing", message);
        if (mine !== turn) return;
        drawn = found.image ? found : null;
        reads.textContent = found.image
          ? `The model reads it as a ${found.digit}.`
          : "There is no ink that could be told from the paper: draw it larger.";
        use.disabled = !drawn;
      } catch (error) {
        reads.textContent = messageOf(error);
      }
    },
  });
  const drawing = el(
    "dialog",
    { class: "ms-dialog", "aria-labelledby": "ms-draw-title" },
    el("h2", { id: "ms-draw-title" }, "Draw an image"),
    board.root,
    el(
      "p",
      { id: "pad-help", class: "unseen" },
      "Draw with the pointer. By keyboard: arrow keys move the pen, Space puts it down and lifts it.",
    ),
    reads,
    gallery,
    el(
      "div",
      { class: "row" },
      use,
      el("button", { type: "button", onclick: () => board.clear() }, "Clear"),
      el("button", { type: "button", onclick: () => drawing.close() }, "Cancel"),
    ),
  );

  async function openPad() {
    drawing.showModal();
    const { drawings } = await app.get("/api/backprop/drawn").catch(() => ({ drawings: [] }));
    gallery.replaceChildren(
      ...(drawings.length ? [el("span", { class: "note" }, "Or one that you drew:")] : []),
      ...drawings.map((each) => {
        const small = el("canvas", { class: "pixels" });
        paintInk(small, bytes(each.pixels));
        return el(
          "button",
          {
            type: "button",
            class: "ms-small",
            "aria-label": `The drawing read as ${each.digit}`,
            onclick: () => {
              drawing.close();
              onImage(each.image, each.digit);
            },
          },
          small,
        );
      }),
    );
  }

  // --- a network of one's own -----------------------------------------------------------------------

  const hidden = el("input", {
    id: "ms-hidden",
    type: "text",
    value: "32-16",
    pattern: "[0-9]+(-[0-9]+)*",
    required: true,
  });
  const activation = el(
    "select",
    { id: "ms-activation" },
    ["sigmoid", "tanh", "relu", "leaky-relu", "silu", "gelu", "identity"].map((name) =>
      el("option", {}, name),
    ),
  );
  const cost = el(
    "select",
    { id: "ms-cost" },
    [
      ["quadratic", "quadratic"],
      ["cross-entropy", "cross-entropy"],
      ["softmax", "log-likelihood on softmax"],
    ].map(([value, text]) => el("option", { value }, text)),
  );
  const fresh = el("input", { id: "ms-fresh", type: "checkbox" });
  const own = el(
    "dialog",
    {
      class: "ms-dialog",
      "aria-labelledby": "ms-own-title",
      onclose: () => {
        if (now) network.value = now.network;
      },
    },
    el("h2", { id: "ms-own-title" }, "A network of your own"),
    el(
      "div",
      { class: "ms-form" },
      el("label", { for: "ms-hidden" }, "Neurons in the hidden layers, such as 64-32"),
      hidden,
      el("label", { for: "ms-activation" }, "Activation of the hidden layers"),
      activation,
      el("label", { for: "ms-cost" }, "Cost"),
      cost,
      el(
        "span",
        { class: "row" },
        fresh,
        el("label", { for: "ms-fresh" }, "untrained, as it begins"),
      ),
    ),
    el(
      "div",
      { class: "row" },
      el(
        "button",
        {
          type: "button",
          class: "main",
          onclick: () => {
            if (!hidden.reportValidity()) return;
            const name = `${hidden.value}:${activation.value}:${cost.value}${fresh.checked ? ":fresh" : ""}`;
            own.close();
            onNetwork(name);
          },
        },
        "Make it",
      ),
      el("button", { type: "button", onclick: () => own.close() }, "Cancel"),
    ),
  );

  let offered = [];
  function showNetworks() {
    const known = new Set(offered.map((each) => each.network));
    const extra =
      now && !known.has(now.network)
        ? [{ network: now.network, title: now.network.replaceAll(":", ", ") }]
        : [];
    network.replaceChildren(
      ...[...offered, ...extra].map((each) => el("option", { value: each.network }, each.title)),
      el("option", { value: "own" }, "Another size…"),
    );
    if (now) network.value = now.network;
  }
  app
    .get("/api/backprop/networks")
    .then((found) => {
      const [small, ...others] = found.networks;
      offered = [
        small,
        { network: `${small.network}:fresh`, title: "Small, untrained" },
        ...others,
      ];
      showNetworks();
    })
    .catch((error) => app.toast(messageOf(error)));

  const progress = el("span", { class: "note ms-progress", role: "status" });
  return {
    root: el(
      "section",
      { class: "ms-subject", "aria-label": "Image and network" },
      el(
        "div",
        { class: "ms-image" },
        canvas,
        el(
          "div",
          { class: "ms-image-side" },
          el(
            "div",
            { class: "ms-top" },
            what,
            labelBox,
            el(
              "div",
              { class: "row ms-network" },
              el("label", { for: "ms-network" }, "Network"),
              network,
            ),
          ),
          el(
            "div",
            { class: "row" },
            el("button", { type: "button", onclick: openPad }, "Draw one"),
            el("button", { type: "button", onclick: () => find("random") }, "From the set"),
            el("button", { type: "button", onclick: () => find("misread") }, "A misread one"),
            el("label", { for: "ms-digit", class: "unseen" }, "Which digit"),
            digit,
            el("span", { class: "row ms-number" }, el("label", { for: "ms-index" }, "No."), index),
            progress,
          ),
        ),
      ),
      drawing,
      own,
    ),
    show(view, picture) {
      now = { image: view.image, network: view.network, label: picture.label };
      paintInk(canvas, bytes(picture.pixels));
      const inSet = !view.image.startsWith("ink:");
      const names = picture.class_names;
      const right = picture.prediction === picture.label;
      const [is, read] = [names[picture.label], names[picture.prediction]];
      const [set, at] = view.image.split(":");
      const name = inSet ? `Image ${at} of the ${set} set, a ${is}` : "Your drawing";
      what.replaceChildren(
        el("b", {}, name),
        right ? `, read as ${read}` : ", read as ",
        right ? "" : el("b", { class: "error" }, read),
      );
      canvas.setAttribute("aria-label", `${name}, read as ${read}`);
      labelBox.hidden = inSet;
      label.replaceChildren(...names.map((each, k) => el("option", { value: k }, each)));
      label.value = String(picture.label);
      index.value = view.image.startsWith("test:") ? view.image.slice(5) : "";
      showNetworks();
    },
    progress(done) {
      progress.textContent =
        done < 1
          ? `Being trained: ${Math.round(100 * done)} %. Until then you see it as it began.`
          : "";
    },
    close() {
      board.close();
    },
  };
}
