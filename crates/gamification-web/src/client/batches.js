import { abortable } from "./requests.js";

/** @import { Clock, Signal } from "../types.js" */
/** @template T @typedef {{ answer: Promise<T>, resolve: (found: T) => void, reject: (problem: unknown) => void }} Ask */

/** As many ids as the service takes at once. */
const LIMIT = 200;

/**
 * Look-ups by id, of which those of one task become one request; `null` for what there is not.
 *
 * A task, not a microtask: while a page is parsed, microtasks run after each element.
 * @type {<T>(clock: Clock, fetch: (ids: string[]) => Promise<readonly T[]>, idOf: (found: T) => string)
 *   => (id: string, options?: Signal) => Promise<T | null>}
 */
export const batched = (clock, fetch, idOf) => {
  /** @typedef {Awaited<ReturnType<typeof fetch>>[number]} Found */
  /** @type {Map<string, Ask<Found | null>>} */
  let asked = new Map();

  const send = () => {
    // In order, so that the same ids are the same address, whoever asks first.
    const batch = [...asked].sort(([a], [b]) => (a < b ? -1 : 1));
    asked = new Map();
    while (batch.length) request(batch.splice(0, LIMIT));
  };
  /** @param {[string, Ask<Found | null>][]} batch */
  const request = async (batch) => {
    try {
      const found = new Map((await fetch(batch.map(([id]) => id))).map((one) => [idOf(one), one]));
      for (const [id, { resolve }] of batch) resolve(found.get(id) ?? null);
    } catch (problem) {
      for (const [, { reject }] of batch) reject(problem);
    }
  };

  return (anyId, { signal } = {}) => {
    const id = anyId.toLowerCase();
    const ask = asked.get(id) ?? /** @type {Ask<Found | null>} */ ({});
    ask.answer ??= new Promise((resolve, reject) => Object.assign(ask, { resolve, reject }));
    if (!asked.size) clock.after(0, send);
    asked.set(id, ask);
    return abortable(ask.answer, signal);
  };
};
