import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { box, browserTests, events, reaches, said, styles } from "./support/browser.js";
import * as fixtures from "./support/fixtures.js";
import { AVATAR, broken, busy, CARD, COURSE, forbidden, ME, never, user } from "./support/fixtures.js";
import { reply } from "./support/reply.js";

const onPage = browserTests();

const WHITE = "rgb(255, 255, 255)";
const BLUE_600 = "rgb(37, 99, 235)";
const GRAY_700 = "rgb(55, 65, 81)";
const GRAY_600 = "rgb(75, 85, 99)";
const GRAY_500 = "rgb(107, 114, 128)";

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
