// @ts-check
// MathML made by the server, as an element; its symbols carry the classes of their quantities.
/** @param {string} mathml */
export function formula(mathml, block = true) {
  const parsed = new DOMParser().parseFromString(mathml, "application/xml").documentElement;
  const made = document.importNode(parsed, true);
  made.setAttribute("display", block ? "block" : "inline");
  return made;
}
