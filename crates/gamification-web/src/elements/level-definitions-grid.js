import { element } from "./base.js";
import { h, icon, LOCK } from "./h.js";
import { sheet } from "./theme.js";


/** @import { Holding } from "./base.js" */
/** @import { Client, Level, Levels } from "../types.js" */

const attributes = {
  levels: /** @type {Holding<readonly Level[]>} */ (Object),
  currentUserLevel: Number,
  heading: String,
  showPoints: Boolean,
};

/** The nine levels, and where one is. */
export class LevelDefinitionsGrid extends element(attributes) {
  static styles = sheet(`
:host { container-type: inline-size }
section { padding: 24px; border-radius: var(--_radius); background: var(--_surface) }
.heading { margin-block-end: 16px; font-size: 18px; font-weight: 600; line-height: 28px }
ol { display: grid; gap: 16px }
@container (min-width: 768px) { ol { grid-template-columns: repeat(3, minmax(0, 1fr)) } }
li { display: flex; align-items: center; gap: 12px; padding: 12px; border: 1px solid var(--_card-border); border-radius: var(--_radius); background: var(--_card) }
.circle { display: grid; flex: none; place-content: center; inline-size: 40px; block-size: 40px; border-radius: 50%;
  background: var(--_accent); color: var(--_on-accent); font-weight: 600 }
.locked .circle { background: var(--_locked); color: var(--_muted-strong) }
.current { border-color: var(--_current-border); background: var(--_current) }
.text { min-inline-size: 0; overflow-wrap: break-word }
.name { font-weight: 600 }
.detail { color: var(--_muted); font-size: 12px; line-height: 16px }
.current .detail { color: var(--_muted-strong) }
.busy li { border-color: transparent }
@media (forced-colors: active) { .current { outline: 2px solid Highlight } .circle { border: 1px solid } }
`);

  #heading = h("h2", { part: "heading", class: "heading" });
  #cards = Array.from({ length: 9 }, () => new Card());
  #section = h(
    "section",
    null,
    h("slot", { name: "heading" }, this.#heading),
    h("ol", { role: "list" }, ...this.#cards.map(({ root }) => root)),
  );
  content = [this.#section];

  isFilled() {
    return !!this.levels;
  }

  /** @param {Client} client */
  load(client) {
    return !this.isFilled() && client.watchLevels(this.#received, this.failed);
  }

  /** @param {Levels} levels */
  #received = (levels) => this.settle("ready", { levels: levels.levels, currentUserLevel: levels.current_user_level });

  update() {
    const { state, levels, heading, showPoints } = this;
    const isBusy = state === "loading";
    const own = this.currentUserLevel ?? Infinity; // who is at no level has none locked
    this.#heading.textContent = heading ?? this.text("levels");
    this.#section.ariaLabel = this.#heading.textContent;
    this.#section.ariaBusy = String(isBusy);
    this.#section.hidden = !isBusy && !levels;
    this.#section.classList.toggle("busy", isBusy);
    for (const [index, card] of this.#cards.entries()) {
      const level = levels?.[index];
      card.root.hidden = !isBusy && !level;
      card.wait(isBusy);
      if (!level) continue;
      card.mark(level.level, own, this.text("locked"));
      card.name.textContent = this.text("levelName", level);
      const share = this.text("share", { percent: this.formats.percent.format(level.member_percentage / 100) });
      card.detail.textContent = showPoints ? `${this.text("points", { count: level.threshold })} · ${share}` : share;
    }
  }
}

class Card {
  #lock = icon(LOCK, 20);
  #number = h("span");
  #circle = h("span", { part: "badge", class: "circle", "aria-hidden": "true" }, this.#number, this.#lock);
  #locked = h("span", { class: "visually-hidden" });
  name = h("span", { part: "name", class: "name" });
  detail = h("p", { part: "detail", class: "detail" });
  root = h(
    "li",
    { part: "card" },
    this.#circle,
    h("div", { class: "text" }, h("p", null, this.name, this.#locked), this.detail),
  );

  /** @param {boolean} isBusy */
  wait(isBusy) {
    for (const part of [this.#circle, this.name, this.detail]) part.classList.toggle("bone", isBusy);
    if (isBusy) this.name.textContent = this.detail.textContent = "\u2002".repeat(9);
    if (isBusy) this.#number.textContent = "";
    this.#lock.toggleAttribute("hidden", isBusy);
  }

  /** @param {number} level @param {number} own @param {string} locked */
  mark(level, own, locked) {
    const isLocked = level > own;
    this.root.classList.toggle("locked", isLocked);
    this.root.classList.toggle("current", level === own);
    this.root.ariaCurrent = level === own ? "true" : null;
    this.#number.textContent = String(level);
    this.#number.hidden = isLocked;
    this.#lock.toggleAttribute("hidden", !isLocked);
    this.#locked.textContent = isLocked ? `, ${locked}` : "";
  }
}
