import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { browserTests, reaches, screenshot } from "./support/browser.js";
import * as fixtures from "./support/fixtures.js";
import { AVATAR, CARD, COURSE, ME, user } from "./support/fixtures.js";
import { reply } from "./support/reply.js";

/** @typedef {import("playwright-core").Page} Page */

const onPage = browserTests();

describe("languages", () => {
  test("the page's, else English; the nearest lang wins; numbers and dates follow", async () => {
    await onPage(
      `<points-history user-id="${ME}"></points-history><div lang="en"><level-badge level="3">${AVATAR}</level-badge></div><leaderboard-panel period="all-time"></leaderboard-panel><level-definitions-grid></level-definitions-grid>`,
      async (page) => {
        await page.getByText("Mehr laden").waitFor();
        assert.equal(
          (await page.locator("points-history li").first().innerText()).replace(/\s+/g, " "),
          "Beitrag +2 22.11.2026, 10:00 45 insgesamt",
        );
        await page.locator("points-history li").nth(4).getByText("gedeckelt").waitFor();
        assert.equal(await page.locator("leaderboard-panel .points").first().textContent(), "119\u00a0000");
        assert.equal(
          await page.locator("level-definitions-grid .detail").nth(1).textContent(),
          "20,5\u00a0% der Mitglieder",
        );
        await screenshot(page, "german");
      },
      {
        lang: "de-AT",
        script: `import { connect, registerLocale } from "/src/index.js"; import de from "/src/locales/de.js"; registerLocale("de", de); connect({ api: location.origin, community: "${fixtures.COMMUNITY}", token: () => "t" });`,
      },
    );
  });

  test("one that comes later is used at once, and what it lacks is said in English", async () => {
    await onPage(
      "<leaderboard-panel></leaderboard-panel>",
      async (page) => {
        await reaches(page, "leaderboard-panel", "ready");
        assert.equal(await page.locator("leaderboard-panel h2").textContent(), "Leaderboard (all-time)");
        await page.evaluate(() => dispatchEvent(new Event("learn")));
        await page.getByText("Classement").waitFor();
        assert.equal(await page.locator("leaderboard-panel h3").textContent(), "Your rank");
      },
      {
        lang: "fr-CA",
        script: `import { connect, registerLocale } from "/src/index.js"; connect({ api: location.origin, community: "${fixtures.COMMUNITY}", token: () => "t" }); addEventListener("learn", () => registerLocale("fr", { "all-time": "Classement" }));`,
      },
    );
  });

  test("a page's lang that is none does no harm", async () => {
    await onPage(
      `<profile-level-section level="3" level-name="Builder" points-to-next-level="2"></profile-level-section>`,
      (page) => page.getByText("2 points to level up").waitFor(),
      { lang: "not a language!" },
    );
  });
});

