import { Problem } from "../../client/problem.js";
import { h } from "../../elements/h.js";
import { attempt, avatar, button, card, counted, heading, link, muted, nameOf, row, stack, until } from "../parts.js";
import { ticker } from "../ticker.js";

/** @import { Context, Person } from "../parts.js" */
/** @import { Client } from "../../types.js" */
/** @typedef {[type: string, data: Record<string, string>]} Act */

export const title = "Stage";

const SAID = [
  "Here is what I built this week.",
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
  const { root, verdict, send } = sender(platform, signal);
  const actor = h("select", { id: "actor", onchange: () => feed.dispatchEvent(new Event("actor")) });
  const course = h("select", { "aria-label": "Course" });
  const feed = h("ol", { class: "feed", role: "list" });
  const empty = muted("Nobody has written yet. Write a post, then let another member like it.");
  const box = h("div");

  /** @type {(post: { post_id: string, author_id: string }, user_id: string, type?: string) => Act} */
  const like = (post, user_id, type = "PostLiked") => [type, { ...post, user_id }];
  /** @type {(author_id: string) => Act} */
  const comment = (author_id) => ["CommentAdded", { author_id, comment_id: uuid() }];
  /** @type {(user_id: string) => Act} */
  const lesson = (user_id) => ["LessonCompleted", { user_id, course_id: course.value, lesson_id: uuid() }];
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
      if (await send(comment(actor.value))) comments++;
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
    const text = h("div", null, h("h2", null, link(author)), h("p", null, one(SAID)), row(heart, reply, crowd, counts));
    return h("li", { class: "card" }, avatar({ ...author, level: undefined }, "md"), text);
  }

  const left = h("span", { "aria-hidden": "true" });
  const minute = button("A busy minute", () => (seconds ? rest() : busy(60)));
  let seconds = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const rest = () => {
    clearTimeout(timer);
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
    const sent = await send(...Array.from({ length: 1 + Math.floor(Math.random() * 4) }, chance));
    if (seconds !== now) return; // stopped meanwhile
    clearTimeout(timer);
    if (sent === null || now < 2) rest();
    else timer = setTimeout(busy, 1000, now - 1);
  };
  /** What somebody does when nobody tells them to. */
  const chance = () => {
    const [user_id, author_id] = [one(members).user_id, one(members).user_id];
    /** @type {Act[]} */
    const acts = [
      ["PostCreated", { post_id: uuid(), author_id }],
      comment(author_id),
      like({ post_id: uuid(), author_id }, user_id),
      lesson(user_id),
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
    row(h("label", { for: "actor" }, "Act as"), actor, button("Write a post", write, "primary")),
    h(
      "p",
      { class: "row" },
      course,
      button("Complete a lesson", () => send(lesson(actor.value))),
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

/**
 * Sends events, and shows the last ones sent: as CloudEvents, with the verdict, and as a request to paste.
 * @param {Client} platform
 * @param {AbortSignal} signal
 */
function sender(platform, signal) {
  const verdict = h("p", { role: "status" }, "Nothing was sent yet.");
  const event = h("pre", { tabindex: 0, role: "region", "aria-label": "CloudEvent" });
  const curl = h("pre", { tabindex: 0, role: "region", "aria-label": "As curl" });
  const sent = stack(h("h3", null, "CloudEvent"), event, h("h3", null, "As curl"), curl);
  sent.hidden = true;

  return {
    root: card("Last request", verdict, sent),
    verdict,
    /** @param {Act[]} acts @returns {Promise<number | null>} how many changed something; `null` where sending failed */
    async send(...acts) {
      const now = new Date();
      const events = acts.map(([type, data]) => ({
        specversion: "1.0",
        id: uuid(),
        source: "/console",
        type,
        time: now.toISOString(),
        data: { community_id: platform.communityId, ...data },
      }));
      const [only] = events;
      sent.hidden = false;
      event.textContent = JSON.stringify(events.length > 1 ? events : only, null, 2);
      // The token is named only.
      curl.textContent = `curl -sS ${location.origin}/api/events \\
  -H "Authorization: Bearer $PLATFORM_TOKEN" \\
  -H "Content-Type: application/cloudevents-batch+json" \\
  -d '${JSON.stringify(events)}'`;
      try {
        const { results, ...counts } = await platform.sendEvents(events, { signal });
        const verdicts = Object.entries(counts).filter(([, count]) => count);
        const tags = verdicts.map(([status, count]) => tag(status, events.length > 1 ? `${count} ${status}` : status));
        verdict.replaceChildren(...tags, events.length > 1 ? "" : ` ${only?.type} ${results[0]?.detail ?? ""}`);
        return counts.applied;
      } catch (problem) {
        if (problem instanceof Problem) verdict.replaceChildren(tag("rejected", problem.code), ` ${problem.detail}`);
        return null;
      }
    },
  };
}

/** @param {string} kind @param {string} text */
const tag = (kind, text) => h("b", { class: `tag ${kind}` }, text);

/** @type {<T>(of: readonly T[]) => T} */
const one = (of) => /** @type {never} */ (of[Math.floor(Math.random() * of.length)]);

/** A UUID of version 4; `crypto.randomUUID` is not there on insecure origins. */
const uuid = () => {
  const [a = 0, b = 0, c = 0, d = 0] = crypto.getRandomValues(new Uint32Array(4));
  const bits = [a, (b & 0xffff0fff) | 0x4000, (c & 0x3fffffff) | 0x80000000, d];
  const digits = bits.map((part) => (part >>> 0).toString(16).padStart(8, "0")).join("");
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
};
