import { createClient } from "../../src/client/client.js";
import { fakeClock, settle } from "./clock.js";

export const COMMUNITY = "11d11ce9-c0aa-57ec-b6ee-ec7145807a6a";
/** @param {number} number */
export const user = (number) => `0192f0c1-5c1e-7f4e-8f4b-${String(number).padStart(12, "0")}`;

/** @param {object} claims */
export const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

/** @param {unknown} body @param {ResponseInit & { etag?: string }} [init] */
export const json = (body, { etag, ...init } = {}) =>
  new Response(JSON.stringify(body), { ...init, headers: { ...(etag && { etag }), ...init.headers } });

/** @param {number} status @param {string} code @param {Record<string, string>} [headers] @param {object} [more] */
export const problem = (status, code, headers = {}, more = {}) =>
  json({ type: "about:blank", title: code, status, code, detail: `${code}, in words`, ...more }, { status, headers });

/** @typedef {{ method: string, path: string, url: URL, headers: Headers, body: unknown, token: string | null }} Request */

/**
 * A client, and a service that answers as a test says.
 * @param {(request: Request) => Response | Promise<Response>} answer
 * @param {Partial<import("../../src/types.js").ClientOptions>} [options]
 */
export function service(answer, options = {}) {
  const clock = fakeClock();
  /** @type {Request[]} */
  const requests = [];
  /** @type {Request[]} */
  const aborted = [];
  /** @type {typeof globalThis.fetch} */
  const fetch = async (address, { method = "GET", headers, body: sent, signal } = {}) => {
    const url = new URL(String(address));
    const given = new Headers(headers);
    const token = given.get("authorization")?.replace("Bearer ", "") ?? null;
    const path = url.pathname.replace(`/api/communities/${COMMUNITY}`, "") + url.search;
    const request = { method, path, url, headers: given, body: sent ? JSON.parse(String(sent)) : null, token };
    requests.push(request);
    const left = new Promise((_, reject) => {
      const leave = () => {
        aborted.push(request);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
    });
    const response = /** @type {Response} */ (await Promise.race([answer(request), left]));
    // As in a browser, an abort also ends a body that is being read.
    const body = signal && response.body?.pipeThrough(new TransformStream(), { signal });
    return body ? new Response(body, response) : response;
  };
  const client = createClient({
    api: "https://levels.example/",
    community: COMMUNITY,
    token: () => jwt({ sub: user(0) }),
    fetch,
    clock,
    ...options,
  });
  /** The requests since the last call. */
  const seen = () => requests.splice(0).map(({ method, path }) => `${method} ${path}`);
  return { client, clock, requests, aborted, seen, settle };
}

/** A body that a test writes piece by piece. */
export function streamed() {
  /** @type {ReadableStreamDefaultController<Uint8Array>} */
  let controller;
  let isCancelled = false;
  const body = new ReadableStream({
    start(given) {
      controller = given;
    },
    cancel() {
      isCancelled = true;
    },
  });
  const encoder = new TextEncoder();
  return {
    response: () => new Response(body, { headers: { "content-type": "text/event-stream" } }),
    /** @param {string | Uint8Array} text */
    write: (text) => controller.enqueue(typeof text === "string" ? encoder.encode(text) : text),
    end: () => controller.close(),
    breakOff: () => controller.error(new TypeError("network error")),
    get isCancelled() {
      return isCancelled;
    },
  };
}

/** @param {string} type @param {number} sequence @param {object} data */
export const event = (type, sequence, data) => {
  const id = String(sequence).padStart(19, "0");
  return `event: ${type}\nid: ${id}\ndata: ${JSON.stringify({ id, type, sequence: id, time: "2026-11-22T10:00:00Z", data })}\n\n`;
};
