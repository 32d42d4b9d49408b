/**
 * Texts made comparable: without case and accents, as the service's own search folds them.
 */

/** Letters that Unicode does not decompose; the table of docs/API.md. @type {Record<string, string>} */
const LETTERS = {
  æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", ħ: "h", ı: "i", ĸ: "k", ł: "l", ŋ: "n", þ: "th", ŧ: "t", ƒ: "f", ʼ: "'", ß: "ss",
};

/**
 * @param {string} text
 * @returns {string}
 */
export function fold(text) {
  return text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[æœøđðħıĸłŋþŧƒʼß]/g, (letter) => LETTERS[letter])
    .normalize("NFC");
}
