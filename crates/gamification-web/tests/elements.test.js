import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { box, browserTests, reaches, reply, said, screenshot, styles } from "./support/browser.js";
import * as fixtures from "./support/fixtures.js";
import { COURSE, ME, user } from "./support/fixtures.js";

/** @typedef {import("playwright-core").Page} Page */

const onPage = browserTests();

const AVATAR = `<img alt="Ada Okafor" width="40" height="40" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'%3E%3Crect width='1' height='1' fill='%23f97316'/%3E%3C/svg%3E">`;
const CARD = `<article class="card"><a href="#course">Lead a workshop</a></article>`;
const busy = () => reply(503, fixtures.problem("UNAVAILABLE"), { "retry-after": "0" });
const broken = () => reply(500, fixtures.problem("INTERNAL"));
const forbidden = () => reply(403, fixtures.problem("FORBIDDEN", { reason: "NOT_A_MEMBER" }));
const never = () => new Promise(() => {});

const WHITE = "rgb(255, 255, 255)";
const BLUE_600 = "rgb(37, 99, 235)";
const GRAY_700 = "rgb(55, 65, 81)";
const GRAY_600 = "rgb(75, 85, 99)";
const GRAY_500 = "rgb(107, 114, 128)";

/** Collects events of the elements of a page. @param {Page} page @param {string} type */
const events = async (page, type) => {
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

describe("level-badge", () => {
  for (const dir of /** @type {const} */ (["ltr", "rtl"])) {
    test(`has the numbers of the visual spec (${dir})`, async () => {
      const sizes = {
        xs: [24, 16, 10, -2],
        sm: [32, 16, 10, -2],
        md: [40, 20, 12, -2],
        lg: [48, 24, 14, -4],
        xl: [96, 32, 14, -4],
      };
      const html = Object.keys(sizes).map(
        (size) => `<p><level-badge size="${size}" level="3">${AVATAR}</level-badge></p>`,
      );
      await onPage(
        html.join(""),
        async (page) => {
          for (const [size, [avatar, badge, font, offset]] of Object.entries(sizes)) {
            const host = page.locator(`level-badge[size=${size}]`);
            const [outer, inner, picture] = [
              await box(host),
              await box(host.locator(".badge")),
              await box(host.locator("img")),
            ];
            assert.deepEqual(
              [outer.width, outer.height, picture.width, picture.height],
              [avatar, avatar, avatar, avatar],
              size,
            );
            assert.deepEqual([inner.width, inner.height], [badge, badge], size);
            const inline = dir === "ltr" ? outer.right - inner.right : inner.x - outer.x;
            assert.deepEqual([inline, outer.bottom - inner.bottom], [offset, offset], size);
            const style = await styles(
              host.locator(".badge"),
              "font-size",
              "font-weight",
              "border-radius",
              "border-width",
              "border-color",
              "color",
              "background-color",
            );
            assert.deepEqual(style, {
              "font-size": `${font}px`,
              "font-weight": "600",
              "border-radius": "50%",
              "border-width": "2px",
              "border-color": WHITE,
              color: WHITE,
              "background-color": BLUE_600,
            });
          }
        },
        { dir, connect: false },
      );
    });
  }

  test("its ring is the page's own color in the dark", async () => {
    await onPage(
      `<level-badge level="3">${AVATAR}</level-badge>`,
      async (page) => {
        const style = await styles(page.locator(".badge"), "border-color", "background-color", "color");
        assert.deepEqual(style, { "border-color": "rgb(17, 24, 39)", "background-color": BLUE_600, color: WHITE });
      },
      { scheme: "dark", connect: false },
    );
  });

  test("fifty avatars are one request", async () => {
    const html = Array.from(
      { length: 50 },
      (_, index) => `<level-badge user-id="${user(index)}">${AVATAR}</level-badge>`,
    );
    await onPage(html.join(""), async (page, requests) => {
      await page.locator("level-badge[state=ready]").nth(49).waitFor();
      assert.equal(requests.length, 1);
    });
  });

  test("with data it asks for nothing, and says its level to those who can't see it", async () => {
    await onPage(
      `<level-badge level="3">${AVATAR}</level-badge><level-badge level="4" decorative>${AVATAR}</level-badge>`,
      async (page, requests) => {
        await reaches(page, "level-badge", "ready");
        assert.deepEqual(await page.locator("level-badge .badge").allTextContents(), ["3", "4"]);
        assert.deepEqual(await page.locator("level-badge .visually-hidden").allTextContents(), ["Level 3", ""]);
        assert.deepEqual(requests, []);
      },
    );
  });

  test("shows its data until the answer is there, and tells of a rise", async () => {
    await onPage(
      `<level-badge level="2" user-id="${ME}">${AVATAR}</level-badge>`,
      async (page) => {
        const rises = await events(page, "level-change");
        await reaches(page, "level-badge", "ready");
        assert.equal(await page.locator("level-badge .badge").textContent(), "2");
        await page.evaluate(() => dispatchEvent(new Event("go")));
        await page.locator("level-badge[level='3']").waitFor();
        assert.equal(await page.locator("level-badge .badge").textContent(), "3");
        assert.deepEqual(await rises(), [{ userId: ME, from: 2, to: 3, on: "level-badge" }]);
      },
      {
        script: `import { connect } from "/src/index.js"; addEventListener("go", () => connect({ api: location.origin, community: "${fixtures.COMMUNITY}", token: () => "t" }));`,
      },
    );
  });

  for (const [name, answer, state] of /** @type {const} */ ([
    ["loading", never, "loading"],
    ["an error", broken, "error"],
    ["not allowed", forbidden, "forbidden"],
    ["unknown", () => ({ members: [] }), "empty"],
  ])) {
    test(`${name}: the avatar alone, where it always is`, async () => {
      await onPage(
        `<level-badge size="md" user-id="${ME}">${AVATAR}</level-badge><b>next</b>`,
        async (page) => {
          await reaches(page, "level-badge", state);
          assert.equal(await page.locator("level-badge .badge").isVisible(), false);
          const before = await box(page.locator("b"));
          await page.evaluate(() => document.querySelector("level-badge")?.setAttribute("level", "3"));
          await page.locator("level-badge .badge").waitFor();
          assert.deepEqual(await box(page.locator("b")), before);
        },
        { api: { "/members/levels": answer } },
      );
    });
  }

  test("another member's level is not shown meanwhile", async () => {
    await onPage(
      `<level-badge user-id="${ME}">${AVATAR}</level-badge>`,
      async (page) => {
        await page.locator("level-badge[level='3']").waitFor();
        await page.evaluate((id) => document.querySelector("level-badge")?.setAttribute("user-id", id), user(1));
        await reaches(page, "level-badge", "loading");
        assert.equal(await page.locator("level-badge").getAttribute("level"), null);
        assert.equal(await page.locator("level-badge .badge").isVisible(), false);
      },
      {
        api: {
          "/members/levels": (url) =>
            url.search.includes(user(1)) ? never() : fixtures.healthy["/members/levels"](url),
        },
      },
    );
  });

  test("keeps what it shows when it is moved", async () => {
    await onPage(`<level-badge user-id="${ME}">${AVATAR}</level-badge><section></section>`, async (page) => {
      await page.locator("level-badge[level='3']").waitFor();
      const states = await page.evaluate(async () => {
        const badge = /** @type {Element} */ (document.querySelector("level-badge"));
        const seen = /** @type {(string | null)[]} */ ([]);
        new MutationObserver(() => seen.push(badge.getAttribute("state"), badge.getAttribute("level"))).observe(badge, {
          attributes: true,
        });
        document.querySelector("section")?.append(badge);
        await new Promise((resolve) => requestAnimationFrame(resolve));
        return seen;
      });
      assert.deepEqual(new Set(states), new Set(["ready", "3"]));
    });
  });
});

describe("level-definitions-grid", () => {
  test("has the numbers of the visual spec", async () => {
    await onPage("<level-definitions-grid></level-definitions-grid>", async (page) => {
      await reaches(page, "level-definitions-grid", "ready");
      const grid = page.locator("level-definitions-grid");
      const of = (/** @type {string} */ part, /** @type {string[]} */ ...names) => styles(grid.locator(part), ...names);
      assert.deepEqual(await of("section", "padding", "border-radius", "background-color"), {
        padding: "24px",
        "border-radius": "8px",
        "background-color": WHITE,
      });
      assert.deepEqual(await of("h2", "font-size", "font-weight"), { "font-size": "18px", "font-weight": "600" });
      assert.deepEqual(
        await of("li", "padding", "gap", "border-width", "border-radius", "background-color", "border-color"),
        {
          padding: "12px",
          gap: "12px",
          "border-width": "1px",
          "border-radius": "8px",
          "background-color": "rgb(249, 250, 251)",
          "border-color": "rgb(229, 231, 235)",
        },
      );
      assert.deepEqual(await of("li.current", "background-color", "border-color"), {
        "background-color": "rgb(239, 246, 255)",
        "border-color": "rgb(191, 219, 254)",
      });
      assert.deepEqual(await of(".name", "font-size", "font-weight"), { "font-size": "14px", "font-weight": "600" });
      assert.deepEqual(await of("li:not(.current) .detail", "font-size", "color"), {
        "font-size": "12px",
        color: GRAY_500,
      });
      assert.deepEqual(await of("li.current .detail", "color"), { color: GRAY_600 }, "gray-500 has 4.44:1 there");
      const [circle, lock] = [await box(grid.locator(".circle")), await box(grid.locator("li.locked svg"))];
      assert.deepEqual([circle.width, circle.height, lock.width, lock.height], [40, 40, 20, 20]);
      assert.deepEqual(await of(".locked .circle", "background-color"), { "background-color": "rgb(209, 213, 219)" });
      const [first, second, fourth] = [
        await box(grid.locator("li")),
        await box(grid.locator("li").nth(1)),
        await box(grid.locator("li").nth(3)),
      ];
      assert.deepEqual([second.x - first.right, fourth.y - first.bottom, fourth.x], [16, 16, first.x]);
      await screenshot(page, "level-definitions-grid-light");
    });
  });

  for (const [width, columns] of /** @type {const} */ ([
    [767, 1],
    [768, 3],
  ])) {
    test(`has ${columns} column(s) in a container of ${width} pixels`, async () => {
      await onPage(`<div class="w${width}"><level-definitions-grid></level-definitions-grid></div>`, async (page) => {
        await reaches(page, "level-definitions-grid", "ready");
        const lefts = await page
          .locator("level-definitions-grid li")
          .evaluateAll((cards) => cards.map((card) => card.getBoundingClientRect().x));
        assert.equal(new Set(lefts).size, columns);
      });
    });
  }

  test("says where one is, what is locked, and who has come how far", async () => {
    await onPage("<level-definitions-grid></level-definitions-grid>", async (page) => {
      await reaches(page, "level-definitions-grid", "ready");
      const cards = page.locator("level-definitions-grid li");
      const texts = await cards.locator(".text").allInnerTexts();
      assert.deepEqual(
        texts.map((text) => text.replace(/\s+/g, " ").replace(" ,", ",")),
        [
          "Level 1 - Student 42% of members",
          "Level 2 - Practitioner 20.5% of members",
          "Level 3 - Builder 12% of members",
          "Level 4 - Leader, locked 9.5% of members",
          "Level 5 - Mentor, locked 6% of members",
          "Level 6 - Empire Builder, locked 4% of members",
          "Level 7 - Ruler, locked 3% of members",
          "Level 8 - Legend, locked 2% of members",
          "Level 9 - Icon, locked 1% of members",
        ],
      );
      assert.deepEqual(await cards.evaluateAll((all) => all.map((card) => card.ariaCurrent)), [
        null,
        null,
        "true",
        null,
        null,
        null,
        null,
        null,
        null,
      ]);
    });
  });

  test("shows thresholds where the page wants them, and the page's own heading", async () => {
    await onPage(
      `<level-definitions-grid show-points heading="Ranks"></level-definitions-grid><level-definitions-grid><h3 slot="heading">My own</h3></level-definitions-grid>`,
      async (page) => {
        await reaches(page, "level-definitions-grid", "ready");
        const [first, second] = [
          page.locator("level-definitions-grid").nth(0),
          page.locator("level-definitions-grid").nth(1),
        ];
        assert.equal(await first.locator("h2").textContent(), "Ranks");
        assert.equal(await first.locator(".detail").nth(1).textContent(), "10 points · 20.5% of members");
        assert.equal(await second.locator("h2").isVisible(), false);
        assert.equal(await second.locator("h3").isVisible(), true);
      },
    );
  });

  test("waits with nine gray cards", async () => {
    await onPage(
      "<level-definitions-grid></level-definitions-grid>",
      async (page) => {
        await reaches(page, "level-definitions-grid", "loading");
        assert.equal(await page.locator("level-definitions-grid").evaluate((grid) => grid.ariaBusy), "true");
        assert.equal(await page.locator("level-definitions-grid li:visible").count(), 9);
        assert.equal(await said(page, "level-definitions-grid"), "Levels");
        await screenshot(page, "level-definitions-grid-loading");
      },
      { api: { "/levels": never } },
    );
  });

  test("an error says so, and Retry asks again", async () => {
    let isBroken = true;
    await onPage(
      "<level-definitions-grid></level-definitions-grid>",
      async (page) => {
        await reaches(page, "level-definitions-grid", "error");
        await page.getByText("This could not be loaded.").waitFor();
        const retry = page.getByRole("button", { name: "Retry" });
        assert.ok((await box(retry)).height >= 24);
        isBroken = false;
        await retry.click();
        await reaches(page, "level-definitions-grid", "ready");
        assert.equal(await page.getByText("This could not be loaded.").isVisible(), false);
      },
      { api: { "/levels": () => (isBroken ? broken() : fixtures.levels()) } },
    );
  });

  test("tells the page what went wrong, and members of other communities that they may not look", async () => {
    await onPage(
      "<level-definitions-grid></level-definitions-grid>",
      async (page) => {
        const problems = await events(page, "gamification-error");
        await page.evaluate(() => document.querySelector("level-definitions-grid")?.retry());
        await page.getByText("Only members of this community see this.").waitFor();
        assert.equal(await page.getByRole("button").count(), 0);
        assert.deepEqual((await problems()).at(-1), { code: "FORBIDDEN", status: 403, on: "level-definitions-grid" });
      },
      { api: { "/levels": forbidden } },
    );
  });

  test("a busy service is waited for", async () => {
    let tries = 0;
    await onPage(
      "<level-definitions-grid></level-definitions-grid>",
      async (page, requests) => {
        await reaches(page, "level-definitions-grid", "ready");
        assert.equal(requests.length, 2);
      },
      { api: { "/levels": () => (tries++ ? fixtures.levels() : busy()) } },
    );
  });

  test("shows what the page gives it, without a request, and locks nothing for a service", async () => {
    await onPage(
      "<level-definitions-grid></level-definitions-grid>",
      async (page, requests) => {
        await page.evaluate(
          (levels) => {
            const grid = document.createElement("level-definitions-grid");
            grid.levels = levels;
            document.querySelector("main")?.replaceChildren(grid);
          },
          /** @type {never} */ (fixtures.levels().levels),
        );
        await reaches(page, "level-definitions-grid", "ready");
        assert.equal(
          await page.locator("level-definitions-grid li.locked, level-definitions-grid li.current").count(),
          0,
        );
        assert.deepEqual(requests, []);
      },
      { connect: false },
    );
  });
});

describe("profile-level-section", () => {
  const PROFILE = `<profile-level-section user-id="${ME}"><span slot="avatar" class="face"></span></profile-level-section>`;

  test("has the numbers of the visual spec", async () => {
    await onPage(
      PROFILE.replace('<span slot="avatar" class="face"></span>', AVATAR.replace("<img", '<img slot="avatar"')),
      async (page) => {
        await reaches(page, "profile-level-section", "ready");
        const profile = page.locator("profile-level-section");
        const [avatar, badge] = [await box(profile.locator("img")), await box(profile.locator("level-badge .badge"))];
        const [name, progress, clock] = [
          await box(profile.locator(".name")),
          await box(profile.locator(".progress")),
          await box(profile.locator(".progress svg")),
        ];
        assert.deepEqual([avatar.width, avatar.height, badge.width], [96, 96, 32]);
        assert.deepEqual(
          [name.y - avatar.bottom, progress.y - name.bottom, clock.width, clock.height],
          [12, 8, 16, 16],
        );
        assert.deepEqual(await styles(profile.locator(".name"), "font-size", "font-weight", "color"), {
          "font-size": "14px",
          "font-weight": "500",
          color: GRAY_700,
        });
        assert.deepEqual(await styles(profile.locator(".progress"), "font-size", "gap"), {
          "font-size": "12px",
          gap: "6px",
        });
        assert.equal(await profile.locator(".name").textContent(), "Level 3 - Builder");
        assert.equal(await profile.locator(".progress").textContent(), "15 points to level up");
        assert.equal(await profile.locator(".points").isVisible(), false);
        await screenshot(page, "profile-level-section-light");
      },
    );
  });

  test("says nothing of progress that is not one's own, or where there is none", async () => {
    for (const more of [{ points_to_next_level: null }, { is_max_level: true, level: 9, points_to_next_level: null }]) {
      await onPage(
        `<profile-level-section user-id="${user(4)}" show-points></profile-level-section>`,
        async (page) => {
          await reaches(page, "profile-level-section", "ready");
          assert.equal(await page.locator("profile-level-section .progress").isVisible(), false);
          assert.equal(await page.locator("profile-level-section .points").textContent(), "45 points");
          assert.equal(
            await page.locator("profile-level-section level-badge").isVisible(),
            false,
            "there is no avatar",
          );
        },
        { api: { "/level": () => fixtures.member(more) } },
      );
    }
  });

  test("shows data of the page, with one point in the singular", async () => {
    await onPage(
      `<profile-level-section level="3" level-name="Builder" total-points="59" points-to-next-level="1"></profile-level-section>`,
      async (page, requests) => {
        await page.getByText("1 point to level up").waitFor();
        assert.deepEqual(requests, []);
      },
    );
  });

  test("one's own rise is said to those who don't see it", async () => {
    let level = 3;
    await onPage(
      PROFILE,
      async (page) => {
        const rises = await events(page, "level-change");
        await reaches(page, "profile-level-section", "ready");
        level = 4;
        await page.evaluate(() => document.querySelector("profile-level-section")?.retry());
        await page.locator("profile-level-section[level='4']").waitFor();
        assert.equal(await page.getByRole("status").textContent(), "You reached Level 4 - Builder");
        assert.deepEqual(await rises(), [{ userId: ME, from: 3, to: 4, on: "profile-level-section" }]);
      },
      { api: { "/level": () => fixtures.member({ level }) } },
    );
  });

  for (const [answer, state, text] of /** @type {const} */ ([
    [never, "loading", ""],
    [broken, "error", "This could not be loaded."],
    [forbidden, "forbidden", "Only members of this community see this."],
    [() => reply(404, fixtures.problem("NOT_FOUND")), "empty", ""],
  ])) {
    test(`is ${state} when it is`, async () => {
      await onPage(
        PROFILE,
        async (page) => {
          await reaches(page, "profile-level-section", state);
          assert.equal((await said(page, "profile-level-section")).replace("Retry", "").trim(), text);
        },
        { api: { "/level": answer } },
      );
    });
  }
});

describe("course-card-lock", () => {
  const LOCK = `<course-card-lock class="side" course-id="${COURSE}">${CARD}</course-card-lock>`;

  test("has the numbers of the visual spec", async () => {
    await onPage(LOCK, async (page) => {
      await reaches(page, "course-card-lock", "ready");
      const lock = page.locator("course-card-lock");
      const [card, overlay, icon, message, name] = [
        await box(lock.locator(".card")),
        await box(lock.locator(".overlay")),
        await box(lock.locator("svg")),
        await box(lock.locator(".message")),
        await box(lock.locator(".level-name")),
      ];
      assert.deepEqual(
        [overlay.x, overlay.y, overlay.right, overlay.bottom],
        [card.x, card.y, card.right, card.bottom],
      );
      assert.deepEqual([icon.width, icon.height, message.y - icon.bottom, name.y - message.bottom], [48, 48, 8, 4]);
      assert.deepEqual(await styles(lock.locator("[inert]"), "opacity"), { opacity: "0.6" });
      assert.deepEqual(await styles(lock.locator(".overlay"), "background-color"), {
        "background-color": "color(srgb 1 1 1 / 0.8)",
      });
      assert.deepEqual(await styles(lock.locator(".message"), "font-size", "font-weight", "color"), {
        "font-size": "14px",
        "font-weight": "600",
        color: GRAY_700,
      });
      assert.deepEqual(await styles(lock.locator(".level-name"), "font-size", "color"), {
        "font-size": "12px",
        color: GRAY_600,
      });
      assert.equal(await lock.locator(".message").textContent(), "Unlock at Level 4");
      assert.equal(await lock.locator(".level-name").textContent(), "Leader");
      await screenshot(page, "course-card-lock-light");
    });
  });

  test("names the course, and lets nobody to its links", async () => {
    await onPage(
      `${LOCK}<course-card-lock class="side" course-id="${COURSE}" label="Workshop">${CARD}</course-card-lock>`,
      async (page) => {
        await reaches(page, "course-card-lock", "ready");
        await page
          .getByRole("group", { name: "Lead a workshop. Locked - Requires Level 4 - Leader", exact: true })
          .waitFor();
        await page.getByRole("group", { name: "Workshop. Locked - Requires Level 4 - Leader", exact: true }).waitFor();
        await page.evaluate(() => document.querySelector("a")?.focus());
        assert.equal(await page.evaluate(() => document.activeElement?.localName), "body");
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.role), "group");
        assert.equal(await page.locator("course-card-lock").first().getAttribute("locked"), "");
      },
    );
  });

  test("a click or Enter tells the page, and goes no further unless the page wants it to", async () => {
    await onPage(
      `<a href="#around">${LOCK.replace(CARD, '<article class="card">Lead a workshop</article>')}</a>`,
      async (page) => {
        await reaches(page, "course-card-lock", "ready");
        const clicks = await events(page, "locked-click");
        const click = {
          courseId: COURSE,
          requiredLevel: 4,
          message: "Lead a workshop. Locked - Requires Level 4 - Leader",
          on: "course-card-lock",
        };
        await page.locator("course-card-lock").click();
        await page.getByRole("group").focus();
        await page.keyboard.press("Enter");
        assert.deepEqual(await clicks(), [click, click]);
        assert.equal(new URL(page.url()).hash, "");
        await page.evaluate(() => addEventListener("locked-click", (event) => event.preventDefault()));
        await page.locator("course-card-lock").click();
        await page.waitForURL("**/#around");
      },
    );
  });

  test("is open where nothing is required, and opens when the level is reached", async () => {
    let level = 3;
    await onPage(
      LOCK,
      async (page) => {
        await page.locator("course-card-lock[locked]").waitFor();
        level = 4;
        await page.evaluate(() => document.querySelector("course-card-lock")?.retry());
        await page.locator("course-card-lock:not([locked])").waitFor();
        await page.getByRole("link", { name: "Lead a workshop" }).waitFor();
        assert.equal(await page.getByRole("group").count(), 0);
      },
      {
        api: {
          "/courses/access": () => ({ courses: [fixtures.access({ has_access: level > 3, current_level: level })] }),
        },
      },
    );
    await onPage(
      LOCK,
      async (page) => {
        await reaches(page, "course-card-lock", "ready");
        assert.equal(await page.getByRole("link").count(), 1);
      },
      {
        api: {
          "/courses/access": () => ({
            courses: [fixtures.access({ has_access: true, required_level: null, required_level_name: null })],
          }),
        },
      },
    );
  });

  for (const [name, answer, state] of /** @type {const} */ ([
    ["loading", never, "loading"],
    ["an error", broken, "error"],
    ["not allowed", forbidden, "forbidden"],
    ["unknown", () => ({ courses: [] }), "empty"],
  ])) {
    test(`${name}: open, for the service guards the course`, async () => {
      await onPage(
        LOCK,
        async (page) => {
          await reaches(page, "course-card-lock", state);
          assert.equal(await page.getByRole("link").count(), 1);
        },
        { api: { "/courses/access": answer } },
      );
    });
  }

  test("works with data alone", async () => {
    await onPage(
      `<course-card-lock class="side" minimum-level="4" minimum-level-name="Leader" current-level="3">${CARD}</course-card-lock>
       <course-card-lock class="side" minimum-level="4" minimum-level-name="Leader" current-level="4">${CARD}</course-card-lock>`,
      async (page) => {
        await page.locator("course-card-lock[locked]").waitFor();
        await page.getByRole("group", { name: "Locked - Requires Level 4 - Leader", exact: true }).waitFor();
        assert.equal(await page.locator("course-card-lock[locked]").count(), 1);
      },
      { connect: false },
    );
  });
});

