/**
 * What others change, as it happens: the service's stream of events, or, where there is none, the same events asked
 * for every few seconds.
 */

import { loadAll } from "./sync.js";
import { Problem } from "./problem.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./api.js").Api} Api
 * @typedef {import("./connection.js").Connection} Connection
 */

/** What an event can be called. */
const NAMES = /** @type {const} */ (["hello", "task.created", "task.updated", "task.deleted", "resync"]);
/** The first and the longest wait before the stream is asked for again, in milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 4000;
/** The shortest and the longest pause between two questions for events without a stream, in milliseconds. */
const POLL_PAUSE_MIN = 3000;
const POLL_PAUSE_MAX = 60_000;
/** A pause is at least so many times as long as the answer took: a service that is slow is asked less. */
const POLL_PAUSE_PER_ANSWER = 20;
/** Events in a full answer, after which there may be more. */
const POLL_EVENTS_MAX = 500;
/** How often a stream is tried for without one, in milliseconds. */
const TRY_STREAM = 30_000;
/** The shortest time between two loadings of all tasks while changes are held up, in milliseconds. */
const HELD_UP_RELOAD = 30_000;
/** How long a window is hidden before it stops listening, in milliseconds. */
const REST = 60_000;

/**
 * Keeps the store fresh for as long as the page is there.
 *
 * @param {{store: Store, api: Api, connection: Connection}} surroundings
 */
export function subscribe({ store, api, connection }) {
  /** The last event that was seen. */
  let last = "";
  let wait = FIRST_WAIT;
  let streamTried = 0;
  /** Whether something may have been missed since the list was loaded. */
  let stale = true;
  let reloaded = 0;
  /** @type {Promise<void>} */
  let loading = Promise.resolve();

  /**
   * Loads all tasks, one loading after the other.
   *
   * @param {{again?: boolean}} [options] `again` where even greater versions may be of the past
   */
  function reload({ again = false } = {}) {
    stale = false;
    reloaded = Date.now();
    const load = () => {
      if (again) store.doubt();
      return loadAll(store, api);
    };
    loading = loading.then(load).catch((error) => {
      stale = true;
      if (!(error instanceof Problem)) connection.missed();
      const failed = error instanceof Problem ? error.message : "";
      store.loading.value = { ...store.loading.value, failed };
    });
    return loading;
  }

  /** An event that came while a new task's answer is awaited would show it twice. @type {(() => void)[]} */
  let held = [];
  store.ops.subscribe((ops) => {
    if (held.length === 0 || ops.some((op) => op.kind === "create" && op.state === "sending")) return;
    const calls = held;
    held = [];
    // After the change that is under way.
    queueMicrotask(() => calls.forEach((call) => call()));
  });

  /** @param {() => void} call */
  function apply(call) {
    const creating = store.ops.peek().some((op) => op.kind === "create" && op.state === "sending");
    if (creating || held.length > 0) held.push(call);
    else call();
  }

  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /**
   * @param {() => void} step
   * @param {number} time
   */
  function later(step, time) {
    clearTimeout(timer);
    timer = setTimeout(step, time);
  }

  /**
   * Takes over one event.
   *
   * @param {typeof NAMES[number]} name
   * @param {string} id
   * @param {any} data
   */
  function take(name, id, data) {
    if (name === "hello") last ||= id || String(data.id);
    else last = id || last;
    if (name === "task.deleted") apply(() => store.forget(data.id, data.version));
    else if (name === "resync") reload({ again: true });
    else if (name !== "hello") apply(() => store.learn([data]));
  }

  function open() {
    streamTried = Date.now();
    source?.close();
    const stream = new EventSource(`/tasks/events${last && `?last_event_id=${encodeURIComponent(last)}`}`);
    source = stream;
    let opened = false;
    stream.addEventListener("open", () => {
      opened = true;
      wait = FIRST_WAIT;
      clearTimeout(timer);
      connection.follow("live");
      // Without the number of an event nobody can tell what was missed.
      if (stale || !last) reload();
    });
    for (const name of NAMES) {
      stream.addEventListener(name, ({ data, lastEventId }) => take(name, lastEventId, JSON.parse(data)));
    }
    stream.addEventListener("error", () => {
      // The browser's own way of trying again gives up on some answers, and says neither when nor why.
      stream.close();
      if (opened) connection.broken();
      later(opened ? open : look, opened ? FIRST_WAIT : 0);
    });
  }

  /** Without a stream: what came after the last event. */
  async function look() {
    const asked = Date.now();
    try {
      const { value } = await api.send(`/tasks/events${last && `?after=${encodeURIComponent(last)}`}`);
      const took = Date.now() - asked;
      connection.follow("polling");
      wait = FIRST_WAIT;
      await loading;
      for (const { event, id, data } of value) {
        // Said each time while a change that is being made holds up those after it.
        const again = event === "resync" && String(id) === last && asked - reloaded < HELD_UP_RELOAD;
        if (!again) take(event, String(id), data);
      }
      if (stale) await reload();
      const pause = Math.min(Math.max(POLL_PAUSE_MIN, took * POLL_PAUSE_PER_ANSWER), POLL_PAUSE_MAX);
      const more = value.length >= POLL_EVENTS_MAX;
      later(Date.now() - streamTried > TRY_STREAM ? open : look, more ? 0 : pause);
    } catch (error) {
      // A service that is there and refuses is asked again as seldom as one that is not.
      if (!(error instanceof Problem) || error.passing) connection.broken();
      wait = Math.min(wait * 2, LONGEST_WAIT);
      later(open, wait);
    }
  }

  open();
  // A stream that takes its time does not keep the tasks back; they are loaded once more when it opens.
  later(() => {
    reload();
    stale = true;
  }, FIRST_WAIT);
  addEventListener("offline", () => {
    source?.close();
    connection.broken();
    later(open, LONGEST_WAIT);
  });
  // A browser has few connections to one host: a window that nobody looks at gives its own back.
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(resting);
    if (document.hidden) {
      resting = setTimeout(() => {
        source?.close();
        clearTimeout(timer);
      }, REST);
    } else if (source?.readyState === EventSource.CLOSED) later(open, 0);
  });
  addEventListener("online", () => {
    wait = FIRST_WAIT;
    later(open, 0);
  });
}
