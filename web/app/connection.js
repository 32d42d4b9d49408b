/**
 * Whether the service can be had: `connecting` at first, `live` with events, `polling` without them, `lost` when
 * nothing answers.
 */

import { signal } from "./html.js";

/** @typedef {"connecting" | "live" | "polling" | "lost"} State */
/** @typedef {ReturnType<typeof createConnection>} Connection */

export function createConnection() {
  const state = signal(/** @type {State} */ ("connecting"));
  /** What the state is when requests are answered. @type {State} */
  let answered = "connecting";
  /** Called when the service answers again. @type {Set<() => void>} */
  const returns = new Set();

  /** @param {State} to */
  function become(to) {
    const was = state.value;
    state.value = to;
    if (was === "lost" && to !== "lost") for (const call of returns) call();
  }

  return {
    state,
    /**
     * How changes are followed from now on.
     *
     * @param {"connecting" | "live" | "polling"} way
     */
    follow(way) {
      answered = way;
      become(way);
    },
    /** The way is no more. */
    broken() {
      answered = "connecting";
      become("lost");
    },
    /** A request was not answered. */
    missed: () => become("lost"),
    /** A request was answered. */
    reached: () => become(answered),
    /** @param {() => void} call */
    onReturn: (call) => void returns.add(call),
  };
}
