/**
 * Where the page begins.
 */

import { start } from "./app.js";
import { html, render } from "./html.js";
import { listenForKeys } from "./keys.js";
import { Shell } from "./shell.js";

const root = document.getElementById("app");
if (root) render(html`<${Shell} />`, root);
listenForKeys();
start();
