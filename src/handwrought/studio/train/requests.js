// @ts-check
// What is asked of the server: begin, go on, pause, change.
import { messageOf } from "../../web/dom.js";
import { isLive } from "./run_list.js";

export const MORE = 10; // epochs that a finished run goes on for

/**
 * @param {App} app
 * @param {(id: string) => any} summaryOf
 * @param {(id: string) => void} onBegun
 */
export function requests(app, summaryOf, onBegun) {
  /** @param {string} path @param {object} body */
  async function ask(path, body) {
    try {
      return await app.post(path, body);
    } catch (error) {
      app.toast(messageOf(error));
      return null;
    }
  }

  /** @param {string} run @param {string} goal */
  const act = (run, goal) => ask("/api/train/do", { run, goal });
  /** @param {string} run @param {object} changes */
  const change = (run, changes) => ask("/api/train/change", { run, ...changes });
  /** @param {string} run @param {string} goal @param {object} changes */
  const goOn = (run, goal, changes = {}) =>
    ask("/api/train/go-on", {
      run,
      goal,
      more: summaryOf(run)?.status === "finished" ? MORE : 0,
      ...changes,
    });

  /** @param {any} wish @param {string} goal */
  async function begin(wish, goal) {
    const found = await ask("/api/train/begin", { wish, goal });
    if (found) onBegun(found.run);
  }

  return {
    act,
    change,
    goOn,
    begin,
    /** @param {string} run @param {string} name */
    rename: (run, name) => ask("/api/train/rename", { run, name }),
    /** @param {string} run */
    remove: (run) => ask("/api/train/delete", { run }),
    /** @param {any} run @param {string} goal */
    resume: (run, goal) => (isLive(run) ? act(run.id, goal) : goOn(run.id, goal)),
    /**
     * What a finding offers: other settings, from here or anew.
     * @param {any} run
     * @param {Train.Mend} mend
     */
    mend(run, { changes, anew }) {
      if (anew) {
        begin({ ...run.wish, ...changes }, "run");
        if (isLive(run)) act(run.id, "stop");
      } else if (isLive(run)) change(run.id, changes);
      else goOn(run.id, "run", changes);
    },
  };
}
