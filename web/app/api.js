/**
 * The API, as this page calls it: one function that asks, and what it throws.
 */

import { Problem, Unreachable } from "./problem.js";

/** How long an answer may take, in milliseconds: longer than the service gives itself. */
const PATIENCE = 15_000;

/**
 * @typedef {object} Options
 * @property {string} [method] GET unless given
 * @property {unknown} [body] sent as JSON
 * @property {string} [ifMatch] the entity tag that the task must still have
 * @property {string} [key] the idempotency key of a POST
 * @property {boolean} [keepalive] whether the request outlives the page
 *
 * @typedef {{value: any, status: number, headers: Headers}} Answer
 */

/**
 * Sends a request.
 *
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Answer>} `value` is the parsed body, or null without one
 * @throws {Problem} when the service refuses
 * @throws {Unreachable} when there is no answer
 */
async function send(path, { method = "GET", body, ifMatch, key, keepalive } = {}) {
  const headers = new Headers({ accept: "application/json" });
  if (body !== undefined) headers.set("content-type", "application/json");
  if (ifMatch) headers.set("if-match", ifMatch);
  if (key) headers.set("idempotency-key", key);
  /** @type {Response} */
  let response;
  /** @type {any} */
  let value = null;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      keepalive,
      signal: keepalive ? undefined : AbortSignal.timeout(PATIENCE),
    });
    const text = await response.text();
    const json = (response.headers.get("content-type") ?? "").includes("json");
    if (text && json) value = JSON.parse(text);
  } catch (cause) {
    throw new Unreachable(cause);
  }
  if (!response.ok) {
    const { status, statusText } = response;
    throw new Problem({ type: "about:blank", title: statusText, detail: "", ...value, status });
  }
  return { value, status: response.status, headers: response.headers };
}

/**
 * The address of the next page of a list.
 *
 * @param {Headers} headers
 * @returns {string | null}
 */
function next(headers) {
  const found = /<([^>]+)>;\s*rel="next"/.exec(headers.get("link") ?? "");
  if (!found) return null;
  const url = new URL(found[1], location.origin);
  return url.pathname + url.search;
}

export const api = {
  send,
  next,
  /**
   * The parsed body of a GET.
   *
   * @param {string} path
   * @returns {Promise<any>}
   */
  get: async (path) => (await send(path)).value,
};

/** @typedef {typeof api} Api */
