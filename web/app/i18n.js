/**
 * The two languages: texts, numbers and dates. The browser's choice, until the person makes one.
 */

import en from "../i18n/en.js";
import fr from "../i18n/fr.js";
import { computed, effect, signal } from "./html.js";

/**
 * @typedef {keyof typeof en} Key
 * @typedef {"en" | "fr"} Lang
 * @typedef {(key: Key, values?: Record<string, string | number>) => string} Translate
 */

/** @type {Record<Lang, Record<Key, string | {one: string, other: string}>>} */
const TEXTS = { en, fr };
const STORED = "taskmanager.lang";

/** @type {Lang[]} */
export const LANGS = ["en", "fr"];

/** The present language. */
export const lang = signal(chosen());

/** @returns {Lang} */
function chosen() {
  const wanted = [localStorage.getItem(STORED), ...navigator.languages];
  for (const name of wanted) {
    const found = LANGS.find((known) => name?.toLowerCase().split("-")[0] === known);
    if (found) return found;
  }
  return "en";
}

/**
 * Changes the language and remembers it.
 *
 * @param {Lang} to
 */
export function speak(to) {
  localStorage.setItem(STORED, to);
  lang.value = to;
}

effect(() => {
  document.documentElement.lang = lang.value;
});

const plurals = computed(() => new Intl.PluralRules(lang.value));

/**
 * A text in the present language. `{name}` stands for a value; where a text has two forms, `count` chooses.
 *
 * @type {Translate}
 */
export function t(key, values = {}) {
  const found = TEXTS[lang.value][key];
  const one = typeof found !== "string" && plurals.value.select(Number(values.count)) === "one";
  const text = typeof found === "string" ? found : one ? found.one : found.other;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : isolated(String(value ?? ""));
  });
}

/** Embeddings, overrides and isolates, which change the order of what stands beside them. */
const DIRECTION_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/g;
/** Those, and letters that are written from right to left. */
const CHANGES_DIRECTION = /[\u0590-\u08FF\u200F\u202A-\u202E\u2066-\u2069\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;

/**
 * A value as it may stand within a sentence, whose own words keep their order.
 *
 * @param {string} value
 * @returns {string}
 */
function isolated(value) {
  return CHANGES_DIRECTION.test(value) ? `\u2068${value.replace(DIRECTION_CONTROLS, "")}\u2069` : value;
}

/**
 * @param {number} value
 * @returns {string}
 */
export function number(value) {
  return new Intl.NumberFormat(lang.value).format(value);
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * A date in the present language; formatters are costly to make, and kept.
 *
 * @param {Date} date
 * @param {Intl.DateTimeFormatOptions} options
 * @returns {string}
 */
export function formatDate(date, options) {
  const key = lang.value + JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(lang.value, options)));
  return format.format(date);
}
