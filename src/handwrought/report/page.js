"use strict";
// The confusion matrix shows the images behind a cell; arrow keys move between cells.
(() => {
  const data = document.getElementById("cells");
  if (!data) return;
  const { first, cells } = JSON.parse(data.textContent);
  const buttons = new Map(
    [...document.querySelectorAll("button[data-cell]")].map((b) => [b.dataset.cell, b]),
  );
  const grid = document.querySelector("table.confusion");
  const panel = document.getElementById("cell");

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  const picture = (cell, { at, sure, src }) => {
    const item = element("li");
    const image = element("img", "", "ink");
    image.src = src;
    image.alt = `Test image ${at}: ${cell.title}, ${sure} sure`;
    item.append(image, element("p", sure, "note"), element("p", `no. ${at}`, "note"));
    return item;
  };

  const show = (key) => {
    const cell = cells[key];
    for (const [name, button] of buttons) {
      button.setAttribute("aria-pressed", String(name === key));
      if (grid) button.tabIndex = name === key ? 0 : -1;
    }
    const shown = cell.images.length;
    const count = cell.count.toLocaleString("en");
    document.getElementById("cell-title").textContent = `${cell.title}: ${count}`;
    document.getElementById("cell-note").textContent =
      shown < cell.count ? `${shown} of ${count}, ${cell.order}` : `All, ${cell.order}`;
    document
      .getElementById("cell-images")
      .replaceChildren(...cell.images.map((image) => picture(cell, image)));
    panel.hidden = false;
  };

  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const move = (event) => {
    const step = STEPS[event.key];
    if (!grid || !step) return;
    event.preventDefault();
    const n = grid.tBodies[0].rows.length;
    let [i, j] = event.currentTarget.dataset.cell.split(",").map(Number);
    // To the next cell in that direction that holds images.
    for (
      i += step[0], j += step[1];
      i >= 0 && i < n && j >= 0 && j < n;
      i += step[0], j += step[1]
    ) {
      const next = buttons.get(`${i},${j}`);
      if (next) return next.focus();
    }
  };

  for (const [key, button] of buttons) {
    if (grid) button.tabIndex = -1;
    button.addEventListener("click", () => show(key));
    button.addEventListener("keydown", move);
  }
  const start = buttons.has(first) ? first : buttons.keys().next().value;
  if (start) show(start);
})();

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
