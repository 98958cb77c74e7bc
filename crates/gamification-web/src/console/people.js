import { h } from "../elements/h.js";

/** @import { Client } from "../types.js" */
/** @typedef {{ user_id: string, display_name: string | null, avatar_url?: string | null, level?: number }} Person */
/** @typedef {ReturnType<typeof createPeople>} People */

/** As many as the service gives at once. */
const PAGE = 100;

/** @param {Person | null} [person] */
export const nameOf = (person) => person?.display_name || "A member";

/**
 * Names and avatars of members, for what tells of them by id only.
 * @param {Client} client
 */
export function createPeople(client) {
  /** @type {Map<string, Person>} */
  const known = new Map();
  /** @type {Map<string, Promise<Person | null>>} */
  const asked = new Map();
  /** @type {Promise<unknown> | undefined} */
  let first;

  const learn = (/** @type {readonly Person[]} */ people) => {
    for (const person of people) known.set(person.user_id, person);
    return people;
  };
  const search = async (/** @type {string} */ id) => {
    first ??= client.members({ limit: PAGE }).then(({ members }) => learn(members));
    await first;
    // A member's surroundings on a board have names; who is hidden from boards has none here.
    if (!known.has(id)) learn((await client.leaderboard("all_time", { around: id, radius: 1 })).entries);
    return known.get(id) ?? null;
  };
  return {
    learn,
    /** `null` where there is no name. @param {string} id @returns {Promise<Person | null>} */
    async find(id) {
      const person = known.get(id);
      if (person) return person;
      const answer = asked.get(id) ?? search(id).catch(() => null);
      asked.set(id, answer);
      return answer;
    },
  };
}

/**
 * A member's picture, or their initial, under the badge of their level, which follows the stream.
 * @param {Person} person
 * @param {"xs" | "sm" | "md" | "lg" | "xl"} size
 */
export function avatar(person, size) {
  return Object.assign(h("level-badge", { size, level: person.level }, face(person)), { userId: person.user_id });
}

/** @param {Person} person */
export function face({ display_name, avatar_url }) {
  const name = display_name ?? "";
  const initial = h("span", { class: "face", "aria-hidden": "true" }, [...name][0]?.toUpperCase() ?? "");
  initial.style.setProperty("--hue", String(hueOf(name)));
  /** @type {HTMLImageElement} */
  const image = h("img", { class: "face", alt: "", src: avatar_url, onerror: () => image.replaceWith(initial) });
  return image.hasAttribute("src") ? image : initial;
}

/** The same color for the same name. @param {string} name */
export const hueOf = (name) =>
  [...name].reduce((hue, character) => (hue * 31 + (character.codePointAt(0) ?? 0)) % 360, 7);
