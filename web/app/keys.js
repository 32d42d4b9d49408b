/**
 * The keyboard: single keys from anywhere, which can be turned off, and the help that names them all.
 */

import { draft, keysOpen, quickAdd } from "./app.js";
import { Dialog } from "./dialog.js";
import { html, signal } from "./html.js";
import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { navigate } from "./route.js";
import { VIEW_NAMES } from "./views.js";

const STORED = "taskmanager.keys";

/** Whether single keys do anything. */
const single = signal(localStorage.getItem(STORED) !== "off");

/** @type {Record<string, () => void>} */
const KEYS = {
  n: () => (quickAdd.value = {}),
  "/": () => /** @type {HTMLElement | null} */ (document.querySelector("#search"))?.focus(),
  "?": () => (keysOpen.value = true),
  ...Object.fromEntries(VIEW_NAMES.map((view, index) => [String(index + 1), () => navigate({ view })])),
};

/** Begins to listen. */
export function listenForKeys() {
  addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!single.value || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]") || draft.value) return;
    if (target.matches("input, textarea, select, [contenteditable]")) return;
    const run = KEYS[event.key];
    if (!run) return;
    event.preventDefault();
    run();
  });
}

/** @type {[string[], import("./i18n.js").Key][]} */
const HELP = [
  [["n"], "keys.new"],
  [["/"], "keys.search"],
  [["1", "2", "3", "4"], "keys.views"],
  [["?"], "keys.help"],
  [["←", "↑", "→", "↓"], "keys.arrows"],
  [["Alt", "← →"], "keys.move"],
  [["Enter"], "keys.enter"],
  [["Delete"], "keys.delete"],
  [["Esc"], "keys.escape"],
];

/** The help. */
export function Keys() {
  const close = () => (keysOpen.value = false);
  return html`<${Dialog} name="keys" labelledby="keys-title" onClose=${close}>
    <header class="dialog-head">
      <h2 id="keys-title" tabindex="-1" autofocus>${t("keys.title")}</h2>
      <button type="button" class="icon-button" data-test="close" aria-label=${t("sheet.close")} onClick=${close}><${Icon} name="close" /></button>
    </header>
    <dl class="keys-list">
      ${HELP.map(
        ([keys, what]) => html`<div key=${what}>
          <dt>${keys.map((key) => html`<kbd>${key}</kbd>`)}</dt>
          <dd>${t(what)}</dd>
        </div>`,
      )}
    </dl>
    <label class="switch">
      <input
        type="checkbox"
        data-test="single-keys"
        checked=${single.value}
        onChange=${(/** @type {any} */ event) => {
          single.value = event.currentTarget.checked;
          localStorage.setItem(STORED, single.value ? "on" : "off");
        }}
      />
      <span>${t("keys.single")} <small>${t("keys.single.hint")}</small></span>
    </label>
  <//>`;
}
