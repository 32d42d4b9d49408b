/**
 * The orders in which tasks stand: on the board by what to do next, in the list by a column.
 */

/** @typedef {import("./task.js").Task} Task */

const PRIORITY = { low: 0, medium: 1, high: 2 };
const STATUS = { todo: 0, in_progress: 1, done: 2 };

/** What the list can be sorted by, with the API's names. */
export const SORTS = /** @type {const} */ (["number", "title", "status", "priority", "assignee", "due_date", "updated_at"]);

/** @typedef {typeof SORTS[number]} SortKey */

/**
 * Open tasks: the more urgent first, then the sooner due, then the newer.
 *
 * @param {Task} a
 * @param {Task} b
 */
export function byUrgency(a, b) {
  return (
    PRIORITY[b.priority] - PRIORITY[a.priority] ||
    compareTexts(a.due_date ?? "~", b.due_date ?? "~") ||
    compareTexts(b.created_at, a.created_at) ||
    compareTexts(b.id, a.id)
  );
}

/**
 * Tasks that are done: the last one first.
 *
 * @param {Task} a
 * @param {Task} b
 */
export function byCompletion(a, b) {
  return compareTexts(b.completed_at ?? "", a.completed_at ?? "") || compareTexts(b.id, a.id);
}

/**
 * Plain code units: times of the API sort as text, and a locale's rules would cost much here.
 *
 * @param {string} a
 * @param {string} b
 */
function compareTexts(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Fewer changes than this are put into their places; more are sorted with all. */
const FEW = 64;

/**
 * The tasks in order, quickly where most stood in it before: a change of one does not sort thousands.
 *
 * @param {Task[]} before in order
 * @param {Task[]} tasks
 * @param {(a: Task, b: Task) => number} by
 * @returns {Task[]}
 */
export function inOrder(before, tasks, by) {
  const present = new Set(tasks);
  const kept = before.filter((task) => present.delete(task));
  if (present.size > FEW) return tasks.toSorted(by);
  for (const task of present) {
    let [low, high] = [0, kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (by(kept[middle], task) <= 0) low = middle + 1;
      else high = middle;
    }
    kept.splice(low, 0, task);
  }
  return kept;
}

/**
 * @param {string | undefined} sort such as `-due_date`
 * @returns {{key: SortKey, descending: boolean}}
 */
export function parseSort(sort = "") {
  const descending = sort.startsWith("-");
  const key = SORTS.find((known) => known === sort.replace(/^-/, ""));
  return key ? { key, descending } : { key: "number", descending: true };
}

/**
 * The order by a column; what has no value comes last either way, as in the API.
 *
 * @param {string | undefined} sort
 * @param {string} lang
 * @returns {(a: Task, b: Task) => number}
 */
export function byColumn(sort, lang) {
  const { key, descending } = parseSort(sort);
  const way = descending ? -1 : 1;
  const { compare } = new Intl.Collator(lang, { numeric: true, sensitivity: "base" });
  /** @type {(a: Task, b: Task) => number} */
  const by = {
    number: (/** @type {Task} */ a, /** @type {Task} */ b) => (a.number || Infinity) - (b.number || Infinity) || 0,
    title: (/** @type {Task} */ a, /** @type {Task} */ b) => compare(a.title, b.title),
    status: (/** @type {Task} */ a, /** @type {Task} */ b) => STATUS[a.status] - STATUS[b.status],
    priority: (/** @type {Task} */ a, /** @type {Task} */ b) => PRIORITY[a.priority] - PRIORITY[b.priority],
    assignee: (/** @type {Task} */ a, /** @type {Task} */ b) => compare(a.assignee ?? "", b.assignee ?? ""),
    due_date: (/** @type {Task} */ a, /** @type {Task} */ b) => compareTexts(a.due_date ?? "", b.due_date ?? ""),
    updated_at: (/** @type {Task} */ a, /** @type {Task} */ b) => compareTexts(a.updated_at, b.updated_at),
  }[key];
  const missing = (/** @type {Task} */ task) => (task[key] === null ? 1 : 0);
  return (a, b) => missing(a) - missing(b) || by(a, b) * way || compareTexts(b.id, a.id);
}
