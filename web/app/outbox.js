/**
 * The edits on their way to the service: shown at once, sent one after the other, kept while there is no
 * connection (also when the page is closed), and taken back when the service refuses them.
 */

import { Problem, Unreachable } from "./problem.js";
import { etag, fieldsOf, same } from "./task.js";
import { unique } from "./uuid.js";

/**
 * @typedef {object} Op
 * @property {string} key names the edit; a POST sends it as its idempotency key
 * @property {"create" | "update" | "delete"} kind
 * @property {string} title the task's, for messages about it
 * @property {string} id the task's, or a made one until the service has given it one
 * @property {import("./task.js").Change} change
 * @property {number} base the version that the person saw
 * @property {import("./task.js").Change} [seen] the fields of that version, for when the task itself is gone or another
 * @property {string} at when it was made
 * @property {number} notBefore when it may be sent, in milliseconds
 * @property {boolean} [sent] whether it was sent by a page that went before it heard the answer
 * @property {"waiting" | "sending" | "conflict" | "gone"} state `conflict`, `gone`: the person has to choose
 *
 * @typedef {{kind: "done", task: import("./task.js").Task | null} | {kind: "refused", problem: Problem} |
 *   {kind: "kept"} | {kind: "conflict"} | {kind: "gone"}} Outcome
 *
 * @typedef {object} Surroundings
 * @property {import("./api.js").Api} api
 * @property {import("./store.js").Store} store
 * @property {import("./connection.js").Connection} connection
 * @property {(problem: Problem, op: Op) => void} refused tells the person, where nobody waits for the outcome
 * @property {(ops: Op[]) => void} keep writes the edits where they outlive the page
 */

/** @typedef {ReturnType<typeof createOutbox>} Outbox */

/** How long the answer to a deletion that was sent as the page went may still be on its way, in milliseconds. */
const UNHEARD = 2000;
/** How often it is looked whether the tasks are loaded, which show what became of it, in milliseconds. */
const LOOK = 250;

