/**
 * The page's few drawings, on a grid of 16. They say nothing that is not written beside them or in a label.
 */

import { html } from "./html.js";

const circle = html`<circle cx="8" cy="8" r="5.75" />`;

/** @type {Record<string, any>} */
const SHAPES = {
  todo: circle,
  in_progress: html`${circle}<path class="fill" d="M8 4.5a3.5 3.5 0 0 1 0 7z" />`,
  done: html`<circle class="fill" cx="8" cy="8" r="6.5" /><path class="cut" d="m5.2 8.2 2 2 3.7-4.2" />`,
  high: html`<path d="m4 9 4-4 4 4M4 12.5l4-4 4 4" />`,
  medium: html`<path d="M4 8h8" />`,
  low: html`<path d="m4 6.5 4 4 4-4" />`,
  plus: html`<path d="M8 3.5v9M3.5 8h9" />`,
  close: html`<path d="m4.5 4.5 7 7m0-7-7 7" />`,
  search: html`<circle cx="7" cy="7" r="4.25" /><path d="m10.2 10.2 3.3 3.3" />`,
  filter: html`<path d="M2.5 4.5h11M4.5 8h7M6.5 11.5h3" />`,
  due: html`<rect x="2.75" y="3.75" width="10.5" height="9.5" rx="1.5" /><path d="M2.75 6.75h10.5M5.5 2.5v2.5M10.5 2.5v2.5" />`,
  warning: html`<path d="M8 2.8 14 13H2z" /><path d="M8 6.6v3M8 11.3v.1" />`,
  more: html`<path class="dots" d="M3.5 8h.01M8 8h.01M12.5 8h.01" />`,
  up: html`<path d="M8 12.5v-9M4.5 7 8 3.5 11.5 7" />`,
  down: html`<path d="M8 3.5v9M4.5 9 8 12.5 11.5 9" />`,
  keyboard: html`<rect x="1.75" y="4.25" width="12.5" height="7.5" rx="1.5" /><path d="M4.5 7h.01M7 7h.01M9.5 7h.01M12 7h.01M5.5 9.5h5" />`,
};

/**
 * @param {{name: string}} props
 */
export function Icon({ name }) {
  return html`<svg class=${`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">${SHAPES[name]}</svg>`;
}
