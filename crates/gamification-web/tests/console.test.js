import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { consoleTests, findings, overflow, screenshot, visit } from "./support/console-browser.js";
import { ADMIN, COMMUNITY, consoleService, jwt, MEMBER, PLATFORM, user } from "./support/console-service.js";

/** @import { Page } from "playwright-core" */
/** @import { Settings } from "./support/console-browser.js" */
/** @typedef {Awaited<ReturnType<typeof consoleService>>} Service */

const SRC = new URL("../src/", import.meta.url);
/** As in `tests/serving.rs`. */
const BUDGET = 24 * 1024;
const MARGARET = user(7);
const open = consoleTests();

/**
 * The console as a link opens it, against a service of its own.
 * @param {(page: Page, service: Service) => Promise<void>} look
 * @param {Settings & { tokens?: Record<string, string>, before?: (service: Service) => void }} [settings]
 */
async function onConsole(
  look,
  { tokens = { admin: ADMIN, member: MEMBER, platform: PLATFORM }, before, ...settings } = {},
) {
  const service = await consoleService();
  before?.(service);
  try {
    await open(service.link(tokens), (page) => look(page, service), settings);
  } finally {
    service.close();
  }
}

/** @param {Page} page */
const stored = (page) => page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }));
/** @param {Page} page @param {string} name */
const button = (page, name) => page.getByRole("button", { name, exact: true });
/** What opens the menu of who is signed in. @param {Page} page @param {string} name */
const account = (page, name) => page.getByRole("button", { name }).and(page.locator(".account"));
/** Presses Tab until something has the focus, as who has no mouse does. @param {Page} page @param {import("playwright-core").Locator} locator */
async function tabTo(page, locator) {
  for (let presses = 0; presses < 80; presses++) {
    if (
      await locator.evaluate((node) => /** @type {Document | ShadowRoot} */ (node.getRootNode()).activeElement === node)
    )
      return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${locator}`);
}
/** @param {Page} page */
const focused = (page) => page.evaluate(() => document.activeElement?.textContent ?? "");

test("index.html preloads every module that the console loads, and nothing else", () => {
  /** @type {Set<string>} */
  const loaded = new Set();
  const load = (/** @type {URL} */ url) => {
    if (loaded.has(url.href)) return;
    loaded.add(url.href);
    for (const [, path] of readFileSync(url, "utf8").matchAll(/^(?:import|export)\s(?:[^;]*?from )?"(\.[^"]+)"/gm))
      load(new URL(/** @type {string} */ (path), url));
  };
  const html = readFileSync(new URL("console/index.html", SRC), "utf8");
  const [, entry] = /<script type="module" src="\/web\/dev\/([^"]+)"><\/script>/.exec(html) ?? [];
  load(new URL(String(entry), SRC));
  const preloaded = [...html.matchAll(/<link rel="modulepreload" href="\/web\/dev\/([^"]+)">/g)].map(
    ([, path]) => path,
  );
  const others = [...loaded].map((href) => href.slice(SRC.href.length)).filter((path) => path !== entry);
  assert.deepEqual(preloaded, others.sort());
  assert.doesNotMatch(html, /<style|style=|<script(?! type="module" src=)/, "its policy allows nothing inline");
});

test("the console's own files are small", () => {
  const folder = new URL("console/", SRC);
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => /\.\w+$/.test(name) && !name.endsWith(".d.ts"));
  const size = files.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, folder))).length, 0);
  assert.ok(size <= BUDGET, `${size} bytes gzipped, ${BUDGET} are allowed`);
});

test("a link signs in, and no token stays in the address", () =>
  onConsole(async (page, service) => {
    await page.getByRole("heading", { level: 1, name: "Night School for Makers" }).waitFor();
    assert.equal(page.url(), `${service.origin}/console/#/`);
    assert.match(await stored(page), new RegExp(ADMIN));
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Night School for Makers" }).waitFor();
  }));

