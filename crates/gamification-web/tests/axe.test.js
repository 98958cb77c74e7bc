import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import axe from "axe-core";
import { browserTests, reaches, screenshot } from "./support/browser.js";
import * as fixtures from "./support/fixtures.js";
import { AVATAR, CARD, COURSE, ME, user } from "./support/fixtures.js";
import { reply } from "./support/reply.js";

/** @typedef {import("playwright-core").Page} Page */

const onPage = browserTests();

const admin = () => reply(200, fixtures.levels({ current_user_role: "ADMIN" }), { etag: '"7.a"' });
const problem = (/** @type {number} */ status) => () => reply(status, fixtures.problem("INTERNAL"));
const never = () => new Promise(() => {});

/** What each element looks like in each of its states. @type {[name: string, tag: string, state: string, html: string, settings?: Parameters<typeof onPage>[2], act?: (page: Page) => Promise<unknown>][]} */
const SIGHTS = [
  ["level-badge", "level-badge", "ready", `<level-badge size="md" user-id="${ME}">${AVATAR}</level-badge>`],
  [
    "level-badge without level",
    "level-badge",
    "empty",
    `<level-badge size="md" user-id="${ME}">${AVATAR}</level-badge>`,
    { api: { "/members/levels": () => ({ members: [] }) } },
  ],
  [
    "level-definitions-grid",
    "level-definitions-grid",
    "ready",
    "<level-definitions-grid show-points></level-definitions-grid>",
  ],
  [
    "level-definitions-grid waiting",
    "level-definitions-grid",
    "loading",
    "<level-definitions-grid></level-definitions-grid>",
    { api: { "/levels": never } },
  ],
  [
    "level-definitions-grid broken",
    "level-definitions-grid",
    "error",
    "<level-definitions-grid></level-definitions-grid>",
    { api: { "/levels": problem(500) } },
  ],
  [
    "profile-level-section",
    "profile-level-section",
    "ready",
    `<profile-level-section user-id="${ME}" show-points>${AVATAR.replace("<img", '<img slot="avatar"')}</profile-level-section>`,
  ],
  [
    "profile-level-section waiting",
    "profile-level-section",
    "loading",
    `<profile-level-section user-id="${ME}" show-points>${AVATAR.replace("<img", '<img slot="avatar"')}</profile-level-section>`,
    { api: { "/level": never } },
  ],
  [
    "profile-level-section broken",
    "profile-level-section",
    "error",
    `<profile-level-section user-id="${ME}" show-points>${AVATAR.replace("<img", '<img slot="avatar"')}</profile-level-section>`,
    { api: { "/level": problem(500) } },
  ],
  [
    "course-card-lock",
    "course-card-lock",
    "ready",
    `<course-card-lock class="side" course-id="${COURSE}">${CARD}</course-card-lock>`,
  ],
  [
    "leaderboard-panel",
    "leaderboard-panel",
    "ready",
    `<leaderboard-panel class="panel" period="seven-day"></leaderboard-panel>`,
  ],
  [
    "leaderboard-panel linked",
    "leaderboard-panel",
    "ready",
    `<leaderboard-panel class="panel" linked highlight-user="${user(2)}"></leaderboard-panel>`,
  ],
  [
    "leaderboard-panel waiting",
    "leaderboard-panel",
    "loading",
    `<leaderboard-panel class="panel"></leaderboard-panel>`,
    { api: { "/leaderboards": never } },
  ],
  [
    "leaderboard-panel empty",
    "leaderboard-panel",
    "empty",
    `<leaderboard-panel class="panel"></leaderboard-panel>`,
    { api: { "/leaderboards": () => fixtures.boards({ all_time: fixtures.board({ entries: [], your_rank: null }) }) } },
  ],
  [
    "leaderboard-panel broken",
    "leaderboard-panel",
    "error",
    `<leaderboard-panel class="panel"></leaderboard-panel>`,
    { api: { "/leaderboards": problem(500) } },
  ],
  [
    "leaderboard-sidebar-widget",
    "leaderboard-sidebar-widget",
    "ready",
    `<leaderboard-sidebar-widget class="side" href="#all"></leaderboard-sidebar-widget>`,
  ],
  [
    "leaderboard-sidebar-widget waiting",
    "leaderboard-sidebar-widget",
    "loading",
    `<leaderboard-sidebar-widget class="side" href="#all"></leaderboard-sidebar-widget>`,
    { api: { "/leaderboards/widget": never } },
  ],
  [
    "leaderboard-sidebar-widget empty",
    "leaderboard-sidebar-widget",
    "empty",
    `<leaderboard-sidebar-widget class="side" href="#all"></leaderboard-sidebar-widget><p>What follows</p>`,
    { api: { "/leaderboards/widget": () => ({ entries: [], last_updated: "" }) } },
  ],
  [
    "leaderboard-sidebar-widget broken",
    "leaderboard-sidebar-widget",
    "error",
    `<leaderboard-sidebar-widget class="side" href="#all"></leaderboard-sidebar-widget><p>What follows</p>`,
    { api: { "/leaderboards/widget": problem(500) } },
  ],
  ["points-history", "points-history", "ready", `<points-history user-id="${ME}"></points-history>`],
  [
    "points-history waiting",
    "points-history",
    "loading",
    `<points-history user-id="${ME}"></points-history>`,
    { api: { "/points": never } },
  ],
  [
    "points-history empty",
    "points-history",
    "empty",
    `<points-history user-id="${ME}"></points-history>`,
    { api: { "/points": () => fixtures.history(0, 0) } },
  ],
  [
    "points-history broken",
    "points-history",
    "error",
    `<points-history user-id="${ME}"></points-history>`,
    { api: { "/points": problem(500) } },
  ],
  [
    "points-history forbidden",
    "points-history",
    "forbidden",
    `<points-history user-id="${ME}"></points-history>`,
    { api: { "/points": problem(403) } },
  ],
  ["level-editor", "level-editor", "ready", "<level-editor></level-editor>", { api: { "/levels": admin } }],
  ["level-editor waiting", "level-editor", "loading", "<level-editor></level-editor>", { api: { "/levels": never } }],
  [
    "level-editor forbidden",
    "level-editor",
    "forbidden",
    "<level-editor></level-editor>",
    { api: { "/levels": () => fixtures.levels() } },
  ],
  [
    "level-editor broken",
    "level-editor",
    "error",
    "<level-editor></level-editor>",
    { api: { "/levels": problem(500) } },
  ],
  [
    "level-editor with mistakes",
    "level-editor",
    "ready",
    "<level-editor></level-editor>",
    {
      api: {
        "GET /levels": admin,
        "PUT /levels": () =>
          reply(
            422,
            fixtures.problem("VALIDATION_ERROR", {
              errors: [{ pointer: "#/levels/2/name", code: "REQUIRED", detail: "Level name is required" }],
            }),
          ),
      },
    },
    async (page) => {
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Level name is required").waitFor();
    },
  ],
  [
    "level-editor in conflict",
    "level-editor",
    "ready",
    "<level-editor></level-editor>",
    { api: { "GET /levels": admin, "PUT /levels": problem(412) } },
    async (page) => {
      await page.getByRole("button", { name: "Preview" }).click();
      await page.getByText("41 members rise").waitFor();
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("alert").waitFor();
    },
  ],
];

