/**
 * Two people changed the same task: both versions side by side, and the choice, field by field.
 */

import { outbox, store } from "./app.js";
import { Dialog } from "./dialog.js";
import { dueText } from "./due-date.js";
import { html, useEffect, useState } from "./html.js";
import { t } from "./i18n.js";
import { FIELDS, same } from "./task.js";

/**
 * @typedef {import("./task.js").Task} Task
 * @typedef {import("./task.js").Change} Change
 * @typedef {keyof Change} FieldName
 */

/**
 * A field's value, for a person.
 *
 * @param {FieldName} field
 * @param {string | null | undefined} value
 */
export function shown(field, value) {
  if (value === null || value === undefined || value === "") return html`<em>${t("field.none")}</em>`;
  if (field === "due_date") return dueText(value, store.now.value);
  if (field === "status" || field === "priority") return t(/** @type {import("./i18n.js").Key} */ (`${field}.${value}`));
  return value;
}

/** @param {{op: import("./outbox.js").Op}} props */
export function Conflict({ op }) {
  const theirs = store.server.get(op.id);
  void store.tasks.value;
  const [mine, setMine] = useState(/** @type {Set<FieldName>} */ (new Set(/** @type {FieldName[]} */ (Object.keys(op.change)))));
  const giveUp = () => outbox.resolve(op, null);
  // Deleted while the person was choosing: there is nothing left to choose.
  useEffect(() => {
    if (!theirs) outbox.vanish(op);
  }, [theirs === undefined]);
  if (!theirs) return null;
  if (op.kind === "delete") return html`<${Deleted} op=${op} theirs=${theirs} giveUp=${giveUp} />`;

  const fields = FIELDS.filter((field) => field in op.change);
  /** @param {FieldName} field @param {boolean} own */
  function choose(field, own) {
    const next = new Set(mine);
    if (own) next.add(field);
    else next.delete(field);
    setMine(next);
  }
  function save() {
    const kept = fields.filter((field) => mine.has(field) && !same(field, op.change[field], theirs?.[field]));
    outbox.resolve(op, kept.length > 0 ? Object.fromEntries(kept.map((field) => [field, op.change[field]])) : null);
  }
  return html`<${Dialog} name="conflict" labelledby="conflict-title" onClose=${giveUp}>
    <header class="dialog-head"><h2 id="conflict-title" tabindex="-1" autofocus>${t("conflict.title")}</h2></header>
    <p>${t("conflict.text", { title: theirs.title })}</p>
    <table class="versions">
      <thead>
        <tr><th scope="col">${t("conflict.field")}</th><th scope="col">${t("conflict.mine")}</th><th scope="col">${t("conflict.theirs")}</th></tr>
      </thead>
      <tbody>
        ${FIELDS.map((field) => {
          const name = t(`field.${field}`);
          const differs = field in op.change && !same(field, op.change[field], theirs[field]);
          if (!differs) {
            return html`<tr key=${field} class="alike"><th scope="row">${name}</th><td colspan="2">${shown(field, theirs[field])}</td></tr>`;
          }
          const cell = (/** @type {boolean} */ own) => html`<td>
            <label class="version">
              <input
                type="radio"
                name=${`choice-${field}`}
                data-test=${`choose-${field}-${own ? "mine" : "theirs"}`}
                aria-label=${t(own ? "conflict.choose.mine" : "conflict.choose.theirs", { field: name })}
                checked=${mine.has(field) === own}
                onChange=${() => choose(field, own)}
              />
              <span>${shown(field, own ? op.change[field] : theirs[field])}</span>
            </label>
          </td>`;
          return html`<tr key=${field} class="differs"><th scope="row">${name}</th>${cell(true)}${cell(false)}</tr>`;
        })}
      </tbody>
    </table>
    <footer class="dialog-foot">
      <button type="button" class="button" data-test="keep-theirs" onClick=${giveUp}>${t("conflict.keep.theirs")}</button>
      <button type="button" class="button primary" data-test="save-choice" onClick=${save}>${t("conflict.save")}</button>
    </footer>
  <//>`;
}

/**
 * The task that the person deleted is another by now.
 *
 * @param {{op: import("./outbox.js").Op, theirs: Task, giveUp: () => void}} props
 */
function Deleted({ op, theirs, giveUp }) {
  return html`<${Dialog} name="conflict" labelledby="conflict-title" onClose=${giveUp}>
    <header class="dialog-head"><h2 id="conflict-title" tabindex="-1" autofocus>${t("conflict.title")}</h2></header>
    <p>${t("conflict.delete", { title: theirs.title })}</p>
    <table class="versions">
      <thead>
        <tr><th scope="col">${t("conflict.field")}</th><th scope="col">${t("conflict.seen")}</th><th scope="col">${t("conflict.now")}</th></tr>
      </thead>
      <tbody>
        ${FIELDS.map((field) => {
          const name = html`<th scope="row">${t(`field.${field}`)}</th>`;
          const differs = op.seen !== undefined && !same(field, op.seen[field], theirs[field]);
          if (!differs) return html`<tr key=${field} class="alike">${name}<td colspan="2">${shown(field, theirs[field])}</td></tr>`;
          return html`<tr key=${field} class="differs">${name}<td>${shown(field, op.seen?.[field])}</td><td>${shown(field, theirs[field])}</td></tr>`;
        })}
      </tbody>
    </table>
    <footer class="dialog-foot">
      <button type="button" class="button danger" data-test="delete-anyway" onClick=${() => outbox.resolve(op, {})}>${t("conflict.delete.anyway")}</button>
      <button type="button" class="button primary" data-test="keep-theirs" onClick=${giveUp}>${t("conflict.keep.theirs")}</button>
    </footer>
  <//>`;
}
