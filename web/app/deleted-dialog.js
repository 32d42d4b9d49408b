/**
 * A task that someone else deleted while this person changed it: what they wrote, and whether it is to be a new task.
 */

import { outbox } from "./app.js";
import { shown } from "./conflict.js";
import { Dialog } from "./dialog.js";
import { html, useState } from "./html.js";
import { t } from "./i18n.js";
import { FIELDS } from "./task.js";
import { announce } from "./toasts.js";

/** @param {{op: import("./outbox.js").Op}} props */
export function Gone({ op }) {
  // Escape is no answer: it would throw away what was written.
  const [asked, setAsked] = useState(0);
  const version = { ...op.seen, ...op.change };
  /** @param {boolean} again */
  function choose(again) {
    outbox.restore(op, again);
    announce(t(again ? "task.created" : "gone.discarded", { title: op.title }));
  }
  return html`<${Dialog} name="conflict" labelledby="gone-title" onClose=${() => setAsked(asked + 1)}>
    <header class="dialog-head"><h2 id="gone-title" tabindex="-1" autofocus>${t("gone.title")}</h2></header>
    <p>${t("gone.text", { title: op.seen?.title ?? op.title })}</p>
    <table class="versions">
      <tbody>
        ${FIELDS.map((field) => html`<tr key=${field} class=${field in op.change ? "differs" : "alike"}>
          <th scope="row">${t(`field.${field}`)}</th>
          <td>${shown(field, version[field])}${field in op.change && html`${" "}<small>${t("gone.changed")}</small>`}</td>
        </tr>`)}
      </tbody>
    </table>
    ${asked > 0 && html`<p key=${asked} class="notice" role="alert" data-test="gone-choose">${t("gone.choose")}</p>`}
    <footer class="dialog-foot">
      <button type="button" class="button danger" data-test="gone-discard" onClick=${() => choose(false)}>${t("gone.discard")}</button>
      <button type="button" class="button primary" data-test="gone-again" onClick=${() => choose(true)}>${t("gone.again")}</button>
    </footer>
  <//>`;
}