test("a link that is opened in a tab that is signed in already replaces its session", () =>
  onConsole(
    async (page, service) => {
      await page.goto(service.link({ member: MEMBER }));
      await account(page, "Margaret Okafor").waitFor();
      assert.equal(page.url(), `${service.origin}/console/#/`);
      await page.getByRole("status").getByText("Signed in as Margaret Okafor.").waitFor();
    },
    { tokens: { admin: ADMIN } },
  ));

test("a link without tokens leaves the session as it is, in an open tab and in one that is loaded", () =>
  onConsole(
    async (page, service) => {
      const before = await stored(page);
      await page.goto(service.link({}));
      await page.waitForURL(`${service.origin}/console/#/`);
      await account(page, "Ada Okafor").waitFor();
      await page.goto(`${service.origin}/console/#community=${user(1)}`);
      await page.reload();
      await account(page, "Ada Okafor").waitFor();
      assert.equal(page.url(), `${service.origin}/console/#/`);
      assert.equal(await stored(page), before);
    },
    { tokens: { admin: ADMIN } },
  ));

test("who pastes a token is told what is wrong with it, and signed in when nothing is", async () => {
  const service = await consoleService();
  await open(`${service.origin}/console/`, async (page) => {
    const paste = async (/** @type {string} */ community, /** @type {string} */ token) => {
      await page.getByLabel("Community").fill(community);
      await page.getByLabel("Token").fill(token);
      await button(page, "Sign in").click();
    };
    assert.match(await page.title(), /^Sign in/);
    await paste(COMMUNITY, jwt({ sub: user(999) }));
    await page.getByText("Only members of the community may do this.").waitFor();
    assert.equal(await page.getByLabel("Token").getAttribute("aria-invalid"), "true");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "Token");
    await paste(user(1), MEMBER);
    await page.getByText("The community is not known.").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.id), "Community");
    assert.equal(await stored(page), "{}", "what was refused is not kept");
    await paste(COMMUNITY, MEMBER);
    await page.getByRole("heading", { level: 1, name: "Night School for Makers" }).waitFor();

    // One more token, a platform's, opens the stage.
    assert.equal(await page.getByRole("link", { name: "Stage" }).count(), 0);
    await account(page, "Margaret Okafor").click();
    await page.getByRole("link", { name: "Add a token" }).click();
    await page.getByLabel("Token").fill(PLATFORM);
    await button(page, "Sign in").click();
    await page.getByRole("link", { name: "Stage" }).waitFor();
  });
  service.close();
});

test("who signs out is forgotten", () =>
  onConsole(async (page) => {
    await visit(page, "#/members", "Members");
    await account(page, "Ada Okafor").click();
    await button(page, "Sign out").click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await stored(page), "{}");
    assert.doesNotMatch(await page.content(), /Okafor|eyJ/);
    await page.goBack();
    await page.reload();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.doesNotMatch(await page.content(), /Okafor|eyJ/);
  }));

test("a token that the service accepts no more is dropped: for another one, or for the page to sign in", () =>
  onConsole(async (page, service) => {
    service.state.refused.add(ADMIN);
    await visit(page, "#/members", "Members");
    await account(page, "Margaret Okafor").waitFor();
    assert.doesNotMatch(await stored(page), new RegExp(ADMIN));
    service.state.refused.add(MEMBER);
    await visit(page, "#/courses", "Sign in");
    await page.getByRole("alert").getByText("UNAUTHENTICATED in words.").waitFor();
    assert.equal(await stored(page), "{}");
  }));

test("a token's own end is the session's", () =>
  onConsole(
    async (page) => {
      await page.getByRole("alert").getByText("This token has expired.").waitFor();
      assert.equal(await stored(page), "{}");
    },
    { tokens: { admin: jwt({ sub: user(0), exp: Date.now() / 1000 + 2 }) } },
  ));

test("a member sees no editor, no setting of courses, and without a platform's token no stage", () =>
  onConsole(
    async (page) => {
      await visit(page, "#/levels", "Levels");
      await page.locator("level-definitions-grid[state=ready]").waitFor();
      assert.equal(await page.locator("level-editor").count(), 0);
      await visit(page, "#/courses", "Courses");
      await page.getByRole("group", { name: "Lead a workshop. Locked - Requires Level 4 - Leader" }).waitFor();
      assert.equal(await page.getByRole("combobox").count(), 0);
      assert.equal(await page.getByRole("link", { name: "Stage" }).count(), 0);
      await visit(page, "#/stage", "Stage");
      await page.getByText("only a platform’s token allows").waitFor();
      assert.equal(await page.locator("main button").count(), 0);
    },
    { tokens: { member: MEMBER } },
  ));

