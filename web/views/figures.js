/**
 * The figures: how many tasks are in which state.
 */

import { html } from "../app/html.js";

/** @param {import("../app/views.js").ViewProps} props */
export default function Figures({ store, t }) {
  const tasks = [...store.tasks.value.values()];
  const count = (/** @type {string} */ status) => tasks.filter((task) => task.status === status).length;
  return html`<section class="page" aria-labelledby="figures-title">
    <h1 id="figures-title">${t("view.figures")}</h1>
    <dl>
      <dt>${t("status.todo")}</dt><dd>${count("todo")}</dd>
      <dt>${t("status.in_progress")}</dt><dd>${count("in_progress")}</dd>
      <dt>${t("status.done")}</dt><dd>${count("done")}</dd>
    </dl>
  </section>`;
}
