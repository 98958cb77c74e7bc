// The console as the program serves it, over the program's own API. Run by `npm run test:console`.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import ts from "typescript";
import { consoleTests, findings, visit } from "./support/console-browser.js";
import { startProgram } from "./support/program.js";

/** @import { Page } from "playwright-core" */

const open = consoleTests();
const program = await startProgram();
after(() => program.stop());

/** @param {Page} page @param {string} name */
const button = (page, name) => page.getByRole("button", { name, exact: true });
/** @param {Page} page @param {string} name such as `Post: cap a day` */
const field = (page, name) => page.getByRole("textbox", { name, exact: true });
/** @param {Page} page */
const signedIn = (page) => page.getByRole("heading", { level: 1, name: "Night School for Makers" }).waitFor();
/** @param {Page} page @param {string} name of a token in the link */
const lookAs = async (page, name) => {
  const account = page.locator(".account");
  const before = String(await account.textContent());
  await account.click();
  await button(page, name).click();
  await account.filter({ hasNotText: before }).waitFor();
};
/** @param {string} token */
const subject = (token) => JSON.parse(Buffer.from(String(token.split(".")[1]), "base64url").toString()).sub;

/** @param {string} path @param {string} token @param {RequestInit} [init] @returns {Promise<any>} */
const api = async (path, token, init) => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/cloudevents-batch+json" };
  const response = await fetch(`${program.origin}/api${path}`, { ...init, headers });
  assert.ok(response.ok, `${path}: ${response.status}`);
  return response.json();
};

test("every module is served as the program that was written, without its comments and on the same lines", async () => {
  const source = new URL("../src/", import.meta.url);
  const printer = ts.createPrinter({ removeComments: true });
  /** @param {string} code */
  const said = (code) => printer.printFile(ts.createSourceFile("a.js", code, ts.ScriptTarget.Latest));
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  const modules = files.filter((path) => path.endsWith(".js") && !path.startsWith("react/"));
  assert.ok(modules.length > 30);
  for (const path of modules) {
    const written = readFileSync(new URL(path, source), "utf8");
    const response = await fetch(`${program.origin}/web/any/${path}`);
    const served = await response.text();
    assert.equal(response.status, 200, path);
    assert.equal(said(served), said(written), path);
    assert.equal(served.split("\n").length, written.split("\n").length, path);
    assert.doesNotMatch(served, /@type|@param/, path);
  }
});

test("the link that demo prints opens the console; every page is there, and accessible", () =>
  open(program.link, async (page) => {
    await signedIn(page);
    await page.getByText("200 members").waitFor();
    await page.locator("leaderboard-sidebar-widget[state=ready]").waitFor();
    assert.deepEqual(await findings(page), []);
    await visit(page, "#/leaderboards", "Leaderboards");
    await page.getByText("Last updated").waitFor();
    await page.locator("leaderboard-panel[state=ready]").first().waitFor();
    assert.deepEqual(await findings(page), []);
    await visit(page, "#/members", "Members");
    await page.getByText("25 of 200 members").waitFor();
    await page.getByLabel("Search members").fill("rad");
    await page.getByText("10 found").waitFor();
    await page.getByRole("link", { name: "Radia Silva" }).click();
    await page.getByRole("heading", { level: 1, name: "Radia Silva" }).waitFor();
    await page.locator("points-history[state=ready]").waitFor();
    assert.deepEqual(await findings(page), []);
    await visit(page, "#/courses", "Courses");
    await page.getByRole("heading", { name: "Lead a workshop" }).waitFor();
    assert.deepEqual(await findings(page), []);
    await lookAs(page, "Member");
    await visit(page, "#/courses", "Courses");
    await page.getByRole("group", { name: "Lead a workshop. Locked - Requires Level 4 - Leader" }).waitFor();
    await visit(page, "#/levels", "Levels");
    await page.locator("level-definitions-grid[state=ready]").waitFor();
    assert.equal(await page.locator("level-editor").count(), 0, "a member sees no editor");
  }));

test("a like on the stage lifts the author's level, in another tab too, without a reload", () =>
  open(program.link, async (page) => {
    const id = subject(program.token("member"));
    const path = `/communities/${program.community}/members/${id}/level`;
    const { level, next_level_threshold, points_to_next_level } = await api(path, program.token("member"));
    // A post and a like are lacking for the next level then.
    const comments = Array.from({ length: points_to_next_level - 3 }, () => ({
      specversion: "1.0",
      id: crypto.randomUUID(),
      source: "/tests",
      type: "CommentAdded",
      data: { community_id: program.community, comment_id: crypto.randomUUID(), author_id: id },
    }));
    await api("/events", program.token("platform"), { method: "POST", body: JSON.stringify(comments) });

    await signedIn(page);
    const other = await page.context().newPage();
    await other.goto(program.link);
    await signedIn(other);
    await lookAs(other, "Member");
    const profile = other.getByRole("region", { name: "You" });
    await profile.getByText("3 points to level up").waitFor();

    await visit(page, `#/stage/${id}`, "Stage");
    await page.getByLabel("Act as").getByRole("option").first().waitFor({ state: "attached" });
    await button(page, "Write a post").click();
    await page.getByRole("status").getByText("applied").waitFor();
    await profile.getByText("1 point to level up").waitFor();
    await page.getByLabel("Act as").selectOption({ index: 1 });
    await button(page, "Like").click();
    await page.locator(`.feed level-badge[level="${level + 1}"]`).waitFor();
    await profile
      .getByText(`Level ${level + 1} - `)
      .first()
      .waitFor();
    await other
      .locator(".ticker .tag")
      .getByText(`Level ${level + 1}`)
      .waitFor();
    assert.equal((await api(path, program.token("member"))).total_points, next_level_threshold);
  }));

