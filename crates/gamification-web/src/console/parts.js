import { Problem } from "../client/problem.js";
import { h } from "../elements/h.js";
import { formatsOf } from "../elements/text.js";

/** @import { Client, Community, LevelsHistory, RulesHistory } from "../types.js" */
/** @import { Child } from "../elements/h.js" */
/**
 * What pages are given. `platform` is there with its token; `signal` ends when the page is left.
 * @typedef {{ client: Client, platform: Client | null, about: Community, isAdmin: boolean, people: ReturnType<typeof createPeople>, signal: AbortSignal,
 *   say: (text: string) => void, retitle: () => void }} Context
 */
/** @typedef {{ user_id: string, display_name?: string | null, avatar_url?: string | null, level?: number }} Person */

export const formats = formatsOf("en");
/** Of 100 members each; who is beyond them and on no board stays without a name. */
const MOST_PAGES = 10;
const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium" });

/** @type {(tag: string, kind: string) => (...children: Child[]) => HTMLElement} */
const made =
  (tag, kind) =>
  (...children) =>
    h(tag, { class: kind }, ...children);
export const stack = made("div", "stack");
export const muted = made("p", "muted");
export const row = made("p", "row");

/** @type {(text: string, ...beside: Child[]) => HTMLElement} */
export const heading = (text, ...beside) => h("header", { class: "page" }, h("h1", { tabindex: -1 }, text), ...beside);

/** @type {(title: string, ...children: Child[]) => HTMLElement} */
export const card = (title, ...children) => h("section", { class: "card" }, h("h2", null, title), ...children);

/** @param {string} text @param {() => unknown} onclick @param {string} [kind] */
export const button = (text, onclick, kind) => h("button", { type: "button", onclick, class: kind }, text);

/** @param {string} time */
export const time = (time) => h("time", { datetime: time }, clock.format(new Date(time)));

/** @param {string} text */
export const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Ordinary members have none. @param {string} role */
export const roleTag = (role) => role !== "MEMBER" && h("span", { class: "tag" }, capital(role.toLowerCase()));

/** @param {number} number @param {string} thing */
export const counted = (number, thing) => `${formats.count.format(number)} ${thing}${number === 1 ? "" : "s"}`;

/** Ends a watch with its page. @type {(context: Context, stop: () => void) => void} */
export const until = ({ signal }, stop) => signal.addEventListener("abort", stop);

/** What fails is shown in a box, with a button that tries again. @type {(signal: AbortSignal, box: HTMLElement, work: () => Promise<unknown>) => Promise<void>} */
export const attempt = async (signal, box, work) => {
  box.replaceChildren();
  try {
    await work();
  } catch (problem) {
    if (signal.aborted) return;
    if (!(problem instanceof Problem)) throw problem;
    const retry = button("Retry", () => attempt(signal, box, work));
    box.replaceChildren(h("div", { class: "card row", role: "alert" }, h("p", null, `${problem.detail}.`), retry));
    report(box, problem);
  }
};

/** Tells the console of what failed: a token may have ended. @param {HTMLElement} box @param {Problem} problem */
export const report = (box, problem) =>
  box.dispatchEvent(new CustomEvent("gamification-error", { detail: { problem }, bubbles: true }));

/**
 * Fills a list page by page, with a button for the next one.
 * @param {Context} context
 * @param {HTMLElement} list
 * @param {(query: { cursor: string | null, signal: AbortSignal }) => Promise<{ next_cursor: string | null, rows: HTMLElement[] }>} read
 */
export function paged(context, list, read) {
  const box = h("div");
  /** @type {HTMLButtonElement} */
  const more = button("Load more", () => more.ariaDisabled || next());
  more.hidden = true;
  /** @type {string | null} */
  let cursor = null;
  let asked = new AbortController();

  const next = () => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    more.ariaDisabled = "true"; // `disabled` would take the focus away
    return attempt(signal, box, async () => {
      const isFirst = !cursor;
      const { next_cursor, rows } = await read({ cursor, signal });
      if (isFirst) list.replaceChildren();
      list.append(...rows);
      cursor = next_cursor;
      const had = document.activeElement === more;
      more.hidden = !cursor;
      more.ariaDisabled = null;
      if (had) (rows[0]?.querySelector("a") ?? rows[0])?.focus();
    });
  };
  until(context, () => asked.abort());
  /** Reads the first page, and with it all that follow anew. */
  const begin = () => {
    cursor = null;
    return next();
  };
  return { more, box, begin };
}

