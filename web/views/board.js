/**
 * The board: a column for each state, cards in the order in which they ask to be done.
 */

import { move, open, quickAdd, remove } from "../app/app.js";
import { dragging } from "../app/drag.js";
import { listed } from "../app/filter.js";
import { html, signal, useEffect, useLayoutEffect, useRef } from "../app/html.js";
import { Icon } from "../app/icons.js";
import { Check, DueMark, Mover, PriorityMark } from "../app/task-controls.js";
import { STATUSES } from "../app/task.js";
import { drawn, rem, useWindow } from "../app/virtual-list.js";

/**
 * @typedef {import("../app/task.js").Task} Task
 * @typedef {import("../app/task.js").Status} Status
 */

/** A card and the gap below it, in rem; as in styles/board.css. */
const PITCH = 5.25;

/** The card that the keyboard is at. */
const active = signal("");
/** Whether it is to get the focus when it is drawn. */
let wanted = false;

/** @param {string} id */
function focusCard(id) {
  active.value = id;
  wanted = true;
}

/** @param {import("../app/views.js").ViewProps} props */
export default function Board({ store, t, route }) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const chosen = listed(route.status);
  const shown = STATUSES.filter((status) => chosen.length === 0 || chosen.includes(status));
  const columns = store.columns.value;

  useEffect(() => {
    if (!ref.current) return undefined;
    return dragging(ref.current, (id, column) => {
      const task = store.tasks.value.get(id);
      if (task) move(task, /** @type {Status} */ (column));
    });
  }, []);

  /** @param {KeyboardEvent} event */
  function key(event) {
    const element = /** @type {HTMLElement} */ (event.target).closest("[data-id]");
    const id = element?.getAttribute("data-id");
    const task = id ? store.tasks.value.get(id) : undefined;
    if (!task || event.ctrlKey || event.metaKey || /** @type {HTMLElement} */ (event.target).tagName === "SELECT") return;
    const column = shown.indexOf(task.status);
    const index = columns[task.status].findIndex((known) => known.id === task.id);
    const next = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.altKey && next) {
      const to = STATUSES[STATUSES.indexOf(task.status) + next];
      if (to) {
        focusCard(task.id);
        move(task, to);
      }
    } else if (next) {
      // The next column that holds anything.
      for (let at = column + next; shown[at]; at += next) {
        const cards = columns[shown[at]];
        if (cards.length === 0) continue;
        focusCard(cards[Math.min(index, cards.length - 1)].id);
        break;
      }
    } else if (step) {
      const to = columns[task.status][index + step];
      if (to) focusCard(to.id);
    } else if (event.key === "Home" || event.key === "End") {
      const to = columns[task.status].at(event.key === "Home" ? 0 : -1);
      if (to) focusCard(to.id);
    } else if (event.key === "Delete") {
      const near = columns[task.status][index + 1] ?? columns[task.status][index - 1];
      if (near) focusCard(near.id);
      remove(task);
    } else return;
    event.preventDefault();
  }

  return html`<div class="board" ref=${ref} onKeyDown=${key} role="group" aria-label=${t("board.label")} data-test="board">
    <h1 class="visually-hidden">${t("view.board")}</h1>
    <p class="visually-hidden" id="board-hint">${t("board.hint")}</p>
    ${shown.map((status) => html`<${Column} key=${status} status=${status} tasks=${columns[status]} store=${store} t=${t} />`)}
  </div>`;
}

/** @param {{status: Status, tasks: Task[], store: import("../app/store.js").Store, t: import("../app/i18n.js").Translate}} props */
function Column({ status, tasks, store, t }) {
  const pitch = PITCH * rem();
  const { ref, first, last, reveal } = useWindow(tasks.length, pitch);
  const at = tasks.findIndex((task) => task.id === active.value || store.keyOf(task.id) === active.value);
  const now = store.now.value;

  useLayoutEffect(() => {
    if (!wanted || at < 0) return;
    reveal(at);
    const title = ref.current?.querySelector(`[data-id="${tasks[at].id}"] .card-title`);
    if (!title) return;
    wanted = false;
    /** @type {HTMLElement} */ (title).focus({ preventScroll: true });
    title.closest(".column")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  const heading = `column-${status}`;
  return html`<section class="column" data-column=${status} data-test=${`column-${status}`} aria-labelledby=${heading}>
    <header class="column-head">
      <h2 id=${heading}><${Icon} name=${status} />${t(`status.${status}`)} <span class="count" data-test="count">${tasks.length}</span></h2>
      <button
        type="button"
        class="icon-button"
        data-test=${`add-${status}`}
        aria-label=${t("task.add.to", { status: t(`status.${status}`) })}
        onClick=${() => (quickAdd.value = { status })}
      >
        <${Icon} name="plus" />
      </button>
    </header>
    <div class="column-scroll" ref=${ref}>
      ${tasks.length === 0 && store.loading.value.done && html`<p class="column-empty">${t("empty.column")}</p>`}
      <ul class="cards" style=${{ height: `${tasks.length * pitch}px` }} aria-describedby="board-hint">
        ${drawn(first, last, at, tasks.length).map((index) => {
          const task = tasks[index];
          const reachable = at < 0 ? index === 0 : index === at;
          return html`<li
            key=${store.keyOf(task.id)}
            class="slot"
            style=${{ transform: `translateY(${index * pitch}px)` }}
            aria-setsize=${tasks.length}
            aria-posinset=${index + 1}
          >
            <${Card} task=${task} now=${now} reachable=${reachable} t=${t} />
          </li>`;
        })}
      </ul>
    </div>
  </section>`;
}

/** @param {{task: Task, now: number, reachable: boolean, t: import("../app/i18n.js").Translate}} props */
function Card({ task, now, reachable, t }) {
  const tabIndex = reachable ? 0 : -1;
  return html`<article
    class=${`card priority-${task.priority} ${task.completed ? "completed" : ""} ${task.version ? "" : "unsaved"}`}
    data-test="card"
    data-id=${task.id}
    data-number=${task.number}
    onFocusIn=${() => (active.value = task.id)}
    onClick=${(/** @type {any} */ event) => event.target.closest("button, select") || open(task)}
  >
    <${Check} task=${task} tabIndex=${tabIndex} />
    <div class="card-text">
      <button type="button" class="card-title" data-test="open" title=${task.title} tabindex=${tabIndex} onClick=${() => open(task)}>
        ${task.title}
      </button>
      <div class="meta">
        <span class="number">${task.number ? `#${task.number}` : t("task.sending")}</span>
        ${task.priority !== "medium" && html`<${PriorityMark} priority=${task.priority} />`}
        ${!task.completed && html`<${DueMark} task=${task} now=${now} short />`}
        ${task.assignee && html`<span class="assignee" title=${task.assignee}>${task.assignee}</span>`}
      </div>
    </div>
    <${Mover} task=${task} tabIndex=${tabIndex} compact />
  </article>`;
}
