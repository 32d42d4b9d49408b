/**
 * What the page knows: the tasks as the service last showed them, the edits that it has not taken yet laid over
 * them, and what of that is to be seen. Everything else reads from here; only loading, events and the outbox write.
 */

import { FILTERS, parse, passes } from "./filter.js";
import { computed, signal } from "./html.js";
import { lang } from "./i18n.js";
import { byColumn, byCompletion, byUrgency, inOrder } from "./sort.js";
import { route } from "./route.js";
import { changed, drafted } from "./task.js";

/**
 * @typedef {import("./task.js").Task} Task
 * @typedef {import("./outbox.js").Op} Op
 * @typedef {ReturnType<typeof createStore>} Store
 */

/** How often what is overdue is looked at again, in milliseconds. */
const TICK = 30_000;

export function createStore() {
  /** @type {Map<string, Task>} */
  const server = new Map();
  /** The versions in which tasks were deleted: what comes later than that is old. @type {Map<string, number>} */
  const gone = new Map();
  /** Tasks that may be of a database that was replaced by an older one. @type {Set<string>} */
  const doubted = new Set();
  /** The ids that tasks had here before the service gave them theirs. @type {Map<string, string>} */
  const firstIds = new Map();
  const revision = signal(0);
  const now = signal(Date.now());
  setInterval(() => (now.value = Date.now()), TICK);

  /** Edits that the service has not taken yet, oldest first. */
  const ops = signal(/** @type {Op[]} */ ([]));
  /** How far the first loading is. */
  const loading = signal({ done: false, count: 0, capped: false, failed: "" });

  // That an edit is being sent changes nothing of what is shown.
  /** @type {Op[]} */
  let lastEdits = [];
  const edits = computed(() => {
    const alike = (/** @type {Op} */ op, /** @type {number} */ at) =>
      op.key === lastEdits[at].key && op.id === lastEdits[at].id && op.change === lastEdits[at].change;
    if (ops.value.length !== lastEdits.length || !ops.value.every(alike)) lastEdits = ops.value;
    return lastEdits;
  });

  const tasks = computed(() => {
    void revision.value;
    const all = new Map(server);
    for (const op of edits.value) {
      const task = all.get(op.id);
      if (op.kind === "create") all.set(op.id, drafted(op.id, op.change, op.at));
      else if (op.kind === "delete") all.delete(op.id);
      else if (task) all.set(op.id, changed(task, op.change));
    }
    return all;
  });

  // Texts, so that a route with another open task is no other filter.
  const filterKey = computed(() => JSON.stringify(FILTERS.map((name) => route.value[name] ?? "")));
  const sortKey = computed(() => route.value.sort);
  const filter = computed(() => {
    const values = JSON.parse(filterKey.value);
    return parse(Object.fromEntries(FILTERS.map((name, index) => [name, values[index]])));
  });
  const visible = computed(() => {
    const shown = [];
    for (const task of tasks.value.values()) {
      if (passes(task, filter.value, now.value)) shown.push(task);
    }
    return shown;
  });
  /** @type {Record<import("./task.js").Status, Task[]>} */
  let lastColumns = { todo: [], in_progress: [], done: [] };
  const columns = computed(() => {
    /** @type {typeof lastColumns} */
    const next = { todo: [], in_progress: [], done: [] };
    for (const task of visible.value) next[task.status].push(task);
    lastColumns = {
      todo: inOrder(lastColumns.todo, next.todo, byUrgency),
      in_progress: inOrder(lastColumns.in_progress, next.in_progress, byUrgency),
      done: inOrder(lastColumns.done, next.done, byCompletion),
    };
    return lastColumns;
  });
  const by = computed(() => byColumn(sortKey.value, lang.value));
  /** @type {{by: ReturnType<typeof byColumn> | null, rows: Task[]}} */
  let lastRows = { by: null, rows: [] };
  const rows = computed(() => {
    const before = lastRows.by === by.value ? lastRows.rows : [];
    lastRows = { by: by.value, rows: inOrder(before, visible.value, by.value) };
    return lastRows.rows;
  });
  const assignees = computed(() => {
    const names = new Set();
    for (const task of tasks.value.values()) if (task.assignee) names.add(task.assignee);
    return [...names].sort(new Intl.Collator(lang.value).compare);
  });

  /**
   * Takes over tasks that the service has shown, unless newer ones are known.
   *
   * @param {Iterable<Task>} shown
   */
  function learn(shown) {
    let news = false;
    for (const task of shown) {
      const version = Math.max(server.get(task.id)?.version ?? 0, gone.get(task.id) ?? 0);
      if (doubted.delete(task.id) || task.version > version) {
        server.set(task.id, task);
        news = true;
      }
    }
    if (news) revision.value += 1;
  }

  /** What is known counts no more against what is shown from now on, whatever the versions are. */
  function doubt() {
    gone.clear();
    for (const id of server.keys()) doubted.add(id);
  }

  /**
   * A task is deleted.
   *
   * @param {string} id
   * @param {number} version its last one
   */
  function forget(id, version) {
    doubted.delete(id);
    gone.set(id, Math.max(version, gone.get(id) ?? 0));
    if (server.delete(id)) revision.value += 1;
  }

  /**
   * Keeps only these: what a whole new list does not show is deleted.
   *
   * @param {Set<string>} ids
   * @param {Iterable<string>} known the ids that were known when the list was begun
   */
  function keepOnly(ids, known) {
    let news = false;
    for (const id of known) {
      if (!ids.has(id)) news = server.delete(id) || news;
    }
    if (news) revision.value += 1;
  }

  /**
   * A name for a task's element that stays when the service gives the task its id.
   *
   * @param {string} id
   */
  const keyOf = (id) => firstIds.get(id) ?? id;

  return {
    server, ops, loading, now, filterKey, // for those who write, too
    tasks, visible, columns, rows, assignees, firstIds,
    learn, doubt, forget, keepOnly, keyOf,
  };
}
