/**
 * The row of filters. Each is in the URL, so that a link shows the same tasks and a step back undoes it.
 */

import { store } from "./app.js";
import { FILTERS, joined, listed, NOBODY } from "./filter.js";
import { html } from "./html.js";
import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { navigate, route } from "./route.js";
import { PRIORITIES, STATUSES } from "./task.js";

/** @typedef {import("./i18n.js").Key} Key */

/**
 * How many filters are set, besides the search.
 *
 * @param {import("./route.js").Route} route
 */
export function activeFilters(route) {
  return FILTERS.filter((name) => name !== "q" && route[name]).length;
}

/** Shows all tasks again. */
export function clearFilters() {
  navigate(Object.fromEntries(FILTERS.map((name) => [name, null])));
}

export function Filters() {
  const { assignee = "", due_from = "", due_to = "", overdue = "" } = route.value;
  const total = store.tasks.value.size;
  const count = store.visible.value.length;
  const names = store.assignees.value;
  const value = listed(assignee)[0] ?? "";
  /** @param {string} name */
  const date = (name) => (/** @type {any} */ event) => navigate({ [name]: event.currentTarget.value });
  return html`<section class="filters" id="filters" aria-label=${t("filters.label")} data-test="filters">
    <${Choices} name="status" values=${STATUSES} />
    <${Choices} name="priority" values=${PRIORITIES} />
    <label class="field-inline">
      <span class="visually-hidden">${t("field.assignee")}</span>
      <select data-test="filter-assignee" value=${value} onChange=${(/** @type {any} */ event) => navigate({ assignee: event.currentTarget.value && (event.currentTarget.value === NOBODY ? NOBODY : joined([event.currentTarget.value])) })}>
        <option value="" selected=${value === ""}>${t("filters.anyone")}</option>
        <option value=${NOBODY} selected=${value === NOBODY}>${t("filters.nobody")}</option>
        ${names.map((name) => html`<option key=${name} value=${name} selected=${value === name}>${name}</option>`)}
      </select>
    </label>
    <span class="field-inline due-range">
      <span aria-hidden="true">${t("field.due_date")}</span>
      <input type="date" aria-label=${t("filters.due_from")} data-test="filter-due-from" value=${due_from} onChange=${date("due_from")} />
      <span aria-hidden="true">–</span>
      <input type="date" aria-label=${t("filters.due_to")} data-test="filter-due-to" value=${due_to} onChange=${date("due_to")} />
    </span>
    <label class="chip"><input type="checkbox" data-test="filter-overdue" checked=${overdue === "true"} onChange=${() => navigate({ overdue: overdue ? null : "true" })} /><span><${Icon} name="warning" />${t("filters.overdue")}</span></label>
    <span class="filters-end">
      <span role="status" data-test="shown">${count === total ? t("count.tasks", { count }) : t("count.of", { count, total })}</span>
      ${(activeFilters(route.value) > 0 || route.value.q) &&
      html`<button type="button" class="button quiet" data-test="filters-clear" onClick=${clearFilters}>${t("filters.clear")}</button>`}
    </span>
  </section>`;
}

/** @param {{name: "status" | "priority", values: string[]}} props */
function Choices({ name, values }) {
  const chosen = new Set(listed(route.value[name]));
  /** @param {string} value */
  function toggle(value) {
    const next = new Set(chosen);
    if (!next.delete(value)) next.add(value);
    // All of them is the same as none.
    navigate({ [name]: next.size === values.length ? null : joined(values.filter((known) => next.has(known))) });
  }
  return html`<fieldset class="chips">
    <legend class="visually-hidden">${t(`field.${name}`)}</legend>
    ${values.map(
      (value) => html`<label key=${value} class="chip">
        <input type="checkbox" data-test=${`filter-${name}-${value}`} checked=${chosen.has(value)} onChange=${() => toggle(value)} />
        <span class=${`${name}-${value}`}><${Icon} name=${value} />${t(/** @type {Key} */ (`${name}.${value}`))}</span>
      </label>`,
    )}
  </fieldset>`;
}
