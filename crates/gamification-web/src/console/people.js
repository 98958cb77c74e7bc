/** @import { Client } from "../types.js" */
/** @import { Person } from "./parts.js" */
/** @typedef {ReturnType<typeof createPeople>} People */

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
  };
  const search = async (/** @type {string} */ id) => {
    first ??= client.members({ limit: 100 }).then(({ members }) => learn(members));
    await first;
    // A member's surroundings on a board have names; who is hidden from boards has none here.
    if (!known.has(id)) learn((await client.leaderboard("all_time", { around: id, radius: 1 })).entries);
    return known.get(id) ?? null;
  };
  return {
    learn,
    /** `null` where there is no name. @param {string} id */
    async find(id) {
      if (!known.has(id) && !asked.has(id))
        asked.set(
          id,
          search(id).catch(() => null),
        );
      return known.get(id) ?? asked.get(id) ?? null;
    },
  };
}
