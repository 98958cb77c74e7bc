// The console's page of rules, and who changed rules and levels.

import assert from "node:assert/strict";
import { test } from "node:test";
import { consoleTests, findings, overflow, screenshot, visit } from "./support/console-browser.js";
import { ADMIN, consoleService, MEMBER, user, versionsUpTo } from "./support/console-service.js";

/** @import { Page } from "playwright-core" */
/** @import { Settings } from "./support/console-browser.js" */
/** @typedef {Awaited<ReturnType<typeof consoleService>>} Service */

const open = consoleTests();

/**
 * The page of rules as an admin opens it, against a service of its own.
 * @param {(page: Page, service: Service) => Promise<void>} look
 * @param {Settings & { tokens?: Record<string, string>, before?: (service: Service) => void }} [settings]
 */
async function onRules(look, { tokens = { admin: ADMIN, member: MEMBER }, before, ...settings } = {}) {
  const service = await consoleService();
  before?.(service);
  try {
    await open(
      service.link(tokens),
      async (page) => {
        await page.getByRole("heading", { level: 1, name: "Night School for Makers" }).waitFor();
        await visit(page, "#/rules", "Rules");
        await look(page, service);
      },
      settings,
    );
  } finally {
    service.close();
  }
}

/** @param {Page} page @param {string} name */
const button = (page, name) => page.getByRole("button", { name, exact: true });
/** @param {Page} page @param {string} name such as `Post: cap a day` */
const field = (page, name) => page.getByRole("textbox", { name, exact: true });
/** @param {Page} page */
const versions = async (page) =>
  (await page.locator(".versions li").allInnerTexts()).map((text) => text.replace(/\s+/g, " "));
/** @param {Service} service @param {string} request */
const asked = ({ state }, request) => state.requests.filter((one) => one.startsWith(request)).length;
/** Another admin's change. @param {Service} service @param {number} points of a post */
const changeElsewhere = ({ state }, points) => {
  const [post, ...others] = state.rules;
  if (post) state.rules = [{ ...post, points }, ...others];
  state.rulesHistory.unshift({
    version: state.rulesHistory.length + 1,
    changed_by: user(1),
    changed_at: "2026-11-23T10:00:00Z",
  });
};

test("there is a row for each source, and only likes have a cap for a liker", () =>
  onRules(async (page) => {
    assert.equal(await field(page, "Lesson completed: points").inputValue(), "5");
    assert.equal(await field(page, "Post: cap a day").inputValue(), "", "no cap is an empty field");
    assert.deepEqual(
      await page.locator(".rules input[inputmode]").evaluateAll((inputs) => inputs.map((input) => input.ariaLabel)),
      [
        "Post: points",
        "Post: cap a day",
        "Comment: points",
        "Comment: cap a day",
        "Like on a post: points",
        "Like on a post: cap a day",
        "Like on a post: cap a day and liker",
        "Like on a comment: points",
        "Like on a comment: cap a day",
        "Like on a comment: cap a day and liker",
        "Lesson completed: points",
        "Lesson completed: cap a day",
      ],
    );
    assert.equal(
      await page.getByRole("link", { name: "Rules", exact: true }).getAttribute("aria-current"),
      "page",
      "admins find it among the pages",
    );
  }));

test("a member is not led there, and asks for nothing", () =>
  onRules(
    async (page, service) => {
      await page.getByText("Only admins see and change the rules.").waitFor();
      assert.equal(await page.getByRole("link", { name: "Rules", exact: true }).count(), 0);
      assert.equal(await page.locator("main :is(input, button)").count(), 0);
      await visit(page, "#/levels", "Levels");
      await page.locator("level-definitions-grid[state=ready]").waitFor();
      assert.equal(await page.locator(".versions").count(), 0);
      assert.equal(asked(service, "GET /rules") + asked(service, "GET /levels/history"), 0);
    },
    { tokens: { member: MEMBER } },
  ));

test("Preview says what the caps would have taken, source by source, and forgets it with the next key", () =>
  onRules(async (page, service) => {
    await field(page, "Post: cap a day").fill("20");
    await field(page, "Like on a comment: cap a day and liker").fill("3");
    await button(page, "Preview").click();
    await page
      .getByRole("status")
      .getByText("Of 20,590 points that 57 members earned in the last 30 days, the caps would have taken 620.")
      .waitFor();
    const rows = page.locator(".rules li");
    await rows.nth(0).getByText("4,120 earned, 310 beyond the caps, by 12 members").waitFor();
    await rows.nth(1).getByText("4,119 earned, nothing beyond the caps").waitFor();
    await rows.nth(3).getByText("4,117 earned, 310 beyond the caps, by 12 members").waitFor();
    await field(page, "Comment: points").fill("2");
    await rows.getByText("beyond").first().waitFor({ state: "hidden" });
    assert.equal(await page.locator(".rules [role=status]").textContent(), "");
    assert.equal(asked(service, "PUT"), 0);
    assert.equal(service.state.rulesHistory.length, 1);
  }));

