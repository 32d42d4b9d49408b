/**
 * Which tasks are shown: the URL's filters, and whether a task passes them.
 */

import { fold } from "./fold.js";
import { isOverdue } from "./task.js";

/** @typedef {import("./task.js").Task} Task */

/** The URL's parameters that filter. */
export const FILTERS = /** @type {const} */ (["q", "status", "priority", "assignee", "due_from", "due_to", "overdue"]);

/**
 * @typedef {object} Filter
 * @property {string[]} words folded; all must occur
 * @property {Set<string> | null} statuses null is any
 * @property {Set<string> | null} priorities
 * @property {Set<string> | null} assignees the empty one is nobody
 * @property {number} from in milliseconds
 * @property {number} to
 * @property {boolean} overdue
 */

/**
 * Splits a list of the URL; a comma within a name is escaped there.
 *
 * @param {string | undefined} text
 * @returns {string[]}
 */
export function listed(text) {
  if (text === undefined || text === "") return [];
  return text.split(",").map((name) => name.replace(/%2C/g, ",").replace(/%25/g, "%"));
}

/**
 * The other way round.
 *
 * @param {Iterable<string>} names
 * @returns {string}
 */
export function joined(names) {
  return [...names].map((name) => name.replace(/%/g, "%25").replace(/,/g, "%2C")).join(",");
}

/** Stands for nobody in a list of assignees. */
export const NOBODY = "-";

/**
 * @param {import("./route.js").Route} route
 * @returns {Filter}
 */
export function parse(route) {
  const set = (/** @type {string | undefined} */ text) => (text ? new Set(listed(text)) : null);
  return {
    words: fold(route.q ?? "").split(/\s+/).filter(Boolean),
    statuses: set(route.status),
    priorities: set(route.priority),
    assignees: set(route.assignee),
    from: midnight(route.due_from, 0) ?? -Infinity,
    to: midnight(route.due_to, 1) ?? Infinity,
    overdue: route.overdue === "true",
  };
}

/**
 * The beginning of a day where the person is, some days later.
 *
 * @param {string | undefined} day such as `2026-12-24`
 * @param {number} later
 * @returns {number | null}
 */
function midnight(day, later) {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day ?? "");
  return parts ? new Date(+parts[1], +parts[2] - 1, +parts[3] + later).getTime() : null;
}

/** Tasks never change, so what is searched in them is made once. @type {WeakMap<Task, string>} */
const folded = new WeakMap();

/** @param {Task} task */
function text(task) {
  let known = folded.get(task);
  if (known === undefined) {
    known = fold([task.title, task.description, task.assignee, task.number && `#${task.number}`].join("\n"));
    folded.set(task, known);
  }
  return known;
}

/**
 * @param {Task} task
 * @param {Filter} filter
 * @param {number} now in milliseconds
 * @returns {boolean}
 */
export function passes(task, filter, now) {
  if (filter.statuses && !filter.statuses.has(task.status)) return false;
  if (filter.priorities && !filter.priorities.has(task.priority)) return false;
  if (filter.assignees && !filter.assignees.has(task.assignee ?? NOBODY)) return false;
  if (filter.overdue && !isOverdue(task, now)) return false;
  if (filter.from !== -Infinity || filter.to !== Infinity) {
    const due = task.due_date === null ? NaN : Date.parse(task.due_date);
    if (!(due >= filter.from && due < filter.to)) return false;
  }
  if (filter.words.length === 0) return true;
  const within = text(task);
  return filter.words.every((word) => within.includes(word));
}

/**
 * The same filters as the API's own: for a list that is too long to be held here.
 *
 * @param {import("./route.js").Route} route
 * @returns {URLSearchParams}
 */
export function asked(route) {
  const filter = parse(route);
  const query = new URLSearchParams();
  if (route.q?.trim()) query.set("q", route.q.trim().slice(0, 200));
  if (filter.statuses) query.set("status", [...filter.statuses].join(","));
  if (filter.priorities) query.set("priority", [...filter.priorities].join(","));
  for (const name of filter.assignees ?? []) query.append("assignee", name === NOBODY ? "" : name);
  if (filter.from !== -Infinity) query.set("due_after", new Date(filter.from).toISOString());
  if (filter.to !== Infinity) query.set("due_before", new Date(filter.to).toISOString());
  if (filter.overdue) query.set("overdue", "true");
  return query;
}
