import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { box, browserTests, events, reaches, styles } from "./support/browser.js";
import * as fixtures from "./support/fixtures.js";
import { broken, forbidden, ME, never, user } from "./support/fixtures.js";

const onPage = browserTests();

const GRAY_500 = "rgb(107, 114, 128)";

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
        assert.deepEqual(await styles(button, "text-align", "text-overflow"), {
          "text-align": "left",
          "text-overflow": "ellipsis",
        });
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
        await page.evaluate(async () => {
          document.querySelector("leaderboard-panel")?.changed();
          await new Promise((resolve) => requestAnimationFrame(resolve));
        });
        assert.equal(await rows.nth(2).locator("img").isVisible(), false, "nor when the board is shown anew");
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
      assert.deepEqual(rows.slice(0, 5), [
        "Post +2 Nov 22, 2026, 10:00 AM 45 in total",
        "Like on a post -1 Nov 21, 2026, 10:00 AM 44 in total",
        "Lesson completed +2 Nov 20, 2026, 10:00 AM 43 in total",
        "Adjustment: Organised the meetup +2 Nov 19, 2026, 10:00 AM 42 in total",
        "Comment capped +2 Nov 18, 2026, 10:00 AM 41 in total",
      ]);
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

  test("waits with gray lines", async () => {
    await onPage(
      HISTORY,
      async (page) => {
        await reaches(page, "points-history", "loading");
        assert.equal(await page.locator("points-history .bone:visible").count(), 3);
        assert.equal(await page.getByRole("button").count(), 0);
      },
      { api: { "/points": never } },
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
