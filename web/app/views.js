/**
 * The views, in the order of the navigation. A view is a module whose default export is a component that gets
 * `{ store, api, t, lang, route, navigate }`; those that are not there at once come when they are first looked at.
 */

import Board from "../views/board.js";
import List from "../views/list.js";
import { html, useEffect, useState } from "./html.js";

/**
 * @typedef {object} ViewProps
 * @property {import("./store.js").Store} store
 * @property {import("./api.js").Api} api
 * @property {import("./i18n.js").Translate} t
 * @property {import("./i18n.js").Lang} lang
 * @property {import("./route.js").Route} route
 * @property {typeof import("./route.js").navigate} navigate
 *
 * @typedef {(props: ViewProps) => any} View
 * @typedef {"board" | "list" | "figures" | "schema"} ViewName
 */

/** @type {Record<ViewName, View>} */
export const VIEWS = {
  board: Board,
  list: List,
  figures: lazy(() => import("../views/figures.js")),
  schema: lazy(() => import("../views/schema.js")),
};

export const VIEW_NAMES = /** @type {ViewName[]} */ (Object.keys(VIEWS));

/**
 * A view whose module is fetched when it is first drawn.
 *
 * @param {() => Promise<{default: View}>} load
 * @returns {View}
 */
function lazy(load) {
  /** @type {Promise<{default: View}> | undefined} */
  let loading;
  return function Lazy(props) {
    const [loaded, setLoaded] = useState(/** @type {{View: View | null, failed: boolean}} */ ({ View: null, failed: false }));
    useEffect(() => {
      loading ??= load();
      loading.then(
        (module) => setLoaded({ View: module.default, failed: false }),
        () => {
          loading = undefined;
          setLoaded({ View: null, failed: true });
        },
      );
    }, []);
    if (loaded.failed) return html`<p class="notice" role="alert">${props.t("view.failed")}</p>`;
    if (!loaded.View) return html`<p class="notice" role="status">${props.t("view.loading")}</p>`;
    return html`<${loaded.View} ...${props} />`;
  };
}
