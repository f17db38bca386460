// @ts-check
// The runs as the page knows them, kept up to date by what the server tells.
import { isLive, STATUS } from "./run_list.js";

/**
 * @typedef {any} Summary Of a run: Train.Run as the server gives it.
 * @typedef {{ points: any[], look: any, moments: number[], brought: any }} Whole
 *   All there is to see of a run that is drawn.
 * @typedef {"all" | "list" | "progress" | "curves" | "health" | "troubles" | "look"} Part
 * @typedef {object} State
 * @property {Map<string, Summary>} runs The newest first.
 * @property {Map<string, Whole>} whole
 * @property {string | null} shownId
 * @property {string[]} compared
 * @property {number} bound How many runs are kept.
 * @property {boolean} heard Whether the server has told which runs there are.
 * @typedef {object} Told What to do when something has changed.
 * @property {(part: Part) => void} touch
 * @property {(id: string) => void} choose
 * @property {(id: string) => void} fetchWhole
 * @property {(step: number) => void} addMoment
 * @property {() => void} address
 * @property {(text: string) => void} announce
 * @property {(text: string) => void} toast
 * @property {() => boolean} untouched Whether nothing is being asked for here.
 */

/**
 * Takes in a message of ``/ws/train``.
 * @param {State} state
 * @param {any} message
 * @param {Told} told
 */
export function receive(state, message, told) {
  HANDLERS[message.kind]?.(state, message, told);
}

/** @type {Record<string, (state: State, message: any, told: Told) => void>} */
const HANDLERS = {
  state(state, { runs, most }, told) {
    state.runs = new Map(runs.map((/** @type {Summary} */ each) => [each.id, each]));
    state.bound = most;
    state.heard = true;
    state.compared = state.compared.filter((id) => state.runs.has(id));
    if (!state.shownId || !state.runs.has(state.shownId))
      state.shownId = runs.find(isLive)?.id ?? runs[0]?.id ?? null;
    for (const id of [state.shownId, ...state.compared]) if (id) told.fetchWhole(id);
    told.touch("all");
  },

  run(state, { run }, told) {
    const before = state.runs.get(run.id);
    if (before) state.runs.set(run.id, run);
    else state.runs = new Map([[run.id, run], ...state.runs]);
    const shown = state.shownId !== null && state.runs.has(state.shownId);
    if (!shown && told.untouched()) told.choose(run.id); // begun in another tab
    if (before?.status !== run.status) {
      if (run.id === state.shownId)
        told.announce(`The training is ${STATUS[run.status]}. ${run.sentence}`);
      // Where it began or went on, points may have been taken back.
      if (state.whole.has(run.id)) told.fetchWhole(run.id);
    }
    told.touch("all");
  },

  progress(state, { kind, run: id, status, ...progress }, told) {
    const run = state.runs.get(id);
    if (!run) return;
    const here = id === state.shownId;
    if (status !== run.status && here) told.announce(`The training is ${STATUS[status]}.`);
    Object.assign(run, { status, progress });
    told.touch(here ? "progress" : "list");
  },

  point(state, { run: id, point, findings }, told) {
    const run = state.runs.get(id);
    if (!run) return;
    run.findings = findings;
    run.accuracy = point.validation_accuracy ?? run.accuracy;
    const known = state.whole.get(id);
    if (known) {
      known.points = known.points.filter(
        (each) => each.step < point.step || (each.step === point.step && !point.whole),
      );
      known.points.push(point);
    }
    if (id === state.shownId) {
      told.touch("curves");
      told.touch("health");
      told.touch("troubles");
    } else if (state.compared.includes(id)) told.touch("curves");
  },

  look(state, message, told) {
    const known = state.whole.get(message.run);
    if (!known) return;
    known.look = message;
    if (message.run === state.shownId) told.touch("look");
  },

  moment(state, { run, step }, told) {
    state.whole.get(run)?.moments.push(step);
    if (state.whole.has(run) && run === state.shownId) told.addMoment(step);
  },

  brought(state, message, told) {
    const known = state.whole.get(message.run);
    if (!known) return;
    known.brought = message.brought;
    if (message.run === state.shownId) told.touch("all");
  },

  deleted(state, { run }, told) {
    state.runs.delete(run);
    state.whole.delete(run);
    state.compared = state.compared.filter((id) => id !== run);
    if (run === state.shownId) {
      state.shownId = state.runs.keys().next().value ?? null;
      if (state.shownId) told.choose(state.shownId);
      told.address();
    }
    told.touch("all");
  },

  refused: (state, { error }, told) => told.toast(error),
  error: (state, { error }, told) => told.toast(error),
};
