// Pictures of a function of two inputs (a heat map and its boundary) or of one (a curve).
let palette = null;
document.addEventListener("themechange", () => {
  palette = null;
});

// The page's colours, and 255 steps from negative over zero to positive, strong and soft.
function colours() {
  if (palette) return palette;
  const style = getComputedStyle(document.documentElement);
  const text = (name) => style.getPropertyValue(name).trim();
  const rgb = (name) => [1, 3, 5].map((at) => parseInt(text(name).slice(at, at + 2), 16));
  const ends = { negative: rgb("--negative"), zero: rgb("--zero"), positive: rgb("--positive") };
  const steps = (strength) => {
    const made = new Uint32Array(255);
    for (let i = 0; i < 255; i++) {
      const t = (i - 127) / 127;
      const end = t < 0 ? ends.negative : ends.positive;
      const [r, g, b] = ends.zero.map((c, k) =>
        Math.round(c + (end[k] - c) * Math.abs(t) * strength),
      );
      made[i] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
    return made;
  };
  palette = {
    strong: steps(1),
    soft: steps(0.62),
    ink: text("--ink"),
    paper: text("--card"),
    quiet: text("--quiet"),
    line: text("--line"),
    negative: text("--negative"),
    positive: text("--positive"),
    a: text("--c-a"),
    z: text("--c-z"),
  };
  return palette;
}

// How a picture is scaled: classes and sigmoids lie around 1/2, everything else around 0.
export function scaleOf(values, centre) {
  let most = centre === 0.5 ? 0.5 : 1e-9;
  if (centre !== 0.5) for (const v of values) most = Math.max(most, Math.abs(v - centre));
  return { centre, most };
}

// A canvas of n × n, painted.
export function paintHeat(canvas, values, n, { centre, most }, soft = false) {
  if (canvas.width !== n || canvas.height !== n) Object.assign(canvas, { width: n, height: n });
  const context = canvas.getContext("2d");
  const image = context.createImageData(n, n);
  const pixels = new Uint32Array(image.data.buffer);
  const steps = soft ? colours().soft : colours().strong;
  for (let i = 0; i < pixels.length; i++) {
    const t = (values[i] - centre) / most;
    pixels[i] = steps[Math.round(127 + 127 * Math.max(-1, Math.min(1, t)))];
  }
  context.putImageData(image, 0, 0);
}

// A small curve in a square, scaled to what it does.
export function paintCurve(canvas, values, size, centre) {
  const scale = devicePixelRatio || 1;
  const n = Math.round(size * scale);
  if (canvas.width !== n || canvas.height !== n) Object.assign(canvas, { width: n, height: n });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, n, n);
  let [low, high] = centre === 0.5 ? [0, 1] : [Math.min(...values), Math.max(...values)];
  if (high - low < 0.2) [low, high] = [low - 0.1, high + 0.1];
  const y = (v) => n * (0.88 - (0.76 * (v - low)) / (high - low));
  context.lineWidth = scale;
  context.strokeStyle = colours().line;
  if (low < 0 && high > 0) {
    context.beginPath();
    context.moveTo(0, y(0));
    context.lineTo(n, y(0));
    context.stroke();
  }
  context.lineWidth = 1.8 * scale;
  context.strokeStyle = colours().a;
  context.beginPath();
  values.forEach((v, i) => context.lineTo((i / (values.length - 1)) * n, y(v)));
  context.stroke();
}

// Where a grid of n × n crosses a level: pieces [x1, y1, x2, y2] in cells, by marching squares.
export function contour(values, n, level) {
  const pieces = [];
  const at = (row, column) => values[row * n + column] - level;
  for (let row = 0; row + 1 < n; row++) {
    for (let column = 0; column + 1 < n; column++) {
      const corners = [
        at(row, column),
        at(row, column + 1),
        at(row + 1, column + 1),
        at(row + 1, column),
      ];
      const crossings = [];
      for (let edge = 0; edge < 4; edge++) {
        const [from, to] = [corners[edge], corners[(edge + 1) % 4]];
        if (from < 0 === to < 0) continue;
        const t = from / (from - to);
        crossings.push(
          [
            [column + t, row],
            [column + 1, row + t],
            [column + 1 - t, row + 1],
            [column, row + 1 - t],
          ][edge],
        );
      }
      for (let k = 0; k + 1 < crossings.length; k += 2)
        pieces.push([...crossings[k], ...crossings[k + 1]]);
    }
  }
  return pieces;
}

