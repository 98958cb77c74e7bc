import { element } from "./base.js";
import { h } from "./h.js";
import { sheet } from "./theme.js";

/** @import { Problem } from "../client/problem.js" */
/** @import { LevelElement } from "./base.js" */
/** @import { PointHistory, PointHistoryEntry, StateTexts } from "../types.js" */

const PAGE = 20;
/** @type {StateTexts} */
const TEXTS = { empty: "noHistory", error: "failed", forbidden: "historyForbidden" };

/** How a member came to their points, newest first. */
export class PointsHistory extends element({ userId: String, pageSize: Number }, TEXTS) {
  static styles = sheet(`
:host { border: 1px solid var(--_card-border); border-radius: var(--_radius); background: var(--_surface); overflow: hidden }
li { display: grid; grid-template-columns: minmax(0, 1fr) auto; column-gap: 16px; padding: 10px 16px }
li + li { border-block-start: 1px solid var(--_card-border) }
li:focus-visible { outline-offset: -2px }
.source { font-weight: 500; overflow-wrap: anywhere }
.points { font-weight: 600; justify-self: end; font-variant-numeric: tabular-nums }
.capped { font-weight: 400 }
.when, .total, .capped { color: var(--_muted); font-size: 12px; line-height: 16px; overflow-wrap: anywhere }
.total { justify-self: end }
.more { display: flex; justify-content: center; padding: 12px; border-block-start: 1px solid var(--_card-border) }
.waiting { display: grid; gap: 20px; padding: 20px 16px }
.bone { inline-size: 60% }
`);

  #list = h("ol", { role: "list" });
  #more = h("button", { part: "more", onclick: () => this.#readMore() });
  #footer = h("div", { class: "more", hidden: true }, this.#more);
  #waiting = h("div", { class: "waiting" }, ...Array.from({ length: 3 }, () => h("p", { class: "bone" }, "\u2002")));
  content = [this.#waiting, this.#list, this.#footer];
  /** @type {Row[]} */ #rows = [];
  /** @type {string | null} */ #cursor = null;
  #abort = new AbortController();
  #hasFailed = false;

  isFilled() {
    return this.#rows.length > 0;
  }

  clear() {
    for (const { root } of this.#rows.splice(0)) root.remove();
    this.#cursor = null;
  }

  load() {
    this.clear();
    this.#abort = new AbortController();
    this.#read();
    return this.userId && (() => this.#abort.abort());
  }

  #readMore() {
    if (!this.#more.ariaDisabled) this.#read();
  }

  /** What follows the entries that are shown. */
  async #read() {
    const { userId, api } = this;
    const { signal } = this.#abort;
    if (!userId) return;
    this.#more.ariaDisabled = "true"; // `disabled` would take the focus away
    try {
      const page = await api.history(userId, { signal, cursor: this.#cursor, limit: this.pageSize ?? PAGE });
      if (signal.aborted) return;
      this.#hasFailed = false;
      this.#append(page);
    } catch (problem) {
      if (signal.aborted) return;
      this.#hasFailed = this.isFilled();
      this.failed(/** @type {Problem} */ (problem));
    }
    this.#more.ariaDisabled = null;
  }

  /** @param {PointHistory} page */
  #append({ entries, next_cursor }) {
    const hadFocus = this.shadowRoot?.activeElement === this.#more;
    const rows = entries.map((entry) => new Row(entry));
    this.#list.append(...rows.map(({ root }) => root));
    this.#rows.push(...rows);
    this.#cursor = next_cursor;
    this.settle(this.isFilled() ? "ready" : "empty");
    // The button goes with the last page; its focus goes to what it brought.
    if (hadFocus && !next_cursor) rows[0]?.root.focus();
  }

  update() {
    this.#list.ariaLabel = this.text("history");
    this.#list.hidden = !this.isFilled();
    this.#waiting.hidden = this.state !== "loading";
    for (const row of this.#rows) row.show(this);
    this.#footer.hidden = !this.#cursor;
    this.#more.textContent = this.text(this.#hasFailed ? "failedMore" : "loadMore");
  }
}

class Row {
  #entry;
  #source = h("span", { part: "source", class: "source" });
  #points = h("span", { part: "points", class: "points" });
  #when;
  #total = h("span", { part: "total", class: "total" });

  /** @param {PointHistoryEntry} entry */
  constructor(entry) {
    this.#entry = entry;
    this.#when = h("time", { class: "when", datetime: entry.occurred_at });
    this.root = h("li", { part: "row", tabindex: -1 }, this.#source, this.#points, this.#when, this.#total);
  }

  /** @param {LevelElement} host */
  show(host) {
    const { source, reason, points, occurred_at, total_after, capped } = this.#entry;
    const { change, date } = host.formats;
    this.#source.textContent = reason ? `${host.text(source)}: ${reason}` : host.text(source);
    // Before the number: numbers stay below each other.
    const why = h("span", { part: "capped", class: "capped" }, host.text("capped"));
    this.#points.replaceChildren(...(capped ? [why, " "] : []), change.format(points));
    this.#when.textContent = date.format(new Date(occurred_at));
    this.#total.textContent = host.text("total", { count: total_after });
  }
}