describe("leaderboard-panel", () => {
  const PANEL = `<leaderboard-panel class="panel" period="seven-day"></leaderboard-panel>`;

  test("has the numbers of the visual spec", async () => {
    await onPage(PANEL, async (page) => {
      await reaches(page, "leaderboard-panel", "ready");
      const panel = page.locator("leaderboard-panel");
      assert.deepEqual(await styles(panel.locator("h2"), "padding", "font-size", "font-weight"), {
        padding: "12px 16px",
        "font-size": "14px",
        "font-weight": "600",
      });
      assert.deepEqual(await styles(panel.locator("li"), "padding", "gap"), { padding: "10px 16px", gap: "12px" });
      const [rank, avatar, medal] = [
        await box(panel.locator(".rank")),
        await box(panel.locator("level-badge")),
        await box(panel.locator(".medal")),
      ];
      assert.deepEqual([rank.width, avatar.width, avatar.height, medal.width, medal.height], [24, 32, 32, 16, 16]);
      assert.deepEqual(await styles(panel.locator("li").nth(3).locator(".rank"), "color"), { color: GRAY_500 });
      assert.deepEqual(
        await styles(panel.locator("span.name"), "font-size", "font-weight", "text-overflow", "white-space"),
        {
          "font-size": "14px",
          "font-weight": "500",
          "text-overflow": "ellipsis",
          "white-space": "nowrap",
        },
      );
      assert.deepEqual(await styles(panel.locator(".points"), "font-size", "font-weight"), {
        "font-size": "14px",
        "font-weight": "600",
      });
      assert.deepEqual(await styles(panel.locator("h3"), "font-size", "font-weight", "color"), {
        "font-size": "12px",
        "font-weight": "500",
        color: GRAY_500,
      });
      assert.deepEqual(await styles(panel.locator("li.own"), "background-color"), {
        "background-color": "rgb(239, 246, 255)",
      });
      const long = panel.locator("span.name").nth(2);
      assert.ok(await long.evaluate((name) => name.scrollWidth > name.clientWidth), "the long name is cut");
      assert.equal((await box(panel)).width, 350);
      await screenshot(page, "leaderboard-panel-light");
    });
  });

  test("says ranks, names and points, of windows with a sign", async () => {
    await onPage(`${PANEL}<leaderboard-panel period="all-time"></leaderboard-panel>`, async (page, requests) => {
      await reaches(page, "leaderboard-panel", "ready");
      const [week, ever] = [page.locator("leaderboard-panel").nth(0), page.locator("leaderboard-panel").nth(1)];
      assert.equal(await week.locator("h2").textContent(), "Leaderboard (7-day)");
      assert.equal(await ever.locator("h2").textContent(), "Leaderboard (all-time)");
      assert.deepEqual((await week.locator(".rank").allTextContents()).slice(0, 5), [
        "1st place",
        "2nd place",
        "3rd place",
        "4",
        "5",
      ]);
      assert.equal(await week.locator(".points").first().textContent(), "+119");
      assert.equal(await ever.locator(".points").first().textContent(), "119,000");
      assert.equal(await week.locator("h3").textContent(), "Your rank");
      assert.equal((await week.locator(".your-rank li").innerText()).replace(/\s+/g, " "), "57 M Me Myself +7");
      assert.equal(requests.length, 1, "all boards come at once");
      await page.evaluate(() => document.querySelector("leaderboard-panel")?.setAttribute("period", "all-time"));
      await page.waitForFunction(
        () =>
          document.querySelectorAll("leaderboard-panel")[0]?.shadowRoot?.querySelector(".points")?.textContent ===
          "119,000",
      );
      assert.equal(requests.length, 1);
    });
  });

  test("marks one's own row", async () => {
    await onPage(
      `${PANEL}<leaderboard-panel class="panel" highlight-user="${user(2)}"></leaderboard-panel>`,
      async (page) => {
        await reaches(page, "leaderboard-panel", "ready");
        const current = (/** @type {number} */ index) =>
          page.locator("leaderboard-panel").nth(index).locator("li[aria-current=true] span.name").allTextContents();
        assert.deepEqual(await current(0), ["Me"]);
        assert.deepEqual(await current(1), ["Ben Carter"]);
        assert.equal(await page.locator("leaderboard-panel h3:visible").count(), 0);
      },
      {
        api: {
          "/leaderboards": () => {
            const board = fixtures.board({
              entries: [fixtures.entry(1), fixtures.entry(2), fixtures.entry(3, { user_id: ME, display_name: "Me" })],
              your_rank: null,
            });
            return fixtures.boards({ seven_day: board, all_time: board });
          },
        },
      },
    );
  });

  test("rows of a linked board are buttons, which tell the page and keep the focus when the ranking changes", async () => {
    let isChanged = false;
    await onPage(
      PANEL.replace('panel"', 'panel" linked'),
      async (page) => {
        await reaches(page, "leaderboard-panel", "ready");
        const clicks = await events(page, "member-click");
        const button = page.getByRole("button", { name: "Ben Carter" });
        assert.ok((await box(button)).height >= 24);
        await button.focus();
        await page.keyboard.press("Enter");
        assert.deepEqual(await clicks(), [{ userId: user(2), on: "leaderboard-panel" }]);
        isChanged = true;
        await page.evaluate(() => document.querySelector("leaderboard-panel")?.retry());
        await page.getByRole("button", { name: "Zoe" }).waitFor();
        assert.equal(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.textContent), "Zoe");
      },
      {
        api: {
          "/leaderboards": () => {
            const entries = isChanged
              ? [fixtures.entry(1), fixtures.entry(2, { display_name: "Zoe" })]
              : fixtures.entries(2);
            return fixtures.boards({ seven_day: fixtures.board({ entries }) });
          },
        },
      },
    );
  });

  test("names are text, and avatars come from https alone", async () => {
    const evil = `<img src=x onerror="document.title='owned'">`;
    await onPage(
      PANEL,
      async (page) => {
        await reaches(page, "leaderboard-panel", "ready");
        const rows = page.locator("leaderboard-panel ol").first().locator("li:visible");
        assert.equal(await rows.nth(0).locator("span.name").textContent(), evil);
        assert.equal(await page.title(), "Community");
        assert.deepEqual(await rows.locator("img").evaluateAll((all) => all.map((one) => one.getAttribute("src"))), [
          null,
          null,
          "https://127.0.0.1:1/none.png",
          "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
        ]);
        // What can't be loaded is replaced by the initial.
        await rows.nth(2).locator("span.avatar").waitFor();
        assert.equal(await rows.nth(2).locator("img").isVisible(), false);
        assert.equal(await rows.nth(3).locator("img").isVisible(), true);
      },
      {
        api: {
          "/leaderboards": () => {
            const avatars = [
              "javascript:alert(1)",
              "http://insecure.example/a.png",
              "https://127.0.0.1:1/none.png",
              "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
            ];
            const entries = avatars.map((avatar_url, index) =>
              fixtures.entry(index + 1, { avatar_url, ...(index === 0 && { display_name: evil }) }),
            );
            return fixtures.boards({ seven_day: fixtures.board({ entries }) });
          },
        },
      },
    );
  });

  test("waits with five gray rows", async () => {
    await onPage(
      PANEL,
      async (page) => {
        await reaches(page, "leaderboard-panel", "loading");
        assert.equal(await page.locator("leaderboard-panel li:visible").count(), 5);
        assert.equal(await page.locator("leaderboard-panel").evaluate((panel) => panel.ariaBusy), "true");
        await screenshot(page, "leaderboard-panel-loading");
      },
      { api: { "/leaderboards": never } },
    );
  });

  test("invites to be the first where nobody has points", async () => {
    const nobody = fixtures.board({ entries: [fixtures.entry(1, { points: 0 })], your_rank: null });
    await onPage(
      PANEL,
      async (page) => {
        await page.getByText("No rankings yet — be the first to earn points!").waitFor();
        await reaches(page, "leaderboard-panel", "empty");
        assert.equal(await page.locator("leaderboard-panel li:visible").count(), 0);
        await screenshot(page, "leaderboard-panel-empty");
      },
      { api: { "/leaderboards": () => fixtures.boards({ seven_day: nobody }) } },
    );
  });

  test("an error says so, and what is shown already stays", async () => {
    let isBroken = true;
    await onPage(
      PANEL,
      async (page, requests) => {
        await page.getByText("Failed to load leaderboard.").waitFor();
        await screenshot(page, "leaderboard-panel-error");
        isBroken = false;
        await page.getByRole("button", { name: "Retry" }).click();
        await reaches(page, "leaderboard-panel", "ready");
        isBroken = true;
        const problems = await events(page, "gamification-error");
        await page.evaluate(() => document.querySelector("leaderboard-panel")?.retry());
        await page.waitForFunction(() => Reflect.get(globalThis, "gamification-error").length > 0);
        assert.equal((await problems()).length, 1);
        assert.equal(requests.length, 3);
        assert.equal(await page.locator("leaderboard-panel").getAttribute("state"), "ready");
      },
      { api: { "/leaderboards": () => (isBroken ? broken() : fixtures.boards()) } },
    );
  });
});