const MARGIN = { left: 42, bottom: 28, top: 8, right: 8 }; // where the page's type is 18 pixels

// The large picture.  show(what): { inputs, domain, range, values, n, centre, level, points, kept, last, unit }
// points: { x, y, training, classes }; kept: values of an earlier picture, drawn dashed, or null.
export function plane(canvas) {
  const heat = document.createElement("canvas");
  let now = null;
  let unit = 1;
  let placed = null; // { box, place, low, high, bottom, top } of the picture as it is drawn
  let aim = null; // the cross that is moved by keys, in shares of the picture

  function draw() {
    const width = canvas.clientWidth;
    if (!now || !width) return;
    const scale = devicePixelRatio || 1;
    const size = Math.round(width * scale);
    if (canvas.width !== size || canvas.height !== size)
      Object.assign(canvas, { width: size, height: size });
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, width);
    unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 18;
    const { left, right, top: above, bottom: under } = MARGIN;
    const box = {
      x: unit * left,
      y: above,
      width: width - unit * left - right,
      height: width - above - unit * under,
    };
    const [low, high] = now.domain;
    const [bottom, top] = now.inputs === 2 ? now.domain : now.range;
    const place = {
      x: (v) => box.x + ((v - low) / (high - low)) * box.width,
      y: (v) => box.y + ((top - v) / (top - bottom)) * box.height,
    };
    placed = { box, place, low, high, bottom, top };
    if (now.inputs === 2) {
      paintHeat(heat, now.values, now.n, scaleOf(now.values, now.centre), true);
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = "high";
      context.drawImage(heat, box.x, box.y, box.width, box.height);
    }
    axes(context, box, place, [low, high], [bottom, top]);
    context.save();
    context.beginPath();
    context.rect(box.x, box.y, box.width, box.height);
    context.clip();
    if (now.kept) line(context, box, place, now.kept, true);
    if (now.inputs === 1) points(context, place);
    line(context, box, place, now, false);
    if (now.inputs === 2) points(context, place);
    if (aim) cross(context, box);
    context.restore();
  }

  function cross(context, box) {
    const [x, y] = [box.x + aim[0] * box.width, box.y + aim[1] * box.height];
    const arms = [
      [x - 12, y, x + 12, y],
      [x, y - 12, x, y + 12],
    ];
    for (const [colour, width] of [
      [colours().paper, 5],
      [colours().ink, 2],
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      for (const [x1, y1, x2, y2] of arms) {
        context.moveTo(x1, y1);
        context.lineTo(x2, y2);
      }
      context.stroke();
    }
  }

  function line(context, box, place, { values, n, level }, dashed) {
    const { ink, quiet, a } = colours();
    context.lineJoin = "round";
    context.lineWidth = dashed ? 2 : now.inputs === 1 ? 3 : 2.2;
    context.strokeStyle = dashed ? quiet : now.inputs === 1 ? a : ink;
    context.setLineDash(dashed ? [7, 6] : []);
    context.beginPath();
    if (now.inputs === 1) {
      const [low, high] = now.domain;
      values.forEach((v, i) =>
        context.lineTo(
          place.x(low + (i / (n - 1)) * (high - low)),
          Math.max(-1e4, Math.min(1e4, place.y(v))),
        ),
      );
    } else {
      const [kx, ky] = [box.width / n, box.height / n];
      for (const [x1, y1, x2, y2] of contour(values, n, level)) {
        context.moveTo(box.x + (x1 + 0.5) * kx, box.y + (y1 + 0.5) * ky);
        context.lineTo(box.x + (x2 + 0.5) * kx, box.y + (y2 + 0.5) * ky);
      }
    }
    context.stroke();
    context.setLineDash([]);
  }

  // Classes differ in shape as well as colour; held-out points are hollow.
  function points(context, place) {
    const { ink, paper, positive, negative } = colours();
    const { x, y, training, classes } = now.points;
    const draws = (i, radius) => {
      const [px, py] =
        now.inputs === 2
          ? [place.x(x[2 * i]), place.y(x[2 * i + 1])]
          : [place.x(x[i]), place.y(y[i])];
      context.beginPath();
      if (classes && y[i] < 0.5) {
        context.rect(px - 0.88 * radius, py - 0.88 * radius, 1.76 * radius, 1.76 * radius);
      } else context.arc(px, py, radius, 0, 2 * Math.PI);
    };
    for (let i = 0; i < y.length; i++) {
      const colour = !classes ? ink : y[i] < 0.5 ? negative : positive;
      draws(i, unit * (i < training ? 4 : 3.4));
      context.fillStyle = i < training ? colour : paper;
      context.globalAlpha = !classes && i < training ? 0.55 : 1;
      context.fill();
      context.globalAlpha = 1;
      context.lineWidth = i < training ? 1.2 : 1.6;
      context.strokeStyle = i < training ? paper : colour;
      context.stroke();
    }
    if (now.last !== null && now.last < training) {
      context.lineWidth = 2.5;
      context.strokeStyle = ink;
      draws(now.last, 8.5);
      context.stroke();
    }
  }

  function axes(context, box, place, [low, high], [bottom, top]) {
    const { quiet, line: edge } = colours();
    context.strokeStyle = edge;
    context.lineWidth = 1;
    context.strokeRect(box.x + 0.5, box.y + 0.5, box.width - 1, box.height - 1);
    context.fillStyle = quiet;
    context.font = `${13 * unit}px system-ui, sans-serif`;
    const ticks = (from, to) => {
      const step = to - from > 4 ? 2 : to - from > 2.2 ? 1 : 0.5;
      const found = [];
      for (let v = Math.ceil(from / step) * step; v <= to + 1e-9; v += step) found.push(v);
      return found;
    };
    const shown = (v) => String(Number(v.toFixed(2))).replace("-", "−");
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const v of ticks(low, high))
      context.fillText(shown(v), place.x(v), box.y + box.height + 7);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const v of ticks(bottom, top)) context.fillText(shown(v), box.x - 7, place.y(v));
    if (now.inputs === 2) context.fillText("x₂", box.x - 7, box.y + 9);
    context.textBaseline = "bottom";
    if (now.inputs === 2) context.fillText("x₁", box.x + box.width, box.y + box.height + 24 * unit);
    else context.fillText(now.unit, box.x + box.width - 8, box.y + box.height - 6);
  }

  const watcher = new ResizeObserver(draw);
  watcher.observe(canvas);
  document.addEventListener("themechange", draw);
  return {
    show(what) {
      now = what;
      draw();
    },
    // What lies at a pixel of the canvas: its inputs, the curve's value y, and near(pixels), the
    // number of the training point so near to it, or null; null outside the picture.
    at(px, py) {
      if (!placed) return null;
      const { box, place, low, high, bottom, top } = placed;
      const [across, down] = [(px - box.x) / box.width, (py - box.y) / box.height];
      if (across < 0 || across > 1 || down < 0 || down > 1) return null;
      const [x, y] = [low + across * (high - low), top - down * (top - bottom)];
      const { x: xs, y: ys, training } = now.points;
      function near(reach) {
        /** @type {[number, number | null]} */
        let [best, found] = [reach, null];
        for (let i = 0; i < training; i++) {
          const [qx, qy] = now.inputs === 2 ? [xs[2 * i], xs[2 * i + 1]] : [xs[i], ys[i]];
          const distance = Math.hypot(place.x(qx) - px, place.y(qy) - py);
          if (distance <= best) [best, found] = [distance, i];
        }
        return found;
      }
      return { inputs: now.inputs === 2 ? [x, y] : [x], y, near };
    },
    // Draws a cross at these shares of the picture, or none; returns its place on the canvas.
    cross(share) {
      aim = share;
      draw();
      return share && placed
        ? [placed.box.x + share[0] * placed.box.width, placed.box.y + share[1] * placed.box.height]
        : [-1, -1];
    },
    close() {
      watcher.disconnect();
      document.removeEventListener("themechange", draw);
    },
  };
}
