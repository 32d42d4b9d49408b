/**
 * When a task is due, for a person: a day, and a time where one was given.
 *
 * The API knows instants. A day alone is kept as the last minute of that day where the person is; a date that
 * another client gave without a time is midnight in UTC, and is shown as that day.
 */

import { formatDate, t } from "./i18n.js";

const DAY = 86_400_000;

/**
 * @param {string} due
 * @returns {{date: Date, timed: boolean, utc: boolean}}
 */
function read(due) {
  const date = new Date(due);
  const utc = date.getTime() % DAY === 0;
  const last = date.getHours() === 23 && date.getMinutes() === 59;
  return { date, utc, timed: !utc && !last };
}

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/** @param {Date} date */
const day = (date) => `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/**
 * For the fields of a form.
 *
 * @param {string | null} due
 * @returns {{day: string, time: string}}
 */
export function toFields(due) {
  if (!due) return { day: "", time: "" };
  const { date, timed, utc } = read(due);
  if (utc) return { day: due.slice(0, 10), time: "" };
  return { day: day(date), time: timed ? `${two(date.getHours())}:${two(date.getMinutes())}` : "" };
}

/**
 * From the fields of a form; what was not changed stays the instant that it was.
 *
 * @param {{day: string, time: string}} fields
 * @param {string | null} before
 * @returns {string | null}
 */
export function fromFields(fields, before) {
  const known = toFields(before);
  if (fields.day === known.day && fields.time === known.time) return before;
  if (!fields.day) return null;
  const date = new Date(`${fields.day}T${fields.time || "23:59"}`);
  // What is no date is the service's to refuse.
  return Number.isNaN(date.getTime()) ? fields.day : date.toISOString();
}

/**
 * In words: near days by name.
 *
 * @param {string} due
 * @param {number} now in milliseconds
 * @param {{short?: boolean}} [options] `short` gives the time only of near days
 * @returns {string}
 */
export function dueText(due, now, { short = false } = {}) {
  const { date, timed, utc } = read(due);
  const zone = utc ? { timeZone: "UTC" } : {};
  // The day as a count, whatever the zone.
  const at = utc ? date.getTime() : Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  const today = new Date(now);
  const ahead = Math.round((at - Date.UTC(today.getFullYear(), today.getMonth(), today.getDate())) / DAY);
  /** @type {string} */
  let text;
  if (ahead === 0) text = t("date.today");
  else if (ahead === 1) text = t("date.tomorrow");
  else if (ahead === -1) text = t("date.yesterday");
  else {
    const thisYear = (utc ? date.getUTCFullYear() : date.getFullYear()) === today.getFullYear();
    const near = !short && ahead > 1 && ahead < 7;
    text = formatDate(date, {
      ...zone,
      ...(near ? { weekday: "short" } : {}),
      day: "numeric",
      month: "short",
      ...(thisYear || near ? {} : { year: "numeric" }),
    });
  }
  if (!timed || (short && Math.abs(ahead) > 1)) return text;
  return `${text}, ${formatDate(date, { hour: "numeric", minute: "2-digit" })}`;
}

/**
 * An instant in short: the time today, else the day.
 *
 * @param {string} at
 * @param {number} now in milliseconds
 * @returns {string}
 */
export function moment(at, now) {
  const [date, today] = [new Date(at), new Date(now)];
  if (date.toDateString() === today.toDateString()) return formatDate(date, { hour: "numeric", minute: "2-digit" });
  const year = date.getFullYear() === today.getFullYear() ? {} : /** @type {const} */ ({ year: "numeric" });
  return formatDate(date, { day: "numeric", month: "short", ...year });
}

/**
 * An instant in full.
 *
 * @param {string} at
 * @returns {string}
 */
export function instant(at) {
  return formatDate(new Date(at), { dateStyle: "medium", timeStyle: "short" });
}
