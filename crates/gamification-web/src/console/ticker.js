import { h } from "../elements/h.js";
import { textOf } from "../elements/text.js";
import { avatar, button, card, formats, link, muted, time, until } from "./parts.js";

/** @import { MemberEvent } from "../types.js" */
/** @import { Context } from "./parts.js" */
/** @typedef {Exclude<MemberEvent, { type: "MemberLeveledUp" }>} Earning */

/** What the stream tells, the newest first: "Ada +2, post · Level 2". @param {Context} context */
export function ticker(context) {
  const list = h("ol", { class: "ticker", role: "list" });
  const empty = muted("What members earn from now on is shown here, as it happens.");
  /** @type {HTMLButtonElement} */
  const pause = button(
    "Pause",
    () => {
      pause.ariaPressed = String(!isPaused());
    },
    "small",
  );
  const isPaused = () => pause.ariaPressed === "true";
  /** The newest row of each member. @type {Map<string, ReturnType<typeof row>>} */
  const newest = new Map();
  pause.ariaPressed = "false";
  until(
    context,
    context.client.watchEvents((event) => {
      if (isPaused()) return;
      const id = event.data.member_id;
      const last = newest.get(id);
      if (event.type === "MemberLeveledUp") return last?.rose(event.data.new_level);
      if (last && last.root === list.firstChild && last.adds(event)) return;
      const added = row(context, event);
      newest.set(id, added);
      list.prepend(added.root);
      empty.hidden = true;
      if (list.children.length > 8) list.lastChild?.remove();
    }),
  );
  return h("div", { class: "live" }, card("Happening now", pause, empty, list));
}

/** @param {Context} context @param {Earning} event */
function row({ people }, event) {
  const { member_id: user_id, source } = event.data;
  const picture = h("span", null, avatar({ user_id }, "sm"));
  const name = h("span", null, link({ user_id }));
  const points = h("b");
  const what = h("span");
  const level = h("b");
  const clock = h("span");
  let sum = 0;
  let times = 0;
  const add = (/** @type {Earning} */ event) => {
    sum += event.data.points;
    points.className = sum < 0 ? "lost" : "won";
    points.textContent = formats.change.format(sum);
    what.textContent = `, ${textOf("en", source, {}).toLowerCase()}${++times > 1 ? ` × ${times}` : ""} `;
    clock.replaceChildren(time(event.time));
  };
  add(event);
  people.find(user_id).then((person) => {
    if (!person) return;
    name.replaceChildren(link(person));
    picture.replaceChildren(avatar({ ...person, level: undefined }, "sm"));
  });
  return {
    root: h("li", null, picture, h("p", null, name, " ", points, what, level), clock),
    /** More of the same is told in the same row. @param {Earning} more */
    adds(more) {
      const isSame = more.type === event.type && more.data.source === source;
      if (isSame) add(more);
      return isSame;
    },
    rose(/** @type {number} */ to) {
      level.className = "tag";
      level.textContent = `Level ${to}`;
    },
  };
}
