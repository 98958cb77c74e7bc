import { Field } from "./field.js";
import { h } from "./h.js";

/** @import { LevelElement } from "./base.js" */
/** @import { Level, LevelDraft, LevelsPreview } from "../types.js" */

const LONGEST_NAME = 30;

/** One level as it is edited. */
export class EditorRow {
  #level;
  #preview = h("span", { part: "preview", class: "preview" });
  /** @type {LevelsPreview["levels"][number] | null} */ #previewed = null;

  /** @param {number} level */
  constructor(level) {
    this.#level = level;
    this.name = new Field(`name-${level}`, { part: "field" });
    this.threshold = new Field(`threshold-${level}`, { part: "field", inputmode: "numeric", readonly: level === 1 });
    this.root = h(
      "li",
      { part: "row" },
      h("span", { class: "circle", "aria-hidden": "true" }, level),
      h("div", null, this.name.input, this.name.error),
      h("div", null, this.threshold.input, this.threshold.error),
      this.#preview,
    );
  }

  /** @returns {LevelDraft} */
  get draft() {
    const threshold = this.threshold.input.value.trim();
    // What is no number is for the service to refuse: NaN goes as null.
    return { level: this.#level, name: this.name.input.value, threshold: threshold === "" ? NaN : Number(threshold) };
  }

  /** @param {Level} level */
  fill({ name, threshold }) {
    this.name.input.value = name;
    this.threshold.input.value = String(threshold);
    this.clear();
  }

  clear() {
    this.name.fail();
    this.threshold.fail();
  }

  /** @param {LevelsPreview["levels"][number] | null} level */
  preview(level) {
    this.#previewed = level;
  }

  /** @param {LevelElement} host */
  show(host) {
    const level = this.#level;
    this.name.input.ariaLabel = host.text("nameOf", { level });
    this.threshold.input.ariaLabel = host.text("thresholdOf", { level });
    // As the service counts: characters, not the units of UTF-16.
    const isTooLong = [...this.name.input.value.trim()].length > LONGEST_NAME;
    if (isTooLong) this.name.fail(host.text("TOO_LONG"));
    const { members_now: now = 0, members_then: then = 0 } = this.#previewed ?? {};
    const { count } = host.formats;
    this.#preview.hidden = !this.#previewed;
    this.#preview.classList.toggle("changed", now !== then);
    this.#preview.replaceChildren(
      h(
        "span",
        { "aria-hidden": "true" },
        now === then ? count.format(now) : `${count.format(now)} → ${count.format(then)}`,
      ),
      h("span", { class: "visually-hidden" }, host.text("change", { before: now, after: then })),
    );
  }
}
