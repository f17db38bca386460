// The frame: which view is shown, the theme, and how views talk to the server.
//
// A view is `export default { title, mount(root, app) -> unmount() }` in NAME/view.js.
const main = document.getElementById("view");
const names = [...document.querySelectorAll("nav a")].map((link) => link.hash.slice(1));
let shown = null; // { unmount, sockets }
let turn = 0;

// --- routes: #name?key=value ----------------------------------------------------------------------

function place() {
  const [name, query = ""] = location.hash.slice(1).split("?");
  return { name: names.includes(name) ? name : names[0], params: new URLSearchParams(query) };
}

async function show() {
  const mine = ++turn;
  const { name, params } = place();
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  leave();
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
  for (const sheet of document.querySelectorAll("link[data-view]"))
    sheet.disabled = sheet.dataset.view !== name;
  document.title = `${view.title} · handwrought studio`;
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
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // its hash is no view
  main.focus();
});

// --- what a view is given ---------------------------------------------------------------------------

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
      document.getElementById("announcer").textContent = text;
    },
  };
}

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
function socket(path, onMessage, { onOpen } = {}) {
  let inner = null;
  let wait = 250;
  let timer = null;
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
      inner.send(
        typeof data === "string" || data instanceof ArrayBuffer || ArrayBuffer.isView(data)
          ? data
          : JSON.stringify(data),
      );
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

function lost(yes) {
  const banner = document.getElementById("lost");
  banner.hidden = !yes;
  banner.textContent = yes
    ? "The studio does not answer. If it was started anew, open the address that it printed; else this page comes back by itself."
    : "";
}

let toastTimer = null;
function toast(text) {
  const box = document.getElementById("toast");
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.classList.remove("shown"), 4500);
}

// --- theme --------------------------------------------------------------------------------------

const themeButton = document.getElementById("theme");
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
