// A pad to draw on, with mouse, pen, finger or keyboard.  It knows strokes, and nothing of digits.
import { el } from "./dom.js";

const SENT = 168; // pixels of a side of what is sent
const SHOWN = 840; // and of what is shown, enough for a sharp screen
const STEP = 0.02; // of the pad's side, for an arrow key

// A stroke on a canvas whose side is so many pixels.
export function trace(context, side, stroke) {
  const at = stroke.points.map(([x, y]) => [x * side, y * side]);
  context.lineWidth = stroke.width * side;
  context.beginPath();
  context.moveTo(...at[0]);
  for (let i = 1; i < at.length - 1; i++) {
    const [x, y] = at[i];
    context.quadraticCurveTo(x, y, (x + at[i + 1][0]) / 2, (y + at[i + 1][1]) / 2);
  }
  const [x, y] = at[at.length - 1];
  context.lineTo(x + 0.01, y); // a line of no length would have no caps: a tap makes a dot
  context.stroke();
}

// strokes: each { width, points: [[x, y], ...] }, in sides of the pad.
// onChange(finished): after each change; finished is false while a stroke is being drawn.
// onPicture(file): a picture was dropped or pasted.
export function pad({ strokes = [], onChange, onPicture }) {
  const canvas = el("canvas", {
    class: "pad",
    width: SHOWN,
    height: SHOWN,
    tabindex: 0,
    role: "application",
    "aria-label": "Drawing pad",
    "aria-describedby": "pad-help",
  });
  const small = new OffscreenCanvas(SENT, SENT);
  const smallContext = small.getContext("2d", { willReadFrequently: true });
  let picture = null;
  let brush = 0.075;
  let drawing = null; // the pointer that draws
  let cursor = null; // the keyboard's pen: { x, y, down }
  let frame = 0;

  // --- drawing the strokes ---------------------------------------------------------------------

  function draw(context, side, ink, paper) {
    context.fillStyle = paper;
    context.fillRect(0, 0, side, side);
    if (picture) {
      const scale = Math.min(side / picture.width, side / picture.height);
      const [width, height] = [picture.width * scale, picture.height * scale];
      context.drawImage(picture, (side - width) / 2, (side - height) / 2, width, height);
    }
    Object.assign(context, { strokeStyle: ink, lineCap: "round", lineJoin: "round" });
    for (const stroke of strokes) trace(context, side, stroke);
  }

  function invite(context, colour) {
    Object.assign(context, {
      fillStyle: colour,
      textAlign: "center",
      font: "34px system-ui, sans-serif",
    });
    context.fillText("Draw a digit here", SHOWN / 2, SHOWN / 2);
  }

  function repaint() {
    frame = 0;
    const style = getComputedStyle(document.documentElement);
    const context = canvas.getContext("2d");
    draw(
      context,
      SHOWN,
      style.getPropertyValue("--ink").trim(),
      style.getPropertyValue("--card").trim(),
    );
    if (!strokes.length && !picture) invite(context, style.getPropertyValue("--quiet").trim());
    if (cursor && document.activeElement === canvas) {
      context.strokeStyle = style.getPropertyValue("--blue").trim();
      context.fillStyle = context.strokeStyle;
      context.lineWidth = 4;
      context.beginPath();
      context.arc(cursor.x * SHOWN, cursor.y * SHOWN, (brush * SHOWN) / 2, 0, 7);
      if (cursor.down) context.fill();
      else context.stroke();
    }
  }

  const soon = () => {
    frame ||= requestAnimationFrame(repaint);
  };

  function changed(finished) {
    soon();
    onChange(finished);
  }

  // --- mouse, pen and finger --------------------------------------------------------------------

  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    const inside = (v) => Math.min(1, Math.max(0, v));
    return [
      inside((event.clientX - box.left) / box.width),
      inside((event.clientY - box.top) / box.height),
    ];
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (drawing !== null || event.button !== 0) return; // a palm, or another button
    drawing = event.pointerId;
    canvas.setPointerCapture(drawing);
    cursor = null;
    picture = null;
    strokes.push({ width: brush, points: [point(event)] });
    changed(false);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drawing) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const each of all.length ? all : [event]) strokes.at(-1).points.push(point(each));
    changed(false);
  });
  const lift = (event) => {
    if (event.pointerId !== drawing) return;
    drawing = null;
    changed(true);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);

  // --- keyboard -----------------------------------------------------------------------------------

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      cursor ??= { x: 0.5, y: 0.5, down: false };
      const step = STEP * (event.shiftKey ? 4 : 1);
      cursor.x = Math.min(1, Math.max(0, cursor.x + arrow[0] * step));
      cursor.y = Math.min(1, Math.max(0, cursor.y + arrow[1] * step));
      if (cursor.down) {
        strokes.at(-1).points.push([cursor.x, cursor.y]);
        changed(false);
      } else soon();
    } else if (event.key === " ") {
      cursor ??= { x: 0.5, y: 0.5, down: false };
      cursor.down = !cursor.down;
      if (cursor.down) {
        picture = null;
        strokes.push({ width: brush, points: [[cursor.x, cursor.y]] });
      }
      changed(!cursor.down);
    } else return;
    event.preventDefault();
  });
  canvas.addEventListener("focus", () => {
    if (canvas.matches(":focus-visible")) cursor ??= { x: 0.5, y: 0.5, down: false };
    soon();
  });
  canvas.addEventListener("blur", () => {
    if (cursor?.down) changed(true);
    cursor = null;
    soon();
  });

  // --- pictures -----------------------------------------------------------------------------------

  canvas.addEventListener("dragover", (event) => {
    event.preventDefault();
    canvas.classList.add("over");
  });
  canvas.addEventListener("dragleave", () => canvas.classList.remove("over"));
  canvas.addEventListener("drop", (event) => {
    event.preventDefault();
    canvas.classList.remove("over");
    const file = [...event.dataTransfer.files][0];
    if (file) onPicture(file);
  });
  const paste = (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) onPicture(file);
  };
  document.addEventListener("paste", paste);
  document.addEventListener("themechange", soon);
  soon();

  return {
    root: canvas,
    get empty() {
      return !strokes.length && !picture;
    },
    get strokes() {
      return strokes;
    },
    get hasPicture() {
      return picture !== null;
    },
    // What is on it, for the animation: something drawable, and its size.
    get source() {
      return picture
        ? { image: picture, width: picture.width, height: picture.height }
        : { image: small, width: SENT, height: SENT };
    },
    set brush(width) {
      brush = width;
      soon();
    },
    // { width, height, grey }: black on white, whatever the theme.
    pixels() {
      draw(smallContext, SENT, "#000", "#fff");
      const { data } = smallContext.getImageData(0, 0, SENT, SENT);
      const grey = new Uint8Array(SENT * SENT);
      for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i];
      return { width: SENT, height: SENT, grey };
    },
    undo() {
      if (picture) picture = null;
      else if (!strokes.pop()) return false;
      if (cursor) cursor.down = false;
      changed(true);
      return true;
    },
    clear() {
      strokes = [];
      picture = null;
      if (cursor) cursor.down = false;
      changed(true);
    },
    show(image) {
      strokes = [];
      picture = image;
      soon();
    },
    close() {
      document.removeEventListener("paste", paste);
      document.removeEventListener("themechange", soon);
      cancelAnimationFrame(frame);
    },
  };
}
