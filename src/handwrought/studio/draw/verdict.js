// @ts-check
// What the network reads: the answer, a sentence, and ten probabilities.
import { bars } from "../../web/bars.js";
import { el } from "../../web/dom.js";
import { percent } from "../../web/numbers.js";

export function verdict() {
  const answer = el("p", { class: "answer none" }, "–");
  const says = el("p", { class: "says" }, "Draw a digit from 0 to 9.");
  const ten = bars();
  return {
    roots: [el("div", { class: "verdict" }, answer, says), ten.root],
    /** @param {Draw.Seen} seen */
    show(seen) {
      const ink = seen.digit !== null;
      answer.textContent = ink && !seen.refused ? String(seen.digit) : "?";
      answer.classList.toggle("refused", Boolean(seen.refused));
      answer.classList.remove("none");
      says.textContent = seen.refused || `${percent(seen.confidence)} sure`;
      ten.show(ink ? seen.probabilities : null);
    },
    /** @param {string} text */
    say(text) {
      says.textContent = text;
    },
    clear() {
      answer.textContent = "–";
      answer.classList.remove("refused");
      answer.classList.add("none");
      says.textContent = "Draw a digit from 0 to 9.";
      ten.show(null);
    },
  };
}
