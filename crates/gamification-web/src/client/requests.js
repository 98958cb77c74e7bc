import { Problem, problemOf } from "./problem.js";
import { keepToken } from "./token.js";

/** @import { ClientOptions, Clock, Requests, Sending, Signal, Stop } from "../types.js" */
/** @typedef {{ answer: Promise<unknown>, waiting: number, end: () => void, abort: () => void }} Shared */

const TRIES = 3;
/** Before the second and the third try of a GET that got no answer, or no token to ask with. */
const PAUSES = [500, 2000];
const LONGEST_PAUSE = 30;
const KEPT_ANSWERS = 200;

/**
 * Requests of one user: with their token, repeated where that does no harm, and none twice for what is known already.
 * @type {(options: ClientOptions & { clock: Clock }) => Requests}
 */
export const createRequests = ({ api, token: ask, fetch = (...request) => globalThis.fetch(...request), clock }) => {
  /** @type {Map<string, { etag: string | null, data: unknown }>} */
  const kept = new Map();
  /** @type {Map<string, Shared>} */
  const underWay = new Map();
  /** @type {WeakMap<object, string>} */
  const etags = new WeakMap();
  const token = keepToken(ask, clock, () => {
    // What another user was told, nobody else is.
    kept.clear();
    underWay.clear();
  });

  /**
   * One try. A token that is refused is asked for anew, once.
   * @type {(path: string, sending: Sending, refused?: string | null) => Promise<Response>}
   */
  const attempt = async (path, sending, refused) => {
    const { method, signal, body } = sending;
    const bearer = await token.get(refused).catch((cause) => {
      // The platform gave none, perhaps for want of a network; the service has refused nothing.
      throw new Problem({ code: "NO_TOKEN", detail: "There is no token", cause });
    });
    signal?.throwIfAborted();
    const headers = new Headers(body ? { "content-type": "application/json" } : {});
    for (const [name, value] of Object.entries(sending.headers ?? {})) if (value) headers.set(name, value);
    if (bearer) headers.set("authorization", `Bearer ${bearer}`);
    const init = { method, signal, headers, cache: "no-store", body: body && JSON.stringify(body) };
    const response = await answered(fetch(api + path, /** @type {RequestInit} */ (init)), sending);
    return response.status === 401 && refused === undefined ? attempt(path, sending, bearer) : response;
  };

  /** @type {(path: string, sending: Sending) => Promise<{ status: number, etag: string | null, data: unknown }>} */
  const answer = async (path, sending) => {
    for (let tries = 1; ; tries++) {
      try {
        const response = await attempt(path, sending);
        const { ok, status, headers } = response;
        if (!ok && status !== 304) throw await problemOf(response);
        const data = ok ? await answered(response.json(), sending) : null;
        const etag = headers.get("etag");
        if (data && etag) etags.set(data, etag);
        return { status, etag, data };
      } catch (error) {
        const pause = error instanceof Problem && tries < TRIES ? pauseAfter(error, tries, sending) : undefined;
        if (pause === undefined) throw error;
        await sleep(pause + clock.random() * 500, sending.signal);
      }
    }
  };

  /** @type {(path: string, signal: AbortSignal) => Promise<unknown>} */
  const read = async (path, signal) => {
    const before = kept.get(path);
    const { status, etag, data } = await answer(path, { signal, headers: { "if-none-match": before?.etag ?? "" } });
    const now = before && status === 304 ? before : { etag, data };
    kept.delete(path); // the newest is the last
    if (now.etag) kept.set(path, now);
    for (const oldest of kept.keys()) if (kept.size > KEPT_ANSWERS) kept.delete(oldest);
    return now.data;
  };

  /** @type {Requests["sleep"]} */
  const sleep = (milliseconds, signal) => {
    /** @type {Stop | undefined} */
    let wake;
    const pause = new Promise((resolve) => {
      wake = clock.after(milliseconds, () => resolve(undefined));
    });
    return abortable(pause, signal, wake);
  };

  return {
    get userId() {
      return token.userId;
    },
    get(path, { signal } = {}) {
      let shared = underWay.get(path);
      if (!shared) {
        const abort = new AbortController();
        const end = () => void (underWay.get(path) === own && underWay.delete(path));
        const own = { waiting: 0, answer: read(path, abort.signal), end, abort: () => abort.abort() };
        own.answer.then(end, end);
        underWay.set(path, own);
        shared = own;
      }
      return /** @type {Promise<never>} */ (join(shared, signal));
    },
    async send(path, sending) {
      // What was asked before a change may be answered as of before: who asks after it asks anew.
      const { data } = await answer(path, sending).finally(() => underWay.clear());
      return /** @type {never} */ (data);
    },
    async stream(path, signal) {
      const response = await attempt(path, { signal, headers: { accept: "text/event-stream" } });
      if (response.ok && response.body) return response.body;
      throw await problemOf(response);
    },
    etag: (data) => etags.get(data),
    sleep,
  };

  /** Waits with others; the request goes on until nobody does. @param {Shared} shared @param {AbortSignal} [signal] */
  function join(shared, signal) {
    shared.waiting++;
    // An element that is moved leaves and comes back at once.
    const last = () =>
      clock.after(0, () => {
        if (shared.waiting) return;
        // It may take long to settle, as while a token is waited for: who asks meanwhile is to ask anew.
        shared.end();
        shared.abort();
      });
    return abortable(shared.answer, signal, () => --shared.waiting || last());
  }
};

/**
 * In how many milliseconds the same request may succeed; nothing where it must not be repeated.
 * @type {(problem: Problem, tries: number, sending: Sending) => number | undefined}
 */
const pauseAfter = ({ code, status, retryAfter }, tries, { method = "GET", repeatable = /GET|PUT/.test(method) }) => {
  if (status === 503) return repeatable ? Math.min(retryAfter ?? 1, LONGEST_PAUSE) * 1000 : undefined;
  // Whether a change that got no answer was made is not known here.
  return (code === "OFFLINE" || code === "NO_TOKEN") && method === "GET" ? PAUSES[tries - 1] : undefined;
};

/**
 * Tells apart what the caller called off and what the network broke.
 * @type {<T>(answer: Promise<T>, options: Signal) => Promise<T>}
 */
const answered = (answer, { signal }) =>
  answer.catch((cause) => {
    throw signal?.aborted ? cause : new Problem({ code: "OFFLINE", detail: "There is no connection", cause });
  });

/**
 * Waits for what others may wait for too: an abort ends the wait, not what is waited for.
 * @type {<T>(promise: Promise<T>, signal?: AbortSignal, left?: () => unknown) => Promise<T>}
 */
export const abortable = (promise, signal, left) => {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const leave = () => {
      reject(signal.reason);
      left?.();
    };
    if (signal.aborted) return leave();
    signal.addEventListener("abort", leave, { once: true });
    promise.then(resolve, reject).then(() => signal.removeEventListener("abort", leave));
  });
};
