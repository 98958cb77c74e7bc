// Pages in Debian's Chromium, all as strict as a careful platform's: whatever breaks their policy fails the test.

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { COMMUNITY, healthy, ME } from "./fixtures.js";
import { Reply, reply } from "./reply.js";
import { STRICT, serve } from "./server.js";

const SCREENSHOTS = fileURLToPath(new URL("../../../../target/web/", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const TOKEN = `e30.${Buffer.from(JSON.stringify({ sub: ME, exp: 4_000_000_000 })).toString("base64url")}.c2ln`;

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./server.js").Answer} Answer */
/** @typedef {Pick<import("./server.js").Asked, "headers" | "body">} Sent */
/** @typedef {(url: URL, sent: Sent) => unknown} Handler what it gives is the body, or a `reply()` */
/** @typedef {{ scheme?: "light" | "dark", width?: number, dir?: "ltr" | "rtl", lang?: string, script?: string, api?: Record<string, Handler>,
 *   forced?: boolean, connect?: boolean, options?: object,
 *   files?: Record<string, string>, policy?: string, head?: string }} Settings files: modules that the page imports */

/** Starts a browser and a server for the tests of a file; gives what opens pages. */
export function browserTests() {
  /** @type {Awaited<ReturnType<typeof serve>>} */
  let server;
  /** @type {import("playwright-core").Browser} */
  let browser;
  /** @type {Page} */
  let page;
  /** What no page may do: break its policy, throw, complain. @type {string[]} */
  let broken = [];
  /** @type {Parameters<typeof serve>[0]} */
  const pages = new Map();
  /** @type {Parameters<typeof serve>[1]} */
  let answer;
  pages.set("/page.css", {
    type: "text/css",
    body: `body { margin: 16px; background: #fff; color: #111827; font-family: "DejaVu Sans", sans-serif } @media (prefers-color-scheme: dark) { body { background: #0b1120; color: #f3f4f6 } } .card { display: grid; align-content: end; box-sizing: border-box; inline-size: 280px; block-size: 176px; padding: 16px; border-radius: 8px; background: linear-gradient(135deg, #1e3a5f, #6d28d9); color: #fff } .w767 { inline-size: 767px } .w768 { inline-size: 768px } .side { inline-size: 280px } .panel { inline-size: 350px } .side, .panel { max-inline-size: 100% }`,
  });

  before(async () => {
    assert.ok(existsSync(CHROMIUM), `no browser at ${CHROMIUM}: apt-get install chromium, or name one in CHROMIUM`);
    server = await serve(pages, (asked) => answer(asked));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    // One page for all tests of a file: a page of its own for each takes longer than the test.
    page = await browser.newPage({ locale: "en-US", timezoneId: "UTC" });
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => broken.push(String(error)));
    page.on("console", (message) => {
      // That an answer is a problem is logged by the browser, and part of some tests.
      if (!["error", "warning"].includes(message.type()) || /^Failed to load resource/.test(message.text())) return;
      broken.push(message.text());
    });
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, sample }) =>
        console.error(`policy broken: ${violatedDirective} ${sample}`),
      );
    });
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  /**
   * A page with some elements, whose client asks a service that answers as `api` says.
   * @param {string} html
   * @param {(page: Page, requests: string[]) => Promise<void>} look
   * @param {Settings} [settings]
   */
  return async function onPage(html, look, settings = {}) {
    const {
      scheme = "light",
      width = 1280,
      dir = "ltr",
      lang = "en",
      api = {},
      forced = false,
      options = {},
      files = {},
      policy = STRICT,
    } = settings;
    const connect =
      settings.connect === false
        ? ""
        : `globalThis.client = connect({ api: location.origin, community: "${COMMUNITY}", token: () => "${TOKEN}", ...${JSON.stringify(options)} });`;
    const script = settings.script ?? `import { connect } from "/src/index.js"; ${connect}`;
    for (const [path, body] of Object.entries(files)) pages.set(path, { type: "text/javascript", body });
    pages.set("/page.js", { type: "text/javascript", body: script });
    pages.set("/", {
      headers: { "content-security-policy": policy },
      body: `<!doctype html><html lang="${lang}" dir="${dir}"><head><meta charset="utf-8">${settings.head ?? ""}<title>Community</title><meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page.css"><link rel="icon" href="data:,"><script type="module" src="/page.js"></script></head><body><main>${html}</main></body></html>`,
    });
    /** @type {string[]} */
    const requests = [];
    answer = async ({ method, url, headers, body }) => {
      const path = url.pathname.replace(`/api/communities/${COMMUNITY}`, "");
      requests.push(`${method} ${path}${url.search}`);
      const of = (/** @type {Record<string, Handler>} */ handlers) =>
        Object.entries(handlers)
          .filter(([name]) => (name.includes(" ") ? `${method} ${path}`.endsWith(name) : path.endsWith(name)))
          .sort(([one], [other]) => other.length - one.length)[0]?.[1];
      const handler = of(api) ?? of(healthy);
      const given = handler ? await handler(url, { headers, body }) : reply(404, { code: "NOT_FOUND" });
      return given instanceof Reply ? given.answer : { status: 200, body: given };
    };
    broken = [];
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: scheme, forcedColors: forced ? "active" : "none", reducedMotion: "reduce" });
    await page.goto(server.origin, { waitUntil: "load" });
    await look(page, requests);
    assert.deepEqual(broken, []);
  };
}

/** For people to look at; never compared, for fonts differ. @param {Page} page @param {string} name */
export async function screenshot(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.locator("body").screenshot({ path: `${SCREENSHOTS}${name}.png` });
}

/** Waits until an element says that it is in a state. @param {Page} page @param {string} tag @param {string} state */
export const reaches = (page, tag, state) =>
  page.locator(`${tag}[state="${state}"]`).first().waitFor({ state: "attached" });

/**
 * What a part looks like.
 * @param {import("playwright-core").Locator} locator
 * @param {...string} properties of its computed style
 */
export const styles = (locator, ...properties) =>
  locator.first().evaluate((node, names) => {
    const style = getComputedStyle(node);
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)]));
  }, properties);

/** @param {import("playwright-core").Locator} locator @returns {Promise<{ x: number, y: number, width: number, height: number, right: number, bottom: number }>} */
export const box = (locator) => locator.first().evaluate((node) => node.getBoundingClientRect().toJSON());

/** What an element says to those who see it. @param {Page} page @param {string} tag */
export const said = (page, tag) =>
  page
    .locator(tag)
    .first()
    .evaluate((host) =>
      [...(host.shadowRoot?.children ?? [])]
        .map((child) => /** @type {HTMLElement} */ (child).innerText)
        .join(" ")
        .replace(/\s+/g, " ")
        .trim(),
    );

/** Collects events of the elements of a page. @param {Page} page @param {string} type */
export const events = async (page, type) => {
  await page.evaluate((name) => {
    const seen = /** @type {unknown[]} */ ([]);
    Object.assign(globalThis, { [name]: seen });
    document.addEventListener(name, (event) => {
      const { problem, ...detail } = /** @type {CustomEvent} */ (event).detail;
      seen.push({
        ...detail,
        ...(problem && { code: problem.code, status: problem.status }),
        on: /** @type {Element} */ (event.target).localName,
      });
    });
  }, type);
  return () => page.evaluate((name) => Reflect.get(globalThis, name), type);
};
