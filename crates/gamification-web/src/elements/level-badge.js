import { element } from "./base.js";
import { h } from "./h.js";
import { sheet } from "./theme.js";

/** Avatar, box, text and offset. */
const SIZES = Object.entries({
  xs: [24, 16, 10, -2],
  sm: [32, 16, 10, -2],
  md: [40, 20, 12, -2],
  lg: [48, 24, 14, -4],
  xl: [96, 32, 14, -4],
});

/** An avatar, with the member's level in its corner; without a level, the avatar alone. */
export class LevelBadge extends element({ level: Number, userId: String, size: String, decorative: Boolean }, {}) {
  static styles = sheet(`
:host { display: inline-block; position: relative; vertical-align: middle; line-height: 0; --_box: 20px; --_font: 12px; --_offset: -2px }
::slotted(*) { display: block; border-radius: 50%; object-fit: cover }
:host([size]) ::slotted(*) { inline-size: 100%; block-size: 100% }
.badge { position: absolute; inset-block-end: var(--_offset); inset-inline-end: var(--_offset); display: grid; place-content: center;
  inline-size: var(--_box); block-size: var(--_box); border: 2px solid var(--_ring); border-radius: 50%;
  background: var(--_accent); color: var(--_on-accent); font-size: var(--_font); font-weight: 600; line-height: 1; user-select: none }
@media (forced-colors: active) { .badge { border-color: CanvasText; background: Canvas; color: CanvasText } }
@media (prefers-reduced-motion: no-preference) { .rose { animation: rise .6s ease-out } }
@keyframes rise { 40% { transform: scale(1.5) } }
${SIZES.map(([size, [avatar, box, font, offset]]) => `:host([size=${size}]) { inline-size: ${avatar}px; block-size: ${avatar}px; --_box: ${box}px; --_font: ${font}px; --_offset: ${offset}px }`).join("")}`);

  #number = h("span", { part: "badge", class: "badge", "aria-hidden": "true" });
  #label = h("span", { class: "visually-hidden" });
  content = [h("slot"), this.#number, this.#label];

  isFilled() {
    return !!this.level;
  }

  load() {
    const { userId } = this;
    const received = (/** @type {{ level: number } | null} */ badge) => {
      const from = this.level;
      this.settle(badge ? "ready" : "empty", { level: badge?.level });
      if (!badge || !from || badge.level <= from) return;
      this.#number.classList.add("rose");
      this.emit("level-change", { userId, from, to: badge.level });
    };
    return userId && this.api.watchBadge(userId, received, this.failed);
  }

  update() {
    const { level } = this;
    this.#number.hidden = !level;
    this.#number.textContent = String(level ?? "");
    this.#label.textContent = level && !this.decorative ? this.text("level", { level }) : "";
  }
}
