import { h } from "../../elements/h.js";
import { counted, face, heading, link, muted, roleTag, stack, until } from "../parts.js";
import { ticker } from "../ticker.js";

/** @import { Context } from "../parts.js" */

export const title = "Community";

/** @param {Context} context */
export function show(context) {
  const { name, members } = context.about;
  const widget = h("leaderboard-sidebar-widget", { href: "#/leaderboards", linked: true });
  return [
    heading(name ?? title, muted(counted(members, "member"))),
    h("div", { class: "columns" }, stack(own(context), widget), stack(ticker(context), h("level-definitions-grid"))),
  ];
}

/** The card of who looks; services have none. @param {Context} context */
function own(context) {
  const { me } = context.about;
  if (!me) return null;
  const bar = h("div", { class: "bar", hidden: true, "aria-hidden": "true" }, h("span"));
  until(
    context,
    context.client.watchMember(
      me.user_id,
      ({ level_threshold: from, next_level_threshold: to, total_points: total }) => {
        bar.hidden = from === null || to === null;
        bar.style.setProperty("--part", String((total - (from ?? 0)) / ((to ?? 0) - (from ?? 0))));
      },
    ),
  );
  const picture = Object.assign(face(me), { slot: "avatar" });
  const level = h("profile-level-section", { "user-id": me.user_id, "show-points": true }, picture);
  return h(
    "section",
    { class: "card profile", "aria-label": "You" },
    level,
    bar,
    h("p", null, link(me), roleTag(me.role)),
  );
}