test("the switch shows everything as the other one sees it", () =>
  onConsole(async (page) => {
    await visit(page, "#/levels", "Levels");
    await page.locator("level-editor[state=ready]").waitFor();
    await account(page, "Ada Okafor").click();
    assert.equal(await button(page, "Admin").getAttribute("aria-pressed"), "true");
    await button(page, "Member").click();
    await account(page, "Margaret Okafor").waitFor();
    await page.getByRole("heading", { level: 1, name: "Levels" }).waitFor();
    assert.equal(await page.locator("level-editor").count(), 0);
  }));

test("an admin previews and saves levels", () =>
  onConsole(async (page, service) => {
    await visit(page, "#/levels", "Levels");
    await page.getByLabel("Name of level 2").fill("Maker");
    await button(page, "Preview").click();
    await page.getByText("4 members rise, nobody falls.").waitFor();
    await button(page, "Save").click();
    await page.locator("level-definitions-grid").getByText("Level 2 - Maker").waitFor();
    assert.equal(service.state.levels[1]?.name, "Maker");
  }));

test("an admin sets in place which level a course asks for", () =>
  onConsole(async (page, service) => {
    await visit(page, "#/courses", "Courses");
    const course = page.getByRole("listitem").filter({ hasText: "Welcome aboard" });
    await course.getByText("Open to everybody").waitFor();
    await course.getByLabel("Open to", { exact: true }).selectOption("Level 5 - Mentor");
    await course.getByRole("button", { name: "Set who “Welcome aboard” is open to" }).click();
    await page.getByRole("status").getByText("“Welcome aboard” asks for level 5 now.").waitFor();
    await course.getByText("From Level 5 - Mentor on").waitFor();
    assert.equal(service.state.courses[0]?.required, 5);
    service.state.failing.set("level-requirement", 500);
    await course.getByLabel("Open to", { exact: true }).selectOption("Everybody");
    await course.getByRole("button").click();
    await course.getByRole("alert").getByText("INTERNAL in words.").waitFor();
    await course.getByText("From Level 5 - Mentor on").waitFor();
  }));

test("members are searched by the beginning of their names, and paged", () =>
  onConsole(async (page, service) => {
    await visit(page, "#/members", "Members");
    await page.getByText("25 of 60 members").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 25);
    await button(page, "Load more").focus();
    await page.keyboard.press("Enter");
    await page.getByText("50 of 60 members").waitFor();
    assert.equal(await focused(page), await page.locator("tbody tr").nth(25).getByRole("link").textContent());
    await button(page, "Load more").click();
    await page.getByText("60 of 60 members").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 60);
    assert.ok(await button(page, "Load more").isHidden());

    await page.getByLabel("Search members").fill("marg");
    await page.getByText("6 found").waitFor();
    assert.equal(await page.locator("tbody tr").count(), 6);
    const margaret = page.locator("tbody tr").filter({ hasText: "Margaret Okafor" });
    await margaret.getByRole("cell", { name: "50", exact: true }).waitFor();
    await service.award(MARGARET, 12, "post_liked");
    await margaret.getByRole("cell", { name: "62", exact: true }).waitFor();
    await margaret.getByRole("cell", { name: "4", exact: true }).waitFor();
    await page.locator('level-badge[level="4"]').first().waitFor();

    await margaret.getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: "Margaret Okafor" }).waitFor();
    assert.equal(await page.title(), "Margaret Okafor · Night School for Makers · Points & levels");
    await page.locator("profile-level-section").getByText("Level 4 - Leader").waitFor();
    await page.locator("points-history[state=ready]").waitFor();
  }));

