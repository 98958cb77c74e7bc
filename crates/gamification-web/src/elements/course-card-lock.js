import { element } from "./base.js";
import { h, icon, LOCK } from "./h.js";
import { sheet } from "./theme.js";

const attributes = {
  courseId: String,
  minimumLevel: Number,
  minimumLevelName: String,
  currentLevel: Number,
  label: String,
  locked: Boolean,
};

/**
 * A course's card, under a lock while the member's level is too low; open where that can't be known. It keeps nobody out:
 * only the service can.
 */
export class CourseCardLock extends element(attributes, {}) {
  static styles = sheet(`
:host { position: relative }
[inert] { opacity: .6 }
.overlay { position: absolute; inset: 0; display: flex; flex-direction: column; align-items: center; justify-content: center; overflow: hidden;
  border-radius: var(--_radius); background: color-mix(in srgb, var(--_surface) 80%, transparent); color: var(--_muted-strong); text-align: center; cursor: not-allowed }
.overlay:focus-visible { outline-offset: -2px }
.message { margin-block-start: 8px; color: var(--_soft); font-weight: 600 }
.level-name { margin-block-start: 4px; font-size: 12px; line-height: 16px }
@media (forced-colors: active) { .overlay { border: 1px solid; background: Canvas } }
`);

  #card = h("div", null, h("slot"));
  #message = h("p", { part: "message", class: "message" });
  #levelName = h("p", { part: "level-name", class: "level-name" });
  #overlay = h(
    "div",
    {
      part: "overlay",
      class: "overlay",
      role: "group",
      tabindex: 0,
      hidden: true,
      onclick: (event) => this.#click(event),
      onkeydown: (event) => /** @type {KeyboardEvent} */ (event).key === "Enter" && this.#click(event),
    },
    h("span", { part: "icon" }, icon(LOCK, 48)),
    this.#message,
    this.#levelName,
  );
  #title = /** @type {string | null} */ (null);
  content = [this.#card, this.#overlay];

  isFilled() {
    return !!this.minimumLevel && this.currentLevel !== null;
  }

  clear() {
    this.#title = null;
  }

  load() {
    const { courseId, api } = this;
    return (
      courseId &&
      api.watchCourse(
        courseId,
        (access) => {
          this.#title = access?.title ?? null;
          this.settle(access ? "ready" : "empty", {
            minimumLevel: access?.required_level,
            minimumLevelName: access?.required_level_name,
            currentLevel: access?.current_level,
          });
        },
        this.failed,
      )
    );
  }

  /** A link around the card is not followed, unless a listener prevents that. @param {Event} event */
  #click(event) {
    const { courseId, minimumLevel: requiredLevel } = this;
    const stop = this.emit("locked-click", { courseId, requiredLevel, message: this.#overlay.ariaLabel ?? "" });
    if (stop) event.preventDefault();
  }

  update() {
    const { minimumLevel: level, minimumLevelName: name } = this;
    this.locked = this.isFilled() && Number(this.currentLevel) < Number(level);
    this.#card.inert = this.locked;
    this.#overlay.hidden = !this.locked;
    if (!level) return;
    const requires = this.text("requires", { level, name: name ?? "" });
    const title = this.label ?? this.#title;
    this.#overlay.ariaLabel = title ? `${title}. ${requires}` : requires;
    this.#message.textContent = this.text("unlock", { level });
    this.#levelName.textContent = name;
  }
}
