import { element } from "./base.js";
import { h, icon, LOCK } from "./h.js";
import { sheet } from "./theme.js";

/** @import { Holding, Level } from "../types.js" */

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
p .bone { display: block; inline-size: 160px; margin-block-end: 4px }
p.bone { inline-size: 96px }
@media (forced-colors: active) { .current { outline: 2px solid Highlight } .circle { border: 1px solid } }
`);

  #heading = h("h2", { part: "heading", class: "heading" });
  #cards = Array.from({ length: 9 }, () => new Card());
  #list = h("ol", { role: "list" }, ...this.#cards.map(({ root }) => root));
  #section = h("section", null, h("slot", { name: "heading" }, this.#heading), this.#list);
  content = [this.#section];

  isFilled() {
    return !!this.levels;
  }

  load() {
    const { watchLevels } = this.api;
    return (
      !this.isGiven("levels") &&
      watchLevels(
        ({ levels, current_user_level: currentUserLevel }) => this.settle("ready", { levels, currentUserLevel }),
        this.failed,
      )
    );
  }

  update() {
    const { levels, showPoints, state } = this;
    const own = this.currentUserLevel ?? Infinity; // a service is at no level, and nothing is locked for it
    this.#heading.textContent = this.#section.ariaLabel = this.heading ?? this.text("levels");
    this.#list.ariaHidden = levels ? null : "true";
    this.#section.hidden = state !== "loading" && !levels;
    for (const [index, card] of this.#cards.entries()) {
      const level = levels?.[index];
      card.root.hidden = !!levels && !level;
      card.mark(level?.level ?? null, own, this.text("locked"));
      if (!level) continue;
      const share = this.text("share", { percent: this.formats.percent.format(level.member_percentage / 100) });
      card.name.textContent = this.text("levelName", level);
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
  #text = h("div", { class: "text" }, h("p", null, this.name, this.#locked), this.detail);
  root = h("li", { part: "card" }, this.#circle, this.#text);

  /** @param {number | null} level not known yet: a gray card @param {number} own @param {string} locked */
  mark(level, own, locked) {
    const isLocked = level !== null && level > own;
    const { classList } = this.root;
    classList.toggle("locked", isLocked);
    classList.toggle("current", level === own);
    this.root.ariaCurrent = level === own ? "true" : null;
    for (const part of [this.#circle, this.name, this.detail]) part.classList.toggle("bone", level === null);
    if (level === null) this.name.textContent = this.detail.textContent = "\u2002";
    this.#number.textContent = String(level ?? "");
    this.#number.hidden = isLocked;
    this.#lock.toggleAttribute("hidden", !isLocked);
    this.#locked.textContent = isLocked ? `, ${locked}` : "";
  }
}
