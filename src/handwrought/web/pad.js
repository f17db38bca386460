// @ts-check
// A pad to draw on, with mouse, pen, finger or keyboard.  It knows strokes, and nothing of digits.
import { contextOf, el } from "./dom.js";

const SENT = 168; // pixels of a side of what is sent
const SHOWN = 840; // and of what is shown, enough for a sharp screen
const STEP = 0.02; // of the pad's side, for an arrow key
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @typedef {number[]} Point x and y, in sides of the pad.
 * @typedef {{ width: number, points: Point[] }} Stroke
 * @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context
 * @typedef {object} Content What is on a pad.
 * @property {Stroke[]} strokes
 * @property {ImageBitmap | null} picture In place of strokes, or below them.
 * @property {number} brush The next stroke's width.
 * @property {{ x: number, y: number, down: boolean } | null} cursor The keyboard's pen.
 */

/**
 * A stroke on a canvas whose side is so many pixels.
 * @param {Context} context
 * @param {number} side
 * @param {Stroke} stroke
 */
export function trace(context, side, stroke) {
  const at = stroke.points.map(([x, y]) => [x * side, y * side]);
  context.lineWidth = stroke.width * side;
  context.beginPath();
  context.moveTo(at[0][0], at[0][1]);
  for (let i = 1; i < at.length - 1; i++) {
    const [x, y] = at[i];
    context.quadraticCurveTo(x, y, (x + at[i + 1][0]) / 2, (y + at[i + 1][1]) / 2);
  }
  const [x, y] = at[at.length - 1];
  context.lineTo(x + 0.01, y); // a line of no length would have no caps: a tap makes a dot
  context.stroke();
}

/**
 * @param {Context} context
 * @param {number} side
 * @param {Content} content
 * @param {string} ink
 * @param {string} paper
 */
function drawContent(context, side, { strokes, picture }, ink, paper) {
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

/**
 * The pad as it is seen: its content in the theme's colours, an invitation, the keyboard's pen.
 * @param {HTMLCanvasElement} canvas
 * @param {Content} content
 */
function paintPad(canvas, content) {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const context = contextOf(canvas);
  drawContent(context, SHOWN, content, colour("--ink"), colour("--card"));
  if (!content.strokes.length && !content.picture) {
    Object.assign(context, {
      fillStyle: colour("--quiet"),
      textAlign: "center",
      font: "34px system-ui, sans-serif",
    });
    context.fillText("Draw a digit here", SHOWN / 2, SHOWN / 2);
  }
  const { cursor, brush } = content;
  if (cursor && document.activeElement === canvas) {
    context.strokeStyle = colour("--blue");
    context.fillStyle = context.strokeStyle;
    context.lineWidth = 4;
    context.beginPath();
    context.arc(cursor.x * SHOWN, cursor.y * SHOWN, (brush * SHOWN) / 2, 0, 7);
    if (cursor.down) context.fill();
    else context.stroke();
  }
}

/**
 * Mouse, pen and finger.
 * @param {HTMLCanvasElement} canvas
 * @param {Content} content
 * @param {(finished: boolean) => void} changed
 */
function listenToPointer(canvas, content, changed) {
  /** @type {number | null} */
  let drawing = null; // the pointer that draws
  /** @type {(event: PointerEvent) => Point} */
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    const inside = (/** @type {number} */ v) => Math.min(1, Math.max(0, v));
    return [
      inside((event.clientX - box.left) / box.width),
      inside((event.clientY - box.top) / box.height),
    ];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (drawing !== null || event.button !== 0) return; // a palm, or another button
    drawing = event.pointerId;
    canvas.setPointerCapture(drawing);
    Object.assign(content, { cursor: null, picture: null });
    content.strokes.push({ width: content.brush, points: [point(event)] });
    changed(false);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drawing) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const each of all.length ? all : [event]) content.strokes.at(-1)?.points.push(point(each));
    changed(false);
  });
  const lift = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId !== drawing) return;
    drawing = null;
    changed(true);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
}

/**
 * Arrow keys move the pen, Space puts it down and lifts it.
 * @param {HTMLCanvasElement} canvas
 * @param {Content} content
 * @param {(finished: boolean) => void} changed
 * @param {() => void} repaint
 */
