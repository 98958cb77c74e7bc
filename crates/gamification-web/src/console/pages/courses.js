import { h } from "../../elements/h.js";
import { attempt, heading, hued, muted } from "../parts.js";

/** @import { CourseAccess, Level } from "../../types.js" */
/** @import { Context } from "../parts.js" */

export const title = "Courses";

/** @param {Context} context */
export function show(context) {
  const { client, signal, isAdmin } = context;
  const list = h("ul", { class: "courses", role: "list" });
  const box = h("div");
  attempt(signal, box, async () => {
    const [courses, { levels }] = await Promise.all([client.courseAccesses({ signal }), client.levels({ signal })]);
    list.replaceChildren(...courses.map((course) => courseCard(context, course, levels)));
    if (!courses.length) box.replaceChildren(muted("This community has no courses yet."));
  });
  return [heading(title, isAdmin && muted("You set which level a course asks for.")), list, box];
}

/** @param {Context} context @param {CourseAccess} course @param {readonly Level[]} levels */
function courseCard({ client, isAdmin, say }, { course_id: id, required_level, ...course }, levels) {
  const name = course.title || "Untitled course";
  const asks = muted();
  const tell = (/** @type {number | null} */ level) => {
    asks.textContent = level ? `From Level ${level} - ${levels[level - 1]?.name} on` : "Open to everybody";
  };
  tell(required_level);
  // The title stays outside: a lock lies over all that it holds.
  const lock = h(
    "course-card-lock",
    { "course-id": id, label: name },
    hued(h("div", { class: "cover", "aria-hidden": "true" }, [...name][0]), name),
  );
  lock.addEventListener("locked-click", ({ detail }) => say(detail.message));
  return h("li", { class: "card course" }, lock, h("h2", null, name), asks, isAdmin && requirement());

  function requirement() {
    const select = h("select", { id }, h("option", { value: "" }, "Everybody"));
    select.append(...levels.map(({ level, name }) => h("option", { value: level }, `Level ${level} - ${name}`)));
    select.value = String(required_level ?? "");
    const set = h("button", { "aria-label": `Set who “${name}” is open to` }, "Set");
    const error = h("p", { class: "error", role: "alert" });
    const store = async (/** @type {Event} */ event) => {
      event.preventDefault();
      const level = Number(select.value) || null;
      error.textContent = "";
      try {
        await client.setCourseRequirement(id, level);
        tell(level);
        say(level ? `“${name}” asks for level ${level} now.` : `“${name}” is open to everybody now.`);
      } catch (problem) {
        error.textContent = `${/** @type {Error} */ (problem).message}.`;
      }
    };
    return h("form", { onsubmit: store }, h("label", { for: id }, "Open to"), select, set, error);
  }
}
