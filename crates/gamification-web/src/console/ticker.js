import { h } from "../elements/h.js";
import { textOf } from "../elements/text.js";
import { card, formats, time, until } from "./parts.js";
import { avatar, nameOf } from "./people.js";

/** @import { MemberEvent } from "../types.js" */
/** @import { Context } from "./parts.js" */

const ROWS = 8;

/** What the stream tells, the newest first: "Ada +2, post · Level 2". @param {Context} context */
export function ticker(context) {
  const list = h("ol", { class: "ticker", role: "list" });
  const empty = h("p", { class: "muted" }, "What members earn from now on is shown here, as it happens.");
  /** @type {HTMLButtonElement} */
  const pause = h("button", { type: "button", class: "small", "aria-pressed": "false", onclick: () => turn() }, "Pause");
  const turn = () => pause.setAttribute("aria-pressed", String(!isPaused()));
  const isPaused = () => pause.getAttribute("aria-pressed") === "true";
  /** The newest row of each member. @type {Map<string, ReturnType<typeof row>>} */
  const newest = new Map();

  const hear = (/** @type {MemberEvent} */ event) => {
    if (isPaused()) return;
    const id = event.data.member_id;
    if (event.type === "MemberLeveledUp") return newest.get(id)?.rose(event.data.new_level);
    const added = row(context, event);
    newest.set(id, added);
    list.prepend(added.root);
    empty.hidden = true;
    for (const [member, { root }] of newest) if (!list.contains(root)) newest.delete(member);
    while (list.children.length > ROWS) list.lastElementChild?.remove();
  };
  until(context, context.client.watchEvents(hear));
  const section = card("Happening now", empty, list);
  section.querySelector("h2")?.after(pause);
  section.classList.add("live");
  return section;
}

/** @param {Context} context @param {Exclude<MemberEvent, { type: "MemberLeveledUp" }>} event */
function row({ people }, { time: when, data }) {
  const id = data.member_id;
  const link = h("a", { href: `#/members/${id}` }, nameOf());
  const picture = h("span", { class: "picture" }, avatar({ user_id: id, display_name: null }, "sm"));
  const level = h("b", { class: "tag", hidden: true });
  const source = textOf("en", data.source, {}).toLowerCase();
  const points = h("b", { class: data.points < 0 ? "lost" : "won" }, formats.change.format(data.points));
  people.find(id).then((person) => {
    if (!person) return;
    link.textContent = nameOf(person);
    picture.replaceChildren(avatar({ ...person, level: undefined }, "sm"));
  });
  return {
    root: h("li", null, picture, h("p", null, link, " ", points, `, ${source} `, level), time(when)),
    rose(/** @type {number} */ to) {
      level.hidden = false;
      level.textContent = `Level ${to}`;
    },
  };
}