describe("leaderboard-sidebar-widget", () => {
  const WIDGET = `<leaderboard-sidebar-widget class="side" href="#all"></leaderboard-sidebar-widget>`;

  test("has the numbers of the visual spec, and leads to all boards", async () => {
    await onPage(WIDGET, async (page) => {
      await reaches(page, "leaderboard-sidebar-widget", "ready");
      const widget = page.locator("leaderboard-sidebar-widget");
      assert.deepEqual(await styles(widget.locator("li"), "padding-top", "padding-bottom", "gap"), {
        "padding-top": "6px",
        "padding-bottom": "6px",
        gap: "8px",
      });
      assert.deepEqual(await styles(widget.locator("span.name"), "font-size"), { "font-size": "12px" });
      assert.equal((await box(widget.locator("level-badge"))).width, 24);
      assert.equal(await widget.locator("li:visible").count(), 5);
      await page.getByRole("link", { name: "See all leaderboards" }).click();
      assert.equal(new URL(page.url()).hash, "#all");
      await screenshot(page, "leaderboard-sidebar-widget-light");
    });
  });

  test("an address that is none of the web's is no link", async () => {
    await onPage(WIDGET.replace("#all", "javascript:alert(1)"), async (page) => {
      await reaches(page, "leaderboard-sidebar-widget", "ready");
      assert.equal(await page.locator("leaderboard-sidebar-widget a").getAttribute("href"), null);
    });
  });

  for (const [answer, state] of /** @type {const} */ ([
    [() => ({ entries: [], last_updated: "" }), "empty"],
    [broken, "error"],
    [forbidden, "forbidden"],
  ])) {
    test(`is not there at all when it is ${state}`, async () => {
      await onPage(
        WIDGET,
        async (page) => {
          await reaches(page, "leaderboard-sidebar-widget", state);
          assert.equal((await box(page.locator("leaderboard-sidebar-widget"))).height, 0);
        },
        { api: { "/leaderboards/widget": answer } },
      );
    });
  }
});

