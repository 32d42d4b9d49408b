/**
 * The state of the schema, in a sign, a word, a sentence and, where something is to be fixed, a command.
 */

import { html } from "../../app/html.js";

/** @typedef {import("../../app/i18n.js").Key} Key */

/**
 * How grave each state is, which the sign shows by its shape, and the commands that fix it.
 *
 * @type {Record<string, {grave: "good" | "wait" | "bad", commands: string[]}>}
 */
const STATES = {
  current: { grave: "good", commands: [] },
  ahead_compatible: { grave: "good", commands: ["taskmanager migrate history"] },
  behind: { grave: "wait", commands: ["taskmanager migrate plan", "taskmanager migrate up"] },
  failed: { grave: "bad", commands: ["taskmanager migrate status", "taskmanager migrate up"] },
  ahead_incompatible: { grave: "bad", commands: ["taskmanager migrate history", "taskmanager restore"] },
  diverged: { grave: "bad", commands: ["taskmanager migrate status"] },
  drifted: { grave: "bad", commands: ["taskmanager migrate status", "taskmanager restore"] },
  unreachable: { grave: "bad", commands: ["taskmanager migrate doctor"] },
  unknown: { grave: "wait", commands: ["taskmanager migrate status"] },
};

/** A tick in a circle, an hourglass, an exclamation mark in a triangle. */
const SIGNS = {
  good: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20Zm-1.4 14.4-4-4 1.5-1.5 2.5 2.5 5.3-5.3 1.5 1.5-6.8 6.8Z",
  wait: "M6 2h12v5l-4.2 5 4.2 5v5H6v-5l4.2-5L6 7V2Zm2.2 2v2.3l3.8 4.6 3.8-4.6V4H8.2Z",
  bad: "M12 2 1 21h22L12 2Zm-1 7h2v6h-2V9Zm0 7.5h2v2h-2v-2Z",
};

/**
 * @param {object} props
 * @param {string} props.state as the API names it, or `unreachable`
 * @param {{version: number, reason: string}[]} props.concerns what is wrong with which version, in the program's words
 * @param {string[]} props.missing tables and columns
 * @param {import("../../app/i18n.js").Translate} props.t
 */
export function State({ state, concerns, missing, t }) {
  const known = STATES[state] ? state : "unknown";
  const { grave, commands } = STATES[known];
  return html`<div class=${`schema-state ${grave}`} role="status">
    <svg viewBox="0 0 24 24" aria-hidden="true"><path d=${SIGNS[grave]} fill-rule="evenodd" /></svg>
    <div>
      <p class="schema-word"><strong>${t(/** @type {Key} */ (`schema.state.${known}`))}</strong>${" "}<code>${state}</code></p>
      <p>${t(/** @type {Key} */ (`schema.means.${known}`))}</p>
      ${concerns.length > 0 && html`<ul class="schema-concerns" lang="en">${concerns.map(({ version, reason }) =>
        html`<li key=${version}><code>${version}</code>${" "}${reason}</li>`)}</ul>`}
      ${missing.length > 0 && html`<p>${t("schema.missing")}${" "}${missing.map((name, index) =>
        html`${index > 0 && ", "}<code key=${name}>${name}</code>`)}</p>`}
      ${commands.length > 0 && html`<p>${t(grave === "good" ? "schema.look" : "schema.fix")}</p>
        <ul class="schema-commands">${commands.map((command) => html`<li key=${command}><code>${command}</code></li>`)}</ul>`}
    </div>
  </div>`;
}
