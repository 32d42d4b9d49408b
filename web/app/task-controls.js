/**
 * The small pieces of which cards, rows and forms are made.
 */

import { finish, move } from "./app.js";
import { dueText } from "./due-date.js";
import { html } from "./html.js";
import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { isOverdue, STATUSES } from "./task.js";

/** @typedef {import("./task.js").Task} Task */

/**
 * The round box that finishes a task.
 *
 * @param {{task: Task, tabIndex?: number}} props
 */
export function Check({ task, tabIndex }) {
  const label = t(task.completed ? "task.reopen" : "task.finish", { title: task.title });
  return html`<button
    type="button"
    class=${`check status-${task.status}`}
    data-test="finish"
    aria-label=${label}
    aria-pressed=${task.completed}
    tabindex=${tabIndex}
    onClick=${() => finish(task)}
  >
    <${Icon} name=${task.status} />
  </button>`;
}

/**
 * A choice of the three states; the browser's own, which every pointer and every screen reader can use.
 *
 * @param {{task: Task, tabIndex?: number, compact?: boolean}} props
 */
export function Mover({ task, tabIndex, compact = false }) {
  return html`<span class=${compact ? "mover compact" : "mover"}>
    ${compact && html`<${Icon} name="more" />`}
    <select
      aria-label=${t("task.move", { title: task.title })}
      data-test="move"
      tabindex=${tabIndex}
      value=${task.status}
      onChange=${(/** @type {any} */ event) => move(task, event.currentTarget.value)}
    >
      ${STATUSES.map((status) => html`<option key=${status} value=${status} selected=${status === task.status}>${t(`status.${status}`)}</option>`)}
    </select>
  </span>`;
}

/** @param {{priority: import("./task.js").Priority}} props */
export function PriorityMark({ priority }) {
  return html`<span class=${`mark priority-${priority}`}><${Icon} name=${priority} /><span class="mark-text">${t(`priority.${priority}`)}</span></span>`;
}

/** @param {{task: Task, now: number, short?: boolean}} props */
export function DueMark({ task, now, short }) {
  if (!task.due_date) return null;
  const overdue = isOverdue(task, now);
  return html`<span class=${overdue ? "mark overdue" : "mark due"} data-test="due">
    <${Icon} name=${overdue ? "warning" : "due"} />
    ${overdue && html`<span class="visually-hidden">${t("task.overdue")}: </span>`}
    <span>${dueText(task.due_date, now, { short })}</span>
  </span>`;
}
