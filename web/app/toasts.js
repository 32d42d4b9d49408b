/**
 * What the page says: passing messages with an action, and words for screen readers alone.
 */

import { html, signal } from "./html.js";
import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { unique } from "./uuid.js";

/** How long a message stays, in milliseconds; one with an action or a fault stays longer. */
const STAYS = 4000;
const STAYS_LONGER = 9000;

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {string} text
 * @property {"news" | "fault"} kind
 * @property {{label: string, run: () => void}} [action]
 */

const messages = signal(/** @type {Message[]} */ ([]));
const spoken = signal("");

/** @param {string} id */
function dismiss(id) {
  messages.value = messages.value.filter((message) => message.id !== id);
}

/**
 * Shows a message for a while.
 *
 * @param {string} text
 * @param {{kind?: "news" | "fault", action?: {label: string, run: () => void}, stays?: number}} [options]
 */
export function tell(text, { kind = "news", action, stays } = {}) {
  const id = unique();
  messages.value = [...messages.value.slice(-2), { id, text, kind, action }];
  setTimeout(() => dismiss(id), stays ?? (action || kind === "fault" ? STAYS_LONGER : STAYS));
}

/**
 * Says something to who does not see it.
 *
 * @param {string} text
 */
export function announce(text) {
  // The same words twice are said twice.
  spoken.value = spoken.value === text ? `${text}\u00a0` : text;
}

/** The messages, and the live regions. */
export function Messages() {
  return html`
    <div class="visually-hidden" role="status" data-test="announcer">${spoken.value}</div>
    <div class="toasts" role="log" aria-live="polite" aria-label=${t("app.name")} data-test="toasts">
      ${messages.value.map(
        ({ id, text, kind, action }) => html`<div key=${id} class=${`toast ${kind}`} data-test="toast">
          <p>${text}</p>
          ${action &&
          html`<button
            type="button"
            class="toast-action"
            data-test="toast-action"
            onClick=${() => {
              dismiss(id);
              action.run();
            }}
          >
            ${action.label}
          </button>`}
          <button type="button" class="icon-button" aria-label=${t("dismiss")} onClick=${() => dismiss(id)}>
            <${Icon} name="close" />
          </button>
        </div>`,
      )}
    </div>
  `;
}
