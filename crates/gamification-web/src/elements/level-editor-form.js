import { Problem } from "../client/problem.js";
import { h } from "./h.js";
import { EditorRow } from "./level-editor-row.js";
import { sheet } from "./theme.js";

/** @import { LevelElement } from "./base.js" */
/** @import { Client, FieldError, Level, Levels, MessageKey } from "../types.js" */

export const styles = sheet(`
form { max-inline-size: 720px; padding: 24px; border-radius: var(--_radius); background: var(--_surface) }
h2 { margin-block-end: 16px; font-size: 18px; font-weight: 600; line-height: 28px }
li, .head { display: grid; grid-template-columns: 32px minmax(0, 1fr) 112px minmax(0, 120px); gap: 4px 12px; align-items: start }
li { padding-block: 6px }
.head { color: var(--_muted); font-size: 12px; line-height: 16px; font-weight: 500 }
.circle { display: grid; place-content: center; inline-size: 32px; block-size: 32px; margin-block: 2px; border-radius: 50%; background: var(--_accent); color: var(--_on-accent); font-weight: 600 }
input { inline-size: 100%; block-size: 36px; padding-inline: 10px; border: 1px solid var(--_field); border-radius: 6px; background: var(--_surface) }
input[readonly] { background: var(--_card); color: var(--_muted-strong); border-color: var(--_card-border) }
input[aria-invalid] { border-color: var(--_error) }
.error { margin-block-start: 4px; color: var(--_error); font-size: 12px; line-height: 16px }
.preview { align-self: center; color: var(--_muted); font-size: 12px; white-space: nowrap; font-variant-numeric: tabular-nums; direction: ltr }
.changed { color: var(--_text); font-weight: 600 }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; margin-block-start: 16px }
.primary { border-color: var(--_accent); background: var(--_accent); color: var(--_on-accent) }
.primary:hover { background: color-mix(in srgb, var(--_accent) 88%, #000) }
.status { color: var(--_muted-strong); flex: 1 1 160px }
.conflict { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 12px; margin-block-start: 16px; padding: 12px; border: 1px solid var(--_current-border); border-radius: var(--_radius); background: var(--_current) }
.conflict p { flex: 1 1 200px }
@container (max-width: 479px) {
  form { padding: 16px }
  li, .head { grid-template-columns: 32px minmax(0, 1fr) 80px }
  .preview { grid-column: 2 / -1; align-self: start }
}
`);

/** The fields of the editor, and what becomes of what is in them. */
export class EditorForm {
  #host;
  #rows = Array.from({ length: 9 }, (_, index) => new EditorRow(index + 1));
  #heading = h("h2", { part: "heading" });
  #columns = [h("span"), h("span")];
  #preview = h("button", { type: "button", part: "button", onclick: () => this.#dryRun() });
  #save = h("button", { type: "submit", part: "button", class: "primary" });
  #status = h("p", { class: "status", role: "status" });
  #progress = h("span", { "aria-hidden": "true" });
  #theirs = h("button", { type: "button", part: "button", onclick: () => this.#resolve(false) });
  #mine = h("button", { type: "button", part: "button", onclick: () => this.#resolve(true) });
  #conflict = h("p");
  #conflictBox = h("div", { class: "conflict", role: "alert", hidden: true }, this.#conflict, this.#theirs, this.#mine);
  root = h(
    "form",
    { onsubmit: (event) => this.#submit(event), oninput: (event) => this.#edited(event) },
    this.#heading,
    h("div", { class: "head", "aria-hidden": "true" }, h("span"), ...this.#columns),
    h("ol", { role: "list" }, ...this.#rows.map(({ root }) => root)),
    this.#conflictBox,
    h(
      "div",
      { class: "actions" },
      this.#save,
      this.#preview,
      h("div", { class: "status" }, this.#status, this.#progress),
    ),
  );
  /** What the fields were filled with. @type {Levels | null} */ #base = null;
  /** What was said last. @type {[key: MessageKey, values?: Record<string, number>] | null} */ #said = null;
  #isBusy = false;
  #isLifting = false;

  /** @param {LevelElement} host */
  constructor(host) {
    this.#host = host;
  }

  /** What is being edited stays as it is. @param {Levels} levels */
  take(levels) {
    if (!this.#base || !this.#isUnlike(this.#base.levels)) this.#fill(levels);
    const { done = 0, of = 0 } = levels.recalculation ?? {};
    this.#progress.textContent = levels.recalculating && of ? this.#host.formats.percent.format(done / of) : "";
    if (levels.recalculating || this.#isLifting) this.#say(levels.recalculating ? "lifting" : "saved");
    this.#isLifting = levels.recalculating;
  }

  get #drafts() {
    return this.#rows.map(({ draft }) => draft);
  }

  /** Whether the fields hold something else. @param {readonly Pick<Level, "name" | "threshold">[]} levels */
  #isUnlike(levels) {
    return this.#drafts.some(({ name, threshold }, index) => {
      const level = levels[index];
      return name !== level?.name || threshold !== level.threshold;
    });
  }

  /** @param {Levels} levels */
  #fill(levels) {
    this.#base = levels;
    if (!this.#isUnlike(levels.levels)) return;
    for (const [index, row] of this.#rows.entries()) {
      const level = levels.levels[index];
      if (level) row.fill(level);
    }
  }

  /** @param {Event} event */
  #edited({ target }) {
    for (const row of this.#rows) {
      row.preview(null); // it was of something else
      for (const field of [row.name, row.threshold]) if (field.input === target) field.fail();
    }
    this.#said = null;
    this.#host.changed();
  }

  /** @param {MessageKey} key @param {Record<string, number>} [values] */
  #say(key, values) {
    this.#said = [key, values];
    this.#host.changed();
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    this.#store();
  }

