/**
 * Loads all tasks, a page after the other, newest first: the first page is small, so that there is soon something
 * to see.
 */

import { asked } from "./filter.js";

/** Tasks of the first page, and of the others (the most that the API gives). */
const FIRST = 200;
const PAGE = 1000;
/** More than this a page does not hold well; what is older is asked for when it is searched. */
const MOST = 20_000;

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./api.js").Api} Api
 */

/**
 * @param {Store} store
 * @param {Api} api
 * @throws {import("./problem.js").Problem | import("./problem.js").Unreachable}
 */
export async function loadAll(store, api) {
  const known = [...store.server.keys()];
  const ids = new Set();
  /** @type {string | null} */
  let next = `/tasks?limit=${FIRST}`;
  while (next && ids.size < MOST) {
    const { value, headers } = await api.send(next);
    for (const task of value) ids.add(task.id);
    store.learn(value);
    store.loading.value = { ...store.loading.value, count: ids.size, failed: "" };
    next = api.next(headers)?.replace(/([?&]limit=)\d+/, `$1${PAGE}`) ?? null;
  }
  const capped = next !== null;
  if (!capped) store.keepOnly(ids, known);
  store.loading.value = { done: true, count: ids.size, capped, failed: "" };
}

/**
 * Where not all tasks are held here: those that pass the filters, besides.
 *
 * @param {Store} store
 * @param {Api} api
 * @param {import("./route.js").Route} route
 */
export async function loadMatching(store, api, route) {
  const query = asked(route);
  if (query.size === 0) return;
  query.set("limit", String(PAGE));
  store.learn(await api.get(`/tasks?${query}`));
}
