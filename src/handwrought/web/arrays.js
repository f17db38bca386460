// @ts-check
// Arrays travel as base64 of little-endian bytes.
/** @param {string} base64 */
export function bytes(base64) {
  const text = atob(base64);
  const found = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) found[i] = text.charCodeAt(i);
  return found;
}

/** @param {string} base64 */
export const floats = (base64) => new Float32Array(bytes(base64).buffer);
