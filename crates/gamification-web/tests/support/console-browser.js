// The console in Debian's Chromium. What breaks its policy, or throws, fails the test.

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

const SCREENSHOTS = fileURLToPath(new URL("../../../../target/web/", import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{ scheme?: "light" | "dark", width?: number, height?: number, motion?: "reduce" | "no-preference" }} Settings */

/** Starts a browser for the tests of a file; gives what opens an address in a session of its own. */
export function consoleTests() {
  assert.ok(existsSync(CHROMIUM), `no browser at ${CHROMIUM}: apt-get install chromium, or name one in CHROMIUM`);
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });
  after(() => browser?.close());

  /**
   * @param {string} address
   * @param {(page: Page) => Promise<void>} look
   * @param {Settings} [settings]
   */
  return async function open(address, look, { scheme = "light", width = 1280, height = 860, motion = "reduce" } = {}) {
    const context = await browser.newContext({
      colorScheme: scheme,
      reducedMotion: motion,
      viewport: { width, height },
      locale: "en-US",
      timezoneId: "UTC",
    });
    /** @type {string[]} */
    const broken = [];
    context.on("page", (page) => {
      page.setDefaultTimeout(15_000);
      page.on("pageerror", (error) => broken.push(String(error)));
      page.on("console", (message) => {
        // That an answer is a problem, or a picture is nowhere, is logged by the browser, and part of some tests.
        if (["error", "warning"].includes(message.type()) && !/^Failed to load resource/.test(message.text()))
          broken.push(message.text());
      });
    });
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, sample }) =>
        console.error(`policy broken: ${violatedDirective} ${sample}`),
      );
    });
    try {
      const page = await context.newPage();
      await page.goto(address);
      await page.locator("main > *").first().waitFor();
      await look(page);
      assert.deepEqual(broken, []);
    } finally {
      await context.close();
    }
  };
}

/** Goes to a page of the console, as a link does. @param {Page} page @param {string} hash @param {string | RegExp} heading */
export async function visit(page, hash, heading) {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}

/** What axe finds, each with where it is. @param {Page} page @returns {Promise<string[]>} */
export async function findings(page) {
  await page.evaluate(axe.source);
  return page.evaluate(async (runOnly) => {
    const { violations } = await Reflect.get(globalThis, "axe").run(document, { runOnly });
    return violations.flatMap((/** @type {any} */ { id, nodes }) =>
      nodes.map((/** @type {any} */ { target, failureSummary }) => `${id} at ${target}: ${failureSummary}`),
    );
  }, RULES);
}

/** How much wider than the window a page is. @param {Page} page */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** For people to look at; never compared, for fonts differ. @param {Page} page @param {string} name */
export async function screenshot(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: `${SCREENSHOTS}console-${name}.png`, fullPage: true });
}