describe("pages", () => {
  const EVERYTHING = `
    <level-badge size="md" user-id="${ME}">${AVATAR}</level-badge>
    <profile-level-section user-id="${ME}" show-points>${AVATAR.replace("<img", '<img slot="avatar"')}</profile-level-section>
    <level-definitions-grid show-points></level-definitions-grid>
    <course-card-lock class="side" course-id="${COURSE}">${CARD}</course-card-lock>
    <leaderboard-panel period="seven-day"></leaderboard-panel>
    <leaderboard-sidebar-widget href="#all"></leaderboard-sidebar-widget>
    <points-history user-id="${ME}"></points-history>
    <level-editor></level-editor>`;
  const api = { "GET /levels": () => reply(200, fixtures.levels({ current_user_role: "ADMIN" }), { etag: '"7.a"' }) };
  const settled = (/** @type {Page} */ page) =>
    page.waitForFunction(() =>
      [...document.querySelectorAll("main > *")].every((one) => one.getAttribute("state") === "ready"),
    );

  for (const [name, settings] of /** @type {const} */ ([
    ["light", {}],
    ["dark", { scheme: "dark" }],
    ["rtl", { dir: "rtl", lang: "ar" }],
    ["forced-colors", { forced: true }],
    ["phone", { width: 320 }],
    ["phone-dark", { width: 320, scheme: "dark" }],
    ["zoom", { width: 640 }],
  ])) {
    test(`nothing sticks out (${name})`, async () => {
      await onPage(
        EVERYTHING,
        async (page) => {
          await settled(page);
          await page.getByRole("button", { name: "Preview" }).click();
          await page.getByText("41 members rise, nobody falls.").waitFor();
          if (name === "zoom") await page.evaluate(() => document.documentElement.style.setProperty("zoom", "2"));
          const sticking = await page.evaluate(() => {
            const found = /** @type {string[]} */ ([]);
            const look = (/** @type {ParentNode} */ root, /** @type {string} */ of) => {
              for (const node of root.querySelectorAll("*")) {
                const { left, right, width } = node.getBoundingClientRect();
                if (width > 1 && (right > innerWidth + 0.5 || left < -0.5))
                  found.push(`${of} ${node.localName}.${node.getAttribute("class") ?? ""}`);
                if (node.shadowRoot) look(node.shadowRoot, node.localName);
              }
            };
            look(document, "page");
            return [
              ...found,
              document.documentElement.scrollWidth > innerWidth ? "the page scrolls sideways" : "",
            ].filter(Boolean);
          });
          assert.deepEqual(sticking, []);
          await screenshot(page, `everything-${name}`);
        },
        { ...settings, api },
      );
    });
  }

  test("every element takes a community of its own, and a client of its own", async () => {
    await onPage(
      `<leaderboard-sidebar-widget community="${user(77)}"></leaderboard-sidebar-widget><leaderboard-panel></leaderboard-panel>`,
      async (page, requests) => {
        await page.waitForFunction(() => document.querySelectorAll("[state=error], [state=ready]").length === 2);
        assert.ok(requests.includes(`GET /api/communities/${user(77)}/leaderboards/widget`));
        await page.evaluate((community) => {
          const widget = /** @type {HTMLElement & { client: unknown }} */ (
            document.querySelector("leaderboard-sidebar-widget")
          );
          widget.removeAttribute("community");
          widget.client = Reflect.get(globalThis, "client").in(community);
        }, user(88));
        await page.waitForFunction(
          (id) => performance.getEntriesByType("resource").some(({ name }) => name.includes(id)),
          user(88),
        );
      },
    );
  });

  test("properties that were set before an element was defined count", async () => {
    await onPage(
      '<level-badge size="md"></level-badge>',
      async (page) => {
        await page.evaluate(() => {
          Object.assign(document.querySelector("level-badge") ?? {}, { level: 7, decorative: true });
          dispatchEvent(new Event("define"));
        });
        await page.locator("level-badge[level='7'][decorative]").waitFor();
        assert.equal(await page.locator("level-badge .badge").textContent(), "7");
      },
      { script: 'addEventListener("define", () => import("/src/index.js"));' },
    );
  });

  test("live: badges, totals and locks follow the stream", async () => {
    const rise = {
      member_id: ME,
      community_id: fixtures.COMMUNITY,
      old_level: 3,
      new_level: 4,
      new_level_name: "Leader",
    };
    const id = "0000000000000000042";
    await onPage(
      `<level-badge user-id="${ME}">${AVATAR}</level-badge><profile-level-section user-id="${ME}"></profile-level-section><course-card-lock class="side" course-id="${COURSE}">${CARD}</course-card-lock>`,
      async (page) => {
        await page.locator("level-badge[level='4'] .rose").waitFor();
        await page.locator("profile-level-section[level='4']").waitFor();
        await page.locator("course-card-lock[state=ready]:not([locked])").waitFor();
        assert.equal(await page.getByRole("status").textContent(), "You reached Level 4 - Leader");
      },
      {
        script: `
          import { connect } from "/src/index.js";
          const rise = ${JSON.stringify(`event: MemberLeveledUp\nid: ${id}\ndata: ${JSON.stringify({ id, sequence: id, type: "MemberLeveledUp", data: rise })}\n\n`)};
          let level = 3;
          const json = (body) => new Response(JSON.stringify(body));
          const badges = document.querySelectorAll("[user-id], [course-id]");
          const fetch = async (address, { signal }) => {
            const { pathname } = new URL(address);
            if (pathname.endsWith("/stream")) {
              return new Response(new ReadableStream({ start(controller) {
                const tell = () => { level = 4; controller.enqueue(new TextEncoder().encode(rise)); };
                const wait = () => [...badges].every((one) => one.getAttribute("state") === "ready") ? tell() : requestAnimationFrame(wait);
                requestAnimationFrame(wait);
                signal.addEventListener("abort", () => controller.error(signal.reason));
              } }));
            }
            if (pathname.endsWith("/members/levels")) return json({ members: [{ user_id: "${ME}", level, level_name: "Builder" }] });
            if (pathname.endsWith("/level")) return json({ ...${JSON.stringify(fixtures.member())}, level, level_name: level === 4 ? "Leader" : "Builder" });
            return json({ courses: [{ ...${JSON.stringify(fixtures.access())}, current_level: level }] });
          };
          connect({ api: location.origin, community: "${fixtures.COMMUNITY}", token: () => "e30." + btoa(JSON.stringify({ sub: "${ME}" })) + ".s", live: true, fetch });`,
      },
    );
  });

  test("live: what is moved in the document stays so", async () => {
    const rise = {
      member_id: ME,
      community_id: fixtures.COMMUNITY,
      old_level: 3,
      new_level: 4,
      new_level_name: "Leader",
    };
    const id = "0000000000000000042";
    const event = `event: MemberLeveledUp\ndata: ${JSON.stringify({ id, sequence: id, type: "MemberLeveledUp", data: rise })}\n\n`;
    let later = false;
    const first = () => [fixtures.entry(1, later ? { display_name: "Zoe Zuse" } : {})];
    await onPage(
      `<level-badge user-id="${ME}">${AVATAR}</level-badge><profile-level-section user-id="${ME}"></profile-level-section><course-card-lock class="side" course-id="${COURSE}">${CARD}</course-card-lock><level-definitions-grid></level-definitions-grid><leaderboard-panel></leaderboard-panel><leaderboard-sidebar-widget></leaderboard-sidebar-widget><points-history user-id="${ME}"></points-history><level-editor></level-editor>`,
      async (page, requests) => {
        const histories = () => requests.filter((request) => request.includes("/points")).length;
        await page.waitForFunction(() => document.querySelectorAll("main > [state=ready]").length === 8);
        await page.evaluate(() => {
          const box = document.createElement("div");
          document.querySelector("main")?.append(box);
          box.append(...document.querySelectorAll("main > [state]"));
        });
        await page.waitForFunction(() => document.querySelectorAll("main > div > [state=ready]").length === 8);
        await page.waitForLoadState("networkidle"); // what the move has asked for
        assert.equal(histories(), 2, "no event tells of entries; a history that comes back is read anew");
        later = true;
        await page.evaluate((text) => Reflect.get(globalThis, "tell")(text), event);
        await page.locator("level-badge[level='4'] .rose").waitFor();
        await page.locator("profile-level-section[level='4']").waitFor();
        await page.locator("course-card-lock[state=ready]:not([locked])").waitFor();
        await page.locator("level-definitions-grid").getByText("Level 2 - Maker").waitFor();
        await page.locator("leaderboard-panel span.name").getByText("Zoe Zuse").waitFor();
        await page.locator("leaderboard-sidebar-widget span.name").getByText("Zoe Zuse").waitFor();
        await page.waitForFunction(
          () => document.querySelector("level-editor")?.shadowRoot?.querySelectorAll("input")[2]?.value === "Maker",
        );
      },
      {
        api: {
          "/members/levels": () => ({ members: [{ user_id: ME, level: later ? 4 : 3, level_name: "Builder" }] }),
          "/level": () => fixtures.member(later ? { level: 4, level_name: "Leader" } : {}),
          "/courses/access": () => ({ courses: [fixtures.access({ current_level: later ? 4 : 3 })] }),
          "/levels": () => {
            const levels = fixtures.levels({ current_user_role: "ADMIN" });
            if (later) Object.assign(levels.levels[1] ?? {}, { name: "Maker" });
            return reply(200, levels, { etag: later ? '"8.a"' : '"7.a"' });
          },
          "/leaderboards": () => fixtures.boards({ all_time: fixtures.board({ entries: first() }) }),
          "/leaderboards/widget": () => ({ entries: first(), last_updated: "" }),
        },
        script: `
          import { connect } from "/src/index.js";
          const live = (address, init) => address.endsWith("/stream")
            ? new Response(new ReadableStream({ start(controller) {
                globalThis.tell = (text) => controller.enqueue(new TextEncoder().encode(text));
                init.signal.addEventListener("abort", () => controller.error(init.signal.reason));
              } }))
            : fetch(address, init);
          connect({ api: location.origin, community: "${fixtures.COMMUNITY}", token: () => "e30." + btoa(JSON.stringify({ sub: "${ME}" })) + ".s", live: true, fetch: async (...request) => live(...request) });`,
      },
    );
  });

  test("what the page gave is asked for by no element, moved or not", async () => {
    await onPage(
      "<level-definitions-grid></level-definitions-grid><leaderboard-panel></leaderboard-panel><leaderboard-sidebar-widget></leaderboard-sidebar-widget>",
      async (page, requests) => {
        await page.waitForFunction(() => document.querySelectorAll("main > [state=ready]").length === 3);
        await page.evaluate(() => {
          const box = document.createElement("div");
          document.querySelector("main")?.append(box);
          box.append(...document.querySelectorAll("main > [state]"));
        });
        await page.waitForFunction(() => document.querySelectorAll("main > div > [state=ready]").length === 3);
        await page.waitForLoadState("networkidle");
        assert.deepEqual(requests, []);
      },
      {
        script: `
          import { connect } from "/src/index.js";
          const given = { levels: ${JSON.stringify(fixtures.levels().levels)}, entries: ${JSON.stringify(fixtures.entries(5))} };
          for (const one of document.querySelectorAll("main > *")) Object.assign(one, given);
          connect({ api: location.origin, community: "${fixtures.COMMUNITY}", token: () => "t" });`,
      },
    );
  });

  test("h() makes text of whatever it is given, and refuses what could run", async () => {
    await onPage(
      "",
      async (page) => {
        const { made, refused } = await page.evaluate(() => {
          /** @type {typeof import("../src/elements/h.js").h} */
          const h = Reflect.get(globalThis, "h");
          const evil = "<img src=x onerror=alert(1)>";
          const tryTo = (/** @type {() => unknown} */ build) => {
            try {
              build();
              return "built";
            } catch (error) {
              return String(error);
            }
          };
          return {
            made: [
              h("p", { title: evil }, evil, 0, null, false, "", h("b", null, "bold")),
              h("a", { href: "#/members" }),
              h("a", { href: "https://levels.example" }),
              h("a", { href: " javascript:alert(1)" }),
              h("a", { href: "data:text/html,hello" }),
              h("img", { src: "https://levels.example/a.png" }),
              h("img", { src: "data:image/png;base64,AA" }),
              h("img", { src: "data:text/html,hello" }),
              h("img", { src: "//levels.example/a.png" }),
              h("input", { disabled: true, required: false, value: null }),
              h("leaderboard-panel", { period: "seven-day", linked: true }),
            ].map((node) => node.outerHTML),
            refused: [
              tryTo(() => h("p", { style: "color: red" })),
              tryTo(() => h("p", { onclick: "alert(1)" })),
              tryTo(() => h("iframe", { srcdoc: "hello" })),
              tryTo(() => h("level-badge", { onclick: "alert(1)" })),
            ],
          };
        });
        assert.deepEqual(made, [
          '<p title="&lt;img src=x onerror=alert(1)&gt;">&lt;img src=x onerror=alert(1)&gt;0<b>bold</b></p>',
          '<a href="#/members"></a>',
          '<a href="https://levels.example"></a>',
          "<a></a>",
          "<a></a>",
          '<img src="https://levels.example/a.png">',
          '<img src="data:image/png;base64,AA">',
          "<img>",
          "<img>",
          '<input disabled="">',
          '<leaderboard-panel period="seven-day" linked=""></leaderboard-panel>',
        ]);
        assert.deepEqual(refused, [
          "TypeError: h() sets no style",
          "TypeError: h() sets no onclick",
          "TypeError: h() sets no srcdoc",
          "TypeError: h() sets no onclick",
        ]);
      },
      { script: 'import { h } from "/src/elements/h.js"; globalThis.h = h;' },
    );
  });
});
