import { h } from "../../elements/h.js";
import { attempt, counted, formats, heading, roleName, until } from "../parts.js";
import { avatar, nameOf } from "../people.js";

/** @import { CommunityMember } from "../../types.js" */
/** @import { Context } from "../parts.js" */

export const title = "Members";

const PAGE = 25;
/** After the last key. */
const PAUSE = 200;

/** @param {Context} context */
export function show(context) {
  const { client, people, about } = context;
  const field = h("input", { type: "search", id: "search", oninput: () => later() });
  Object.assign(field, { autocomplete: "off", spellcheck: false, placeholder: "Search by the beginning of a name" });
  const body = h("tbody");
  const table = h("table", null, h("caption", { class: "visually-hidden" }, title), head(), body);
  const status = h("p", { class: "muted", role: "status" });
  /** @type {HTMLButtonElement} */
  const more = h("button", { type: "button", hidden: true, onclick: () => more.ariaDisabled || read(false) }, "Load more");
  const box = h("div");
  /** @type {Map<string, ReturnType<typeof row>>} */
  const rows = new Map();
  /** @type {string | null} */
  let cursor = null;
  let asked = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => read(true), PAUSE);
  };
  const read = (/** @type {boolean} */ isNew) => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    const query = field.value.trim() || null;
    more.ariaDisabled = "true"; // `disabled` would take the focus away
    return attempt(context, box, async () => {
      const page = await client
        .members({ query: query ?? undefined, cursor: isNew ? null : cursor, limit: PAGE, signal })
        .finally(() => {
          if (!signal.aborted) more.ariaDisabled = null;
        });
      if (isNew) clear();
      append(page.members);
      cursor = page.next_cursor;
      more.hidden = !cursor;
      const found = counted(rows.size, "member");
      status.textContent = query ? `${found}${cursor ? " and more" : ""} found` : `${found} of ${formats.count.format(about.members)}`;
    });
  };
  const clear = () => {
    rows.clear();
    body.replaceChildren();
  };
  const append = (/** @type {readonly CommunityMember[]} */ members) => {
    people.learn(members);
    const had = document.activeElement === more;
    const added = members.map((member) => row(member));
    for (const one of added) rows.set(one.id, one);
    body.append(...added.map(({ root }) => root));
    table.hidden = !rows.size;
    if (had) added[0]?.link.focus();
  };
  until(context, client.watchEvents(({ type, data }) => {
    if (type !== "MemberLeveledUp") rows.get(data.member_id)?.earned(data.new_total);
    else rows.get(data.member_id)?.rose(data.new_level);
  }));
  until(context, () => (clearTimeout(timer), asked.abort()));
  read(true);
  const search = h("p", { class: "search" }, h("label", { class: "visually-hidden", for: "search" }, "Search members"), field);
  return [heading(title, status), search, h("div", { class: "card list" }, table, h("div", { class: "more" }, more)), box];
}

const head = () =>
  h("thead", null, h("tr", null, ...["Member", "Role", "Level", "Points"].map((text) => Object.assign(h("th", null, text), { scope: "col" }))));

/** @param {CommunityMember} member */
function row(member) {
  const id = member.user_id;
  const link = h("a", { href: `#/members/${id}` }, nameOf(member));
  const level = h("td", null, member.level);
  const points = h("td", null, formats.count.format(member.total_points));
  const who = Object.assign(h("th", null, h("div", null, avatar(member, "sm"), link)), { scope: "row" });
  const role = h("td", null, member.role === "MEMBER" ? "" : h("span", { class: "tag" }, roleName(member.role)));
  return {
    id,
    link,
    root: h("tr", null, who, role, level, points),
    rose: (/** @type {number} */ to) => level.replaceChildren(String(to)),
    earned: (/** @type {number} */ total) => points.replaceChildren(formats.count.format(total)),
  };
}
