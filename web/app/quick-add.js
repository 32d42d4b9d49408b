/**
 * The quick add: a line that makes a task of each Enter.
 */

import { create, draft, quickAdd } from "./app.js";
import { Dialog } from "./dialog.js";
import { html, useState } from "./html.js";
import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { isVisible, PRIORITIES } from "./task.js";

/** @typedef {import("./task.js").Change} Change */

/**
 * Takes `!high` and `@name` out of a line; what is left is the title. A priority is taken in the present language
 * and in English, with or without accents.
 *
 * @param {string} line
 * @returns {Change}
 */
function read(line) {
  /** @type {Change} */
  const change = {};
  const plain = (/** @type {string} */ text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const words = line.split(/\s+/).filter((word) => {
    const priority = PRIORITIES.find((known) => [`!${known}`, plain(`!${t(`priority.${known}`)}`)].includes(plain(word)));
    if (priority) change.priority = priority;
    const assignee = /^@(\S+)$/.exec(word)?.[1];
    if (assignee) change.assignee = assignee.replaceAll("_", " ");
    return !priority && !assignee;
  });
  change.title = words.join(" ");
  return change;
}

/** @param {{begin: Change}} props */
export function QuickAdd({ begin }) {
  const [line, setLine] = useState("");
  const [last, setLast] = useState("");
  const [fault, setFault] = useState("");
  const close = () => (quickAdd.value = null);

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    const change = { ...begin, ...read(line) };
    if (!change.title || !isVisible(change.title)) return;
    setLine("");
    setFault("");
    setLast(change.title);
    const outcome = await create(change).outcome();
    if (outcome.kind !== "refused") return;
    // What was written is not lost, unless the next is being written.
    setLine((now) => now || line);
    setLast("");
    setFault(outcome.problem.message);
  }

  return html`<${Dialog} name="quick-add" labelledby="quick-add-title" onClose=${close}>
    <h2 id="quick-add-title" class="visually-hidden">${t("quick.label")}</h2>
    <form onSubmit=${submit}>
      <${Icon} name=${begin.status ?? "todo"} />
      <input
        data-test="quick-title"
        autofocus
        autocomplete="off"
        aria-label=${t("field.title")}
        aria-describedby="quick-hint"
        placeholder=${t("quick.placeholder")}
        value=${line}
        onInput=${(/** @type {any} */ event) => setLine(event.currentTarget.value)}
      />
      <button type="submit" class="button primary" data-test="quick-submit">${t("quick.add")}</button>
    </form>
    <footer>
      <p id="quick-hint">${t("quick.hint")}</p>
      <button
        type="button"
        class="button quiet"
        data-test="quick-more"
        onClick=${() => {
          draft.value = { ...begin, ...read(line) };
          close();
        }}
      >
        ${t("quick.more")}
      </button>
    </footer>
    ${last && html`<p class="quick-last" role="status"><${Icon} name="done" />${t("task.created", { title: last })}</p>`}
    ${fault && html`<p class="fault" role="alert">${t("sheet.refused", { detail: fault })}</p>`}
  <//>`;
}