test("an admin previews and saves levels; another tab with older ones is told", () =>
  open(program.link, async (page) => {
    await signedIn(page);
    await visit(page, "#/levels", "Levels");
    const other = await page.context().newPage();
    await other.goto(program.link);
    await signedIn(other);
    await visit(other, "#/levels", "Levels");
    await other.getByLabel("Name of level 2").fill("Apprentice");

    await page.getByLabel("Name of level 3").fill("Carpenter");
    await page.getByLabel("Points of level 9").fill("300");
    await button(page, "Preview").click();
    await page.getByText(/nobody falls\./).waitFor();
    await button(page, "Save").click();
    await page.getByText("Saved.").waitFor();
    await page.locator("level-definitions-grid").getByText("Level 3 - Carpenter").waitFor();

    await button(other, "Save").click();
    await other.getByRole("alert").getByText("Somebody else changed the levels").waitFor();
    await button(other, "Use theirs").click();
    await other.waitForFunction(() => {
      const editor = document.querySelector("level-editor")?.shadowRoot;
      return /** @type {HTMLInputElement | null} */ (editor?.querySelector("#name-3"))?.value === "Carpenter";
    });
    assert.equal(await other.getByLabel("Name of level 2").inputValue(), "Practitioner");
  }));

test("an admin previews and saves rules; another tab with older ones is told, and history explains what a cap left", () =>
  open(program.link, async (page) => {
    await signedIn(page);
    await visit(page, "#/rules", "Rules");
    await page.locator(".versions li").getByText("nobody").waitFor();
    const other = await page.context().newPage();
    await other.goto(program.link);
    await signedIn(other);
    await visit(other, "#/rules", "Rules");
    await field(other, "Comment: points").fill("3");

    await field(page, "Post: points").fill("many");
    await button(page, "Preview").click();
    await page.getByRole("textbox", { name: "Post: points", description: /^Points must be/ }).waitFor();
    await field(page, "Post: points").fill("4");
    await field(page, "Post: cap a day").fill("1");
    await field(page, "Like on a post: cap a day and liker").fill("1");
    await button(page, "Preview").click();
    await page.getByText(/^Of [\d,]+ points? that \d+ members earned in the last 30 days, the caps would/).waitFor();
    await page.locator(".rules li").first().getByText("beyond the caps").waitFor();
    assert.deepEqual(await findings(page), []);
    await button(page, "Save").click();
    await page.getByText("Saved.").waitFor();
    const newest = page.locator(".versions li").first();
    await newest.getByText("Version 2").waitFor();
    await newest.getByRole("link").filter({ hasNotText: "A member" }).waitFor();

    await button(other, "Save").click();
    await other.getByRole("alert").getByText("Somebody else changed the rules").waitFor();
    await button(other, "Use theirs").click();
    await other.locator(".versions li").getByText("Version 2").waitFor();
    assert.equal(await field(other, "Post: cap a day").inputValue(), "1");
    assert.equal(await field(other, "Comment: points").inputValue(), "1");

    const id = subject(program.token("member"));
    await visit(page, `#/stage/${id}`, "Stage");
    await page.getByLabel("Act as").getByRole("option").first().waitFor({ state: "attached" });
    await button(page, "Write a post").click();
    await page.getByRole("status").getByText("applied PostCreated capped").waitFor();
    await visit(page, `#/members/${id}`, /\w/);
    await page.locator("points-history li").first().getByText("capped").waitFor();
  }));

test("an admin opens a course to all, and a member's lock is gone at the next look", () =>
  open(program.link, async (page) => {
    await signedIn(page);
    await visit(page, "#/courses", "Courses");
    const course = page.getByRole("listitem").filter({ hasText: "The inner circle" });
    await course.getByRole("combobox").selectOption("Everybody");
    await course.getByRole("button").click();
    await page.getByRole("status").getByText("“The inner circle” is open to everybody now.").waitFor();
    await lookAs(page, "Member");
    await visit(page, "#/courses", "Courses");
    await course.getByText("Open to everybody").waitFor();
    assert.equal(await page.locator("course-card-lock[locked]").filter({ hasText: "T" }).count(), 0);
  }));

test("who signs out is forgotten", () =>
  open(program.link, async (page) => {
    await signedIn(page);
    await visit(page, "#/levels", "Levels");
    await page.locator(".account").click();
    await button(page, "Sign out").click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage })), "{}");
    await page.goBack();
    await page.reload();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.doesNotMatch(await page.content(), /eyJ/);
  }));