function listenToKeyboard(canvas, content, changed, repaint) {
  const pen = () => (content.cursor ??= { x: 0.5, y: 0.5, down: false });
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      const cursor = pen();
      const step = STEP * (event.shiftKey ? 4 : 1);
      cursor.x = Math.min(1, Math.max(0, cursor.x + arrow[0] * step));
      cursor.y = Math.min(1, Math.max(0, cursor.y + arrow[1] * step));
      if (cursor.down) {
        content.strokes.at(-1)?.points.push([cursor.x, cursor.y]);
        changed(false);
      } else repaint();
    } else if (event.key === " ") {
      const cursor = pen();
      cursor.down = !cursor.down;
      if (cursor.down) {
        content.picture = null;
        content.strokes.push({ width: content.brush, points: [[cursor.x, cursor.y]] });
      }
      changed(!cursor.down);
    } else return;
    event.preventDefault();
  });
  canvas.addEventListener("focus", () => {
    if (canvas.matches(":focus-visible")) pen();
    repaint();
  });
  canvas.addEventListener("blur", () => {
    if (content.cursor?.down) changed(true);
    content.cursor = null;
    repaint();
  });
}

/**
 * Pictures that are dropped or pasted.
 * @param {HTMLCanvasElement} canvas
 * @param {(file: File) => void} onPicture
 */
function listenToFiles(canvas, onPicture) {
  canvas.addEventListener("dragover", (event) => {
    event.preventDefault();
    canvas.classList.add("over");
  });
  canvas.addEventListener("dragleave", () => canvas.classList.remove("over"));
  canvas.addEventListener("drop", (event) => {
    event.preventDefault();
    canvas.classList.remove("over");
    const file = event.dataTransfer?.files[0];
    if (file) onPicture(file);
  });
  const paste = (/** @type {ClipboardEvent} */ event) => {
    const file = event.clipboardData?.files[0];
    if (file) onPicture(file);
  };
  document.addEventListener("paste", paste);
  return () => document.removeEventListener("paste", paste);
}

/**
 * @param {object} options
 * @param {Stroke[]} [options.strokes]
 * @param {(finished: boolean) => void} options.onChange After each change; not finished while a
 *   stroke is being drawn.
 * @param {(file: File) => void} options.onPicture A picture was dropped or pasted.
 */
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
  const smallContext = contextOf(small, { willReadFrequently: true });
  /** @type {Content} */
  const content = { strokes, picture: null, brush: 0.075, cursor: null };
  let frame = 0;
  const repaint = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      paintPad(canvas, content);
    });
  };
  const changed = (/** @type {boolean} */ finished) => {
    repaint();
    onChange(finished);
  };
  listenToPointer(canvas, content, changed);
  listenToKeyboard(canvas, content, changed, repaint);
  const unlisten = listenToFiles(canvas, onPicture);
  document.addEventListener("themechange", repaint);
  repaint();
  return {
    root: canvas,
    ...padActions(content, repaint, changed),
    get empty() {
      return !content.strokes.length && !content.picture;
    },
    get strokes() {
      return content.strokes;
    },
    get hasPicture() {
      return content.picture !== null;
    },
    // What is on it, for the animation: something drawable, and its size.
    get source() {
      const { picture } = content;
      return picture
        ? { image: picture, width: picture.width, height: picture.height }
        : { image: small, width: SENT, height: SENT };
    },
    get brush() {
      return content.brush;
    },
    set brush(/** @type {number} */ width) {
      content.brush = width;
      repaint();
    },
    // { width, height, grey }: black on white, whatever the theme.
    pixels() {
      drawContent(smallContext, SENT, content, "#000", "#fff");
      const { data } = smallContext.getImageData(0, 0, SENT, SENT);
      const grey = Uint8Array.from({ length: SENT * SENT }, (_, i) => data[4 * i]);
      return { width: SENT, height: SENT, grey };
    },
    close() {
      unlisten();
      document.removeEventListener("themechange", repaint);
      cancelAnimationFrame(frame);
    },
  };
}

/**
 * What changes a pad from outside.
 * @param {Content} content
 * @param {() => void} repaint
 * @param {(finished: boolean) => void} changed
 */
function padActions(content, repaint, changed) {
  return {
    undo() {
      if (content.picture) content.picture = null;
      else if (!content.strokes.pop()) return false;
      if (content.cursor) content.cursor.down = false;
      changed(true);
      return true;
    },
    clear() {
      Object.assign(content, { strokes: [], picture: null });
      if (content.cursor) content.cursor.down = false;
      changed(true);
    },
    /** @param {ImageBitmap} image */
    show(image) {
      Object.assign(content, { strokes: [], picture: image });
      repaint();
    },
  };
}
