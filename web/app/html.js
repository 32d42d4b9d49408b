/**
 * The view library, in one place: everything else imports it from here.
 */

import htm from "../vendor/htm/htm.js";
import { h } from "../vendor/preact/preact.js";

/**
 * A template of elements: html`<p class=${name}>…</p>`.
 *
 * @type {(strings: TemplateStringsArray, ...values: any[]) => import("../vendor/preact/preact.js").VNode<any>}
 */
export const html = /** @type {any} */ (htm.bind(/** @type {any} */ (h)));

export { Component, Fragment, createContext, h, render } from "../vendor/preact/preact.js";
export {
  useCallback,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "../vendor/preact/hooks/hooks.js";
// A component that reads a signal's value is drawn again when it changes.
export {
  batch,
  computed,
  effect,
  signal,
  untracked,
  useComputed,
  useSignal,
  useSignalEffect,
} from "../vendor/signals/signals.js";