test("a member who is on no known page has a name from the boards", () =>
  onConsole(
    async (page, service) => {
      const last = service.state.members.at(-1);
      await visit(page, `#/members/${last?.user_id}`, "Zoe Zuse");
      await visit(page, `#/members/${user(12345)}`, "A member");
    },
    {
      before: ({ state }) => {
        for (let number = 60; number < 150; number++)
          state.members.push({
            user_id: user(number),
            display_name: "Zoe Zuse",
            avatar_url: null,
            role: "MEMBER",
            level: 1,
            total_points: 0,
          });
      },
    },
  ));

/** Members of whom a board has none and the first page of members none either. @param {Service} service */
const zoes = ({ state }) => {
  for (let number = 60; number < 150; number++)
    state.members.push({
      user_id: user(number),
      display_name: number < 149 ? "Zara Zorn" : "Zoe Zuse",
      avatar_url: null,
      role: "MEMBER",
      level: 1,
      total_points: 0,
    });
  state.failing.set("/leaderboards/all_time", 404);
};

test("a member who is on no board has a name as well, though they are beyond the first page of members", () =>
  onConsole(async (page) => visit(page, `#/members/${user(149)}`, "Zoe Zuse"), { before: zoes }));

test("whose own page it is has a name there, whatever members can be read", () =>
  onConsole(async (page) => visit(page, `#/members/${user(149)}`, "Zoe Zuse"), {
    tokens: { member: jwt({ sub: user(149), exp: 4_000_000_000 }) },
    before: (service) => {
      zoes(service);
      service.state.failing.set("/members", 500);
    },
  }));

test("a name that could not be had is asked for again", () =>
  onConsole(async (page, service) => {
    service.state.failing.set("/members", 500);
    await visit(page, `#/members/${MARGARET}`, "Member");
    await page.getByRole("heading", { level: 1, name: "A member" }).waitFor();
    service.state.failing.clear();
    await visit(page, "#/courses", "Courses");
    await visit(page, `#/members/${MARGARET}`, "Margaret Okafor");
  }));

test("what happens is told as it happens, and lifts levels without a reload", () =>
  onConsole(
    async (page, service) => {
      const profile = page.getByRole("region", { name: "You" });
      await profile.getByText("10 points to level up").waitFor();
      const ticker = page.locator(".ticker");
      await service.award(MARGARET, 4, "post_liked");
      await ticker.getByText("Margaret Okafor +4, like on a post").waitFor();
      await profile.getByText("6 points to level up").waitFor();
      await service.award(MARGARET, 6, "post_liked");
      await ticker.getByText("Margaret Okafor +10, like on a post × 2 Level 4").waitFor();
      await profile.getByText("Level 4 - Leader", { exact: true }).waitFor();
      await profile.getByRole("status").getByText("You reached Level 4 - Leader").waitFor();
      assert.equal(await profile.locator("profile-level-section").getAttribute("level"), "4");
      await page.locator('.account level-badge[level="4"]').waitFor();
      await service.award(user(1), -1, "post_liked");
      await ticker.getByText("Grace Okafor -1, like on a post").waitFor();

      // What moves can be stopped.
      await button(page, "Pause").click();
      await service.award(user(2), 2, "post_created");
      await page.locator("leaderboard-sidebar-widget").getByRole("button", { name: "Alan Okafor" }).waitFor();
      await button(page, "Pause").click();
      await service.award(user(3), 2, "post_created");
      await ticker.getByText("Barbara Okafor +2, post").waitFor();
      assert.equal(await ticker.getByText("Alan Okafor").count(), 0);
    },
    { tokens: { member: MEMBER }, motion: "no-preference" },
  ));

