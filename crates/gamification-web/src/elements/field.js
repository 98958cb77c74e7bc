import { h, set } from "./h.js";

/** @import { Attributes } from "./h.js" */

/** A field and what is wrong with it. */
export class Field {
  /** @param {string} id @param {Attributes} [attributes] */
  constructor(id, attributes) {
    this.input = h("input", { id, ...attributes });
    this.error = h("p", { id: `${id}-error`, class: "error", hidden: true });
  }

  /** @param {string} [text] */
  fail(text) {
    this.error.textContent = text ?? "";
    this.error.hidden = !text;
    set(this.input, "aria-invalid", text && "true");
    set(this.input, "aria-describedby", text && this.error.id);
  }
}
