/**
 * Every migration: when it was applied and in how long.
 */

import { html } from "../../app/html.js";
import { formatDate } from "../../app/i18n.js";

/** @typedef {import("../schema.js").Line} Line */

/**
 * @param {object} props
 * @param {Line[]} props.lines the oldest first
 * @param {import("../../app/i18n.js").Translate} props.t
 * @param {string} props.lang
 */
export function History({ lines, t, lang }) {
  return html`<section aria-labelledby="schema-history">
    <h2 id="schema-history">${t("schema.history")}</h2>
    <div class="scroll" role="region" aria-labelledby="schema-history" tabindex="0">
      <table aria-labelledby="schema-history">
        <thead><tr>
          <th scope="col">${t("schema.migration")}</th>
          <th scope="col">${t("schema.standing")}</th>
          <th scope="col">${t("schema.applied")}</th>
          <th scope="col">${t("schema.took")}</th>
        </tr></thead>
        <tbody>${lines.toReversed().map((line) => html`<tr key=${line.version} class=${line.state}>
          <th scope="row">${line.description}<br /><code>${line.version}</code></th>
          <td>${standing(line, t)}</td>
          <td>${line.applied_at
            ? html`<time datetime=${line.applied_at}>${
              formatDate(new Date(line.applied_at), { dateStyle: "medium", timeStyle: "short" })}</time>`
            : "–"}</td>
          <td>${line.seconds === null ? "–" : duration(line.seconds, lang)}</td>
        </tr>`)}</tbody>
      </table>
    </div>
  </section>`;
}

/**
 * @param {Line} line
 * @param {import("../../app/i18n.js").Translate} t
 */
function standing(line, t) {
  if (line.state === "applied" && line.kind === "stamped") return t("schema.standing.stamped");
  if (line.state === "applied" && line.same_file === false) return t("schema.standing.edited");
  return t(`schema.standing.${line.state}`);
}

/**
 * A span of time to two or three digits.
 *
 * @param {number} seconds
 * @param {string} lang
 */
function duration(seconds, lang) {
  const [unit, value] =
    seconds < 1 ? ["millisecond", seconds * 1000] : seconds < 120 ? ["second", seconds] : ["minute", seconds / 60];
  const digits = { maximumSignificantDigits: /** @type {number} */ (value) < 100 ? 2 : 3 };
  return new Intl.NumberFormat(lang, { style: "unit", unit: String(unit), unitDisplay: "short", ...digits }).format(Number(value));
}
