/**
 * What the URL says: the view, the filters, the sort and the open task. Everything that can be shared is in it.
 */

import { signal } from "./html.js";

/**
 * @typedef {Record<string, string>} Route parameters of the URL, decoded; a list is joined by commas
 */

/** @returns {Route} */
function read() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/** The present route. */
export const route = signal(read());

/**
 * The address of the present route with changes: an empty or absent value takes a parameter away.
 *
 * @param {Record<string, string | null | undefined>} changes
 * @returns {string}
 */
export function href(changes) {
  const next = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...route.value, ...changes })) {
    if (value) next.set(name, value);
  }
  // What stands in a list stays legible.
  const query = next.toString().replaceAll("%2C", ",");
  return query ? `/?${query}` : "/";
}

/**
 * Goes there. `replace` leaves no step back: for what is still being typed.
 *
 * @param {Record<string, string | null | undefined>} changes
 * @param {{replace?: boolean}} [options]
 */
export function navigate(changes, { replace = false } = {}) {
  const to = href(changes);
  if (to === location.pathname + location.search) return;
  if (replace) history.replaceState(history.state, "", to);
  else history.pushState({ within: true }, "", to);
  route.value = read();
}

addEventListener("popstate", () => {
  route.value = read();
});
