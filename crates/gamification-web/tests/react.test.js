import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browserTests, reaches } from "./support/browser.js";
import * as fixtures from "./support/fixtures.js";
import { COMMUNITY, COURSE, ME, user } from "./support/fixtures.js";
import { react } from "./support/react.js";
import { reply } from "./support/reply.js";

const onPage = browserTests();

/** @param {string} app what `App` gives, with `h` for createElement @param {string} [before] */
const page = (app, before = "") => `
  import { createElement as h, StrictMode, useState } from "react";
  import { createRoot } from "react-dom/client";
  import * as kit from "/src/react/index.js";
  const { GamificationProvider, LevelBadge, LevelDefinitionsGrid, ProfileLevelSection, CourseCardLock, LeaderboardPanel, useMember, useLevels } = kit;
  globalThis.seen = [];
  ${before}
  const App = () => { ${app} };
  const token = "e30." + btoa(JSON.stringify({ sub: "${ME}" })) + ".s";
  const root = createRoot(document.querySelector("main"));
  const Provided = () => h(GamificationProvider, { api: location.origin, community: "${COMMUNITY}", token: () => token }, h(App));
  root.render(h(StrictMode, null, h(Provided)));
  globalThis.unmount = () => root.unmount();`;

for (const version of /** @type {const} */ ([19, 18])) {
  const { files, head, policy, ...of } = react(version);
  const settings = { files, head, policy };

  describe(`React ${of.version}`, () => {
    test("props become attributes, objects and clients become properties", async () => {
      const app = `return h("div", null,
        h(LevelBadge, { userId: "${ME}", size: "md", decorative: true, className: "face", id: "a" }, h("img", { alt: "Ada", width: 40, height: 40 })),
        h(LevelBadge, { level: 4, decorative: false, id: "b" }, h("img", { alt: "Ben", width: 40, height: 40 })),
        h(LeaderboardPanel, { period: "all-time", entries: [{ rank: 1, user_id: "u", display_name: "Ada", avatar_url: null, level: 2, points: 5 }], linked: true }))`;
      await onPage(
        "",
        async (page, requests) => {
          await page.locator("#a[level='3']").waitFor();
          const attributes = (/** @type {string} */ id) =>
            page
              .locator(id)
              .evaluate((node) => Object.fromEntries([...node.attributes].map(({ name, value }) => [name, value])));
          assert.deepEqual(await attributes("#a"), {
            "user-id": ME,
            size: "md",
            decorative: "",
            class: "face",
            id: "a",
            level: "3",
            state: "ready",
          });
          assert.deepEqual(await attributes("#b"), { level: "4", id: "b", state: "ready" });
          await page.getByRole("button", { name: "Ada" }).waitFor();
          assert.equal(requests.length, 1);
        },
        { ...settings, script: page(app) },
      );
    });

    test("events of an element reach the handler of the last render, also one that comes later", async () => {
      const app = `
        const [count, setCount] = useState(0);
        return h("div", null,
          h("button", { onClick: () => setCount(count + 1) }, "again"),
          h(CourseCardLock, { courseId: "${COURSE}", className: "side", ...(count && { onLockedClick: ({ detail }) => seen.push([count, detail.requiredLevel]) }) }, h("article", { className: "card" }, "Lead a workshop")))`;
      await onPage(
        "",
        async (page) => {
          await reaches(page, "course-card-lock", "ready");
          await page.getByRole("group").click();
          for (let count = 0; count < 2; count++) await page.getByRole("button", { name: "again" }).click();
          await page.getByRole("group").click();
          assert.deepEqual(await page.evaluate(() => Reflect.get(globalThis, "seen")), [[2, 4]]);
        },
        { ...settings, script: page(app) },
      );
    });

    test("in StrictMode hooks and elements mount twice and ask once", async () => {
      const before = `const Member = () => { const { data } = useMember("${ME}"); const levels = useLevels(); return h("p", null, data && levels.data ? data.level_name + " of " + levels.data.levels.length : "…"); };`;
      const app = `return h("div", null, h(Member), h(Member), h(ProfileLevelSection, { userId: "${ME}" }), h(LevelDefinitionsGrid))`;
      await onPage(
        "",
        async (page, requests) => {
          await page.getByText("Builder of 9").first().waitFor();
          await reaches(page, "profile-level-section", "ready");
          await reaches(page, "level-definitions-grid", "ready");
          assert.deepEqual([...requests].sort(), ["GET /levels", `GET /members/${ME}/level`]);
        },
        { ...settings, script: page(app, before) },
      );
    });

    test("a hook follows its id, forgets the member before, and says what went wrong", async () => {
      const before = `const Member = ({ id }) => { const { data, problem } = useMember(id); seen.push([id, data?.user_id ?? null]); return h("p", null, problem?.code ?? data?.user_id ?? "…"); };`;
      const app = `const [id, setId] = useState("${ME}"); return h("div", null, h("button", { onClick: () => setId("${user(1)}") }, "other"), h("button", { onClick: () => setId("${user(2)}") }, "broken"), h(Member, { id }))`;
      await onPage(
        "",
        async (page) => {
          await page.getByText(ME).waitFor();
          await page.getByRole("button", { name: "other" }).click();
          await page.getByText(user(1)).waitFor();
          await page.getByRole("button", { name: "broken" }).click();
          await page.getByText("INTERNAL").waitFor();
        },
        {
          ...settings,
          script: page(app, before),
          api: {
            "/level": (url) =>
              url.pathname.includes(user(2))
                ? reply(500, fixtures.problem("INTERNAL"))
                : fixtures.member({ user_id: url.pathname.split("/").at(-2) }),
          },
        },
      );
    });

    test("a ref is the element, objects that are gone are gone, and leaving ends everything", async () => {
      const app = `
        const [isGiven, give] = useState(true);
        return h("div", null,
          h("button", { onClick: () => give(false) }, "take"),
          h(LevelDefinitionsGrid, { ref: (node) => node && seen.push(node.localName), ...(isGiven && { levels: ${JSON.stringify(fixtures.levels().levels.slice(0, 2))} }) }))`;
      await onPage(
        "",
        async (page) => {
          await page.getByText("Level 2 - Practitioner").waitFor();
          assert.equal(await page.locator("level-definitions-grid li:visible").count(), 2);
          assert.equal((await page.evaluate(() => Reflect.get(globalThis, "seen")))[0], "level-definitions-grid");
          await page.getByRole("button", { name: "take" }).click();
          await page.waitForFunction(() => document.querySelector("level-definitions-grid")?.levels?.length !== 2);
          await page.evaluate(() => Reflect.get(globalThis, "unmount")());
          assert.equal(await page.locator("main").innerHTML(), "");
        },
        { ...settings, script: page(app) },
      );
    });

    test("renders on a server, with the attributes that a page needs before scripts run", () => {
      const script = `
        const { createElement: h } = await import(${JSON.stringify(`file://${fileURLToPath(new URL(version === 18 ? "react-18/node_modules/react/index.js" : "../node_modules/react/index.js", import.meta.url))}`)}).then((all) => all.default);
        const { renderToString } = await import(${JSON.stringify(`file://${fileURLToPath(new URL(version === 18 ? "react-18/node_modules/react-dom/server.node.js" : "../node_modules/react-dom/server.node.js", import.meta.url))}`)}).then((all) => all.default);
        const { GamificationProvider, LevelBadge, LeaderboardPanel, useMember } = await import("gamification-elements/react");
        const Points = () => h("p", null, useMember("${ME}").data ? "there" : "not yet");
        const complaints = [];
        console.error = (...all) => complaints.push(all.join(" "));
        const html = renderToString(h(GamificationProvider, { api: "https://levels.example", community: "c", token: () => null },
          h(LevelBadge, { userId: "u1", level: 3, size: "md", decorative: true, className: "face", onLevelChange() {} }, h("img", { alt: "Ada" })),
          h(LeaderboardPanel, { period: "seven-day", entries: [], linked: false }), h(Points)));
        console.log(JSON.stringify({ html, complaints }));`;
      const arguments_ = ["--input-type=module", "--eval", script];
      if (version === 18) arguments_.unshift("--import", new URL("support/use-react-18.js", import.meta.url).href);
      const printed = execFileSync(process.execPath, arguments_, {
        encoding: "utf8",
        cwd: fileURLToPath(new URL("..", import.meta.url)),
      });
      const { html, complaints } = JSON.parse(printed);
      assert.deepEqual(complaints, []);
      assert.equal(
        html,
        '<level-badge class="face" user-id="u1" level="3" size="md" decorative=""><img alt="Ada"/></level-badge><leaderboard-panel period="seven-day"></leaderboard-panel><p>not yet</p>',
      );
    });
  });
}
