/**
 * Edits that outlive the page: each window keeps its own, and takes over those of windows that are gone.
 */

import { unique } from "./uuid.js";

/** @typedef {import("./outbox.js").Op} Op */

const PREFIX = "taskmanager.outbox.";
const OWN = "taskmanager.window";

/**
 * Opens this window's place, with what was left there or by others.
 *
 * @returns {Promise<{ops: Op[], keep: (ops: Op[]) => void}>}
 */
export async function openKeep() {
  let own = sessionStorage.getItem(OWN) ?? unique();
  // A window that was duplicated has the same name as the first, which holds it.
  if (!(await held(own))) {
    own = unique();
    await held(own);
  }
  sessionStorage.setItem(OWN, own);
  const ops = read(own);
  for (const name of Object.keys(localStorage)) {
    const other = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : own;
    // Without locks nobody can know whether the other window is gone.
    if (other === own || !navigator.locks || !(await held(other))) continue;
    ops.push(...read(other));
    localStorage.removeItem(name);
  }
  const keep = (/** @type {Op[]} */ ops) => {
    if (ops.length === 0) localStorage.removeItem(PREFIX + own);
    else localStorage.setItem(PREFIX + own, JSON.stringify(ops));
  };
  keep(ops);
  return { ops, keep };
}

/**
 * Holds a window's name for as long as this window is there.
 *
 * @param {string} name
 * @returns {Promise<boolean>} false when another window holds it
 */
function held(name) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    navigator.locks.request(PREFIX + name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise(() => {}) : undefined;
    });
  });
}

/**
 * @param {string} name
 * @returns {Op[]}
 */
function read(name) {
  try {
    /** @type {Op[]} */
    const ops = JSON.parse(localStorage.getItem(PREFIX + name) ?? "[]");
    // A choice that was not made is asked for again when the edit is refused again, with what is there then.
    return ops.map((op) => ({
      ...op,
      state: "waiting",
      // The others can be sent twice without any harm; this one would be a fault in the console.
      sent: op.sent || (op.kind === "delete" && op.state === "sending"),
    }));
  } catch {
    return [];
  }
}
