import { h } from "../../elements/h.js";
import { card, heading } from "../parts.js";
import { face, nameOf } from "../people.js";

/** @import { Context } from "../parts.js" */

export const title = "Member";

/** @param {Context} context @param {string} id */
export function show(context, id) {
  const { people, platform } = context;
  const page = heading("Member", platform && h("a", { class: "button", href: `#/stage/${id}` }, "Act as on the stage"));
  const level = Object.assign(h("profile-level-section"), { userId: id, showPoints: true });
  const fill = (/** @type {Parameters<typeof face>[0] | null} */ person) => {
    const picture = face(person ?? { user_id: id, display_name: null });
    picture.slot = "avatar";
    level.replaceChildren(picture);
    const title = page.querySelector("h1");
    if (title) title.textContent = nameOf(person);
    if (!context.signal.aborted) context.retitle();
  };
  people.find(id).then(fill);
  const history = Object.assign(h("points-history"), { userId: id });
  return [
    h("p", { class: "back" }, h("a", { href: "#/members" }, "All members")),
    page,
    h(
      "div",
      { class: "columns" },
      h("div", { class: "stack" }, h("section", { class: "card profile", "aria-label": "Level" }, level)),
      h("div", { class: "stack" }, card("How the points came", history)),
    ),
  ];
}
