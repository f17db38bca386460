// @ts-check
// The pad's way to the server: one message at a time, then the newest strokes.

/**
 * @param {App} app
 * @param {ReturnType<typeof import("../../web/pad.js").pad>} board
 * @param {{ onSeen: (seen: Draw.Seen) => void, onError: (text: string) => void,
 *   onAnswered: () => void, onOpen: () => void }} told onAnswered: nothing is on its way any more.
 */
export function strokeConnection(app, board, { onSeen, onError, onAnswered, onOpen }) {
  let drawing = 0; // the server's number of what is on the pad; 0 while it has none
  let turn = 0; // counts what was sent, so that a late answer to an older drawing is known
  let floor = 0; // answers below this turn belong to a drawing that was cleared
  let busy = false; // a message is on its way
  let again = false; // the pad has changed since, and is sent when the answer is here
  /** @type {(() => void)[]} */
  const idle = []; // who waits for the answer to come

  function send() {
    again = busy; // what comes meanwhile is overtaken by the newest
    if (busy) return;
    turn += 1;
    busy = socket.send(message(board.pixels(), drawing, turn)); // if not, onOpen sends the pad then
  }

  function release() {
    if (!busy) idle.splice(0).forEach((go) => go());
  }

  // After each (re)connection the server is shown what is on the pad.
  const socket = app.socket(
    "/ws/draw",
    (answer) => {
      busy = false;
      if (answer.kind === "error") onError(answer.error);
      else if (answer.turn >= floor) onSeen(answer.seen);
      if (again) send();
      else onAnswered();
      release();
    },
    {
      onOpen() {
        busy = false;
        drawing = 0;
        onOpen();
        if (!board.empty && !board.hasPicture) send();
        release();
      },
    },
  );

  return {
    send,
    get busy() {
      return busy;
    },
    set drawing(/** @type {number} */ number) {
      drawing = number;
    },
    // Answers to what was sent till now come too late.
    overtake() {
      floor = turn + 1;
      again = false;
    },
    // Resolves once the newest strokes have been answered.
    caughtUp: () =>
      busy
        ? new Promise((/** @type {(done?: any) => void} */ go) => idle.push(go))
        : Promise.resolve(),
  };
}

/**
 * As routes.py reads it: a header, and a grey byte for each pixel.
 * @param {{ width: number, height: number, grey: Uint8Array }} pixels
 * @param {number} drawing
 * @param {number} turn
 */
function message({ width, height, grey }, drawing, turn) {
  const found = new Uint8Array(12 + grey.length);
  const header = new DataView(found.buffer);
  header.setUint32(0, drawing, true);
  header.setUint32(4, turn, true);
  header.setUint16(8, width, true);
  header.setUint16(10, height, true);
  found.set(grey, 12);
  return found;
}
