/**
 * A modal dialog: the browser's own, which holds the focus and gives it back.
 */

import { html, useEffect, useRef } from "./html.js";

/**
 * @param {object} props
 * @param {string} props.name a class, and what tests find it by
 * @param {string} props.labelledby the id of its heading
 * @param {() => void} props.onClose Escape, or a press beside it
 * @param {any} props.children
 */
export function Dialog({ name, labelledby, onClose, children }) {
  const ref = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    ref.current?.showModal();
    // It is taken away without being closed, and so the focus would stay nowhere.
    return () => {
      const there = before?.isConnected && before !== document.body;
      (there ? before : document.getElementById("main"))?.focus({ preventScroll: true });
    };
  }, []);

  /** @param {MouseEvent} event */
  function pressed(event) {
    if (event.target === ref.current) onClose();
  }

  /** A browser lets a second Escape close it whatever is said; then it is asked for again if it is to stay. */
  function closed() {
    onClose();
    requestAnimationFrame(() => {
      if (ref.current?.isConnected && !ref.current.open) ref.current.showModal();
    });
  }

  return html`<dialog
    ref=${ref}
    class=${`dialog ${name}`}
    data-test=${name}
    aria-labelledby=${labelledby}
    onCancel=${(/** @type {Event} */ event) => {
      event.preventDefault();
      onClose();
    }}
    onClose=${closed}
    onMouseDown=${pressed}
  >
    <div class="dialog-body">${children}</div>
  </dialog>`;
}
