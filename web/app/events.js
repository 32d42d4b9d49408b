/**
 * What others change, as it happens: the service's stream of events, or, where there is none, a look at the tasks
 * changed last every few seconds.
 */

import { loadAll } from "./load.js";
import { Problem } from "./problem.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./api.js").Api} Api
 * @typedef {import("./connection.js").Connection} Connection
 * @typedef {import("./task.js").Task} Task
 */

/** The first and the longest wait before the stream is asked for again, in milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 4000;
/** How often the tasks are looked at without a stream, and how often a stream is tried for all the same. */
const POLL = 3000;
const TRY_STREAM = 30_000;
/** How long a window is hidden before it stops listening, in milliseconds. */
const REST = 60_000;
/** Tasks that a look shows. */
const LOOK = 100;

/**
 * Keeps the store fresh for as long as the page is there.
 *
 * @param {{store: Store, api: Api, connection: Connection}} surroundings
 */
export function follow({ store, api, connection }) {
  /** The last event that was seen. */
  let last = "";
  let wait = FIRST_WAIT;
  let streamTried = 0;
  /** Whether something may have been missed since the list was loaded. */
  let stale = true;
  /** @type {Promise<void>} */
  let loading = Promise.resolve();

  /**
   * Loads all tasks, one loading after the other.
   *
   * @param {{anew?: boolean}} [options] `anew` where even greater versions may be of the past
   */
  function reload({ anew = false } = {}) {
    stale = false;
    const load = () => {
      if (anew) store.doubt();
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

  function open() {
    streamTried = Date.now();
    source?.close();
    const stream = new EventSource(`/tasks/events${last && `?last_event_id=${encodeURIComponent(last)}`}`);
    source = stream;
    let opened = false;
    /** @param {(task: Task) => void} take */
    const on = (take) => (/** @type {MessageEvent<string>} */ event) => {
      last = event.lastEventId || last;
      const task = JSON.parse(event.data);
      apply(() => take(task));
    };
    stream.addEventListener("open", () => {
      opened = true;
      wait = FIRST_WAIT;
      clearTimeout(timer);
      connection.follow("live");
      // Without the number of an event nobody can tell what was missed.
      if (stale || !last) reload();
    });
    stream.addEventListener("hello", (event) => {
      last ||= event.lastEventId || String(JSON.parse(event.data).id);
    });
    stream.addEventListener("task.created", on((task) => store.learn([task])));
    stream.addEventListener("task.updated", on((task) => store.learn([task])));
    stream.addEventListener("task.deleted", on((task) => store.forget(task.id, task.version)));
    stream.addEventListener("resync", (event) => {
      last = event.lastEventId || last;
      reload({ anew: true });
    });
    stream.addEventListener("error", () => {
      // The browser's own way of trying again gives up on some answers, and says neither when nor why.
      stream.close();
      if (opened) connection.broken();
      later(opened ? open : look, opened ? FIRST_WAIT : 0);
    });
  }

  /** Without a stream: what was changed last, and whether there are as many tasks as are known. */
  async function look() {
    try {
      const { value, headers } = await api.send(`/tasks?sort=-updated_at&limit=${LOOK}&count=true`);
      connection.follow("polling");
      wait = FIRST_WAIT;
      await loading;
      apply(() => store.learn(value));
      const total = Number(headers.get("x-total-count"));
      const all = store.loading.peek().capped || store.server.size === total;
      if (stale || !all) await reload();
      later(Date.now() - streamTried > TRY_STREAM ? open : look, POLL);
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
