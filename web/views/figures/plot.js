/**
 * The drawing of a chart over days: uPlot, in the page's colours, as wide as its place.
 */

import uPlot from "../../vendor/uplot/uPlot.js";

/** @typedef {import("../figures.js").Day} Day */

/** In CSS pixels. */
const HEIGHT = 200;
const DAY = 86_400;
/** Steps between the lines of the grid. */
const DAY_STEPS = [1, 2, 7, 14, 28, 61, 92, 183].map((days) => days * DAY);
const STEPS = [1, 2, 5].flatMap((digit) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6].map((ten) => digit * ten)).sort((a, b) => a - b);

/**
 * Draws into an element until `destroy`.
 *
 * @param {HTMLElement} place
 * @param {object} how
 * @param {("created" | "completed" | "open")[]} how.keys what is drawn of a day
 * @param {"bars" | "area"} how.kind
 * @param {(seconds: number) => string} how.day a short name of a day
 * @param {(value: number) => string} how.number
 * @param {(index: number | null) => void} how.onPoint the day that the pointer is on
 */
export function plot(place, { keys, kind, day, number, onPoint }) {
  const colour = (/** @type {string} */ name) => () => getComputedStyle(place).getPropertyValue(`--chart-${name}`).trim();
  const size = () => ({ width: Math.max(place.clientWidth, 120), height: HEIGHT });
  const axis = {
    stroke: colour("text"),
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { show: false },
    font: `12px ${getComputedStyle(place).fontFamily}`,
  };
  const chart = new uPlot({
    ...size(),
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: kind === "area" } },
    scales: {
      // Half a day on each side, for the first and the last bar.
      x: { time: false, range: (_, from, to) => (kind === "bars" ? [from - DAY / 2, to + DAY / 2] : [from, to]) },
      y: { range: (_, __, most) => [0, Math.max(most * 1.05, 4)] },
    },
    axes: [
      { ...axis, incrs: DAY_STEPS, space: 64, size: 28, grid: { show: false }, values: (_, splits) => splits.map(day) },
      { ...axis, incrs: STEPS, space: 32, size: (_, values) => 16 + 7 * Math.max(1, ...(values ?? []).map((v) => v.length)),
        values: (_, splits) => splits.map(number) },
    ],
    series: [
      {},
      ...keys.map((key, index) => ({
        stroke: colour(key),
        fill: colour(`${key}-fill`),
        width: kind === "area" ? 2 : 1,
        points: { show: false },
        // Two bars stand back to back at their day.
        paths: kind === "area" ? uPlot.paths.linear?.() : uPlot.paths.bars?.({
          size: [0.42, 28], align: index === 0 ? -1 : 1 }),
      })),
    ],
    hooks: { setCursor: [(/** @type {uPlot} */ u) => onPoint(u.cursor.idx ?? null)] },
  }, [[], ...keys.map(() => [])], place);

  const resized = new ResizeObserver(() => {
    if (size().width !== chart.width) chart.setSize(size());
  });
  resized.observe(place);
  // The colours are the style sheet's, which knows the scheme; the drawing has to be told.
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const redraw = () => chart.redraw(true, true);
  scheme.addEventListener("change", redraw);

  return {
    /** @param {Day[]} days */
    show(days) {
      chart.setData([days.map(({ date }) => Date.parse(date) / 1000), ...keys.map((key) => days.map((of) => of[key]))]);
    },
    destroy() {
      resized.disconnect();
      scheme.removeEventListener("change", redraw);
      chart.destroy();
    },
  };
}
