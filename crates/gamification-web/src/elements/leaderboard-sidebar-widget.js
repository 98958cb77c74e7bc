import { element } from "./base.js";
import { Board, boardStyles } from "./board.js";
import { h, set } from "./h.js";
import { sheet } from "./theme.js";

/** @import { Holding, LeaderboardEntry } from "../types.js" */

const attributes = {
  entries: /** @type {Holding<readonly LeaderboardEntry[]>} */ (Object),
  href: String,
  linked: Boolean,
};

/** The best five of the last 30 days; where there is nothing to show, nothing. */
export class LeaderboardSidebarWidget extends element(attributes, {}) {
  static styles = sheet(`${boardStyles}
:host(:not([state=ready], [state=loading])) { display: none }
ol { padding-block: 6px }
li { gap: 8px; padding-block: 6px }
.name, .points, .rank { font-size: 12px; line-height: 16px }
.avatar { font-size: 10px }
a { display: block; padding: 10px 16px; border-block-start: 1px solid var(--_card-border); color: var(--_link); font-size: 12px; font-weight: 500; line-height: 16px; text-decoration: none }
a:hover { text-decoration: underline }
a:focus-visible { outline-offset: -2px }
`);

  #heading = h("h2", { part: "heading" });
  /** @type {Board} */ #board = new Board(this);
  #link = h("a", { part: "link" });
  #section = h("section", null, h("slot", { name: "heading" }, this.#heading), this.#board.root, this.#link);
  content = [this.#section];

  isFilled() {
    return !!this.entries;
  }

  load() {
    const { watchLeaderboardWidget } = this.api;
    return (
      !this.isGiven("entries") &&
      watchLeaderboardWidget(({ entries }) => this.settle("ready", { entries }), this.failed)
    );
  }

  update() {
    const { entries, href } = this;
    if (entries) this.setAttribute("state", entries.some(({ points }) => points > 0) ? "ready" : "empty");
    const isBusy = this.state === "loading";
    this.#heading.textContent = this.#section.ariaLabel = this.text("thirty-day");
    const look = { isSmall: true, isWindow: true, isLinked: this.linked, own: this.client?.userId ?? null };
    this.#board.show(isBusy ? Array(5).fill(null) : (entries ?? []), look);
    this.#link.hidden = !href;
    this.#link.textContent = this.text("allBoards");
    set(this.#link, "href", href);
  }
}
