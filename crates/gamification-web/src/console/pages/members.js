import { h } from "../../elements/h.js";
import { avatar, counted, formats, heading, link, paged, roleTag, until } from "../parts.js";

/** @import { CommunityMember } from "../../types.js" */
/** @import { Context } from "../parts.js" */

export const title = "Members";

/** @param {Context} context */
export function show(context) {
  const { client, people, about } = context;
  const field = h("input", {
    type: "search",
    placeholder: "Search by the beginning of a name",
    "aria-label": "Search members",
  });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(begin, 200);
  });
  const body = h("tbody");
  const columns = ["Member", "Role", "Level", "Points"].map((text) => h("th", { scope: "col" }, text));
  const table = h("table", { "aria-label": title }, h("thead", null, h("tr", null, ...columns)), body);
  const status = h("p", { class: "muted", role: "status" });
  /** @type {Map<string, ReturnType<typeof row>>} */
  const rows = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const { more, box, begin } = paged(context, body, async ({ cursor, signal }) => {
    const query = field.value.trim() || undefined;
    const { members, next_cursor } = await client.members({ query, cursor, limit: 25, signal });
    if (!cursor) rows.clear();
    people.learn(members);
    const added = members.map(row);
    for (const one of added) {
      rows.get(one.id)?.root.remove(); // on two pages, when a name has changed between
      rows.set(one.id, one);
    }
    const count = formats.count.format(rows.size);
    const all = counted(about.members, "member");
    status.textContent = query ? `${count}${next_cursor ? " and more" : ""} found` : `${count} of ${all}`;
    return { next_cursor, rows: added.map(({ root }) => root) };
  });
  until(
    context,
    client.watchEvents(({ type, data }) => {
      const cells = rows.get(data.member_id);
      if (type === "MemberLeveledUp") cells?.level.replaceChildren(String(data.new_level));
      else cells?.points.replaceChildren(formats.count.format(data.new_total));
    }),
  );
  until(context, () => clearTimeout(timer));
  begin();
  return [
    heading(title, status),
    h("p", { class: "search" }, field),
    h("div", { class: "card list" }, table, more),
    box,
  ];
}

/** @param {CommunityMember} member */
function row(member) {
  const level = h("td", null, member.level);
  const points = h("td", null, formats.count.format(member.total_points));
  const who = h("th", { scope: "row" }, h("div", null, avatar(member, "sm"), link(member)));
  const role = h("td", null, roleTag(member.role));
  return { id: member.user_id, level, points, root: h("tr", null, who, role, level, points) };
}