test("a preview of what is no longer in the fields is not shown", () =>
  onRules(async (page, service) => {
    /** @type {() => void} */
    let answer = () => {};
    const typed = new Promise((resolve) => {
      answer = () => resolve(undefined);
    });
    await page.route("**/rules/preview", async (route) => {
      await typed;
      await route.continue();
    });
    await field(page, "Post: cap a day").fill("20");
    await button(page, "Preview").click();
    assert.equal(await button(page, "Save").getAttribute("aria-disabled"), "true", "one request at a time");
    await field(page, "Post: cap a day").fill("200");
    await field(page, "Post: cap a day").press("Enter");
    const answered = page.waitForResponse("**/rules/preview");
    answer();
    await answered;
    await button(page, "Save").and(page.locator(":not([aria-disabled])")).waitFor();
    assert.equal(await page.locator(".rules").getByText("beyond").filter({ visible: true }).count(), 0);
    assert.equal(asked(service, "PUT"), 0);
  }));

test("Save sends the rules with the version that it began with, by Enter too, and history has it", () =>
  onRules(async (page, service) => {
    assert.deepEqual(await versions(page), ["Version 1 Nov 22, 2026, 10:00 AM nobody"]);
    await field(page, "Post: points").fill(" 3 ");
    await field(page, "Like on a post: cap a day and liker").fill("2");
    await field(page, "Like on a post: cap a day and liker").press("Enter");
    await page.getByRole("status").getByText("Saved.").waitFor();
    assert.equal(await field(page, "Post: points").inputValue(), "3", "as the service has it");
    assert.deepEqual(service.state.rules[0], {
      source: "post_created",
      points: 3,
      daily_cap: null,
      per_pair_daily_cap: null,
    });
    assert.equal(service.state.rules[2]?.per_pair_daily_cap, 2);
    const newest = page.locator(".versions li").first();
    await newest.getByText("Version 2").waitFor();
    await newest.getByRole("link", { name: "Ada Okafor" }).waitFor();

    // The next change is based on what was saved.
    assert.equal(service.state.excludesAdmins, false);
    await page.getByLabel("Leave admins out of leaderboards").check();
    await field(page, "Like on a post: cap a day and liker").fill("");
    await button(page, "Save").click();
    await newest.getByText("Version 3").waitFor();
    assert.equal(service.state.rules[2]?.per_pair_daily_cap, null);
    assert.equal(service.state.excludesAdmins, true);
  }));

test("history has what was saved while it was read", () =>
  onRules(async (page) => {
    await visit(page, "#/members", "Members");
    /** @type {() => void} */
    let answer = () => {};
    const saved = new Promise((resolve) => {
      answer = () => resolve(undefined);
    });
    let isFirst = true;
    await page.route("**/rules/history?*", async (route) => {
      if (isFirst) {
        isFirst = false;
        await saved;
      }
      await route.continue().catch(() => {}); // it was called off
    });
    await visit(page, "#/rules", "Rules");
    await field(page, "Post: points").fill("3");
    await button(page, "Save").click();
    await page.locator(".versions li").getByText("Version 2").waitFor();
    answer();
    assert.equal(await page.locator(".versions li").count(), 2);
  }));

test("each mistake goes to its field, and the focus to the first", () =>
  onRules(async (page, service) => {
    await field(page, "Comment: points").fill("1001");
    await field(page, "Like on a post: points").fill("");
    await field(page, "Like on a post: cap a day and liker").fill("never");
    await field(page, "Lesson completed: cap a day").fill("1e999");
    await button(page, "Save").click();
    await page.getByRole("status").getByText("Please correct what is marked.").waitFor();
    const points = "Points must be a whole number from 0 to 1000";
    await page.getByRole("textbox", { name: "Comment: points", description: points }).waitFor();
    await page.getByRole("textbox", { name: "Like on a post: points", description: points }).waitFor();
    for (const name of ["Like on a post: cap a day and liker", "Lesson completed: cap a day"])
      await page.getByRole("textbox", { name, description: /^A cap must be a whole number/ }).waitFor();
    assert.equal(await page.locator(".rules [aria-invalid]").count(), 4);
    assert.equal(await page.evaluate(() => document.activeElement?.ariaLabel), "Comment: points");
    await field(page, "Comment: points").fill("1000");
    assert.equal(await field(page, "Comment: points").getAttribute("aria-invalid"), null);
    assert.equal(await page.locator(".rules [aria-invalid]").count(), 3);
    assert.equal(service.state.rulesHistory.length, 1);

    await button(page, "Preview").click();
    await page.getByRole("status").getByText("Please correct what is marked.").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.ariaLabel), "Like on a post: points");
  }));

