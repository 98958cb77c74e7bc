import { h } from "../../elements/h.js";
import { face, heading, nameOf, stack } from "../parts.js";

/** @import { Context } from "../parts.js" */

export const title = "Member";

/** @param {Context} context @param {string} userId */
export function show({ people, platform, signal, retitle }, userId) {
  const head = heading(title, platform && h("a", { class: "button", href: `#/stage/${userId}` }, "Take to the stage"));
  const level = h("profile-level-section", { "user-id": userId, "show-points": true });
  people.find(userId).then((person) => {
    if (signal.aborted) return;
    level.replaceChildren(Object.assign(face(person ?? { user_id: userId }), { slot: "avatar" }));
    head.querySelector("h1")?.replaceChildren(nameOf(person));
    retitle();
  });
  return [
    h("p", { class: "back" }, h("a", { href: "#/members" }, "All members")),
    head,
    h(
      "div",
      { class: "columns" },
      stack(h("section", { class: "card profile", "aria-label": "Level" }, level)),
      h("points-history", { "user-id": userId }),
    ),
  ];
}
