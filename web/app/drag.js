/**
 * Dragging a card with a mouse, a pen or a finger. The card's picture follows the pointer without anything being
 * drawn again; only the drop changes what is known.
 */

/** How far a mouse goes before a press is a drag, in pixels. */
const SLACK = 5;
/** How long a finger rests before it lifts a card, in milliseconds; a quicker one scrolls. */
const HOLD = 260;
/** Near an edge the board scrolls by itself: how near, and how far at each frame, in pixels. */
const EDGE = 40;
const CREEP = 10;

/**
 * @typedef {object} Drag
 * @property {HTMLElement} card
 * @property {HTMLElement} ghost
 * @property {number} dx where the pointer holds the card
 * @property {number} dy
 * @property {HTMLElement | null} over the column below the pointer
 */

/**
 * Lets the cards of a board be dragged between its columns.
 *
 * @param {HTMLElement} board holds elements with `data-column` and, within them, `data-id`
 * @param {(id: string, column: string) => void} drop
 * @returns {() => void} ends it
 */
export function dragging(board, drop) {
  /** @type {Drag | null} */
  let drag = null;
  /** @type {{card: HTMLElement, id: number, x: number, y: number, timer: any} | null} */
  let pressed = null;
  let x = 0;
  let y = 0;
  let frame = 0;

  /** @param {PointerEvent} event */
  function down(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const card = /** @type {HTMLElement | null} */ (target.closest("[data-id]"));
    if (!card || drag || event.button !== 0 || !event.isPrimary || target.closest("select, .check")) return;
    [x, y] = [event.clientX, event.clientY];
    const timer = event.pointerType === "mouse" ? undefined : setTimeout(lift, HOLD);
    pressed = { card, id: event.pointerId, x, y, timer };
  }

  function lift() {
    if (!pressed) return;
    const { card, id } = pressed;
    const box = card.getBoundingClientRect();
    const ghost = /** @type {HTMLElement} */ (card.cloneNode(true));
    ghost.className += " ghost";
    ghost.removeAttribute("data-id");
    ghost.removeAttribute("data-test");
    ghost.setAttribute("aria-hidden", "true");
    ghost.style.width = `${box.width}px`;
    ghost.style.height = `${box.height}px`;
    document.body.append(ghost);
    board.setPointerCapture(id);
    board.classList.add("dragging");
    card.classList.add("lifted");
    drag = { card, ghost, dx: pressed.x - box.left, dy: pressed.y - box.top, over: null };
    follow();
    creep();
  }

  function follow() {
    if (!drag) return;
    drag.ghost.style.transform = `translate(${x - drag.dx}px, ${y - drag.dy}px)`;
    const below = document.elementFromPoint(x, y)?.closest("[data-column]") ?? null;
    const over = /** @type {HTMLElement | null} */ (board.contains(below) ? below : null);
    if (over === drag.over) return;
    drag.over?.classList.remove("target");
    over?.classList.add("target");
    drag.over = over;
  }

  /** Scrolls what is wider than the window, while the pointer is at its edge. */
  function creep() {
    if (!drag) return;
    const box = board.getBoundingClientRect();
    if (x > box.right - EDGE) board.scrollLeft += CREEP;
    else if (x < box.left + EDGE) board.scrollLeft -= CREEP;
    frame = requestAnimationFrame(creep);
  }

  /** @param {PointerEvent} event */
  function moved(event) {
    if (!pressed || event.pointerId !== pressed.id) return;
    [x, y] = [event.clientX, event.clientY];
    if (drag) follow();
    else if (Math.hypot(x - pressed.x, y - pressed.y) > SLACK) {
      if (event.pointerType === "mouse") lift();
      else release();
    }
  }

  /** @param {PointerEvent} event */
  function up(event) {
    if (!pressed || event.pointerId !== pressed.id) return;
    const { id } = pressed.card.dataset;
    const to = drag?.over?.dataset.column;
    // The click that follows a drag opens nothing.
    if (drag) addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }));
    release();
    if (id && to) drop(id, to);
  }

  /** @param {Event} event */
  function swallow(event) {
    event.preventDefault();
    event.stopPropagation();
  }

  function release() {
    clearTimeout(pressed?.timer);
    cancelAnimationFrame(frame);
    if (drag) {
      drag.ghost.remove();
      drag.card.classList.remove("lifted");
      drag.over?.classList.remove("target");
      board.classList.remove("dragging");
    }
    drag = null;
    pressed = null;
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    if (event.key !== "Escape" || !drag) return;
    event.stopPropagation();
    release();
  }

  /** A finger that holds a card does not scroll. @param {TouchEvent} event */
  const touched = (event) => drag && event.cancelable && event.preventDefault();
  /** Nor does it select or open the browser's menu. @param {Event} event */
  const menu = (event) => drag && event.preventDefault();

  board.addEventListener("pointerdown", down);
  addEventListener("pointermove", moved);
  addEventListener("pointerup", up);
  addEventListener("pointercancel", release);
  addEventListener("keydown", key, true);
  board.addEventListener("touchmove", touched, { passive: false });
  board.addEventListener("contextmenu", menu);
  board.addEventListener("dragstart", swallow);
  return () => {
    release();
    board.removeEventListener("pointerdown", down);
    removeEventListener("pointermove", moved);
    removeEventListener("pointerup", up);
    removeEventListener("pointercancel", release);
    removeEventListener("keydown", key, true);
    board.removeEventListener("touchmove", touched);
    board.removeEventListener("contextmenu", menu);
    board.removeEventListener("dragstart", swallow);
  };
}
