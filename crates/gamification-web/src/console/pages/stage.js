import { h } from "../../elements/h.js";
import { attempt, counted, heading, until } from "../parts.js";
import { avatar, nameOf } from "../people.js";
import { sent } from "../sent.js";
import { ticker } from "../ticker.js";

/** @import { Context } from "../parts.js" */
/** @import { Person } from "../people.js" */
/** @typedef {[type: string, data: Record<string, string>]} Act */

export const title = "Stage";

const SAID = [
  "Here is what I built this week.",
  "Does anybody have a tip for a first project?",
  "What I learned from breaking it twice.",
  "Who comes along on Thursday?",
  "My notes on the last lesson.",
];
const MEMBERS = 50;
const POSTS = 12;
const LIKES = 10;
const MINUTE = 60;

/** @param {Context} context @param {string} [id] who acts first */
export function show(context, id) {
  const { client, platform, about, people, signal } = context;
  if (!platform) return [heading(title), h("p", { class: "card" }, "The stage sends events, which a platform’s token allows. ", h("a", { href: "#/sign-in" }, "Add one"), ".")];

  /** @type {Person[]} */
  let members = [];
  const record = sent(platform, about.community_id);
  const send = (/** @type {Act[]} */ ...acts) => record.send(acts, signal);
  const actor = h("select", { id: "actor", onchange: () => feed.dispatchEvent(new Event("actor")) });
  const course = h("select", { id: "course" });
  const feed = h("ol", { class: "feed", role: "list" });
  const empty = h("p", { class: "card muted" }, "Nobody has written yet. Write a post, then let another member like it.");
  const box = h("div");
  const acting = () => actor.value;
  const any = () => one(members).user_id;

  const post = async (/** @type {string} */ author) => {
    const made = { id: uuid(), author, text: one(SAID) };
    if (!(await send(["PostCreated", { post_id: made.id, author_id: author }]))) return;
    empty.hidden = true;
    feed.prepend(await postCard(made));
    while (feed.children.length > POSTS) feed.lastElementChild?.remove();
  };
  const like = (/** @type {Post} */ { id, author }, /** @type {string} */ user, isLiked = true) =>
    /** @type {Act} */ ([isLiked ? "PostLiked" : "PostUnliked", { post_id: id, user_id: user, author_id: author }]);
  const comment = (/** @type {string} */ author) => /** @type {Act} */ (["CommentAdded", { comment_id: uuid(), author_id: author }]);
  const lesson = (/** @type {string} */ user) => /** @type {Act} */ (["LessonCompleted", { user_id: user, course_id: course.value, lesson_id: uuid() }]);

  /** @typedef {{ id: string, author: string, text: string }} Post */
  /** @param {Post} post */
  async function postCard(post) {
    const person = (await people.find(post.author)) ?? { user_id: post.author, display_name: null };
    /** @type {Set<string>} */
    const liked = new Set();
    let comments = 0;
    const heart = button("Like", async () => {
      const user = acting();
      const isLiked = !liked.has(user);
      if (await send(like(post, user, isLiked))) liked[isLiked ? "add" : "delete"](user);
      tell();
    });
    const crowd = button(`${LIKES} others like it`, async () => {
      const others = members.filter(({ user_id }) => user_id !== post.author && !liked.has(user_id)).slice(0, LIKES);
      if (others.length && (await send(...others.map(({ user_id }) => like(post, user_id))))) for (const { user_id } of others) liked.add(user_id);
      tell();
    });
    const reply = button("Comment", async () => {
      if (await send(comment(acting()))) comments++;
      tell();
    });
    const counts = h("small", { class: "muted" });
    const tell = () => {
      heart.textContent = liked.has(acting()) ? "Unlike" : "Like";
      counts.textContent = `${counted(liked.size, "like")} · ${counted(comments, "comment")}`;
    };
    feed.addEventListener("actor", tell);
    tell();
    const name = h("a", { href: `#/members/${post.author}` }, nameOf(person));
    return h("li", { class: "card" }, avatar({ ...person, level: undefined }, "md"), h("div", null, h("h3", null, name), h("p", null, post.text), h("p", { class: "row" }, heart, reply, crowd, counts)));
  }

  const count = h("span", { class: "muted", "aria-hidden": "true" });
  /** @type {HTMLButtonElement} */
  const minute = h("button", { type: "button", "aria-pressed": "false", onclick: () => (isBusy() ? rest() : busy()) }, "A busy minute");
  const isBusy = () => minute.getAttribute("aria-pressed") === "true";
  let seconds = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const rest = () => {
    clearTimeout(timer);
    minute.setAttribute("aria-pressed", "false");
    count.textContent = "";
  };
  const busy = async () => {
    if (!isBusy()) seconds = MINUTE;
    minute.setAttribute("aria-pressed", "true");
    count.textContent = `${seconds} s`;
    const isDone = await send(...Array.from({ length: 1 + Math.floor(Math.random() * 4) }, chance));
    if (!isDone || !isBusy() || signal.aborted || --seconds < 1) return rest();
    timer = setTimeout(busy, 1000);
  };
  /** What a member does when nobody tells them to. @returns {Act} */
  const chance = () => {
    const [user, author, id] = [any(), any(), uuid()];
    return one([
      /** @type {Act} */ (["PostCreated", { post_id: id, author_id: author }]),
      comment(author),
      like({ id, author, text: "" }, user),
      like({ id, author, text: "" }, user),
      course.value ? lesson(user) : comment(author),
    ]);
  };
  until(context, rest);

  const learn = button("Complete a lesson", () => send(lesson(acting())));
  attempt(context, box, async () => {
    const [page, courses, first] = await Promise.all([client.members({ limit: MEMBERS, signal }), client.courseAccesses({ signal }), id ? people.find(id) : null]);
    people.learn(page.members);
    const { me } = about;
    const listed = [first, me, ...page.members].filter((person) => person != null);
    members = [...new Map(listed.map((person) => [person.user_id, person])).values()];
    actor.replaceChildren(...members.map((person) => h("option", { value: person.user_id }, person.user_id === me?.user_id ? `${nameOf(person)} (you)` : nameOf(person))));
    course.replaceChildren(...courses.map(({ course_id, title }) => h("option", { value: course_id }, title || "Untitled course")));
    if (!courses.length) for (const part of [learn, course]) part.hidden = true;
  });
  course.ariaLabel = "Course of the lesson";
  const composer = h(
    "section",
    { class: "card composer", "aria-label": "What to do" },
    h("p", { class: "row" }, h("label", { for: "actor" }, "Act as"), actor, button("Write a post", () => post(acting()), "primary")),
    h("p", { class: "row" }, course, learn),
    h("p", { class: "row" }, minute, count),
  );
  const note = h("p", { class: "muted" }, "Be the platform: what members do here is sent as events, and counts.");
  return [
    heading(title, note),
    box,
    h("div", { class: "columns wide-side" }, h("div", { class: "stack" }, composer, empty, feed), h("div", { class: "stack" }, record.root, ticker(context))),
  ];
}

/** One request at a time: what follows a click waits for its verdict. @param {string} text @param {() => unknown} act @param {string} [kind] */
function button(text, act, kind) {
  const made = h("button", { type: "button", class: kind }, text);
  made.addEventListener("click", async () => {
    if (made.ariaDisabled) return;
    made.ariaDisabled = "true";
    await act();
    made.ariaDisabled = null;
  });
  return made;
}

/** @type {<T>(of: readonly T[]) => T} */
const one = (of) => /** @type {never} */ (of[Math.floor(Math.random() * of.length)]);

/** `crypto.randomUUID` is there on secure origins only. */
const uuid = () => {
  const bytes = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return bytes.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
};
