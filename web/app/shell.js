/**
 * What stands around every view: the bar, the filters, the banner of a lost connection, and what opens above.
 */

import { api } from "./api.js";
import { connection, draft, find, keysOpen, quickAdd, store } from "./app.js";
import { Conflict } from "./conflict.js";
import { activeFilters, clearFilters, Filters } from "./filters.js";
import { Gone } from "./deleted-dialog.js";
import { html, signal, useEffect, useRef } from "./html.js";
import { LANGS, lang, speak, t } from "./i18n.js";
import { Icon } from "./icons.js";
import { Keys } from "./keys.js";
import { QuickAdd } from "./quick-add.js";
import { href, navigate, route } from "./route.js";
import { Search } from "./search.js";
import { Sheet } from "./task-details.js";
import { Messages } from "./toasts.js";
import { VIEWS, VIEW_NAMES } from "./views.js";

/** @typedef {import("./views.js").ViewName} ViewName */

/** A link with filters shows them, where there is room. */
const filtersOpen = signal(activeFilters(route.value) > 0 && matchMedia("(min-width: 52rem)").matches);

/** The views that show tasks one by one, and so can be searched and filtered. */
const OF_TASKS = new Set(["board", "list"]);

/** @returns {ViewName} */
function present() {
  return VIEW_NAMES.find((name) => name === route.value.view) ?? "board";
}

export function Shell() {
  const view = present();
  const ofTasks = OF_TASKS.has(view);
  const count = activeFilters(route.value);
  useEffect(() => {
    document.title = `${t(`view.${view}`)} · ${t("app.name")}`;
  }, [view, lang.value]);
  return html`
    <a class="skip" href="#main">${t("app.skip")}</a>
    <${Bar} view=${view} ofTasks=${ofTasks} count=${count} />
    ${connection.state.value === "lost" && html`<${Banner} />`}
    ${ofTasks && filtersOpen.value && html`<${Filters} />`}
    <main id="main" tabindex="-1" class=${`view view-${view}`} data-test="main">
      ${ofTasks && html`<${Notices} />`}
      <${VIEWS[view]} key=${view} store=${store} api=${api} t=${t} lang=${lang.value} route=${route.value} navigate=${navigate} />
    </main>
    <${Opened} />
    <${Messages} />
  `;
}

/** @param {{view: ViewName, ofTasks: boolean, count: number}} props */
function Bar({ view, ofTasks, count }) {
  const other = LANGS.find((known) => known !== lang.value) ?? "en";
  return html`<header class="bar">
    <span class="brand" aria-hidden="true"><${Icon} name="done" /></span>
    <nav aria-label=${t("nav.label")}>
      ${VIEW_NAMES.map(
        (name) => html`<a
          key=${name}
          href=${href({ view: name === "board" ? null : name, task: null })}
          aria-current=${name === view ? "page" : undefined}
          data-test=${`nav-${name}`}
          onClick=${(/** @type {MouseEvent} */ event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            navigate({ view: name === "board" ? null : name, task: null });
          }}
          >${t(`view.${name}`)}</a
        >`,
      )}
    </nav>
    ${ofTasks &&
    html`<${Search} />
      <button
        type="button"
        class="button quiet"
        data-test="filters-toggle"
        aria-expanded=${filtersOpen.value}
        aria-controls=${filtersOpen.value ? "filters" : undefined}
        onClick=${() => (filtersOpen.value = !filtersOpen.value)}
      >
        <${Icon} name="filter" /><span class="text">${t("filters.toggle")}</span>${count > 0 && html`<span class="badge">${count}</span>`}
      </button>`}
    <span class="bar-end">
      <${State} />
      <button
        type="button"
        class="icon-button lang"
        data-test="lang"
        lang=${other}
        aria-label=${t("lang.switch")}
        title=${t("lang.switch")}
        onClick=${() => speak(other)}
      >
        ${other.toUpperCase()}
      </button>
      <button type="button" class="icon-button" data-test="keys-open" aria-label=${t("keys.open")} title=${`${t("keys.open")} (?)`} onClick=${() => (keysOpen.value = true)}>
        <${Icon} name="keyboard" />
      </button>
      <button type="button" class="button primary" data-test="new-task" aria-label=${t("task.new")} title=${`${t("task.new")}`} onClick=${() => (draft.value = {})}>
        <${Icon} name="plus" /><span>${t("task.new")}</span>
      </button>
    </span>
  </header>`;
}

