// @ts-check
// What every part of the page is given.

/**
 * @typedef {object} Shown What is made for the model that is shown.
 * @property {App} app
 * @property {string} model
 * @property {any} found Its Evaluate.Result.
 * @property {string[]} names Of the classes.
 * @property {() => boolean} wanted Whether it is still shown.
 * @property {Closing[]} parts What has to be closed.
 * @property {Record<string, string>} state What the address holds.
 * @property {(values: Record<string, any>, gone?: string[]) => void} keep New values for it.
 */

export {};
