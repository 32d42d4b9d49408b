/**
 * The figures: how the tasks stand, what came and what was finished day by day, and what is late. Drawn, and as
 * tables that anybody can read.
 */

import { html, useCallback, useEffect, useRef, useSignalEffect, useState } from "../app/html.js";
import { number } from "../app/i18n.js";
import { Bars } from "./figures/bars.js";
import { Days } from "./figures/days.js";
import { styled } from "../app/lazy-styles.js";

/**
 * @typedef {{date: string, created: number, completed: number, open: number}} Day
 * @typedef {{todo: number, in_progress: number, done: number}} ByStatus
 * @typedef {{high: number, medium: number, low: number}} ByPriority
 * @typedef {{total: number, by_status: ByStatus, by_priority: ByPriority, overdue: number, completed_last_7_days: number}} Stats
 * @typedef {{stats: Stats, open: Stats, overdue: Stats, days: Day[]}} Figures
 */

/** What can be chosen, in days. */
const RANGES = [7, 30, 90, 365];
/** How long changes are gathered before the figures are asked for again, in milliseconds. */
const GATHER = 200;

await styled("vendor/uplot/uPlot.css", "styles/page.css", "styles/figures.css");

/** @param {import("../app/views.js").ViewProps} props */
export default function FiguresView({ store, api, t, lang, route, navigate }) {
  const range = RANGES.find((days) => String(days) === route.days) ?? 30;
  const { figures, failed, again } = useFigures(store, api, range);
  return html`<section class="page figures" aria-labelledby="figures-title">
    <h1 id="figures-title">${t("view.figures")}</h1>
    ${failed && html`<p class="notice" role="alert">
      ${t(figures ? "figures.stale" : "figures.failed", { detail: failed })}${" "}
      <button type="button" onClick=${again}>${t("figures.again")}</button>
    </p>`}
    ${!figures && !failed && html`<p class="notice" role="status">${t("view.loading")}</p>`}
    ${figures && figures.stats.total === 0 && html`<div class="figures-empty">
      <p><strong>${t("figures.empty")}</strong></p>
      <p>${t("figures.empty.hint")}</p>
      <p><a href="/" onClick=${(/** @type {Event} */ event) => {
        event.preventDefault();
        navigate({ view: null, days: null });
      }}>${t("figures.empty.board")}</a></p>
    </div>`}
    ${figures && figures.stats.total > 0 && html`<${Drawn} ...${{ figures, range, t, lang, navigate }} />`}
  </section>`;
}

/**
 * @param {{figures: Figures, range: number} & Pick<import("../app/views.js").ViewProps, "t" | "lang" | "navigate">} props
 */
function Drawn({ figures, range, t, lang, navigate }) {
  const { stats, open, overdue, days } = figures;
  const finished = days.reduce((sum, day) => sum + day.completed, 0);
  const created = days.reduce((sum, day) => sum + day.created, 0);
  const choose = (/** @type {Event & {currentTarget: HTMLSelectElement}} */ event) =>
    navigate({ days: event.currentTarget.value === "30" ? null : event.currentTarget.value }, { replace: true });
  return html`
    <dl class="figures-cards">
      <${Card} name=${t("figures.open")} value=${open.total} />
      <${Card} name=${t("status.in_progress")} value=${stats.by_status.in_progress} />
      <${Card} name=${t("figures.overdue")} value=${stats.overdue} late=${stats.overdue > 0} />
      <${Card} name=${t("figures.completed.week")} value=${stats.completed_last_7_days} />
    </dl>
    <div class="figures-bars">
      <${Bars} title=${t("figures.by_status")} head=${t("field.status")} total=${stats.total} t=${t} lang=${lang}
        rows=${(/** @type {const} */ (["todo", "in_progress", "done"])).map((status) => (
          { name: t(`status.${status}`), value: stats.by_status[status], kind: status }))} />
      <${Bars} title=${t("figures.by_priority")} head=${t("field.priority")} total=${open.total} t=${t} lang=${lang}
        rows=${(/** @type {const} */ (["high", "medium", "low"])).map((priority) => (
          { name: t(`priority.${priority}`), value: open.by_priority[priority], kind: priority }))} />
      <${Bars} title=${t("figures.overdue.by_priority")} head=${t("field.priority")} total=${open.total} t=${t} lang=${lang}
        note=${stats.overdue === 0 ? t("figures.overdue.none") : ""}
        rows=${(/** @type {const} */ (["high", "medium", "low"])).map((priority) => (
          { name: t(`priority.${priority}`), value: overdue.by_priority[priority], kind: "overdue" }))} />
    </div>
    <p class="figures-range">
      <label for="figures-range">${t("figures.range")}</label>
      <select id="figures-range" value=${String(range)} onChange=${choose}>
        ${RANGES.map((days) => html`<option value=${String(days)}>${t("figures.days", { count: days })}</option>`)}
      </select>
      <span class="figures-note">${t("figures.utc")}</span>
    </p>
    <${Days} title=${t("figures.flow")} days=${days} t=${t} lang=${lang} kind="bars"
      summary=${t("figures.flow.summary", { created, completed: finished, count: days.length })}
      series=${[{ key: "created", name: t("figures.created") }, { key: "completed", name: t("figures.completed") }]} />
    <${Days} title=${t("figures.open.over_time")} days=${days} t=${t} lang=${lang} kind="area"
      summary=${t("figures.open.summary", { first: days[0]?.open ?? 0, last: days.at(-1)?.open ?? 0, count: days.length })}
      series=${[{ key: "open", name: t("figures.open") }]} />`;
}

/** @param {{name: string, value: number, late?: boolean}} props */
function Card({ name, value, late }) {
  return html`<div class=${late ? "figures-card late" : "figures-card"}><dt>${name}</dt><dd>${number(value)}</dd></div>`;
}

/**
 * The present figures, asked for again when a task changes, and as time makes tasks overdue.
 *
 * @param {import("../app/store.js").Store} store
 * @param {import("../app/api.js").Api} api
 * @param {number} range
 */
function useFigures(store, api, range) {
  const [figures, setFigures] = useState(/** @type {Figures | null} */ (null));
  const [failed, setFailed] = useState("");
  const asking = useRef({ timer: 0, round: 0, range });

  const ask = useCallback(async () => {
    const round = (asking.current.round += 1);
    try {
      const [stats, open, overdue, days] = await Promise.all([
        api.get("/tasks/stats"),
        api.get("/tasks/stats?status=todo,in_progress"),
        api.get("/tasks/stats?overdue=true"),
        api.get(`/tasks/stats/daily?days=${asking.current.range}`),
      ]);
      // A slow answer does not replace a later one.
      if (round !== asking.current.round) return;
      setFigures({ stats, open, overdue, days });
      setFailed("");
    } catch (error) {
      if (round === asking.current.round) setFailed(error instanceof Error ? error.message : String(error));
    }
  }, [api]);

  useEffect(() => {
    asking.current.range = range;
    ask();
    return () => {
      asking.current.round += 1;
      clearTimeout(asking.current.timer);
    };
  }, [range, ask]);
  useSignalEffect(() => {
    void store.tasks.value;
    void store.now.value;
    // Not put off by further changes: a steady stream of them would hold the figures back for ever.
    asking.current.timer ||= setTimeout(() => {
      asking.current.timer = 0;
      ask();
    }, GATHER);
  });
  return { figures, failed, again: ask };
}
