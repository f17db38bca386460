// @ts-check
// The frame: which view is shown, the theme, and how views talk to the server.
//
// A view is `export default { title, mount(root, app) -> unmount() }` in NAME/view.js.
import { byId } from "../../web/dom.js";

const main = byId("view");
/** @type {NodeListOf<HTMLAnchorElement>} */
const links = document.querySelectorAll("nav a");
const names = [...links].map((link) => link.hash.slice(1));
/** @type {{ sockets: Set<Connection>, unmount: (() => void) | null } | null} */
let shown = null;
let turn = 0;

// --- routes: #name?key=value ----------------------------------------------------------------------

function place() {
  const [name, query = ""] = location.hash.slice(1).split("?");
  return { name: names.includes(name) ? name : names[0], params: new URLSearchParams(query) };
}

async function show() {
  const mine = ++turn;
  const { name, params } = place();
  for (const link of links) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  leave();
  /** @type {View} */
  let view;
  try {
    view = (await import(`/static/studio/${name}/view.js`)).default;
  } catch (error) {
    console.error(error);
    main.textContent = "This view could not be loaded: reload the page.";
    return;
  }
  if (mine !== turn) return; // another was asked for meanwhile
  // A view's rules are for that view alone.
  /** @type {NodeListOf<HTMLLinkElement>} */
  const sheets = document.querySelectorAll("link[data-view]");
  for (const sheet of sheets) sheet.disabled = sheet.dataset.view !== name;
  document.title = `${view.title} · handwrought studio`;
  /** @type {Set<Connection>} */
  const sockets = new Set();
  shown = { sockets, unmount: null };
  shown.unmount = view.mount(main, appFor(name, params, sockets));
}

function leave() {
  if (!shown) return;
  shown.unmount?.();
  for (const socket of shown.sockets) socket.close();
  shown = null;
  lost(false);
  main.replaceChildren();
}

addEventListener("hashchange", show);
document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault(); // its hash is no view
  main.focus();
});

// --- what a view is given ---------------------------------------------------------------------------

/**
 * @param {string} name
 * @param {URLSearchParams} params
 * @param {Set<Connection>} sockets
 * @returns {App}
 */
function appFor(name, params, sockets) {
  return {
    params,
    get: (path) => ask(path),
    // A plain object goes as JSON, a Blob or bytes as they are.
    post: (path, body) => ask(path, { method: "POST", body }),
    socket(path, onMessage, options) {
      const made = socket(path, onMessage, options);
      sockets.add(made);
      return made;
    },
    setParams(values) {
      const query = new URLSearchParams(values).toString();
      history.replaceState(null, "", `#${name}${query ? `?${query}` : ""}`);
    },
    toast,
    announce(text) {
      byId("announcer").textContent = text;
    },
  };
}

/**
 * @param {string} path
 * @param {{ method?: string, body?: any }} options
 * @returns {Promise<any>}
 */
async function ask(path, { method = "GET", body } = {}) {
  const raw = body instanceof Blob || ArrayBuffer.isView(body);
  let response;
  try {
    response = await fetch(path, {
      method,
      body: body === undefined || raw ? body : JSON.stringify(body),
      headers: body === undefined || raw ? {} : { "Content-Type": "application/json" },
    });
  } catch {
    throw new Error("The studio does not answer: is handwrought studio still running?");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `The studio answered ${response.status}.`);
  return answer;
}

// A WebSocket that comes back by itself.  `onMessage` gets parsed JSON, or an ArrayBuffer.
// options: onOpen() after each (re)connection.
/**
 * @param {string} path
 * @param {(message: any) => void} onMessage
 * @param {{ onOpen?: () => void }} options
 * @returns {Connection}
 */
function socket(path, onMessage, { onOpen } = {}) {
  /** @type {WebSocket} */
  let inner;
  let wait = 250;
  /** @type {number | undefined} */
  let timer;
  let closed = false;
  const connect = () => {
    inner = new WebSocket(`ws://${location.host}${path}`);
    inner.binaryType = "arraybuffer";
    inner.onopen = () => {
      wait = 250;
      lost(false);
      onOpen?.();
    };
    inner.onmessage = ({ data }) => onMessage(typeof data === "string" ? JSON.parse(data) : data);
    inner.onclose = () => {
      if (closed) return;
      lost(true);
      timer = setTimeout(connect, wait);
      wait = Math.min(2 * wait, 4000);
    };
  };
  connect();
  return {
    get open() {
      return inner.readyState === WebSocket.OPEN;
    },
    // Says whether it went out; what is not sent is for the caller to repeat in onOpen.
    send(data) {
      if (inner.readyState !== WebSocket.OPEN) return false;
      const raw =
        typeof data === "string" || data instanceof ArrayBuffer || ArrayBuffer.isView(data);
      inner.send(raw ? /** @type {string | BufferSource} */ (data) : JSON.stringify(data));
      return true;
    },
    close() {
      closed = true;
      clearTimeout(timer);
      // One that is not open yet is closed once it is: to break it off counts as an error.
      if (inner.readyState === WebSocket.CONNECTING) inner.onopen = () => inner.close();
      else inner.close();
    },
  };
}

/** @param {boolean} yes */
function lost(yes) {
  const banner = byId("lost");
  banner.hidden = !yes;
  banner.textContent = yes
    ? "The studio does not answer. If it was started anew, open the address that it printed; else this page comes back by itself."
    : "";
}

/** @type {number | undefined} */
let toastTimer;
/** @param {string} text */
function toast(text) {
  const box = byId("toast");
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.classList.remove("shown"), 4500);
}

// --- theme --------------------------------------------------------------------------------------

const themeButton = byId("theme");
/** @param {string | undefined} theme */
function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  themeButton.textContent = theme === "dark" ? "Light theme" : "Dark theme";
  document.dispatchEvent(new Event("themechange"));
}
setTheme(document.documentElement.dataset.theme);
themeButton.addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("handwrought-theme", theme);
  } catch {
    /* it holds for this page only */
  }
  setTheme(theme);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("handwrought-theme");
  } catch {
    /* storage is turned off */
  }
  if (!chosen) setTheme(event.matches ? "dark" : "light");
});

show();
