/**
 * A task's sheet: every field of it, to read, change or delete; or a new task's.
 */

import { close, create, outbox, remove, store } from "./app.js";
import { Dialog } from "./dialog.js";
import { fromFields, instant, toFields } from "./due-date.js";
import { Field } from "./field.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { FIELDS, PRIORITIES, same, STATUSES } from "./task.js";
import { announce } from "./toasts.js";

/**
 * @typedef {import("./task.js").Task} Task
 * @typedef {import("./task.js").Change} Change
 * @typedef {{title: string, description: string, status: string, priority: string, assignee: string, day: string, time: string}} Form
 */

/**
 * @param {Change} task
 * @returns {Form}
 */
function toForm(task) {
  const { title = "", description, status = "todo", priority = "medium", assignee, due_date } = task;
  return { title, description: description ?? "", status, priority, assignee: assignee ?? "", ...toFields(due_date ?? null) };
}

/**
 * What a form changes of a task.
 *
 * @param {Form} form
 * @param {Change} task
 * @returns {Change}
 */
function difference(form, task) {
  /** @type {any} */
  const now = {
    title: form.title,
    // An empty text was no text before, too.
    description: form.description || (task.description === "" ? "" : null),
    status: form.status,
    priority: form.priority,
    assignee: form.assignee.trim() || null,
    due_date: fromFields(form, task.due_date ?? null),
  };
  const differs = FIELDS.filter((field) => !same(field, now[field], task[field]));
  return Object.fromEntries(differs.map((field) => [field, now[field]]));
}

