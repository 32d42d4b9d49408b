/**
 * The search field: what is typed is in the URL, without a step back for each letter.
 */

import { store } from "./app.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { t } from "./i18n.js";
import { Icon } from "./icons.js";
import { navigate, route } from "./route.js";

/** How long typing must pause before the list follows, in milliseconds; short lists follow at once. */
const PAUSE = 60;

export function Search() {
  const known = route.value.q ?? "";
  const [text, setText] = useState(known);
  const timer = useRef(/** @type {any} */ (0));
  const own = useRef(known);
  // Back, forward and "clear" change it from outside; what comes from here must not overtake the typing.
  useEffect(() => {
    // What it is now: effects run a little later than what they belong to.
    const now = route.peek().q ?? "";
    if (now === own.current) return;
    clearTimeout(timer.current);
    own.current = now;
    setText(now);
  }, [known]);

  /** @param {string} to */
  function search(to) {
    setText(to);
    clearTimeout(timer.current);
    const go = () => {
      own.current = to;
      navigate({ q: to }, { replace: known !== "" && to !== "" });
    };
    if (store.tasks.value.size < 1000) go();
    else timer.current = setTimeout(go, PAUSE);
  }

  return html`<form role="search" class="search" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <${Icon} name="search" />
    <input
      id="search"
      type="search"
      data-test="search"
      aria-label=${t("search.label")}
      placeholder=${t("search.placeholder")}
      autocomplete="off"
      spellcheck=${false}
      maxlength="200"
      value=${text}
      onInput=${(/** @type {any} */ event) => search(event.currentTarget.value)}
      onKeyDown=${(/** @type {any} */ event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        if (text) search("");
        else event.currentTarget.blur();
      }}
    />
    <kbd aria-hidden="true">/</kbd>
  </form>`;
}
