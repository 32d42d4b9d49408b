/**
 * The list: a row for each task, sorted by any column, however many there are.
 */

import { open, remove } from "../app/app.js";
import { instant, moment } from "../app/due-date.js";
import { html, signal, useEffect, useLayoutEffect, useState } from "../app/html.js";
import { Icon } from "../app/icons.js";
import { parseSort, SORTS } from "../app/sort.js";
import { Check, DueMark, Mover, PriorityMark } from "../app/task-controls.js";
import { href, navigate } from "../app/route.js";
import { drawn, rem, useWindow } from "../app/virtual-list.js";

/**
 * @typedef {import("../app/task.js").Task} Task
 * @typedef {import("../app/views.js").ViewProps} ViewProps
 */

/** The heights of a row, wide and narrow, and of the heading, in rem; as in styles/list.css. */
const WIDE = 2.75;
const NARROW = 4;
const HEAD = 2.5;

/** Columns that are better read from their other end first. */
const DOWNWARDS = new Set(["number", "priority", "updated_at"]);

const narrowQuery = matchMedia("(max-width: 44rem)");

/** The task whose row the keyboard is at. */
const active = signal("");
/** Whether it is to get the focus when it is drawn. */
let wanted = false;

/** @param {ViewProps} props */
export default function List({ store, t, route }) {
  const [narrow, setNarrow] = useState(narrowQuery.matches);
  useEffect(() => {
    const changed = () => setNarrow(narrowQuery.matches);
    narrowQuery.addEventListener("change", changed);
    return () => narrowQuery.removeEventListener("change", changed);
  }, []);
  const rows = store.rows.value;
  const pitch = (narrow ? NARROW : WIDE) * rem();
  const { ref, first, last, reveal } = useWindow(rows.length, pitch, HEAD * rem());
  const at = rows.findIndex((task) => task.id === active.value || store.keyOf(task.id) === active.value);
  const now = store.now.value;

  // Another order begins at its beginning.
  useLayoutEffect(() => {
    if (ref.current) ref.current.scrollTop = 0;
  }, [route.sort]);

  useLayoutEffect(() => {
    if (!wanted || at < 0) return;
    reveal(at);
    const title = ref.current?.querySelector(`[data-id="${rows[at].id}"] .row-title`);
    if (!title) return;
    wanted = false;
    /** @type {HTMLElement} */ (title).focus({ preventScroll: true });
  });

  /** @param {KeyboardEvent} event */
  function key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const id = target.closest("[data-id]")?.getAttribute("data-id");
    const index = rows.findIndex((task) => task.id === id);
    if (index < 0 || event.altKey || event.ctrlKey || event.metaKey || target.tagName === "SELECT") return;
    const page = Math.max(1, Math.floor((ref.current?.clientHeight ?? 0) / pitch) - 2);
    const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -index, End: rows.length - 1 - index }[event.key];
    if (step !== undefined) {
      const to = rows[Math.min(Math.max(index + step, 0), rows.length - 1)];
      wanted = true;
      active.value = to.id;
    } else if (event.key === "Delete") {
      const near = rows[index + 1] ?? rows[index - 1];
      if (near) {
        wanted = true;
        active.value = near.id;
      }
      remove(rows[index]);
    } else return;
    event.preventDefault();
  }

  const indices = drawn(first, last, at, rows.length);
  const inSight = indices.filter((index) => index >= first && index < last);
  const above = indices.filter((index) => index < first);
  const below = indices.filter((index) => index >= last);
  const row = (/** @type {number} */ index) =>
    html`<${Row} key=${store.keyOf(rows[index].id)} task=${rows[index]} index=${index} now=${now} t=${t} reachable=${at < 0 ? index === 0 : index === at} />`;
  const gap = (/** @type {string} */ key, /** @type {number} */ count) =>
    count > 0 && html`<tr key=${key} class="gap" aria-hidden="true"><td style=${{ height: `${count * pitch}px` }}></td></tr>`;
  const [beyond] = below;
  // One list: a row that comes into sight stays the same element, and keeps the focus.
  const drawnRows = [
    ...above.map(row),
    gap("above", first - above.length),
    ...inSight.map(row),
    gap("between", (beyond ?? rows.length) - last),
    ...below.map(row),
    beyond !== undefined && gap("below", rows.length - 1 - beyond),
  ];
  return html`<div class="list" ref=${ref} onKeyDown=${key}>
    <h1 class="visually-hidden">${t("view.list")}</h1>
    <table aria-label=${t("list.label")} aria-rowcount=${rows.length + 1} data-test="list">
      <thead>
        <tr aria-rowindex="1">
          <th scope="col" class="of-check"><span class="visually-hidden">${t("list.actions")}</span></th>
          ${SORTS.map((name) => html`<${Heading} key=${name} name=${name} route=${route} t=${t} />`)}
        </tr>
      </thead>
      <tbody>
        ${drawnRows}
      </tbody>
    </table>
  </div>`;
}