  /**
   * One request at a time; what it is refused for is shown where it belongs.
   * @param {(client: Client) => Promise<void>} work
   * @returns {Promise<boolean>} whether it was done
   */
  async #during(work) {
    if (this.#isBusy) return false;
    this.#isBusy = true;
    this.#conflictBox.hidden = true;
    for (const row of this.#rows) row.clear();
    this.#host.changed();
    try {
      await work(this.#host.api);
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#refused(error);
      return false;
    } finally {
      this.#isBusy = false;
      this.#host.changed();
    }
  }

  #dryRun() {
    return this.#during(async (client) => {
      const preview = await client.previewLevels(this.#drafts);
      for (const [index, row] of this.#rows.entries()) row.preview(preview.levels[index] ?? null);
      const count = preview.level_up_count;
      this.#say(count ? "rise" : "nobodyRises", { count });
    });
  }

  #store() {
    return this.#during(async (client) => {
      this.#say("saving");
      const drafts = this.#drafts;
      const levels = await client.setLevels(drafts, { ifMatch: this.#base ? client.etag(this.#base) : undefined });
      if (this.#isUnlike(drafts))
        this.#base = levels; // typed on meanwhile
      else this.#fill(levels);
      for (const row of this.#rows) row.preview(null);
      this.#isLifting = levels.recalculating;
      this.#say(levels.recalculating ? "lifting" : "saved");
      this.#host.emit("levels-saved", { levels });
    });
  }

  /** @param {boolean} mine what is in the fields replaces what somebody else has saved */
  async #resolve(mine) {
    const isDone = await this.#during(async (client) => {
      const theirs = await client.levels();
      if (mine) this.#base = theirs;
      else this.#fill(theirs);
      this.#said = null;
    });
    if (mine && isDone) await this.#store();
    this.#rows[0]?.name.input.focus();
  }

  /** @param {Problem} problem */
  #refused(problem) {
    this.#said = null;
    if (problem.status === 412) this.#conflictBox.hidden = false;
    else if (problem.status === 422) this.#mark(problem.errors);
    else if (problem.code === "RECALCULATING") this.#say("recalculating");
    else {
      this.#say("notSaved");
      this.#host.emit("gamification-error", { problem });
    }
  }

  /** @param {readonly FieldError[]} errors each with its place, such as #/levels/2/threshold */
  #mark(errors) {
    const fields = errors.flatMap(({ pointer, code, detail }) => {
      const [, index, name] = /^#\/levels\/(\d)\/(name|threshold)$/.exec(pointer) ?? [];
      const field = this.#rows[Number(index)]?.[/** @type {"name" | "threshold"} */ (name)];
      field?.fail(this.#host.text(code, {}, detail));
      return field ? [field] : [];
    });
    fields[0]?.input.focus();
    this.#say("invalid");
  }

  show() {
    this.#heading.textContent = this.#host.text("editor");
    for (const [index, key] of /** @type {const} */ (["name", "threshold"]).entries())
      this.#columns[index]?.replaceChildren(this.#host.text(key));
    for (const row of this.#rows) row.show(this.#host);
    for (const [button, key] of /** @type {[HTMLElement, MessageKey][]} */ ([
      [this.#save, "save"],
      [this.#preview, "preview"],
      [this.#theirs, "theirs"],
      [this.#mine, "mine"],
    ])) {
      button.textContent = this.#host.text(key);
      button.ariaDisabled = this.#isBusy ? "true" : null;
    }
    this.#conflict.textContent = this.#host.text("conflict");
    const said = this.#said ? this.#host.text(...this.#said) : "";
    // The same text again would be read again.
    if (this.#status.textContent !== said) this.#status.textContent = said;
  }
}
