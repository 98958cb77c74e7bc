import { h } from "../../elements/h.js";
import { counted, heading, roleName, until } from "../parts.js";
import { face, nameOf } from "../people.js";
import { ticker } from "../ticker.js";

/** @import { Context } from "../parts.js" */

export const title = "Community";

/** @param {Context} context */
export function show(context) {
  const { name, members } = context.about;
  const widget = Object.assign(h("leaderboard-sidebar-widget", { href: "#/leaderboards" }), { linked: true });
  widget.addEventListener("member-click", ({ detail }) => {
    location.hash = `#/members/${detail.userId}`;
  });
  return [
    heading(name ?? "Community", h("p", { class: "muted" }, counted(members, "member"))),
    h(
      "div",
      { class: "columns" },
      h("div", { class: "stack" }, ...own(context), widget),
      h("div", { class: "stack" }, ticker(context), h("level-definitions-grid")),
    ),
  ];
}

/** The card of who looks; services have none. @param {Context} context */
function own(context) {
  const { me } = context.about;
  if (!me) return [];
  const picture = face(me);
  picture.slot = "avatar";
  const level = Object.assign(h("profile-level-section", null, picture), { userId: me.user_id, showPoints: true });
  const bar = h("div", { class: "bar", hidden: true, "aria-hidden": "true" }, h("span"));
  until(
    context,
    context.client.watchMember(me.user_id, (member) => {
      const { level_threshold: from, next_level_threshold: to, total_points: total } = member;
      bar.hidden = from === null || to === null;
      if (from === null || to === null) return;
      bar.style.setProperty("--part", String(Math.min(Math.max((total - from) / (to - from), 0), 1)));
    }),
  );
  const link = h("a", { href: `#/members/${me.user_id}` }, nameOf(me));
  const name = h("p", null, h("strong", null, link), me.role !== "MEMBER" && h("span", { class: "tag" }, roleName(me.role)));
  return [h("section", { class: "card profile", "aria-label": "You" }, level, bar, name)];
}
