import { h } from "../../elements/h.js";
import { attempt, heading } from "../parts.js";
import { hueOf } from "../people.js";

/** @import { CourseAccess, Level } from "../../types.js" */
/** @import { Context } from "../parts.js" */

export const title = "Courses";

/** @param {Context} context */
export function show(context) {
  const { client, signal, isAdmin } = context;
  const list = h("ul", { class: "courses", role: "list" });
  const box = h("div");
  attempt(context, box, async () => {
    const [courses, { levels }] = await Promise.all([client.courseAccesses({ signal }), client.levels({ signal })]);
    list.replaceChildren(...courses.map((course) => h("li", null, ...courseCard(context, course, levels))));
    if (!courses.length) box.replaceChildren(h("p", { class: "card muted" }, "This community has no courses yet."));
  });
  return [heading(title, isAdmin && h("p", { class: "muted" }, "You set which level a course asks for.")), list, box];
}

/** @param {Context} context @param {CourseAccess} course @param {readonly Level[]} levels */
function courseCard({ client, isAdmin, say }, course, levels) {
  const name = course.title || "Untitled course";
  const asks = h("p", { class: "muted" });
  const tell = (/** @type {number | null} */ level) => {
    asks.textContent = level ? `From Level ${level} - ${levels[level - 1]?.name} on` : "Open to everybody";
  };
  tell(course.required_level);
  const cover = h("div", { class: "cover", "aria-hidden": "true" }, [...name][0]);
  cover.style.setProperty("--hue", String(hueOf(name)));
  const article = h("article", { class: "card course" }, cover, h("h2", null, name), asks);
  const lock = Object.assign(h("course-card-lock", null, article), { courseId: course.course_id, label: name });
  lock.addEventListener("locked-click", ({ detail }) => say(detail.message));
  return isAdmin ? [lock, requirement()] : [lock];

  function requirement() {
    const id = `level-of-${course.course_id}`;
    const select = h("select", { id }, h("option", { value: "" }, "Everybody"));
    select.append(...levels.map(({ level, name }) => h("option", { value: level }, `Level ${level} - ${name}`)));
    select.value = String(course.required_level ?? "");
    const problem = h("div", { class: "wide" });
    const set = h("button", { type: "submit" }, "Set");
    const store = async (/** @type {Event} */ event) => {
      event.preventDefault();
      if (set.ariaDisabled) return;
      set.ariaDisabled = "true";
      const level = Number(select.value) || null;
      try {
        await client.setCourseRequirement(course.course_id, level);
        tell(level);
        say(level ? `“${name}” asks for level ${level} now.` : `“${name}” is open to everybody now.`);
        problem.replaceChildren();
      } catch (error) {
        problem.replaceChildren(h("p", { class: "error", role: "alert" }, /** @type {Error} */ (error).message));
      }
      set.ariaDisabled = null;
    };
    return h(
      "form",
      { class: "requirement", onsubmit: store },
      h("label", { for: id }, "Open to"),
      select,
      Object.assign(set, { ariaLabel: `Set who “${name}” is open to` }),
      problem,
    );
  }
}
