// @ts-check
// Charts by Plotly's script, which comes with the installed package and is loaded when first needed.
/** @type {Promise<any> | null} */
let loading = null;

function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const head = /** @type {any} */ (document.head);
    const script = document.createElement("script");
    script.src = "/vendor/plotly.js";
    // While it loads it would write a map library's rules into the page, which allows none.
    head.appendChild = (/** @type {Element} */ node) =>
      node.tagName === "STYLE" ? node : Node.prototype.appendChild.call(head, node);
    script.onload = () => {
      delete head.appendChild;
      resolve(/** @type {any} */ (window).Plotly);
    };
    script.onerror = () => {
      delete head.appendChild;
      loading = null;
      reject(new Error("Charts need Plotly, which did not load."));
    };
    head.append(script);
  });
  return loading;
}

// A chart in `root`.  `traces` and `layout` are Plotly's; colours are names of our properties
// ("--c-cost") and follow the theme.  Returns { update(traces, layout), close() }.
/**
 * @param {HTMLElement} root
 * @param {any[]} traces
 * @param {Record<string, any>} layout
 */
export async function chart(root, traces, layout = {}, label = "") {
  const Plotly = await plotly();
  /** @type {[any[], Record<string, any>]} */
  let now = [traces, layout];
  const draw = () =>
    Plotly.react(root, themed(now[0]), themed(merged(now[1])), {
      displayModeBar: false,
      responsive: true,
      scrollZoom: false,
    });
  root.setAttribute("role", "img");
  root.setAttribute("aria-label", label);
  document.addEventListener("themechange", draw);
  await draw();
  return {
    /**
     * @param {any[]} newTraces
     * @param {Record<string, any>} newLayout
     */
    update(newTraces, newLayout = now[1]) {
      now = [newTraces, newLayout];
      return draw();
    },
    close() {
      document.removeEventListener("themechange", draw);
      Plotly.purge(root);
    },
  };
}

/** @param {Record<string, any>} layout */
function merged(layout) {
  const axis = {
    gridcolor: "--line",
    linecolor: "--line",
    zerolinecolor: "--line",
    tickcolor: "--line",
    automargin: true,
  };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 12, t: 12, b: 40 },
    font: { family: "system-ui, sans-serif", size: 14, color: "--quiet" },
    showlegend: false,
    ...layout,
    xaxis: { ...axis, ...layout.xaxis },
    yaxis: { ...axis, ...layout.yaxis },
  };
}

/**
 * @param {any} value
 * @returns {any}
 */
function themed(value) {
  const style = getComputedStyle(document.documentElement);
  /** @type {(each: any) => any} */
  const walk = (each) => {
    if (typeof each === "string" && each.startsWith("--"))
      return style.getPropertyValue(each).trim();
    if (Array.isArray(each)) return typeof each[0] === "number" ? each : each.map(walk);
    if (each && Object.getPrototypeOf(each) === Object.prototype) {
      return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, walk(inner)]));
    }
    return each;
  };
  return walk(value);
}