test("on the stage a member acts, and what was sent is shown with its verdict and as a request to paste", () =>
  onConsole(async (page, service) => {
    await visit(page, `#/stage/${MARGARET}`, "Stage");
    assert.equal(
      await page
        .getByLabel("Act as")
        .evaluate((node) => /** @type {HTMLSelectElement} */ (node).selectedOptions[0]?.text),
      "Margaret Okafor",
    );
    await button(page, "Write a post").click();
    const post = page.locator(".feed li");
    await post.getByRole("link", { name: "Margaret Okafor" }).waitFor();
    const verdict = page.getByRole("status").filter({ hasText: "PostCreated" });
    assert.equal(await verdict.textContent(), "applied PostCreated ");
    await page.getByLabel("CloudEvent").getByText('"type": "PostCreated"').waitFor();
    const curl = String(await page.getByLabel("As curl").textContent());
    assert.match(curl, /\$PLATFORM_TOKEN/);
    assert.ok(!(await page.content()).includes(PLATFORM), "the token's value is nowhere");

    await button(page, "Like").click();
    await page.getByRole("status").getByText("ignored").waitFor();
    await post.getByText("0 likes").waitFor();
    await page.getByLabel("Act as").selectOption("Ada Okafor");
    await page.getByLabel("Act as").selectOption("Grace Okafor");
    await button(page, "Like").click();
    await page.getByRole("status").getByText("applied").waitFor();
    await page.getByText("Margaret Okafor +1, like on a post").waitFor();
    await button(page, "Unlike").click();
    await page.getByText("Margaret Okafor -1, like on a post").waitFor();
    await button(page, "Comment").click();
    await page.getByText("Grace Okafor +1, comment").waitFor();
    await button(page, "10 others like it").click();
    await page.getByRole("status").getByText("10 applied").waitFor();
    await post.locator('level-badge[level="4"]').waitFor();
    await page.getByLabel("Course").selectOption("Build in the open");
    await button(page, "Complete a lesson").click();
    await page.getByText("Grace Okafor +5, lesson completed").waitFor();

    service.state.failing.set("/api/events", 500);
    await button(page, "Write a post").click();
    await page.getByRole("status").getByText("INTERNAL in words").waitFor();
    assert.equal(await post.count(), 1);
  }));