describe("points-history", () => {
  const HISTORY = `<points-history user-id="${ME}" page-size="6"></points-history>`;

  test("says what for, how many, when, and what that made", async () => {
    await onPage(HISTORY, async (page) => {
      await reaches(page, "points-history", "ready");
      const rows = (await page.locator("points-history li").allInnerTexts()).map((row) => row.replace(/\s+/g, " "));
      assert.deepEqual(rows.slice(0, 4), [
        "Post +2 Nov 22, 2026, 10:00 AM 45 in total",
        "Like on a post -1 Nov 21, 2026, 10:00 AM 44 in total",
        "Lesson completed +2 Nov 20, 2026, 10:00 AM 43 in total",
        "Adjustment: Organised the meetup +2 Nov 19, 2026, 10:00 AM 42 in total",
      ]);
      await screenshot(page, "points-history-light");
    });
  });

  test("Load more keeps the focus, and gives it to the first new row when it goes", async () => {
    await onPage(
      HISTORY,
      async (page, requests) => {
        const more = page.getByRole("button", { name: "Load more" });
        const focused = () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.textContent);
        await more.focus();
        await page.keyboard.press("Enter");
        await page.locator("points-history li").nth(11).waitFor();
        assert.equal(await focused(), "Load more");
        await page.keyboard.press("Enter");
        await page.locator("points-history li").nth(14).waitFor();
        await more.waitFor({ state: "hidden" });
        assert.match((await focused()) ?? "", /33 in total/);
        assert.deepEqual(
          requests.map((request) => request.split("?")[1]),
          ["limit=6", "cursor=a&limit=6", "cursor=b&limit=6"],
        );
      },
      {
        api: {
          "/points": (url) =>
            ({ a: fixtures.history(6, 6, "b"), b: fixtures.history(12, 3) })[url.searchParams.get("cursor") ?? ""] ??
            fixtures.history(0, 6, "a"),
        },
      },
    );
  });

  test("when more can't be loaded, the button says so and tries again", async () => {
    let tries = 0;
    await onPage(
      HISTORY,
      async (page) => {
        await page.getByRole("button", { name: "Load more" }).click();
        await page.getByRole("button", { name: "This could not be loaded. Retry" }).click();
        await page.locator("points-history li").nth(8).waitFor();
        assert.equal(await page.locator("points-history").getAttribute("state"), "ready");
      },
      {
        api: {
          "/points": (url) =>
            !url.searchParams.get("cursor")
              ? fixtures.history(0, 6, "more")
              : tries++
                ? fixtures.history(6, 3)
                : broken(),
        },
      },
    );
  });

  for (const [answer, state, text] of /** @type {const} */ ([
    [() => fixtures.history(0, 0), "empty", "Nothing yet"],
    [forbidden, "forbidden", "Only the member and admins see this"],
    [broken, "error", "This could not be loaded."],
  ])) {
    test(`is ${state} when it is`, async () => {
      await onPage(
        HISTORY,
        async (page) => {
          await page.getByText(text).waitFor();
          assert.equal(await page.locator("points-history").getAttribute("state"), state);
        },
        { api: { "/points": answer } },
      );
    });
  }

  test("another member's history begins anew", async () => {
    await onPage(
      HISTORY,
      async (page) => {
        await page.locator("points-history li").nth(5).waitFor();
        await page.evaluate((id) => document.querySelector("points-history")?.setAttribute("user-id", id), user(1));
        await page.getByText("Nothing yet").waitFor();
        assert.equal(await page.locator("points-history li").count(), 0);
      },
      { api: { "/points": (url) => (url.pathname.includes(ME) ? fixtures.history() : fixtures.history(0, 0)) } },
    );
  });
});

