import { h } from "../../elements/h.js";
import { attempt, avatar, button, counted, formats, heading, link, roleTag, until } from "../parts.js";

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
    timer = setTimeout(read, 200, true);
  });
  const body = h("tbody");
  const columns = ["Member", "Role", "Level", "Points"].map((text) => h("th", { scope: "col" }, text));
  const table = h("table", { "aria-label": title }, h("thead", null, h("tr", null, ...columns)), body);
  const status = h("p", { class: "muted", role: "status" });
  /** @type {HTMLButtonElement} */
  const more = button("Load more", () => more.ariaDisabled || read(false));
  const box = h("div");
  /** @type {Map<string, ReturnType<typeof row>>} */
  const rows = new Map();
  /** @type {string | null} */
  let cursor = null;
  let asked = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const read = (/** @type {boolean} */ isNew) => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    const query = field.value.trim() || undefined;
    more.ariaDisabled = "true"; // `disabled` would take the focus away
    return attempt(signal, box, async () => {
      const page = await client.members({ query, cursor: isNew ? null : cursor, limit: 25, signal });
      if (isNew) rows.clear();
      cursor = page.next_cursor;
      people.learn(page.members);
      const had = document.activeElement === more;
      const added = page.members.map(row);
      for (const one of added) rows.set(one.id, one);
      body.replaceChildren(...[...rows.values()].map(({ root }) => root));
      more.hidden = !cursor;
      more.ariaDisabled = null;
      if (had) added[0]?.root.querySelector("a")?.focus();
      const count = formats.count.format(rows.size);
      const all = counted(about.members, "member");
      status.textContent = query ? `${count}${cursor ? " and more" : ""} found` : `${count} of ${all}`;
    });
  };
  until(
    context,
    client.watchEvents(({ type, data }) => {
      const cells = rows.get(data.member_id);
      if (type === "MemberLeveledUp") cells?.level.replaceChildren(String(data.new_level));
      else cells?.points.replaceChildren(formats.count.format(data.new_total));
    }),
  );
  until(context, () => {
    clearTimeout(timer);
    asked.abort();
  });
  read(true);
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
