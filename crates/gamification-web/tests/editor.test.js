import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { browserTests, events, reaches } from "./support/browser.js";
import * as fixtures from "./support/fixtures.js";
import { broken } from "./support/fixtures.js";
import { reply } from "./support/reply.js";

/** @typedef {import("playwright-core").Page} Page */

const onPage = browserTests();

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
            saved = {
              match: sent.headers["if-match"],
              body: /** @type {{ levels: { name: string }[] }} */ (sent.body),
            };
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
          assert.equal(await name(page, 5).inputValue(), "Mine");
          await page.getByRole("button", { name: choice }).click();
          await page.getByRole("alert").waitFor({ state: "hidden" });
          if (choice === "Keep mine") await page.getByText("Saved.").waitFor();
          await page.waitForFunction(
            (value) => {
              const field = document.querySelector("level-editor")?.shadowRoot?.querySelector("#name-5");
              return field instanceof HTMLInputElement && field.value === value;
            },
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
