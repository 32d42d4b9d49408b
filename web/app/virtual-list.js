/**
 * Long lists: only what is in sight is drawn.
 */

import { useCallback, useLayoutEffect, useRef, useState } from "./html.js";

/** Rows beyond the edges, so that scrolling meets them drawn. */
const BEYOND = 6;
/** The first and last row drawn are multiples of this: most steps of a scroll draw nothing. */
const STEP = 4;

/** The size of the letter m at the root, by which a person may enlarge everything, in pixels. */
export const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

/**
 * Which of `count` rows, each `pitch` pixels high, are to be drawn.
 *
 * @param {number} count
 * @param {number} pitch
 * @param {number} [before] what stands above the first row within the scrolled element, in pixels
 */
export function useWindow(count, pitch, before = 0) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const [range, setRange] = useState({ first: 0, last: 24 });

  const measure = useCallback(() => {
    const element = ref.current;
    if (!element) return;
    const top = Math.max(0, element.scrollTop - before);
    const first = Math.max(0, Math.floor((top / pitch - BEYOND) / STEP) * STEP);
    const last = Math.ceil(((top + element.clientHeight) / pitch + BEYOND) / STEP) * STEP;
    setRange((known) => (known.first === first && known.last === last ? known : { first, last }));
  }, [pitch, before]);

  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, [measure]);

  /**
   * Scrolls as little as is needed to bring a row into sight.
   *
   * @param {number} index
   */
  const reveal = (index) => {
    const element = ref.current;
    if (!element || index < 0) return;
    const top = before + index * pitch;
    if (top - before < element.scrollTop) element.scrollTop = top - before;
    else if (top + pitch > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + pitch - element.clientHeight;
    }
  };

  const last = Math.min(range.last, count);
  return { ref, first: Math.min(range.first, last), last, reveal };
}

/**
 * The rows to draw: those in sight, and the one with the focus, which must not vanish under it.
 *
 * @param {number} first
 * @param {number} last
 * @param {number} focused an index, or -1
 * @param {number} count
 * @returns {number[]}
 */
export function drawn(first, last, focused, count) {
  const rows = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  if (focused >= 0 && focused < count && focused < first) rows.unshift(focused);
  else if (focused >= last && focused < count) rows.push(focused);
  return rows;
}
