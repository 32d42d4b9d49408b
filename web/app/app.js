/**
 * The parts put together, and what a person can do: each action shows at once and says so.
 */

import { api } from "./api.js";
import { createConnection } from "./connection.js";
import { subscribe } from "./events.js";
import { effect, signal } from "./html.js";
import { t } from "./i18n.js";
import { openKeep } from "./outbox-storage.js";
import { loadMatching } from "./sync.js";
import { createOutbox } from "./outbox.js";
import { navigate, route } from "./route.js";
import { createStore } from "./store.js";
import { announce, tell } from "./toasts.js";

/**
 * @typedef {import("./task.js").Task} Task
 * @typedef {import("./task.js").Status} Status
 * @typedef {import("./task.js").Change} Change
 */

/** How long a deletion can be taken back, in milliseconds. */
const UNDO = 6000;
/** How long a filter must stand still before the service is asked, in milliseconds. */
const SETTLED = 300;

export const store = createStore();
export const connection = createConnection();

/** @type {(ops: import("./outbox.js").Op[]) => void} */
let keep = () => {};

export const outbox = createOutbox({
  api,
  store,
  connection,
  keep: (ops) => keep(ops),
  refused: (problem, op) => {
    tell(t("error.refused", { title: op.title, detail: problem.message }), { kind: "fault" });
    // What was written is not lost: it can be fixed.
    if (op.kind === "create") draft.value ??= op.change;
  },
});

/** What is open besides the view: the quick add with what it begins with, the keys, the drawer of filters. */
export const quickAdd = signal(/** @type {Change | null} */ (null));
export const keysOpen = signal(false);
/** What the sheet of a new task begins with, when it is open. */
export const draft = signal(/** @type {Change | null} */ (null));

/** Begins to load, to listen, and to send what was left. */
export async function start() {
  subscribe({ store, api, connection });
  connection.onReturn(() => {
    tell(t("connection.back"));
    outbox.flush();
  });
  addEventListener("pagehide", outbox.leave);
  askForMatching();
  const kept = await openKeep();
  store.ops.value = [...kept.ops, ...store.ops.value];
  keep = kept.keep;
  keep(store.ops.value);
  outbox.flush();
}

/** Where not all tasks are held here, a filter asks the service. */
function askForMatching() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  effect(() => {
    void store.filterKey.value;
    clearTimeout(timer);
    if (store.loading.value.capped) {
      timer = setTimeout(() => loadMatching(store, api, route.value).catch(() => {}), SETTLED);
    }
  });
}

/**
 * @param {Change} change
 */
export function create(change) {
  announce(t("task.created", { title: change.title ?? "" }));
  return outbox.create(change);
}

/**
 * @param {Task} task
 * @param {Status} status
 */
export function move(task, status) {
  if (task.status === status) return;
  outbox.update(task, { status });
  announce(t("task.moved", { title: task.title, status: t(`status.${status}`) }));
}

/**
 * Done, or to do again.
 *
 * @param {Task} task
 */
export function finish(task) {
  move(task, task.completed ? "todo" : "done");
}

/**
 * Deletes after a while, within which it can be taken back.
 *
 * @param {Task} task
 */
export function remove(task) {
  const { op } = outbox.remove(task, UNDO);
  const undo = { label: t("undo"), run: () => void outbox.cancel(op.key) };
  tell(t("task.deleted", { title: task.title }), { action: undo, stays: UNDO });
}

/**
 * The task that the URL names, by its number, or by the id that it has here.
 *
 * @param {string | undefined} ref
 * @returns {Task | undefined}
 */
export function find(ref) {
  if (!ref) return undefined;
  for (const task of store.tasks.value.values()) {
    if (String(task.number) === ref || store.keyOf(task.id) === ref) return task;
  }
  return undefined;
}

/** @param {Task} task */
export function open(task) {
  navigate({ task: task.number ? String(task.number) : store.keyOf(task.id) });
}

/** Closes the sheet; a step back where a step led there. */
export function close() {
  draft.value = null;
  if (!route.value.task) return;
  if (history.state?.within) history.back();
  else navigate({ task: null }, { replace: true });
}