/** The connection, as a dot and in words. */
function State() {
  const state = connection.state.value;
  return html`<span class=${`state state-${state}`} data-test="connection" data-state=${state} role="status">
    <span class="dot" aria-hidden="true"></span><span class="state-text">${t(`connection.${state}`)}</span>
  </span>`;
}

function Banner() {
  const count = store.ops.value.length;
  return html`<div class="banner" role="alert" data-test="offline">
    <${Icon} name="warning" />
    <p>${t("connection.banner")} ${count > 0 && html`<strong data-test="waiting">${t("connection.waiting", { count })}</strong>`}</p>
  </div>`;
}

/** What is to be said about the tasks as a whole. */
function Notices() {
  const { done, count, capped, failed } = store.loading.value;
  const total = store.tasks.value.size;
  const shown = store.visible.value.length;
  if (failed) return html`<p class="notice" role="alert">${t("load.failed", { detail: failed })}</p>`;
  if (done && total === 0) {
    const key = html`<kbd>n</kbd>`;
    const [before, after] = t("empty.all.hint", { key: "\u0000" }).split("\u0000");
    return html`<div class="empty" data-test="empty"><p>${t("empty.all")}</p><p>${before}${key}${after}</p></div>`;
  }
  if (done && shown === 0) {
    return html`<div class="empty" role="status" data-test="empty">
      <p>${t("empty.filtered")}</p>
      <button type="button" class="button" data-test="clear" onClick=${clearFilters}>${t("filters.clear")}</button>
    </div>`;
  }
  if (!done && total === 0) return html`<p class="empty loading" role="status">${t("view.loading")}</p>`;
  if (capped) return html`<p class="notice" role="status">${t("load.capped", { count })}</p>`;
  // The row of filters says it itself.
  if (filtersOpen.value || shown === total) return null;
  return html`<p class="visually-hidden" role="status">${t("count.of", { count: shown, total })}</p>`;
}

/** Whatever is open above the view; one at a time, what the person has to choose first. */
function Opened() {
  const last = useRef(/** @type {{ref: string, task: import("./task.js").Task} | null} */ (null));
  const choice = store.ops.value.find((op) => op.state === "conflict" || op.state === "gone");
  const ref = route.value.task;
  if (choice) return html`<${choice.state === "gone" ? Gone : Conflict} key=${choice.key} op=${choice} />`;
  if (keysOpen.value) return html`<${Keys} />`;
  if (quickAdd.value) return html`<${QuickAdd} begin=${quickAdd.value} />`;
  if (draft.value) return html`<${Sheet} key="new" task=${null} begin=${draft.value} />`;
  if (!ref) return null;
  const found = find(ref);
  if (found) last.current = { ref, task: found };
  // What someone deletes while it is open stays open: there may be words in it.
  const task = found ?? (last.current?.ref === ref ? last.current.task : undefined);
  if (task) return html`<${Sheet} key=${store.keyOf(task.id)} task=${task} begin=${{}} gone=${!found} />`;
  return store.loading.value.done ? html`<${Missing} />` : null;
}

/** A link to a task that is not there. */
function Missing() {
  return html`<p class="notice missing" role="alert" data-test="missing">
    ${t("task.missing")} <button type="button" class="button quiet" onClick=${() => navigate({ task: null }, { replace: true })}>${t("dismiss")}</button>
  </p>`;
}
