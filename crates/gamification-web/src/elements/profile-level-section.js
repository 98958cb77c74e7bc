import { element } from "./base.js";
import { CLOCK, h, icon } from "./h.js";
import { sheet } from "./theme.js";


/** @import { Client, MemberLevel } from "../types.js" */

const attributes = {
  userId: String,
  level: Number,
  levelName: String,
  totalPoints: Number,
  pointsToNextLevel: Number,
  isMaxLevel: Boolean,
  showPoints: Boolean,
};

/** A member's avatar, level, and what they lack for the next one. */
export class ProfileLevelSection extends element(attributes) {
  static styles = sheet(`
div { display: flex; flex-direction: column; align-items: center; text-align: center }
.name { color: var(--_soft); font-weight: 500 }
level-badge + .name { margin-block-start: 12px }
.points, .progress { margin-block-start: 8px; color: var(--_muted); font-size: 12px; line-height: 16px }
.points + .progress:not([hidden]) { margin-block-start: 4px }
.progress { display: flex; align-items: center; gap: 6px }
`);

  #client = /** @type {Client | null} */ (null);
  #avatar = h("slot", { name: "avatar" });
  #badge = h("level-badge", { size: "xl", decorative: true }, this.#avatar);
  #name = h("p", { part: "name", class: "name" });
  #points = h("p", { part: "points", class: "points" });
  #toLevelUp = h("span");
  #progress = h("p", { part: "progress", class: "progress" }, icon(CLOCK, 16), this.#toLevelUp);
  /** Says one's own rise to those who don't see it. */
  #status = h("p", { class: "visually-hidden", role: "status" });
  content = [h("div", null, this.#badge, this.#name, this.#points, this.#progress), this.#status];

  constructor() {
    super();
    this.#avatar.addEventListener("slotchange", () => this.changed());
  }

  isFilled() {
    return !!this.level;
  }

  /** @param {Client} client */
  load(client) {
    this.#client = client;
    return this.userId && client.watchMember(this.userId, this.#received, this.failed);
  }

  /** @param {MemberLevel} member */
  #received = (member) => {
    const { level, level_name: name } = member;
    const from = this.level;
    this.settle("ready", {
      level,
      levelName: name,
      totalPoints: member.total_points,
      pointsToNextLevel: member.points_to_next_level,
      isMaxLevel: member.is_max_level,
    });
    if (!from || level <= from) return;
    if (this.userId === this.#client?.userId) this.#status.textContent = this.text("reached", { level, name });
    this.emit("level-change", { userId: this.userId, from, to: level });
  };

  update() {
    const { level, levelName, totalPoints, pointsToNextLevel: lacking, state } = this;
    const isBusy = state === "loading";
    this.ariaBusy = isBusy ? "true" : null;
    this.#badge.hidden = !this.#avatar.assignedNodes({ flatten: true }).length;
    this.#badge.level = level;
    this.#name.hidden = !level && !isBusy;
    this.#name.classList.toggle("bone", isBusy);
    this.#name.textContent = level ? this.text("levelName", { level, name: levelName ?? "" }) : "\u2002".repeat(9);
    this.#points.hidden = !this.showPoints || totalPoints === null;
    this.#points.textContent = this.text("points", { count: totalPoints ?? 0 });
    this.#progress.hidden = lacking === null || this.isMaxLevel;
    this.#toLevelUp.textContent = this.text("toLevelUp", { count: lacking ?? 0 });
  }
}
