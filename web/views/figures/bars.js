/**
 * A chart of a few kinds, which is its own table: each row has its bar.
 */

import { html, useId } from "../../app/html.js";
import { number } from "../../app/i18n.js";

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.head what the rows are kinds of
 * @param {{name: string, value: number, kind: string}[]} props.rows
 * @param {number} props.total what a whole bar stands for
 * @param {string} [props.note]
 * @param {import("../../app/i18n.js").Translate} props.t
 * @param {string} props.lang
 */
export function Bars({ title, head, rows, total, note, t, lang }) {
  const id = useId();
  const share = new Intl.NumberFormat(lang, { style: "percent" });
  const of = (/** @type {number} */ value) => (total > 0 ? value / total : 0);
  return html`<section class="bars" aria-labelledby=${id}>
    <h2 id=${id}>${title}</h2>
    <table aria-labelledby=${id}>
      <thead class="visually-hidden"><tr>
        <th scope="col">${head}</th><th scope="col">${t("figures.tasks")}</th><th scope="col">${t("figures.share")}</th>
      </tr></thead>
      <tbody>${rows.map(({ name, value, kind }) => html`<tr key=${kind + name}>
        <th scope="row">${name}</th>
        <td class="bars-value">${number(value)}</td>
        <td class="bars-share"><div>
          <svg class=${`share ${kind}`} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="share-whole" width="100" height="8" />
            <rect class="share-part" width=${of(value) * 100} height="8" />
          </svg>
          <span>${share.format(of(value))}</span></div>
        </td>
      </tr>`)}</tbody>
    </table>
    ${note && html`<p class="figures-note">${note}</p>`}
  </section>`;
}