describe("WCAG 2.2 AA", () => {
  for (const scheme of /** @type {const} */ (["light", "dark"])) {
    for (const [name, tag, state, html, settings, act] of SIGHTS) {
      test(`${name}, ${scheme}`, async () => {
        await onPage(
          `<h1>Community</h1>${html}`,
          async (page) => {
            await reaches(page, tag, state);
            await act?.(page);
            await screenshot(page, `${name.replaceAll(" ", "-")}-${scheme}`);
            await page.evaluate(axe.source);
            const { violations, passes } = await page.evaluate(() =>
              Reflect.get(globalThis, "axe").run(document, {
                runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
              }),
            );
            const found = violations.map(
              (/** @type {import("axe-core").Result} */ { id, nodes }) =>
                `${id}: ${nodes.map(({ html: of, any }) => `${of} ${any[0]?.message ?? ""}`).join("; ")}`,
            );
            assert.deepEqual(found, []);
            assert.ok(passes.length > 5, "axe has looked at something");
          },
          { ...settings, scheme },
        );
      });
    }
  }
});

describe("what screen readers are told", () => {
  for (const [name, tag, state, html, settings, act] of SIGHTS) {
    test(name, async () => {
      await onPage(
        html,
        async (page) => {
          await reaches(page, tag, state);
          await act?.(page);
          await screenshot(page, `${name.replaceAll(" ", "-")}-phone`);
          const file = new URL(`aria/${name.replaceAll(" ", "-")}.yml`, import.meta.url);
          const snapshot = `${await page.locator("main").ariaSnapshot()}\n`;
          // To accept what has changed: UPDATE=1 npm test, and look at the difference.
          if (process.env.UPDATE) (await import("node:fs")).writeFileSync(file, snapshot);
          assert.equal(snapshot, readFileSync(file, "utf8"));
        },
        { ...settings, width: 360 },
      );
    });
  }
});