const excluding = { before: (/** @type {Service} */ { state }) => void Object.assign(state, { excludesAdmins: true }) };
for (const choice of /** @type {const} */ (["Use theirs", "Keep mine"])) {
  test(`when somebody else was faster: ${choice}`, () =>
    onRules(async (page, service) => {
      await page.getByLabel("Leave admins out of leaderboards").uncheck();
      await field(page, "Post: points").fill("7");
      changeElsewhere(service, 4);
      await button(page, "Save").click();
      await page.getByRole("alert").getByText("Somebody else changed the rules").waitFor();
      assert.equal(await field(page, "Post: points").inputValue(), "7");
      await button(page, choice).click();
      const newest = page.locator(".versions li").first();
      if (choice === "Keep mine") {
        await page.getByRole("status").getByText("Saved.").waitFor();
        await newest.getByText("Version 3").waitFor();
        assert.deepEqual([service.state.rules[0]?.points, service.state.excludesAdmins], [7, false]);
      } else {
        await newest.getByText("Version 2").waitFor();
        await newest.getByRole("link", { name: "Grace Okafor" }).waitFor();
        assert.equal(await field(page, "Post: points").inputValue(), "4");
        assert.deepEqual([service.state.rules[0]?.points, service.state.excludesAdmins], [4, true]);
        assert.ok(await page.getByLabel("Leave admins out of leaderboards").isChecked());
      }
      assert.equal(await page.getByRole("alert").count(), 0);
      assert.equal(await page.evaluate(() => document.activeElement?.ariaLabel), "Post: points");
    }, excluding));
}

test("a mistake in what is kept has the focus", () =>
  onRules(async (page, service) => {
    changeElsewhere(service, 4);
    await field(page, "Comment: points").fill("2");
    await button(page, "Save").click();
    await page.getByRole("alert").waitFor();
    await field(page, "Comment: points").fill("2.5");
    await button(page, "Keep mine").click();
    await page.getByRole("status").getByText("Please correct what is marked.").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.ariaLabel), "Comment: points");
  }));

test("what is typed while it is saved stays", () =>
  onRules(async (page, service) => {
    /** @type {() => void} */
    let answer = () => {};
    const typed = new Promise((resolve) => {
      answer = () => resolve(undefined);
    });
    await page.route("**/rules", async (route) => {
      if (route.request().method() === "PUT") await typed;
      await route.continue();
    });
    await field(page, "Post: points").fill("3");
    await button(page, "Save").click();
    await page.getByRole("status").getByText("Saving…").waitFor();
    await field(page, "Post: points").fill("30");
    answer();
    await page.getByRole("status").getByText("Saved.").waitFor();
    assert.equal(await field(page, "Post: points").inputValue(), "30");
    assert.equal(service.state.rules[0]?.points, 3);
    await button(page, "Save").click();
    await page.locator(".versions li").getByText("Version 3").waitFor();
    assert.equal(service.state.rules[0]?.points, 30);
  }));

test("what fails is said, and can be tried again", () =>
  onRules(
    async (page, service) => {
      await page.getByRole("alert").first().getByText("INTERNAL in words.").waitFor();
      service.state.failing.clear();
      service.state.failing.set("/history", 500);
      await button(page, "Retry").first().click();
      await field(page, "Post: points").fill("3");
      service.state.failing.set("/rules", 500);
      await button(page, "Save").click();
      await page.getByRole("status").getByText("INTERNAL in words.").waitFor();
      service.state.failing.clear();
      await button(page, "Save").click();
      await page.getByRole("status").getByText("Saved.").waitFor();
      await page.locator(".versions li").getByText("Version 2").waitFor();
      service.state.refused.add(ADMIN);
      await button(page, "Preview").click();
      await page.locator(".account").getByText("Margaret Okafor").waitFor();
    },
    { before: ({ state }) => void state.failing.set("/rules", 500) },
  ));

