// Points put into the picture or taken out of it by hand: a click, a tap, or the arrow keys and Enter.
import { el } from "../../web/dom.js";
import { count } from "../../web/numbers.js";

const STEP = 0.02; // of the picture, for each press of an arrow key
const NEAR = 16; // pixels from a point within which it is meant

// picture: { at(x, y), cross(share) }; act: { add(inputs, y), remove(index), forget() }.
export function pointTool(canvas, picture, act) {
  let mode = null; // what a click does: { y } puts in, "out" takes out
  let about = null;
  let cross = [0.5, 0.5]; // the cross that the keys move, in shares of the picture
  const buttons = el("div", { class: "row point-modes" });
  const forget = el("button", { type: "button", class: "quiet", onclick: act.forget }, "");
  const hint = el("p", { class: "note", hidden: true });
  const root = el(
    "div",
    { class: "point-tool", role: "group", "aria-label": "Points by hand" },
    el("div", { class: "row" }, el("span", { class: "note" }, "Points:"), buttons, forget),
    hint,
  );

  function use(next) {
    mode = next;
    for (const button of buttons.querySelectorAll("button"))
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    canvas.classList.toggle("aims", mode !== null);
    canvas.setAttribute("role", mode === null ? "img" : "application");
    if (mode === null) canvas.removeAttribute("tabindex");
    else canvas.tabIndex = 0;
    hint.hidden = mode === null;
    hint.textContent =
      mode === "out"
        ? "Click a training point to take it out, or go there with the arrow keys and press Enter."
        : "Click where it is to lie, or go there with the arrow keys and press Enter.";
    if (mode === null) picture.cross(null);
  }

  function offer(modes) {
    buttons.replaceChildren(
      ...modes.map(([name, meant]) => {
        const button = el(
          "button",
          {
            type: "button",
            "aria-pressed": "false",
            onclick: () => use(mode === meant ? null : meant),
          },
          name,
        );
        button.dataset.mode = meant;
        return button;
      }),
    );
  }

  function apply(x, y) {
    const found = mode !== null && picture.at(x, y);
    if (!found) return;
    if (mode === "out") {
      const nearest = found.near(NEAR);
      if (nearest !== null) act.remove(nearest);
    } else act.add(found.inputs, mode.y ?? found.y);
  }

  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    apply(event.clientX - box.left, event.clientY - box.top);
  });
  canvas.addEventListener("keydown", (event) => {
    if (mode === null) return;
    const moved = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
      event.key
    ];
    if (moved) {
      cross = cross.map((share, i) =>
        Math.max(0, Math.min(1, share + STEP * (event.shiftKey ? 5 : 1) * moved[i])),
      );
      picture.cross(cross);
    } else if (event.key === "Enter" || event.key === " ") apply(...picture.cross(cross));
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("focus", () => {
    if (mode !== null && canvas.matches(":focus-visible")) picture.cross(cross);
  });
  canvas.addEventListener("blur", () => picture.cross(null));

  return {
    root,
    // state: { inputs, classes, own, training }, and whether points can be placed in what is shown.
    show(state, fits) {
      if (!about || about.classes !== state.classes) {
        use(null);
        offer([
          ...(state.classes
            ? [
                ["+ circle, 1", { y: 1 }],
                ["+ square, 0", { y: 0 }],
              ]
            : [["+ add", {}]]),
          ["− take out", "out"],
        ]);
      }
      about = state;
      root.hidden = !fits;
      if (!fits) use(null);
      forget.hidden = !state.own;
      forget.textContent = state.own
        ? `Undo ${state.own === 1 ? "this one" : `these ${count(state.own)}`}`
        : "";
    },
  };
}
