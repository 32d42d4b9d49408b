/**
 * The schema that this instance runs on.
 */

import { html, useEffect, useState } from "../app/html.js";

/** @param {import("../app/views.js").ViewProps} props */
export default function Schema({ api, t }) {
  const [health, setHealth] = useState(/** @type {any} */ (null));
  useEffect(() => {
    api.get("/health").then(setHealth, () => setHealth(null));
  }, []);
  return html`<section class="page" aria-labelledby="schema-title">
    <h1 id="schema-title">${t("view.schema")}</h1>
    ${health && html`<p>${health.schema_state} · ${health.schema_version}</p>`}
  </section>`;
}