test("who changed the rules is read page by page", () =>
  onRules(
    async (page) => {
      const rows = page.locator(".versions li");
      await rows.nth(9).waitFor();
      await rows.nth(0).getByRole("link", { name: "Ada Okafor" }).waitFor();
      await rows.nth(1).getByRole("link", { name: "Grace Okafor" }).waitFor();
      await button(page, "Load more").focus();
      await page.keyboard.press("Enter");
      await rows.nth(10).waitFor();
      assert.ok(await rows.nth(10).evaluate((node) => node.contains(document.activeElement)));
      await button(page, "Load more").click();
      await rows.nth(20).waitFor();
      assert.equal((await versions(page)).at(-1), "Version 1 Nov 2, 2026, 10:00 AM nobody");
      assert.ok(await button(page, "Load more").isHidden());
      assert.ok(await rows.nth(20).evaluate((node) => node === document.activeElement));
    },
    { before: ({ state }) => void Object.assign(state, { rulesHistory: versionsUpTo(21) }) },
  ));

test("the page of levels has such a history, and what is saved is in it", () =>
  onRules(async (page) => {
    await visit(page, "#/levels", "Levels");
    await page.locator("level-editor[state=ready]").waitFor();
    await page.locator(".versions li").first().waitFor();
    assert.deepEqual(await versions(page), ["Version 1 Nov 22, 2026, 10:00 AM nobody"]);
    await page.getByLabel("Name of level 2").fill("Maker");
    await button(page, "Save").click();
    const newest = page.locator(".versions li").first();
    await newest.getByText("Version 2").waitFor();
    await newest.getByRole("link", { name: "Ada Okafor" }).waitFor();
  }));

test("the keyboard is enough to preview, to save, and to settle what two admins changed at once", () =>
  onRules(async (page, service) => {
    /** @param {import("playwright-core").Locator} locator */
    const tabTo = async (locator) => {
      for (let presses = 0; presses < 60; presses++) {
        if (await locator.evaluate((node) => node === document.activeElement)) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`Tab does not reach ${locator}`);
    };
    await tabTo(field(page, "Like on a post: cap a day and liker"));
    await page.keyboard.type("2");
    await tabTo(button(page, "Preview"));
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("the caps would have taken 310.").waitFor();
    changeElsewhere(service, 4);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("Somebody else changed the rules").waitFor();
    await page.keyboard.press("Shift+Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Keep mine");
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Saved.").waitFor();
    assert.equal(service.state.rules[2]?.per_pair_daily_cap, 2);
    assert.equal(await page.evaluate(() => document.activeElement?.ariaLabel), "Post: points");
  }));

test("names are text, whatever is in them", () =>
  onRules(
    async (page) => {
      await page.locator(".versions a").getByText("<img src=x onerror=alert(1)>").first().waitFor();
      assert.equal(await page.locator('img[src="x"]').count(), 0);
    },
    {
      before: ({ state }) => {
        state.rulesHistory = versionsUpTo(3);
        for (const member of state.members) member.display_name = "<img src=x onerror=alert(1)>";
      },
    },
  ));

for (const [mode, scheme, width] of /** @type {const} */ ([
  ["light", "light", 1280],
  ["dark", "dark", 1280],
  ["phone", "light", 360],
  ["narrow", "dark", 320],
])) {
  test(`the page is accessible and fits: ${mode}`, () =>
    onRules(
      async (page, service) => {
        const look = async (/** @type {string} */ name) => {
          assert.deepEqual(await findings(page), [], name);
          assert.ok((await overflow(page)) <= 0, `${name} is wider than the window`);
          await screenshot(page, `${name}-${mode}`);
        };
        await field(page, "Post: cap a day").fill("20");
        await field(page, "Like on a post: cap a day and liker").fill("3");
        await button(page, "Preview").click();
        await page.getByText("the caps would have taken").waitFor();
        await page.locator(".versions li").nth(9).getByRole("link").waitFor();
        await look("rules");
        changeElsewhere(service, 4);
        await button(page, "Save").click();
        await page.getByRole("alert").waitFor();
        await look("rules-in-conflict");
        await field(page, "Comment: points").fill("many");
        await field(page, "Like on a comment: cap a day and liker").fill("-1");
        await button(page, "Save").click();
        await page.getByText("Please correct what is marked.").waitFor();
        await look("rules-with-mistakes");
        await visit(page, "#/levels", "Levels");
        await page.locator("level-editor[state=ready]").waitFor();
        await page.locator(".versions li").nth(9).getByRole("link").waitFor();
        await look("levels-history");
      },
      {
        before: ({ state }) => {
          state.rulesHistory = versionsUpTo(12);
          state.levelsHistory = versionsUpTo(12);
        },
        scheme,
        width,
      },
    ));
}
