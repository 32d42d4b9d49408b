/**
 * A labelled field with the fault that the service found in it.
 */

import { html } from "./html.js";

/**
 * @param {object} props
 * @param {string} props.name the field's name in the API
 * @param {string} props.label
 * @param {string} [props.fault]
 * @param {(props: object) => any} props.children draws the control with the properties that tie it to the label
 */
export function Field({ name, label, fault, children }) {
  const id = `field-${name}`;
  const props = {
    id,
    name,
    "data-test": id,
    "aria-invalid": fault ? "true" : undefined,
    "aria-describedby": fault ? `${id}-fault` : undefined,
  };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${children(props)}
    ${fault && html`<p class="fault" id=${`${id}-fault`} data-test=${`fault-${name}`}>${fault}</p>`}
  </div>`;
}