/** @param {{name: typeof SORTS[number], route: ViewProps["route"], t: ViewProps["t"]}} props */
function Heading({ name, route, t }) {
  const { key, descending } = parseSort(route.sort);
  const sorted = key === name;
  const down = sorted ? !descending : DOWNWARDS.has(name);
  const sort = `${down ? "-" : ""}${name}`;
  const field = t(`field.${name}`);
  return html`<th scope="col" class=${`of-${name}`} aria-sort=${sorted ? (descending ? "descending" : "ascending") : undefined}>
    <a
      href=${href({ sort })}
      class="sort"
      data-test=${`sort-${name}`}
      title=${t("sort.by", { field })}
      onClick=${(/** @type {MouseEvent} */ event) => {
        if (event.metaKey || event.ctrlKey) return;
        event.preventDefault();
        navigate({ sort });
      }}
      >${field}${sorted && html`<${Icon} name=${descending ? "down" : "up"} />`}</a
    >
  </th>`;
}

/** @param {{task: Task, index: number, now: number, reachable: boolean, t: ViewProps["t"]}} props */
function Row({ task, index, now, reachable, t }) {
  const tabIndex = reachable ? 0 : -1;
  return html`<tr
    class=${`row ${task.completed ? "completed" : ""} ${task.version ? "" : "unsaved"}`}
    data-test="row"
    data-id=${task.id}
    data-number=${task.number}
    aria-rowindex=${index + 2}
    onFocusIn=${() => (active.value = task.id)}
    onClick=${(/** @type {any} */ event) => event.target.closest("button, select") || open(task)}
  >
    <td class="of-check"><${Check} task=${task} tabIndex=${tabIndex} /></td>
    <td class="of-number">${task.number || "…"}</td>
    <td class="of-title">
      <button type="button" class="row-title" data-test="open" title=${task.title} tabindex=${tabIndex} onClick=${() => open(task)}>
        ${task.title}
      </button>
      <div class="meta narrow-only">
        <span class="number">${task.number ? `#${task.number}` : t("task.sending")}</span>
        ${task.priority !== "medium" && html`<${PriorityMark} priority=${task.priority} />`}
        ${!task.completed && html`<${DueMark} task=${task} now=${now} short />`}
        ${task.assignee && html`<span class="assignee">${task.assignee}</span>`}
      </div>
    </td>
    <td class="of-status"><${Mover} task=${task} tabIndex=${tabIndex} /></td>
    <td class="of-priority"><${PriorityMark} priority=${task.priority} /></td>
    <td class="of-assignee">${task.assignee}</td>
    <td class="of-due_date"><${DueMark} task=${task} now=${now} /></td>
    <td class="of-updated_at"><time datetime=${task.updated_at} title=${instant(task.updated_at)}>${moment(task.updated_at, now)}</time></td>
  </tr>`;
}