describe("level-editor", () => {
  const EDITOR = "<level-editor></level-editor>";
  const admin = (more = {}) => fixtures.levels({ current_user_role: "ADMIN", ...more });
  const tagged = (/** @type {unknown} */ body, etag = '"7.a"', status = 200) => reply(status, body, { etag });
  const name = (/** @type {Page} */ page, /** @type {number} */ level) =>
    page.getByRole("textbox", { name: `Name of level ${level}` });
  const threshold = (/** @type {Page} */ page, /** @type {number} */ level) =>
    page.getByRole("textbox", { name: `Points of level ${level}` });
  const save = (/** @type {Page} */ page) => page.getByRole("button", { name: "Save" });

  test("is for admins alone: nobody else loads its form", async () => {
    await onPage(EDITOR, async (page) => {
      await page.getByText("Only admins change levels").waitFor();
      assert.equal(await page.locator("level-editor").getAttribute("state"), "forbidden");
      const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
      assert.equal(loaded.filter((address) => address.includes("level-editor-form")).length, 0);
    });
  });

  test("has a name and a threshold for each level; the first one's is 0", async () => {
    await onPage(
      EDITOR,
      async (page) => {
        await reaches(page, "level-editor", "ready");
        assert.equal(await name(page, 6).inputValue(), "Empire Builder");
        assert.equal(await threshold(page, 9).inputValue(), "360");
        assert.equal(await threshold(page, 1).getAttribute("readonly"), "");
        await screenshot(page, "level-editor-light");
      },
      { api: { "/levels": () => tagged(admin()) } },
    );
  });

  test("Preview says who would rise, level by level, and forgets it with the next key", async () => {
    /** @type {unknown} */
    let asked;
    await onPage(
      EDITOR,
      async (page, requests) => {
        await threshold(page, 2).fill("5");
        await page.getByRole("button", { name: "Preview" }).click();
        await page.getByText("41 members rise, nobody falls.").waitFor();
        assert.equal(
          (await page.locator("level-editor .preview").nth(1).innerText()).replace(/\s+/g, " "),
          "75 → 81 Members: 75, then 81",
        );
        assert.equal(await page.locator("level-editor .preview.changed").count(), 6);
        assert.deepEqual(/** @type {{ levels: unknown[] }} */ (asked).levels[1], {
          level: 2,
          name: "Practitioner",
          threshold: 5,
        });
        await screenshot(page, "level-editor-preview");
        await threshold(page, 2).fill("7");
        await page.locator("level-editor .preview").first().waitFor({ state: "hidden" });
        assert.equal(await page.getByRole("status").textContent(), "");
        assert.equal(requests.filter((request) => request.startsWith("PUT")).length, 0);
      },
      {
        api: {
          "/levels": () => tagged(admin()),
          "/levels/preview": (_, sent) => {
            asked = sent.body;
            return fixtures.preview();
          },
        },
      },
    );
  });

  test("Save sends the version that it began with, by Enter too, and tells the page", async () => {
    /** @type {{ match: string | undefined, body: { levels: { name: string }[] } } | undefined} */
    let saved;
    let stored = admin();
    await onPage(
      EDITOR,
      async (page) => {
        await reaches(page, "level-editor", "ready");
        const saves = await events(page, "levels-saved");
        await name(page, 1).fill("  Newcomer ");
        await name(page, 1).press("Enter");
        await page.getByText("Saved.").waitFor();
        assert.equal(saved?.match, '"7.a"');
        assert.deepEqual(saved?.body.levels.map(({ name }) => name).slice(0, 2), ["  Newcomer ", "Practitioner"]);
        assert.equal(await name(page, 1).inputValue(), "Newcomer", "as the service cleaned it");
        assert.equal((await saves())[0].levels.levels[0].name, "Newcomer");
      },
      {
        api: {
          "GET /levels": () => tagged(stored),
          "PUT /levels": (_, sent) => {
            saved = { match: sent.headers["if-match"], body: sent.body };
            stored = admin();
            stored.levels[0] = { ...stored.levels[0], name: "Newcomer", level: 1, threshold: 0, member_percentage: 42 };
            return tagged(stored, '"8.a"');
          },
        },
      },
    );
  });

  test("each mistake goes to its field, and the focus to the first", async () => {
    const errors = [
      { pointer: "#/levels/2/threshold", code: "NOT_INCREASING", detail: "Thresholds must be strictly increasing" },
      { pointer: "#/levels/4/name", code: "NOT_UNIQUE", detail: "Level name must be unique" },
    ];
    await onPage(
      EDITOR,
      async (page) => {
        await reaches(page, "level-editor", "ready");
        await threshold(page, 3).fill("5");
        await save(page).click();
        await page.getByText("Please correct what is marked.").waitFor();
        const field = threshold(page, 3);
        assert.equal(await field.getAttribute("aria-invalid"), "true");
        await page
          .getByRole("textbox", { name: "Points of level 3", description: "Thresholds must be strictly increasing" })
          .waitFor();
        await page
          .getByRole("textbox", { name: "Name of level 5", description: "Level name must be unique" })
          .waitFor();
        assert.equal(await page.locator("level-editor [aria-invalid]").count(), 2);
        assert.equal(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.id), "threshold-3");
        await screenshot(page, "level-editor-invalid");
        await field.fill("30");
        assert.equal(await field.getAttribute("aria-invalid"), null);
      },
      {
        api: {
          "GET /levels": () => tagged(admin()),
          "PUT /levels": () => reply(422, fixtures.problem("VALIDATION_ERROR", { errors })),
        },
      },
    );
  });

  test("names are counted in characters, not in units of UTF-16", async () => {
    await onPage(
      EDITOR,
      async (page) => {
        await name(page, 2).fill("🦉".repeat(30));
        assert.equal(await name(page, 2).getAttribute("aria-invalid"), null);
        await name(page, 2).fill("🦉".repeat(31));
        await page
          .getByRole("textbox", { name: "Name of level 2", description: "Level name must be 30 characters or less" })
          .waitFor();
      },
      { api: { "/levels": () => tagged(admin()) } },
    );
  });

  for (const choice of /** @type {const} */ (["Use theirs", "Keep mine"])) {
    test(`when somebody else was faster: ${choice}`, async () => {
      const theirs = admin();
      theirs.levels[4] = { ...theirs.levels[4], level: 5, name: "Theirs", threshold: 100, member_percentage: 1 };
      let isTheirs = false;
      /** @type {(string | undefined)[]} */
      const matches = [];
      await onPage(
        EDITOR,
        async (page) => {
          await name(page, 5).fill("Mine");
          isTheirs = true;
          await save(page).click();
          await page.getByRole("alert").getByText("Somebody else changed the levels").waitFor();
          await screenshot(page, "level-editor-conflict");
          assert.equal(await name(page, 5).inputValue(), "Mine");
          await page.getByRole("button", { name: choice }).click();
          await page.getByRole("alert").waitFor({ state: "hidden" });
          if (choice === "Keep mine") await page.getByText("Saved.").waitFor();
          await page.waitForFunction(
            (value) =>
              document.querySelector("level-editor")?.shadowRoot?.querySelector("input#name-5")?.value === value,
            choice === "Keep mine" ? "Mine" : "Theirs",
          );
          assert.deepEqual(matches, choice === "Keep mine" ? ['"7.a"', '"8.b"'] : ['"7.a"']);
        },
        {
          api: {
            "GET /levels": () => (isTheirs ? tagged(theirs, '"8.b"') : tagged(admin())),
            "PUT /levels": (_, sent) => {
              const match = sent.headers["if-match"];
              matches.push(match);
              if (match !== '"8.b"') return reply(412, fixtures.problem("PRECONDITION_FAILED"));
              Object.assign(theirs.levels[4] ?? {}, { name: "Mine" });
              return tagged(theirs, '"9.c"');
            },
          },
        },
      );
    });
  }

  test("a change that takes long is followed to its end", async () => {
    let reads = 0;
    const lifting = (/** @type {number} */ done) => admin({ recalculating: true, recalculation: { done, of: 1000 } });
    await onPage(
      EDITOR,
      async (page) => {
        await reaches(page, "level-editor", "ready");
        await save(page).click();
        await page.getByRole("status").getByText("Members are being lifted…").waitFor();
        await page.getByText("31%").waitFor();
        await page.getByRole("status").getByText("Saved.").waitFor();
      },
      {
        api: {
          "GET /levels": () => {
            reads++;
            return tagged(reads === 1 || reads > 3 ? admin() : lifting(reads * 155), `"8.${reads}"`);
          },
          "PUT /levels": () => tagged(lifting(1), '"8.0"', 202),
        },
      },
    );
  });

  test("thresholds wait while members are being leveled up, and other failures are said", async () => {
    let answer = reply(409, fixtures.problem("RECALCULATING"), { "retry-after": "5" });
    await onPage(
      EDITOR,
      async (page) => {
        await reaches(page, "level-editor", "ready");
        await save(page).click();
        await page
          .getByRole("status")
          .getByText(/still being lifted after the last change/)
          .waitFor();
        answer = broken();
        await save(page).click();
        await page.getByRole("status").getByText("This could not be saved.").waitFor();
      },
      { api: { "GET /levels": () => tagged(admin()), "PUT /levels": () => answer } },
    );
  });

  test("what is being typed is not overwritten by what another admin saves", async () => {
    let isTheirs = false;
    await onPage(
      EDITOR,
      async (page) => {
        await name(page, 1).fill("Typing");
        isTheirs = true;
        await page.evaluate(() => document.querySelector("level-editor")?.retry());
        await page.waitForFunction(
          () => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/levels")).length === 2,
        );
        assert.equal(await name(page, 1).inputValue(), "Typing");
      },
      {
        api: { "GET /levels": () => (isTheirs ? tagged(admin({ current_user_level: 9 }), '"8.b"') : tagged(admin())) },
      },
    );
  });
});

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
          return import("/src/index.js");
        });
        await page.locator("level-badge[level='7'][decorative]").waitFor();
        assert.equal(await page.locator("level-badge .badge").textContent(), "7");
      },
      { script: "" },
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
});