/** @param {Surroundings} surroundings */
export function createOutbox({ api, store, connection, refused, keep }) {
  /** Who waits for an edit's outcome. @type {Map<string, (outcome: Outcome) => void>} */
  const waiting = new Map();
  let busy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {Op[]} ops */
  function write(ops) {
    store.ops.value = ops;
    keep(ops);
  }

  /**
   * @param {Op} op
   * @param {Partial<Op>} change
   * @returns {Op}
   */
  function amend(op, change) {
    const amended = { ...op, ...change };
    write(store.ops.value.map((known) => (known.key === op.key ? amended : known)));
    return amended;
  }

  /** @param {(op: Op) => boolean} which */
  function drop(which) {
    write(store.ops.value.filter((op) => !which(op)));
  }

  /**
   * @param {Op} op
   * @param {Outcome} outcome
   */
  function settle(op, outcome) {
    const told = waiting.get(op.key);
    waiting.delete(op.key);
    told?.(outcome);
    return told !== undefined;
  }

  /**
   * Adds an edit. With `await`ed outcomes a refusal is the caller's to show.
   *
   * @param {Pick<Op, "kind" | "id" | "title" | "change" | "base" | "seen"> & {notBefore?: number}} edit
   * @returns {{op: Op, outcome: () => Promise<Outcome>}}
   */
  function add(edit) {
    /** @type {Op} */
    const op = { notBefore: 0, ...edit, key: unique(), at: new Date().toISOString(), state: "waiting" };
    write([...store.ops.value, op]);
    const outcome = () => new Promise((/** @type {(outcome: Outcome) => void} */ resolve) => waiting.set(op.key, resolve));
    // First the edit is shown; and the caller gets to wait before anything can have happened.
    setTimeout(flush);
    return { op, outcome };
  }

  /** The next edit that may go: the oldest whose task has no older one before it. */
  function pick() {
    const blocked = new Set();
    for (const op of store.ops.value) {
      if (op.state === "waiting" && due(op) <= Date.now() && !blocked.has(op.id)) return op;
      blocked.add(op.id);
    }
    return null;
  }

  /** When an edit may go: one that was sent before not until the tasks are there. @param {Op} op */
  function due(op) {
    return op.sent && !store.loading.value.done ? Date.now() + LOOK : op.notBefore;
  }

  /** Whether the tasks show that what was sent before has happened. @param {Op} op */
  function happened(op) {
    const { done, capped } = store.loading.value;
    return op.sent === true && op.kind === "delete" && done && !capped && !store.server.has(op.id);
  }

  /** Sends what may go. */
  async function flush() {
    clearTimeout(timer);
    if (busy) return;
    busy = true;
    let goesOn = true;
    for (let op = pick(); op && goesOn; op = goesOn ? pick() : null) {
      if (happened(op)) taken(op, null);
      else goesOn = await deliver(amend(op, { state: "sending" }));
    }
    busy = false;
    const times = store.ops.value.filter((op) => op.state === "waiting").map(due);
    if (times.length === 0) return;
    const wait = goesOn ? Math.max(0, Math.min(...times) - Date.now()) : 2000;
    timer = setTimeout(flush, wait + 1);
  }

  /**
   * @param {Op} op
   * @returns {Promise<boolean>} whether the next one may go
   */
  async function deliver(op) {
    try {
      const answer = await request(op);
      connection.reached();
      taken(op, answer.value);
      return true;
    } catch (error) {
      if (error instanceof Problem && !error.passing) {
        connection.reached();
        return await answered(op, error);
      }
      if (error instanceof Unreachable) connection.missed();
      amend(op, { state: "waiting" });
      settle(op, { kind: "kept" });
      return false;
    }
  }

  /**
   * @param {Op} op
   * @param {{keepalive?: boolean}} [options]
   */
  function request({ kind, id, change, base, key }, { keepalive } = {}) {
    if (kind === "create") return api.send("/tasks", { method: "POST", body: change, key, keepalive });
    const ifMatch = etag(id, base);
    if (kind === "delete") return api.send(`/tasks/${id}`, { method: "DELETE", ifMatch, keepalive });
    return api.send(`/tasks/${id}`, { method: "PATCH", body: change, ifMatch, keepalive });
  }

  /**
   * The service has taken it; later edits of the same task were made on top of it.
   *
   * @param {Op} op
   * @param {import("./task.js").Task | null} task
   */
  function taken(op, task) {
    const id = task?.id ?? op.id;
    if (id !== op.id) store.firstIds.set(id, op.id);
    if (task) store.learn([task]);
    else store.forget(op.id, op.base);
    const rest = store.ops.value.filter((known) => known.key !== op.key);
    write(rest.map((known) => (known.id === op.id && task ? { ...known, id, base: task.version } : known)));
    settle(op, { kind: "done", task });
  }

  /**
   * The service has answered with a problem.
   *
   * @param {Op} op
   * @param {Problem} problem
   * @returns {Promise<boolean>} whether the next one may go
   */
  async function answered(op, problem) {
    if (problem.status === 404 && op.kind !== "create") {
      lost(op);
      return true;
    }
    if (problem.status === 409) {
      amend(op, { state: "waiting", notBefore: Date.now() + 1000 });
      return true;
    }
    if (problem.status === 412) return await conflicting(op);
    // What was to follow on a task that is not there goes with it.
    const isPart = (/** @type {Op} */ known) => known.key === op.key || (op.kind === "create" && known.id === op.id);
    const change = Object.assign({}, ...store.ops.value.filter(isPart).map((known) => known.change));
    drop(isPart);
    if (!settle(op, { kind: "refused", problem })) refused(problem, { ...op, change });
    return true;
  }

  /**
   * The task is not there any more. What was changed of it is kept, as one edit, until the person has chosen whether
   * it is to be made again.
   *
   * @param {Op} op
   */
  function lost(op) {
    store.forget(op.id, op.base);
    const edits = store.ops.value.filter((known) => known.id === op.id);
    // Who has deleted it, too, wants nothing of it back.
    const wanted = edits.every((known) => known.kind === "update");
    const [first] = edits;
    const change = Object.assign({}, ...edits.map((known) => known.change));
    /** @type {Op[]} */
    const left = wanted && first ? [{ ...first, title: change.title ?? first.title, change, state: "gone" }] : [];
    write(store.ops.value.flatMap((known) => (known === first ? left : known.id === op.id ? [] : [known])));
    settle(op, op.kind === "delete" ? { kind: "done", task: null } : { kind: "gone" });
  }

  /**
   * Someone else was first: the person chooses, unless what they have now is what was wanted (an edit whose answer
   * was lost is sent twice).
   *
   * @param {Op} op
   * @returns {Promise<boolean>}
   */
  async function conflicting(op) {
    /** @type {import("./task.js").Task} */
    let theirs;
    try {
      theirs = await api.get(`/tasks/${op.id}`);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) {
        lost(op);
        return true;
      }
      amend(op, { state: "waiting" });
      return false;
    }
    store.learn([theirs]);
    const fields = /** @type {(keyof import("./task.js").Change)[]} */ (Object.keys(op.change));
    if (op.kind === "update" && fields.every((field) => same(field, op.change[field], theirs[field]))) {
      taken(op, theirs);
      return true;
    }
    amend(op, { state: "conflict" });
    settle(op, { kind: "conflict" });
    return true;
  }

  /** @param {import("./task.js").Change} change */
  function create(change) {
    return add({ kind: "create", id: `new-${unique()}`, title: change.title ?? "", change, base: 0 });
  }

  return {
    flush,
    create,
    /**
     * @param {import("./task.js").Task} task as the person saw it
     * @param {import("./task.js").Change} change
     */
    update: (task, change) =>
      add({ kind: "update", id: task.id, title: change.title ?? task.title, change, base: task.version, seen: fieldsOf(task) }),
    /**
     * @param {import("./task.js").Task} task as the person saw it
     * @param {number} delay in milliseconds, within which it can be taken back
     */
    remove(task, delay) {
      const { id, title, version: base } = task;
      return add({ kind: "delete", id, title, change: {}, base, seen: fieldsOf(task), notBefore: Date.now() + delay });
    },
    /**
     * Takes an edit back that has not been sent.
     *
     * @param {string} key
     * @returns {boolean} whether it was in time
     */
    cancel(key) {
      const found = store.ops.value.find((op) => op.key === key && op.state !== "sending" && !op.sent);
      if (found) drop((op) => op.key === key);
      return found !== undefined;
    },
    /**
     * The person has chosen: what of the change is to be, on top of the version that is there now. Nothing of it
     * leaves the task as it is.
     *
     * @param {Op} op
     * @param {import("./task.js").Change | null} change
     */
    resolve(op, change) {
      const theirs = store.server.get(op.id);
      if (change === null) drop((known) => known.key === op.key);
      else if (theirs) amend(op, { change, base: theirs.version, seen: fieldsOf(theirs), state: "waiting" });
      else lost(amend(op, { change }));
      flush();
    },
    /**
     * The task of an edit is gone, and the person has chosen: whether it is to be made again, as they saw and changed
     * it.
     *
     * @param {Op} op
     * @param {boolean} again
     */
    restore(op, again) {
      // Added before the other goes: whatever happens to the page in between, nothing is lost.
      if (again) create({ ...op.seen, ...op.change });
      drop((known) => known.key === op.key);
    },
    vanish: lost,
    /** Sends what waits only to be taken back: the page goes. */
    leave() {
      for (const op of store.ops.value) {
        if (op.kind === "delete" && op.state === "waiting" && !op.sent && op.notBefore > Date.now()) {
          amend(op, { sent: true, notBefore: Date.now() + UNHEARD });
          request(op, { keepalive: true }).catch(() => {});
        }
      }
    },
  };
}
