/**
 * Names that nothing else has.
 */

/**
 * 128 random bits. Not `crypto.randomUUID`, which a browser has only where the connection is secure.
 *
 * @returns {string}
 */
export function unique() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
