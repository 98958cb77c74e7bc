import { Problem } from "../client/problem.js";
import { element } from "./base.js";
import { h } from "./h.js";
import { sheet } from "./theme.js";

/** @import { EditorForm } from "./level-editor-form.js" */
/** @import { Levels, StateTexts } from "../types.js" */

/** @type {StateTexts} */
const TEXTS = { error: "failed", forbidden: "editorForbidden" };

/** Names and thresholds of the levels, for admins: nobody else loads the form. */
export class LevelEditor extends element({}, TEXTS) {
  static styles = sheet(`
:host { container-type: inline-size }
.waiting { display: grid; gap: 12px; padding: 24px; border-radius: var(--_radius); background: var(--_surface) }
.waiting .bone { block-size: 36px }
`);

  #waiting = h("div", { class: "waiting" }, ...Array.from({ length: 9 }, () => h("div", { class: "bone" })));
  content = [this.#waiting];
  /** @type {EditorForm | null} */ #form = null;

  isFilled() {
    return !!this.#form;
  }

  clear() {
    this.#form?.root.remove();
    this.#form = null;
  }

  load() {
    return this.api.watchLevels((levels) => void this.#received(levels), this.failed);
  }

  /** @param {Levels} levels */
  async #received(levels) {
    if (levels.current_user_role !== "ADMIN") {
      this.clear();
      return this.settle("forbidden");
    }
    try {
      const { EditorForm, styles } = await import("./level-editor-form.js");
      if (!this.#form) {
        this.#form = new EditorForm(this);
        if (styles && !this.shadowRoot?.adoptedStyleSheets.includes(styles))
          this.shadowRoot?.adoptedStyleSheets.push(styles);
        this.#waiting.after(this.#form.root);
      }
      this.#form.take(levels);
      this.settle("ready");
    } catch (cause) {
      this.failed(new Problem({ code: "OFFLINE", detail: "The form could not be loaded", cause }));
    }
  }

  update() {
    this.#waiting.hidden = this.state !== "loading";
    this.#form?.show();
  }
}