/** @param {{task: Task | null, begin: Change, gone?: boolean}} props */
export function Sheet({ task, begin, gone = false }) {
  // The version that the person sees and changes; a newer one is shown at once only while nothing is changed.
  const [seen, setSeen] = useState(/** @type {Change} */ (task ?? begin));
  const [form, setForm] = useState(() => toForm(task ?? begin));
  const [faults, setFaults] = useState(/** @type {Map<string, string>} */ (new Map()));
  const [refusal, setRefusal] = useState("");
  const [asking, setAsking] = useState(false);
  const [saving, setSaving] = useState(false);
  const formRef = useRef(/** @type {HTMLFormElement | null} */ (null));
  const change = difference(form, task ? seen : { status: "todo", priority: "medium", title: "" });
  const dirty = Object.keys(task ? change : difference(form, { title: "", status: "todo", priority: "medium", ...begin })).length > 0;
  const newer = task !== null && task.version > (/** @type {Task} */ (seen).version ?? 0);

  useEffect(() => {
    if (!task || saving || task === seen || dirty) return;
    setSeen(task);
    setForm(toForm(task));
  }, [task, dirty, saving]);

  useEffect(() => {
    if (faults.size === 0) return;
    /** @type {HTMLElement | null | undefined} */ (formRef.current?.querySelector("[aria-invalid=true]"))?.focus();
  }, [faults]);

  const set = (/** @type {keyof Form} */ name) => (/** @type {any} */ event) => {
    const { value } = event.currentTarget;
    setForm((now) => ({ ...now, [name]: value }));
    setAsking(false);
  };
  const leave = () => (dirty && !asking ? setAsking(true) : close());

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (saving) return;
    if (task && !dirty) return close();
    setSaving(true);
    setRefusal("");
    const edit = task ? outbox.update({ .../** @type {Task} */ (seen), id: task.id }, change) : create(change);
    const outcome = await edit.outcome();
    setSaving(false);
    if (outcome.kind !== "refused") {
      if (task && outcome.kind === "done") announce(t("task.saved", { title: form.title }));
      return close();
    }
    const { problem } = outcome;
    setFaults(problem.fields);
    if (problem.fields.size === 0) setRefusal(problem.message);
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) formRef.current?.requestSubmit();
  }

  const heading = task ? (task.number ? t("sheet.edit", { number: String(task.number) }) : t("task.sending")) : t("sheet.new");
  const input = (/** @type {keyof Form} */ name) => ({ value: form[name], onInput: set(name) });
  return html`<${Dialog} name="sheet" labelledby="sheet-title" onClose=${leave}>
    <form ref=${formRef} onSubmit=${submit} onKeyDown=${key} novalidate>
      <header class="dialog-head">
        <h2 id="sheet-title" tabindex="-1" autofocus=${task !== null}>${heading}</h2>
        <button type="button" class="icon-button" data-test="close" aria-label=${t("sheet.close")} onClick=${leave}><${Icon} name="close" /></button>
      </header>
      <div class="sheet-fields">
        ${gone && html`<p class="notice" role="alert" data-test="gone">${t("task.missing")}</p>`}
        ${newer && dirty && html`<p class="notice" role="status" data-test="changed-meanwhile">${t("sheet.changed")}</p>`}
        ${refusal && html`<p class="fault" role="alert">${t("sheet.refused", { detail: refusal })}</p>`}
        <${Field} name="title" label=${t("field.title")} fault=${faults.get("title")}>
          ${(/** @type {any} */ props) => html`<textarea ...${props} rows="2" autofocus=${!task} required ...${input("title")} onKeyDown=${oneLine}></textarea>`}
        <//>
        <div class="sheet-row">
          <${Field} name="status" label=${t("field.status")} fault=${faults.get("status")}>
            ${(/** @type {any} */ props) => html`<select ...${props} value=${form.status} onChange=${set("status")}>
              ${STATUSES.map((status) => html`<option key=${status} value=${status} selected=${form.status === status}>${t(`status.${status}`)}</option>`)}
            </select>`}
          <//>
          <${Field} name="priority" label=${t("field.priority")} fault=${faults.get("priority")}>
            ${(/** @type {any} */ props) => html`<select ...${props} value=${form.priority} onChange=${set("priority")}>
              ${PRIORITIES.map((priority) => html`<option key=${priority} value=${priority} selected=${form.priority === priority}>${t(`priority.${priority}`)}</option>`)}
            </select>`}
          <//>
        </div>
        <${Field} name="assignee" label=${t("field.assignee")} fault=${faults.get("assignee")}>
          ${(/** @type {any} */ props) => html`<input ...${props} list="assignees" autocomplete="off" ...${input("assignee")} />`}
        <//>
        <datalist id="assignees">${store.assignees.value.map((name) => html`<option key=${name} value=${name}></option>`)}</datalist>
        <div class="sheet-row">
          <${Field} name="due_date" label=${t("field.due_day")} fault=${faults.get("due_date")}>
            ${(/** @type {any} */ props) => html`<input type="date" ...${props} ...${input("day")} />`}
          <//>
          <${Field} name="due_time" label=${t("field.due_time")}>
            ${(/** @type {any} */ props) => html`<input type="time" ...${props} disabled=${!form.day} ...${input("time")} />`}
          <//>
        </div>
        <${Field} name="description" label=${t("field.description")} fault=${faults.get("description")}>
          ${(/** @type {any} */ props) => html`<textarea ...${props} rows="7" ...${input("description")}></textarea>`}
        <//>
        ${task && html`<${Facts} task=${task} />`}
      </div>
      ${asking
        ? html`<footer class="dialog-foot" role="alert">
            <p>${t("sheet.discard.question")}</p>
            <button type="button" class="button" data-test="keep-editing" onClick=${() => setAsking(false)}>${t("sheet.keep")}</button>
            <button type="button" class="button danger" data-test="discard" onClick=${close}>${t("sheet.discard")}</button>
          </footer>`
        : html`<footer class="dialog-foot">
            ${task &&
            html`<button
              type="button"
              class="button quiet danger"
              data-test="delete"
              onClick=${() => {
                remove(task);
                close();
              }}
            >
              ${t("sheet.delete")}
            </button>`}
            <button type="submit" class="button primary" data-test="save" aria-busy=${saving}>${t(task ? "sheet.save" : "sheet.create")}</button>
          </footer>`}
    </form>
  <//>`;
}

/** A title has one line; Enter saves. @param {KeyboardEvent} event */
function oneLine(event) {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  /** @type {HTMLTextAreaElement} */ (event.currentTarget).form?.requestSubmit();
}

/** What the service gives a task. @param {{task: Task}} props */
function Facts({ task }) {
  if (!task.version) return null;
  return html`<dl class="facts">
    <div><dt>${t("field.created_at")}</dt><dd>${instant(task.created_at)}</dd></div>
    <div><dt>${t("field.updated_at")}</dt><dd>${instant(task.updated_at)}</dd></div>
    ${task.completed_at && html`<div><dt>${t("field.completed_at")}</dt><dd>${instant(task.completed_at)}</dd></div>`}
    <div><dt>${t("field.version")}</dt><dd>${task.version}</dd></div>
  </dl>`;
}