test("every event has an id of its own, whichever tab sends it, on insecure origins as well", () =>
  onConsole(async (page) => {
    await page.evaluate(() => {
      Reflect.deleteProperty(Crypto.prototype, "randomUUID");
      URL.createObjectURL = () => {
        throw new Error("an address that nobody gives back");
      };
    });
    await visit(page, "#/stage", "Stage");
    await page.getByLabel("Act as").getByRole("option").first().waitFor({ state: "attached" });
    await page.clock.setFixedTime(Date.now()); // as in two tabs in the same millisecond
    const ids = [];
    for (let post = 1; post < 3; post++) {
      await button(page, "Write a post").click();
      await page
        .locator(".feed li")
        .nth(post - 1)
        .waitFor();
      const { id, data } = JSON.parse(String(await page.getByLabel("CloudEvent").textContent()));
      ids.push(id, data.post_id);
    }
    for (const id of ids) assert.match(id, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    assert.equal(new Set(ids).size, 4);
  }));

test("a busy minute goes on until it is stopped, or its page is left", () =>
  onConsole(async (page, service) => {
    const sent = () => service.state.requests.filter((request) => request === "POST /api/events").length;
    await visit(page, "#/stage", "Stage");
    await page.getByLabel("Act as").getByRole("option").first().waitFor({ state: "attached" });
    await page.clock.install();
    await button(page, "A busy minute").click();
    await page.getByText("57 s").waitFor();
    assert.ok(sent() >= 3, "each second has its request");
    await button(page, "Stop").click();
    await button(page, "A busy minute").click();
    await page.getByText("59 s").waitFor();
    await visit(page, "#/", "Night School for Makers");
    await page.locator("level-definitions-grid[state=ready]").waitFor();
    const before = sent();
    await page.clock.runFor(5000);
    await page.locator(".account").click();
    assert.equal(sent(), before);
  }));

test("names are text, whatever is in them", () =>
  onConsole(
    async (page) => {
      const name = "<img src=x onerror=alert(1)>";
      for (const [hash, heading] of [
        ["#/leaderboards", "Leaderboards"],
        ["#/members", "Members"],
        ["#/courses", "Courses"],
        ["#/levels", "Levels"],
        [`#/members/${user(0)}`, name],
        ["#/stage", "Stage"],
      ]) {
        await visit(page, String(hash), String(heading));
        await page.getByText(name).first().waitFor({ state: "attached" });
        assert.equal(await page.locator('img[src="x"]').count(), 0);
      }
      assert.ok((await page.title()).includes(name));
    },
    {
      before: ({ state }) => {
        const name = "<img src=x onerror=alert(1)>";
        state.name = name;
        for (const level of state.levels) level.name = name;
        for (const course of state.courses) course.title = /** @type {never} */ (name);
        for (const member of state.members)
          Object.assign(member, { display_name: name, avatar_url: "javascript:alert(1)" });
      },
    },
  ));

test("what fails can be tried again", () =>
  onConsole(
    async (page, service) => {
      await page.getByRole("alert").waitFor();
      service.state.failing.clear();
      await button(page, "Retry").click();
      await page.getByRole("heading", { level: 1, name: "Night School for Makers" }).waitFor();
      service.state.failing.set("/members", 500);
      await visit(page, "#/members", "Members");
      await page.getByRole("alert").getByText("INTERNAL in words.").waitFor();
      service.state.failing.clear();
      await button(page, "Retry").click();
      await page.getByText("25 of 60 members").waitFor();
    },
    { before: ({ state }) => void state.failing.set("", 500) },
  ));

test("the keyboard is enough", () =>
  onConsole(async (page) => {
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Skip to content");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
    await page.reload(); // the focus is at the beginning again
    await account(page, "Ada Okafor").waitFor();
    await tabTo(page, page.getByRole("link", { name: "Leaderboards", exact: true }));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Leaderboards" }).waitFor();
    assert.equal(await focused(page), "Leaderboards", "the focus is on the heading of the page");
    assert.equal(await page.title(), "Leaderboards · Night School for Makers · Points & levels");
    assert.equal(
      await page.getByRole("link", { name: "Leaderboards", exact: true }).getAttribute("aria-current"),
      "page",
    );
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Night School for Makers" }).waitFor();
    assert.equal(await focused(page), "Night School for Makers");

    await page.reload();
    await account(page, "Ada Okafor").waitFor();
    await tabTo(page, account(page, "Ada Okafor"));
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Admin");
    await page.keyboard.press("Escape");
    assert.ok(await page.locator(".menu").isHidden());
    assert.ok(await account(page, "Ada Okafor").evaluate((node) => node === document.activeElement));
  }));

test("the keyboard is enough to like a post on the stage", () =>
  onConsole(async (page) => {
    await visit(page, `#/stage/${MARGARET}`, "Stage");
    await page.getByLabel("Act as").getByRole("option").first().waitFor({ state: "attached" });
    await tabTo(page, button(page, "Write a post"));
    await page.keyboard.press("Enter");
    await page.locator(".feed li").getByText("0 likes").waitFor();
    await page.keyboard.press("Shift+Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "actor");
    await page.keyboard.press("ArrowDown"); // nobody likes their own
    await tabTo(page, button(page, "Like"));
    await page.keyboard.press("Enter");
    await page.locator(".feed li").getByText("1 like").waitFor();
    assert.equal(await focused(page), "Unlike", "the focus stays where it is");
    await page.keyboard.press("Enter");
    await page.locator(".feed li").getByText("0 likes").waitFor();
  }));

test("the keyboard is enough to page and to search members", () =>
  onConsole(async (page) => {
    await visit(page, "#/members", "Members");
    await page.getByText("25 of 60 members").waitFor();
    await tabTo(page, button(page, "Load more"));
    await page.keyboard.press("Enter");
    await page.getByText("50 of 60 members").waitFor();
    assert.equal(await focused(page), await page.locator("tbody tr").nth(25).getByRole("link").textContent());
    await page.reload();
    await page.getByText("25 of 60 members").waitFor();
    await tabTo(page, page.getByLabel("Search members"));
    await page.keyboard.type("margaret o");
    await page.getByText("1 found").waitFor();
    await tabTo(page, page.getByRole("link", { name: "Margaret Okafor" }));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Margaret Okafor" }).waitFor();
  }));

test("the keyboard is enough to set which level a course asks for", () =>
  onConsole(async (page, service) => {
    await visit(page, "#/courses", "Courses");
    const course = page.getByRole("listitem").filter({ hasText: "Welcome aboard" });
    await course.getByText("Open to everybody").waitFor();
    await tabTo(page, course.getByLabel("Open to", { exact: true }));
    for (let level = 1; level <= 5; level++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await course.getByText("From Level 5 - Mentor on").waitFor();
    assert.equal(service.state.courses[0]?.required, 5);
  }));

test("the keyboard is enough to settle what two admins changed at once", () =>
  onConsole(async (page, service) => {
    await visit(page, "#/levels", "Levels");
    await page.locator("level-editor[state=ready]").waitFor();
    await tabTo(page, page.getByLabel("Name of level 2"));
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("Maker");
    service.state.version++; // another admin has saved
    await page.keyboard.press("Enter");
    await page.getByText("Somebody else changed the levels").waitFor();
    await tabTo(page, button(page, "Keep mine"));
    await page.keyboard.press("Enter");
    await page.locator("level-definitions-grid").getByText("Level 2 - Maker").waitFor();
    assert.equal(service.state.levels[1]?.name, "Maker");
    assert.ok(await page.getByLabel("Name of level 1").evaluate((node) => node.matches(":focus")));
  }));

for (const [mode, scheme, width] of /** @type {const} */ ([
  ["light", "light", 1280],
  ["dark", "dark", 1280],
  ["phone", "light", 360],
])) {
  test(`every page is accessible and fits: ${mode}`, () =>
    onConsole(
      async (page, service) => {
        const look = async (/** @type {string} */ name) => {
          assert.deepEqual(await findings(page), [], name);
          assert.ok((await overflow(page)) <= 0, `${name} is wider than the window`);
          await screenshot(page, `${name}-${mode}`);
        };
        const ready = (/** @type {string} */ tag) => page.locator(`${tag}[state=ready]`).first().waitFor();
        for (const [number, points] of [
          [7, 5],
          [7, 6],
          [12, 1],
          [31, 1],
          [5, 5],
        ])
          await service.award(user(Number(number)), Number(points), "post_liked");
        await page.locator(".ticker li").first().waitFor();
        await ready("level-definitions-grid");
        await look("community");
        await account(page, "Margaret Okafor").click();
        await look("account");
        await page.keyboard.press("Escape");
        await visit(page, "#/leaderboards", "Leaderboards");
        await ready("leaderboard-panel");
        await look("leaderboards");
        await visit(page, "#/members", "Members");
        await page.locator("tbody tr").first().waitFor();
        await look("members");
        await visit(page, "#/courses", "Courses");
        await ready("course-card-lock");
        await look("courses");
        await visit(page, "#/sign-in", "Add a token");
        await look("sign-in");
        await account(page, "Margaret Okafor").click();
        await button(page, "Admin").click();
        await account(page, "Ada Okafor").waitFor();
        await visit(page, "#/courses", "Courses");
        await ready("course-card-lock");
        await look("courses-admin");
        await visit(page, "#/levels", "Levels");
        await button(page, "Preview").click();
        await page.getByText("nobody falls").waitFor();
        await look("levels");
        await visit(page, `#/members/${MARGARET}`, "Margaret Okafor");
        await ready("points-history");
        await look("member");
        await visit(page, "#/stage", "Stage");
        await page.getByLabel("Act as").getByRole("option").first().waitFor({ state: "attached" });
        await button(page, "Write a post").click();
        await page.locator(".feed li").waitFor();
        await page.getByText("Ada Okafor +2, post").waitFor();
        await look("stage");
        await visit(page, "#/nowhere", "There is no such page");
        await look("nowhere");
      },
      { tokens: { member: MEMBER, admin: ADMIN, platform: PLATFORM }, scheme, width },
    ));
}

test("it fits on 320 pixels", () =>
  onConsole(
    async (page) => {
      for (const [hash, heading] of [
        ["#/", "Night School"],
        ["#/leaderboards", "Leaderboards"],
        ["#/members", "Members"],
        ["#/courses", "Courses"],
        ["#/levels", "Levels"],
        ["#/stage", "Stage"],
      ]) {
        await visit(page, String(hash), new RegExp(String(heading)));
        assert.ok((await overflow(page)) <= 0, `${hash} is wider than the window`);
      }
    },
    { width: 320 },
  ));
