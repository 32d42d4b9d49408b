/**
 * A chart over days with its legend, what the pointer is on, and the same figures as a table.
 */

import { html, useEffect, useId, useRef, useState } from "../../app/html.js";
import { formatDate, number } from "../../app/i18n.js";
import { plot } from "./plot.js";

/**
 * @typedef {import("../figures.js").Day} Day
 * @typedef {{key: "created" | "completed" | "open", name: string}} Series
 */

/**
 * A day of the service, which counts them in UTC.
 *
 * @param {string} date such as `2026-12-24`
 * @param {Intl.DateTimeFormatOptions} [options]
 */
const dayText = (date, options = { dateStyle: "medium" }) =>
  formatDate(new Date(`${date}T00:00:00Z`), { ...options, timeZone: "UTC" });

/**
 * @param {object} props
 * @param {string} props.title
 * @param {string} props.summary what the picture says, in a sentence
 * @param {Day[]} props.days
 * @param {Series[]} props.series
 * @param {"bars" | "area"} props.kind
 * @param {import("../../app/i18n.js").Translate} props.t
 * @param {string} props.lang
 */
export function Days({ title, summary, days, series, kind, t, lang }) {
  const id = useId();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const drawing = useRef(/** @type {ReturnType<typeof plot> | null} */ (null));
  const [at, setAt] = useState(/** @type {number | null} */ (null));

  useEffect(() => {
    if (!place.current) return undefined;
    const drawn = plot(place.current, {
      keys: series.map(({ key }) => key),
      kind,
      day: (seconds) => dayText(new Date(seconds * 1000).toISOString().slice(0, 10), { day: "numeric", month: "short" }),
      number,
      onPoint: setAt,
    });
    drawing.current = drawn;
    return () => drawn.destroy();
  }, [kind, lang]);
  useEffect(() => drawing.current?.show(days), [days, kind, lang]);

  // Beside the picture, not in it: the days may have become fewer since the pointer came.
  const day = at === null ? undefined : days[at];
  return html`<section class="days" aria-labelledby=${id}>
    <h2 id=${id}>${title}</h2>
    <ul class="legend" aria-hidden="true">
      ${series.map(({ key, name }) => html`<li key=${key}><span class=${`swatch ${key}`}></span>${name}</li>`)}
    </ul>
    <div class="plot" role="img" aria-label=${summary} ref=${place}></div>
    <p class="reading" aria-hidden="true">${day
      ? `${dayText(day.date)}: ${series.map(({ key, name }) => `${name} ${number(day[key])}`).join(", ")}`
      : summary}</p>
    <details>
      <summary>${t("figures.table", { title })}</summary>
      <div class="scroll" role="region" aria-labelledby=${id} tabindex="0">
        <table aria-labelledby=${id}>
          <thead><tr>
            <th scope="col">${t("figures.day")}</th>
            ${series.map(({ key, name }) => html`<th key=${key} scope="col">${name}</th>`)}
          </tr></thead>
          <tbody>${days.toReversed().map((row) => html`<tr key=${row.date}>
            <th scope="row"><time datetime=${row.date}>${dayText(row.date)}</time></th>
            ${series.map(({ key }) => html`<td key=${key}>${number(row[key])}</td>`)}
          </tr>`)}</tbody>
        </table>
      </div>
    </details>
  </section>`;
}
