/**
 * A task, as the API shows it, and the few rules about it that the page needs itself.
 */

/**
 * @typedef {"todo" | "in_progress" | "done"} Status
 * @typedef {"low" | "medium" | "high"} Priority
 *
 * @typedef {object} Task
 * @property {string} id
 * @property {number} number 0 while the service has not given one
 * @property {string} title
 * @property {string | null} description
 * @property {Status} status
 * @property {Priority} priority
 * @property {boolean} completed
 * @property {string | null} assignee
 * @property {string | null} due_date
 * @property {string} created_at
 * @property {string} updated_at
 * @property {string | null} completed_at
 * @property {number} version 0 while the service has not given one
 *
 * @typedef {Partial<Pick<Task, "title" | "description" | "status" | "priority" | "assignee" | "due_date">>} Change
 */

/** @type {Status[]} */
export const STATUSES = ["todo", "in_progress", "done"];
/** @type {Priority[]} */
export const PRIORITIES = ["high", "medium", "low"];
/** The fields that a person changes, in the order in which they are shown. */
export const FIELDS = /** @type {const} */ (["title", "description", "status", "priority", "assignee", "due_date"]);

/**
 * What a person can change of a task, as it is.
 *
 * @param {Task} task
 * @returns {Change}
 */
export function fieldsOf(task) {
  return Object.fromEntries(FIELDS.map((field) => [field, task[field]]));
}

/** A visible character, as the service sees it: neither white space, nor ignorable, nor a format character (but for Arabic signs that enclose digits), nor one of four blanks. */
const VISIBLE =
  /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\u2800\u{1D159}\u{13441}\u{13442}]|[\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}]/u;

/**
 * Whether a text shows anything: what shows nothing is no title.
 *
 * @param {string} text
 * @returns {boolean}
 */
export function isVisible(text) {
  return VISIBLE.test(text);
}

/**
 * The entity tag of a version of a task.
 *
 * @param {string} id
 * @param {number} version
 * @returns {string}
 */
export function etag(id, version) {
  return `"${id}.${version}"`;
}

/**
 * @param {Task} task
 * @param {Change} change
 * @returns {Task}
 */
export function changed(task, change) {
  const result = { ...task, ...change };
  result.completed = result.status === "done";
  if (result.completed !== task.completed) {
    result.completed_at = result.completed ? new Date().toISOString() : null;
  }
  return result;
}

/**
 * A task that only this page knows yet.
 *
 * @param {string} id
 * @param {Change} change
 * @param {string} at
 * @returns {Task}
 */
export function drafted(id, change, at) {
  return {
    id,
    number: 0,
    title: "",
    description: null,
    status: "todo",
    priority: "medium",
    assignee: null,
    due_date: null,
    ...change,
    completed: change.status === "done",
    completed_at: change.status === "done" ? at : null,
    created_at: at,
    updated_at: at,
    version: 0,
  };
}

/**
 * Whether two values of a field are the same to a person: dates may be written in more than one way.
 *
 * @param {keyof Change} field
 * @param {string | null | undefined} a
 * @param {string | null | undefined} b
 * @returns {boolean}
 */
export function same(field, a, b) {
  if (field === "due_date" && a && b) return Date.parse(a) === Date.parse(b);
  return (a ?? null) === (b ?? null);
}

/**
 * @param {Task} task
 * @param {number} now in milliseconds
 * @returns {boolean}
 */
export function isOverdue(task, now) {
  return task.due_date !== null && !task.completed && Date.parse(task.due_date) < now;
}
