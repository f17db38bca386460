// The course of the cost: training and held-out, over the steps; small, and quick enough to run along.
/** @type {[number, string, number[]][]} */
const LINES = [
  [2, "--quiet", [5, 4]],
  [1, "--c-cost", []],
]; // which of a point's three numbers, its colour, and its dashes

export function course(canvas) {
  /** @type {any} */
  let now = null;

  function draw() {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!now || !width) return;
    const scale = devicePixelRatio || 1;
    const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const n = now.length / 3;
    const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 18;
    const box = {
      x: 42 * unit,
      y: 10,
      width: width - 42 * unit - 8,
      height: height - 10 - 24 * unit,
    };
    let top = 0;
    for (let i = 0; i < n; i++) {
      if (Number.isFinite(now[3 * i + 1])) top = Math.max(top, now[3 * i + 1]);
      if (Number.isFinite(now[3 * i + 2])) top = Math.max(top, now[3 * i + 2]);
    }
    top = top > 0 ? 1.05 * top : 1;
    const steps = Math.max(1, now[3 * (n - 1)]);
    context.font = `${13 * unit}px system-ui, sans-serif`;
    context.fillStyle = colour("--quiet");
    context.strokeStyle = colour("--line");
    context.lineWidth = 1;
    for (const share of [0, 0.5, 1]) {
      const y = Math.round(box.y + (1 - share) * box.height) + 0.5;
      context.beginPath();
      context.moveTo(box.x, y);
      context.lineTo(box.x + box.width, y);
      context.stroke();
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillText(String(Number((share * top).toPrecision(2))), box.x - 7, y);
    }
    context.textBaseline = "top";
    context.fillText(
      `${steps.toLocaleString("en")} steps`,
      box.x + box.width,
      box.y + box.height + 7,
    );
    context.textAlign = "left";
    context.fillText("0", box.x, box.y + box.height + 7);
    for (const [which, name, dash] of LINES) {
      context.strokeStyle = colour(name);
      context.lineWidth = 2.2;
      context.lineJoin = "round";
      context.setLineDash(dash);
      context.beginPath();
      for (let i = 0; i < n; i++) {
        const value = now[3 * i + which];
        if (Number.isFinite(value))
          context.lineTo(
            box.x + (now[3 * i] / steps) * box.width,
            box.y + (1 - value / top) * box.height,
          );
      }
      context.stroke();
    }
    context.setLineDash([]);
  }

  const watcher = new ResizeObserver(draw);
  watcher.observe(canvas);
  document.addEventListener("themechange", draw);
  return {
    // points: Float32Array of steps, training cost, held-out cost, point by point.
    show(points) {
      now = points;
      draw();
    },
    close() {
      watcher.disconnect();
      document.removeEventListener("themechange", draw);
    },
  };
}