/**
 * Who changed something, and when: the newest first.
 * @param {Context} context
 * @param {(query: { cursor: string | null, limit: number, signal: AbortSignal }) => Promise<LevelsHistory | RulesHistory>} read
 */
export function versions(context, read) {
  const list = h("ol", { role: "list" });
  const { more, box, begin } = paged(context, list, async (query) => {
    const { versions, next_cursor } = await read({ ...query, limit: 10 });
    return { next_cursor, rows: versions.map((version) => versionRow(context, version)) };
  });
  begin();
  return { root: h("section", { class: "card versions" }, h("h2", null, "History"), list, more, box), begin };
}

/** @param {Context} context @param {LevelsHistory["versions"][number] | RulesHistory["versions"][number]} version */
function versionRow({ people }, { version, changed_at, changed_by: user_id }) {
  const who = h("span", null, user_id ? link({ user_id }) : "nobody");
  if (user_id) people.find(user_id).then((person) => who.replaceChildren(link(person ?? { user_id })));
  const when = h("time", { datetime: changed_at }, formats.date.format(new Date(changed_at)));
  return h("li", { class: "row", tabindex: -1 }, h("b", null, `Version ${version}`), when, who);
}

/** @param {Person | null} [person] */
export const nameOf = (person) => person?.display_name || "A member";

/** @param {Person} person */
export const link = (person) => h("a", { href: `#/members/${person.user_id}` }, nameOf(person));

/** A picture under the badge of the member's level. @param {Person} person @param {"sm" | "md"} size */
export const avatar = (person, size) =>
  h("level-badge", { size, level: person.level, "user-id": person.user_id }, face(person));

/** A picture, or the initial. @param {Person} person */
export function face({ display_name, avatar_url }) {
  const name = display_name ?? "";
  const initial = hued(h("span", { class: "face", "aria-hidden": "true" }, [...name][0]), name);
  /** @type {HTMLImageElement} */
  const image = h("img", { class: "face", alt: "", src: avatar_url, onerror: () => image.replaceWith(initial) });
  return image.hasAttribute("src") ? image : initial;
}

/** The same color for the same name. @template {HTMLElement} T @param {T} element @param {string} name */
export function hued(element, name) {
  const hue = [...name].reduce((hue, character) => (hue * 31 + (character.codePointAt(0) ?? 0)) % 360, 7);
  element.style.setProperty("--hue", String(hue));
  return element;
}

/**
 * Names and avatars of members, for what tells of them by id only.
 * @param {Client} client
 * @param {Community["me"]} me who looks, on whatever page of members, and on no board perhaps
 */
export function createPeople(client, me) {
  /** @type {Map<string, Person>} */
  const known = new Map(me && [[me.user_id, me]]);
  /** @type {Map<string, Promise<Person | null>>} */
  const asked = new Map();
  /** The pages of members: where the next begins, `null` after the last. @type {string | null | undefined} */
  let cursor;
  let pages = 0;
  /** @type {Promise<void> | undefined} */
  let reading;

  const learn = (/** @type {readonly Person[]} */ people) => {
    for (const person of people) known.set(person.user_id, person);
  };
  const readPage = async () => {
    const page = await client.members({ cursor, limit: 100 });
    learn(page.members);
    cursor = page.next_cursor;
    pages++;
  };
  /** One page at a time, whoever waits for it; one that failed is read again by who asks next. */
  const readOn = () => {
    reading ??= readPage().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  const readBoard = (/** @type {string} */ id) =>
    client.leaderboard("all_time", { around: id, radius: 1 }).then(
      ({ entries }) => learn(entries),
      (problem) => {
        if (problem.status !== 404) throw problem;
      },
    );
  const search = async (/** @type {string} */ id) => {
    if (!pages) await readOn();
    // In a large community, a member's surroundings on a board are nearer than their page of members.
    if (!known.has(id)) await readBoard(id);
    while (!known.has(id) && cursor && pages < MOST_PAGES) await readOn();
    return known.get(id) ?? null;
  };
  return {
    learn,
    /** @param {string} id */
    async find(id) {
      const person = known.get(id) ?? asked.get(id);
      if (person) return person;
      const answer = search(id).catch(() => {
        asked.delete(id); // it may be had another time
        return null;
      });
      asked.set(id, answer);
      return answer;
    },
  };
}
