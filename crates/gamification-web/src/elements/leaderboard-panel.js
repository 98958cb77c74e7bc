import { element } from "./base.js";
import { Board, boardStyles } from "./board.js";
import { h } from "./h.js";
import { sheet } from "./theme.js";

/** @import { Holding, LeaderboardEntry, Leaderboards, Period, StateTexts } from "../types.js" */

/** @type {Record<Period, "seven_day" | "thirty_day" | "all_time">} */
const BOARDS = { "seven-day": "seven_day", "thirty-day": "thirty_day", "all-time": "all_time" };

const attributes = {
  period: String,
  entries: /** @type {Holding<readonly LeaderboardEntry[]>} */ (Object),
  yourRank: /** @type {Holding<LeaderboardEntry>} */ (Object),
  highlightUser: String,
  linked: Boolean,
};

/** @type {StateTexts} */
const TEXTS = { empty: "noRankings", error: "boardFailed", forbidden: "forbidden" };

/** The best of a community, and one's own rank. */
export class LeaderboardPanel extends element(attributes, TEXTS) {
  static styles = sheet(`${boardStyles}
.your-rank h3 { padding: 8px 16px; border-block: 1px solid var(--_card-border); color: var(--_muted); font-size: 12px; font-weight: 500; line-height: 16px }
`);

  #heading = h("h2", { part: "heading" });
  /** @type {Board} */ #board = new Board(this);
  /** @type {Board} */ #own = new Board(this);
  #yourRank = h("h3");
  #ownSection = h("div", { part: "your-rank", class: "your-rank", hidden: true }, this.#yourRank, this.#own.root);
  #section = h("section", null, h("slot", { name: "heading" }, this.#heading), this.#board.root, this.#ownSection);
  content = [this.#section];

  /** @type {Leaderboards | null} */ #boards = null;

  isFilled() {
    return !!(this.entries || this.#boards);
  }

  clear() {
    this.#boards = null;
  }

  load() {
    const { watchLeaderboards } = this.api;
    return (
      !this.isGiven("entries") &&
      watchLeaderboards((boards) => {
        this.#boards = boards; // all three: another period asks for nothing
        this.settle("ready");
      }, this.failed)
    );
  }

  update() {
    const period = /** @type {Period} */ (this.period !== null && this.period in BOARDS ? this.period : "all-time");
    const board = this.#boards?.[BOARDS[period]];
    const entries = board?.entries ?? this.entries;
    const own = board?.your_rank ?? this.yourRank;
    // Boards also have those with no points: a board of them alone ranks nobody.
    if (entries) this.setAttribute("state", entries.some(({ points }) => points > 0) ? "ready" : "empty");
    const { state } = this;
    const isReady = state === "ready";
    const look = {
      isSmall: false,
      isWindow: period !== "all-time",
      isLinked: this.linked,
      own: this.highlightUser ?? this.client?.userId ?? null,
    };
    this.#heading.textContent = this.#section.ariaLabel = this.text(period);
    this.#board.show(state === "loading" ? Array(5).fill(null) : isReady && entries ? entries : [], look);
    this.#board.root.hidden = state !== "loading" && !isReady;
    this.#ownSection.hidden = !isReady || !own;
    this.#yourRank.textContent = this.text("yourRank");
    this.#own.show(isReady && own ? [own] : [], { ...look, own: own?.user_id ?? null });
  }
}
