/**
 * The schema that this instance runs on: its state, what that means and what fixes it, the database's version
 * against the program's, what is pending, and the history.
 */

import { html, useCallback, useEffect, useState } from "../app/html.js";
import { styled } from "../app/lazy-styles.js";
import { History } from "./schema/history.js";
import { State } from "./schema/state.js";

/**
 * @typedef {{version: number, description: string}} Pending
 * @typedef {object} Line
 * @property {number} version
 * @property {string} description
 * @property {"applied" | "unfinished" | "pending" | "unknown"} state
 * @property {string | null} applied_at
 * @property {number | null} seconds
 * @property {string | null} kind
 * @property {string | null} program
 * @property {boolean | null} same_file
 *
 * @typedef {{state: string, head: number | null, target: number | null, pending: Pending[],
 *   concerns: {version: number, reason: string}[], missing: string[], history: Line[]}} Migrations
 * @typedef {{status: string, database: string, version: string, environment: string, schema_state: string | null,
 *   schema_version: number | null, target_version: number | null, pending_migrations: Pending[] | null}} Health
 */

/** How often the service is asked again, in milliseconds: it looks at its schema every ten seconds itself. */
const AGAIN = 5_000;

await styled("styles/page.css", "styles/schema.css");

/** @param {import("../app/views.js").ViewProps} props */
export default function SchemaView({ api, t, lang }) {
  const { health, migrations, failed } = useSchema(api);
  const connected = health?.database === "connected";
  const state = health && (connected ? (migrations?.state ?? health.schema_state ?? "unknown") : "unreachable");
  const head = migrations?.head ?? health?.schema_version ?? null;
  const target = migrations?.target ?? health?.target_version ?? null;
  const pending = migrations?.pending ?? health?.pending_migrations ?? [];
  return html`<section class="page schema" aria-labelledby="schema-title">
    <h1 id="schema-title">${t("view.schema")}</h1>
    ${failed && html`<p class="notice" role="alert">${t("schema.failed", { detail: failed })}</p>`}
    ${!health && !failed && html`<p class="notice" role="status">${t("view.loading")}</p>`}
    ${health && state && html`
      <${State} state=${state} concerns=${connected ? (migrations?.concerns ?? []) : []} missing=${connected ? (migrations?.missing ?? []) : []} t=${t} />
      <dl class="schema-versions">
        <div><dt>${t("schema.head")}</dt><dd><code>${head ?? t("schema.none")}</code></dd></div>
        <div class=${head === target ? "same" : "other"}>
          <dt class="visually-hidden">${t("schema.compared")}</dt>
          <dd><span class="sign" aria-hidden="true">${head === target ? "=" : "≠"}</span><span class="visually-hidden">${
            t(head === target ? "schema.same" : "schema.other")}</span></dd>
        </div>
        <div><dt>${t("schema.target")}</dt><dd><code>${target ?? t("schema.none")}</code></dd></div>
        <div><dt>${t("schema.program")}</dt><dd>${health.version}</dd></div>
        <div><dt>${t("schema.environment")}</dt><dd>${health.environment}</dd></div>
      </dl>
      <section aria-labelledby="schema-pending">
        <h2 id="schema-pending">${t("schema.pending")}</h2>
        ${!connected && html`<p>${t("schema.unknown.pending")}</p>`}
        ${connected && pending.length === 0 && html`<p>${t("schema.pending.none")}</p>`}
        ${pending.length > 0 && html`<ol class="schema-pending">${pending.map(({ version, description }) =>
          html`<li key=${version}><code>${version}</code>${" "}${description}</li>`)}</ol>`}
      </section>
      ${migrations && html`<${History} lines=${migrations.history} t=${t} lang=${lang} />`}`}
  </section>`;
}

/**
 * What the service says of its schema, again and again.
 *
 * @param {import("../app/api.js").Api} api
 */
function useSchema(api) {
  const [health, setHealth] = useState(/** @type {Health | null} */ (null));
  const [migrations, setMigrations] = useState(/** @type {Migrations | null} */ (null));
  const [failed, setFailed] = useState("");
  const ask = useCallback(async () => {
    const [healthy, listed] = await Promise.allSettled([checkUp(), api.get("/migrations")]);
    if (healthy.status === "fulfilled") setHealth(healthy.value);
    if (listed.status === "fulfilled") setMigrations(listed.value);
    const missed = [healthy, listed].find((asked) => asked.status === "rejected");
    // Without a database there is no history to be had, and the state says so already.
    const known = healthy.status === "fulfilled" && healthy.value.database !== "connected";
    setFailed(missed?.status === "rejected" && !known ? String(missed.reason?.message ?? missed.reason) : "");
  }, [api]);
  useEffect(() => {
    ask();
    const timer = setInterval(ask, AGAIN);
    return () => clearInterval(timer);
  }, [ask]);
  return { health, migrations, failed };
}

/**
 * `/health`, whose 503 has the same members as its 200: no problem, an answer.
 *
 * @returns {Promise<Health>}
 */
async function checkUp() {
  const response = await fetch("/health", { headers: { accept: "application/json" } });
  return response.json();
}
