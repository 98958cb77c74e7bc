import { h } from "../../elements/h.js";
import { attempt, avatar, button, counted, heading, link, muted, nameOf, stack, until } from "../parts.js";
import { createSender } from "../sent.js";
import { ticker } from "../ticker.js";

/** @import { Context, Person } from "../parts.js" */
/** @import { Act } from "../sent.js" */

export const title = "Stage";

const SAID = [
  "Here is what I built this week.",
  "Does anybody have a tip for a first project?",
  "What I learned from breaking it twice.",
  "Who comes along on Thursday?",
];
const LIKES = 10;

/** @param {Context} context @param {string} id who acts first */
export function show(context, id) {
  const { client, platform, about, people, signal } = context;
  if (!platform) return [heading(title), muted("The stage sends events, which only a platform’s token allows.")];

  /** @type {Person[]} */
  let members = [];
  const { root, verdict, send } = createSender(platform, signal);
  const actor = h("select", { id: "actor", onchange: () => feed.dispatchEvent(new Event("actor")) });
  const course = h("select", { "aria-label": "Course" });
  const feed = h("ol", { class: "feed", role: "list" });
  const empty = muted("Nobody has written yet. Write a post, then let another member like it.");
  const box = h("div");

  /** @type {(post: { post_id: string, author_id: string }, user_id: string, type?: string) => Act} */
  const like = (post, user_id, type = "PostLiked") => [type, { ...post, user_id }];
  const comment = () => /** @type {Act} */ (["CommentAdded", { comment_id: uuid(), author_id: actor.value }]);
  const lesson = () =>
    /** @type {Act} */ (["LessonCompleted", { user_id: actor.value, course_id: course.value, lesson_id: uuid() }]);
  const write = async () => {
    const post = { post_id: uuid(), author_id: actor.value };
    if (!(await send(["PostCreated", post]))) return;
    empty.hidden = true;
    feed.prepend(postCard(post));
    if (feed.children.length > 9) feed.lastChild?.remove();
  };

  /** @param {{ post_id: string, author_id: string }} post */
  function postCard(post) {
    /** @type {Set<string>} */
    const likers = new Set();
    let comments = 0;
    const heart = button("Like", async () => {
      const user = actor.value;
      const isLiked = likers.has(user);
      if (await send(like(post, user, isLiked ? "PostUnliked" : "PostLiked"))) likers[isLiked ? "delete" : "add"](user);
      tell();
    });
    const crowd = button(`${LIKES} others like it`, async () => {
      const ids = members.map(({ user_id }) => user_id).filter((id) => id !== post.author_id && !likers.has(id));
      const others = ids.slice(0, LIKES);
      if (others.length && (await send(...others.map((id) => like(post, id))))) for (const id of others) likers.add(id);
      tell();
    });
    const reply = button("Comment", async () => {
      if (await send(comment())) comments++;
      tell();
    });
    const counts = h("small", { class: "muted" });
    const tell = () => {
      heart.textContent = likers.has(actor.value) ? "Unlike" : "Like";
      counts.textContent = `${counted(likers.size, "like")} · ${counted(comments, "comment")}`;
    };
    feed.addEventListener("actor", tell);
    tell();
    const author = members.find(({ user_id }) => user_id === post.author_id) ?? { user_id: post.author_id };
    const text = h(
      "div",
      null,
      h("h2", null, link(author)),
      h("p", null, one(SAID)),
      h("p", { class: "row" }, heart, reply, crowd, counts),
    );
    return h("li", { class: "card" }, avatar({ ...author, level: undefined }, "md"), text);
  }

  const left = h("span", { "aria-hidden": "true" });
  const minute = button("A busy minute", () => (seconds ? rest() : busy(60)));
  let seconds = 0;
  const rest = () => {
    seconds = 0;
    verdict.ariaLive = null;
    minute.textContent = "A busy minute";
    left.textContent = "";
  };
  const busy = async (/** @type {number} */ now) => {
    seconds = now;
    verdict.ariaLive = "off"; // or each second would be read out
    minute.textContent = "Stop";
    left.textContent = `${now} s`;
    const isDone = await send(...Array.from({ length: 1 + Math.floor(Math.random() * 4) }, chance));
    if (!isDone || now < 2) rest();
    if (seconds) setTimeout(() => seconds && busy(now - 1), 1000);
  };
  /** What somebody does when nobody tells them to. */
  const chance = () => {
    const [user_id, author_id] = [one(members).user_id, one(members).user_id];
    /** @type {Act[]} */
    const acts = [
      ["PostCreated", { post_id: uuid(), author_id }],
      ["CommentAdded", { comment_id: uuid(), author_id }],
      like({ post_id: uuid(), author_id }, user_id),
      ["LessonCompleted", { user_id, course_id: course.value, lesson_id: uuid() }],
    ];
    return one(course.value ? acts : acts.slice(0, 3));
  };
  until(context, rest);

  attempt(signal, box, async () => {
    const [page, courses, first] = await Promise.all([
      client.members({ limit: 50, signal }),
      client.courseAccesses({ signal }),
      id ? people.find(id) : null,
    ]);
    people.learn(page.members);
    const listed = [first, about.me, ...page.members].flatMap((person) => (person ? [person] : []));
    members = [...new Map(listed.map((person) => [person.user_id, person])).values()];
    actor.append(...members.map((person) => h("option", { value: person.user_id }, nameOf(person))));
    course.append(
      ...courses.map(({ course_id, title }) => h("option", { value: course_id }, title ?? "Untitled course")),
    );
  });
  const composer = h(
    "section",
    { class: "card composer", "aria-label": "What to do" },
    h("p", { class: "row" }, h("label", { for: "actor" }, "Act as"), actor, button("Write a post", write, "primary")),
    h(
      "p",
      { class: "row" },
      course,
      button("Complete a lesson", () => send(lesson())),
    ),
    h(
      "p",
      { class: "row" },
      minute,
      left,
      h("small", { class: "muted" }, "Sixty seconds of posts, comments, likes and lessons of many members."),
    ),
  );
  return [
    heading(title, muted("Be the platform: what members do here is sent as events, and counts.")),
    box,
    h("div", { class: "columns wide" }, stack(composer, empty, feed), stack(root, ticker(context))),
  ];
}

/** @type {<T>(of: readonly T[]) => T} */
const one = (of) => /** @type {never} */ (of[Math.floor(Math.random() * of.length)]);

/** `crypto.randomUUID` is not there on insecure origins. */
const uuid = () =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
