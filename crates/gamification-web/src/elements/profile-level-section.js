import { element } from "./base.js";
import { CLOCK, h, icon } from "./h.js";
import { sheet } from "./theme.js";

/** @import { MemberLevel } from "../types.js" */

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
level-badge:not([hidden]) + .name { margin-block-start: 12px }
.points, .progress { margin-block-start: 8px; color: var(--_muted); font-size: 12px; line-height: 16px }
.points:not([hidden]) + .progress { margin-block-start: 4px }
.progress { display: flex; align-items: center; gap: 6px }
`);

  #avatar = h("slot", { name: "avatar", onslotchange: () => this.changed() });
  #badge = h("level-badge", { size: "xl", decorative: true }, this.#avatar);
  #name = h("p", { part: "name", class: "name" });
  #points = h("p", { part: "points", class: "points" });
  #lacking = h("span");
  #progress = h("p", { part: "progress", class: "progress" }, icon(CLOCK, 16), this.#lacking);
  /** Says one's own rise to those who don't see it. */
  #status = h("p", { class: "visually-hidden", role: "status" });
  content = [h("div", null, this.#badge, this.#name, this.#points, this.#progress), this.#status];

  isFilled() {
    return !!this.level;
  }

  load() {
    const { userId, api } = this;
    const received = (/** @type {MemberLevel} */ { level, level_name: levelName, ...member }) => {
      const from = this.level;
      this.settle("ready", {
        level,
        levelName,
        totalPoints: member.total_points,
        pointsToNextLevel: member.points_to_next_level,
        isMaxLevel: member.is_max_level,
      });
      if (!from || level <= from) return;
      if (userId === api.userId) this.#status.textContent = this.text("reached", { level, name: levelName });
      this.emit("level-change", { userId, from, to: level });
    };
    return userId && api.watchMember(userId, received, this.failed);
  }

  update() {
    const { level, levelName, totalPoints, pointsToNextLevel, state } = this;
    this.#badge.hidden = !this.#avatar.assignedNodes({ flatten: true }).length;
    this.#badge.level = level;
    this.#name.hidden = !level && state !== "loading";
    this.#name.classList.toggle("bone", !level);
    this.#name.textContent = level ? this.text("levelName", { level, name: levelName ?? "" }) : "\u2002".repeat(9);
    this.#points.hidden = !this.showPoints || totalPoints === null;
    this.#points.textContent = this.text("points", { count: totalPoints ?? 0 });
    this.#progress.hidden = pointsToNextLevel === null || this.isMaxLevel;
    this.#lacking.textContent = this.text("toLevelUp", { count: pointsToNextLevel ?? 0 });
  }
}
