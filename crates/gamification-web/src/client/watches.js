import { Problem } from "./problem.js";
import { messages } from "./stream.js";

/** @import { Clock, Failed, MemberEvent, Received, Requests, Stop, Watched, Watches } from "../types.js" */
/** @typedef {{ read: () => void, hear: (event: MemberEvent) => void, stop: Stop }} Watch */

const POLL = 10_000;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
/** What befalls all streams at the same moment, such as a new release of the service, lets clients ask within this time. */
const SPREAD = 5000;

/**
 * All that is watched in a community, and the stream that keeps it up to date while somebody can see it.
 * @type {(requests: Requests, clock: Clock, path: string, live: boolean) => Watches}
 */
export const createWatches = (requests, clock, path, live) => {
  /** @type {Set<Watch>} */
  const all = new Set();
  /** @type {AbortController | null} */
  let following = null;

  const turn = () => {
    const wanted = live && all.size > 0 && globalThis.document?.visibilityState !== "hidden";
    if (wanted === !!following) return;
    following?.abort();
    following = wanted ? new AbortController() : null;
    if (following) follow(following.signal).catch(() => {}); // the abort
  };
  const refresh = () => {
    for (const { read } of all) read();
  };
  let isSpreading = false;
  const refreshSoon = async (/** @type {AbortSignal} */ signal) => {
    if (isSpreading) return; // one is due, and will read this too
    isSpreading = true;
    await requests
      .sleep(clock.random() * SPREAD, signal)
      .then(refresh)
      .catch(() => {}); // the abort
    isSpreading = false;
  };
  const poll = async (/** @type {AbortSignal} */ signal) => {
    for (;;) {
      await requests.sleep(POLL, signal);
      refresh();
    }
  };
  const follow = async (/** @type {AbortSignal} */ signal) => {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      let resets = 0;
      try {
        for await (const { event, data } of messages(await requests.stream(path, signal), clock)) {
          pause = FIRST_PAUSE;
          if (event === "reset") resets++ ? refreshSoon(signal) : refresh();
          else if (data) for (const { hear } of all) hear(JSON.parse(data));
        }
      } catch (problem) {
        signal.throwIfAborted();
        const { code, status, retryAfter } = asProblem(problem);
        if (status === 403) return;
        if (status === 404) return poll(signal); // a service without a stream
        // A token may be good again, after the user has signed in elsewhere.
        if (status === 401) pause = LONGEST_PAUSE;
        // Without a stream, what is shown is kept up to date by this. Before the first try, all was read already.
        else if (code !== "NO_TOKEN" && pause > FIRST_PAUSE) refresh();
        pause = Math.max(pause, Math.min((retryAfter ?? 0) * 1000, LONGEST_PAUSE));
      }
      // Streams that end together are not opened together.
      const spread = pause === FIRST_PAUSE ? SPREAD : pause / 4;
      await requests.sleep(pause + clock.random() * spread, signal);
    }
  };
  /** @param {Watch} watch */
  const begin = (watch) => {
    if (!all.size) globalThis.document?.addEventListener("visibilitychange", turn);
    all.add(watch);
    turn();
    watch.read();
    return () => {
      watch.stop();
      if (!all.delete(watch) || all.size) return;
      globalThis.document?.removeEventListener("visibilitychange", turn);
      clock.after(0, turn); // an element that is moved comes back at once
    };
  };

  return {
    add: (watched, received, failed) => begin(watch(clock, watched, received, failed)),
    listen: (hear) => begin({ read() {}, hear, stop() {} }),
    refresh,
  };
};

/** @type {<T>(clock: Clock, watched: Watched<T>, received: Received<T>, failed?: Failed) => Watch} */
const watch = (clock, { about, read, apply, reread, again }, received, failed) => {
  /** @type {Parameters<typeof received>[0] | undefined} */
  let value;
  let sequence = "";
  let isReading = false;
  let isStale = false;
  /** @type {Stop | null} */
  let timer = null;
  const abort = new AbortController();
  const { signal } = abort;

  const ask = async () => {
    isStale = true;
    if (isReading) return;
    isReading = true;
    // What happens while an answer is under way may be missing in it: it is asked for once more, and shown only if nothing is.
    while (isStale && !signal.aborted) {
      isStale = false;
      try {
        const now = await read({ signal });
        if (!isStale || value === undefined) give(now);
      } catch (problem) {
        if (!signal.aborted) failed?.(asProblem(problem));
      }
    }
    isReading = false;
  };
  const give = (/** @type {Parameters<typeof received>[0]} */ now) => {
    if (signal.aborted) return;
    const isNew = now !== value;
    value = now;
    if (isNew) received(now);
    later(again?.(now));
  };
  const later = (/** @type {number | false | undefined} */ milliseconds) => {
    if (typeof milliseconds !== "number" || timer) return; // many changes, one answer
    timer = clock.after(milliseconds, () => {
      timer = null;
      ask();
    });
  };
  return {
    read: ask,
    hear(event) {
      if (about && (event.data.member_id !== about || event.sequence <= sequence)) return;
      sequence = event.sequence;
      if (isReading) isStale = true;
      if (value != null && apply) give(apply(value, event));
      later(reread?.(event));
    },
    stop() {
      abort.abort();
      timer?.();
    },
  };
};

/** @type {(error: unknown) => Problem} */
const asProblem = (error) =>
  error instanceof Problem ? error : new Problem({ code: "INTERNAL", detail: String(error), cause: error });
