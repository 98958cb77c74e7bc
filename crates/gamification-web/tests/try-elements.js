// The README's section "In your frontend", as a stranger would follow it: each of its snippets runs here, in apps that
// were made of the packed package and on plain pages, against the real program. Started by .ci/try-elements, which says
// in which folder those apps are.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { startDemo } from "./support/demo.js";
import { openSite } from "./support/site.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {Awaited<ReturnType<typeof startDemo>>} Demo */
/** @typedef {import("./support/site.js").Site} Site */

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const PATIENCE = 20_000;
const [APPS = ""] = process.argv.slice(2);
/** What ends what was begun, the last first. @type {(() => unknown)[]} */
const closing = [];
const close = async () => {
  for (let end = closing.pop(); end; end = closing.pop()) await end();
};
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => close().finally(() => process.exit(1)));
const read = (/** @type {string} */ path) => readFileSync(new URL(path, import.meta.url), "utf8");

// --- What the README says ---

const readme = read("../../../README.md");
const section = readme.split("\n## ").find((one) => one.startsWith("In your frontend"));
assert.ok(section, 'README.md has no section "In your frontend"');

/** The snippet of a language: there is one of each. @param {string} language */
function snippet(language) {
  const found = [...(section ?? "").matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))];
  assert.equal(found.length, 1, `README.md has ${found.length} snippets of ${language} where there should be one`);
  return found[0]?.[1] ?? "";
}
/** What stands in backticks. @param {string} text */
const named = (text) => [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

const rows = [...section.matchAll(/^\| `<([a-z-]+)>` \|(.*)\|(.*)\|$/gm)].map(([, tag = "", , attributes = ""]) => ({
  tag,
  attributes: named(attributes),
  values: [...attributes.matchAll(/`([a-z]+)` \(([a-z, -]+)\)/g)],
}));
const [TIM = ""] = snippet("html").match(/(?<=user-id=")[^"]+/) ?? [];
const [WORKSHOP = ""] = snippet("html").match(/(?<=course-id=")[^"]+/) ?? [];

function whatIsListed() {
  const { dependencies } = JSON.parse(read("../package.json"));
  assert.equal(dependencies, undefined, "the elements depend on nothing");
  const pictures = [...readme.matchAll(/^!\[[^\]]{40,}\]\(([^)]+)\)/gm)].map(([, path = ""]) => path);
  const sizes = pictures.map((path) => statSync(new URL(`../../../${path}`, import.meta.url)).size);
  assert.equal(sizes.length, 2, "two pictures, with what they show in words");
  assert.ok(sizes.reduce((sum, size) => sum + size) < 300_000, "pictures that load at once");

  const types = read("../src/types.d.ts");
  const unions = rows.flatMap(({ values }) => values.map(([, name = "", all = ""]) => [name, all.split(", ")]));
  assert.equal(unions.length, 2);
  for (const [name, all] of unions) {
    const [, union = ""] = types.match(new RegExp(`^export type ${name} = (.*);$`, "im")) ?? [];
    assert.deepEqual(union.match(/(?<=")[a-z-]+(?=")/g), all, `the values of ${name}`);
  }
  const declared = types.match(/interface ElementEvents \{(.*?)^\}/ms)?.[1] ?? "";
  const events = [...declared.matchAll(/"([a-z-]+)": CustomEvent/g)].map(([, name = ""]) => name);
  const [listed = ""] = section?.match(/^\*\*Events\*\*.*?\n\n/ms) ?? [];
  assert.deepEqual(
    named(listed)
      .filter((name) => /^[a-z]+-[a-z]+$/.test(name))
      .sort(),
    events.sort(),
    "events",
  );

  const colors = read("../src/elements/theme.js").match(/COLORS = \{(.*?)^\}/ms)?.[1] ?? "";
  const properties = [...colors.matchAll(/^ {2}"?([a-z-]+)"?:/gm)].map(([, name]) => `--level-${name}`);
  const [theme = ""] = section?.match(/^\*\*Colours\*\*.*?\n\n(?=\*\*)/ms) ?? [];
  const told = new Set(theme.match(/--level-[a-z-]+/g));
  assert.deepEqual([...told].sort(), [...properties, "--level-radius", "--level-font"].sort(), "custom properties");
}

// --- Apps and pages ---

/** Builds an app with the README's snippets in it. @param {string} name @param {Record<string, string>} files @param {Site} site */
async function build(name, files, site) {
  const folder = join(APPS, name);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  const vite = join(APPS, "node_modules/.bin/vite");
  // Development builds, which complain of what others pass over, such as tags that a compiler does not know.
  const env = { ...process.env, NODE_ENV: "development" };
  await promisify(execFile)(vite, ["build", "--mode", "development", "--logLevel", "warn"], {
    cwd: folder,
    env,
    timeout: 60_000,
  });
  site.folder = join(folder, "dist");
}

/** @param {string} head @param {string} body */
const page = (head, body) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A plain page</title><link rel="icon" href="data:,">${head}</head><body>${body}</body></html>`;

/** @param {Demo} demo @param {Record<"plain" | "strict" | "other" | "react" | "npm" | "vue", Site>} sites */
async function fill(demo, sites) {
  const here = (/** @type {string} */ text) => text.replaceAll("https://levels.example", demo.origin);
  const html = here(snippet("html"));
  const [, script = "", rest = ""] = html.match(/^<script type="module">(.*?)<\/script>(.*)$/s) ?? [];
  assert.ok(script && rest, "the snippet of html is a module script, then elements");
  sites.plain.files["/index.html"] = sites.other.files["/index.html"] = page("", html);
  sites.strict.files["/index.html"] = page("", `<script type="module" src="/levels.js"></script>${rest}`);
  sites.strict.files["/levels.js"] = script;
  const [, policy = ""] = here(snippet("http")).match(/^Content-Security-Policy: (.*)$/m) ?? [];
  sites.strict.headers = { "content-security-policy": policy };
  for (const site of Object.values(sites)) site.token = demo.member;
  const main = here(snippet("js"));
  await Promise.all([
    build("react", { "Profile.jsx": here(snippet("jsx")) }, sites.react),
    build("npm", { "main.js": main, "theme.css": snippet("css") }, sites.npm),
    build("vue", { "main.js": main, "vite.config.ts": snippet("ts") }, sites.vue),
  ]);
}

// --- What is seen ---

/** @param {import("playwright-core").Browser} browser */
function opener(browser) {
  /** What no page may do: throw, complain, break its policy. @type {string[]} */
  const broken = [];
  /** @param {Site} site @param {import("playwright-core").BrowserContextOptions} [options] */
  const open = async (site, options = {}) => {
    const context = await browser.newContext({ locale: "en-US", reducedMotion: "reduce", ...options });
    // The demo's pictures are nowhere; nothing but this machine is asked.
    await context.route(
      ({ hostname }) => hostname !== "127.0.0.1",
      (route) => route.abort(),
    );
    const opened = await context.newPage();
    opened.setDefaultTimeout(PATIENCE);
    opened.on("pageerror", (error) => broken.push(`${site.origin}: ${error}`));
    opened.on("console", (message) => {
      if (!["error", "warning"].includes(message.type()) || /^Failed to load resource/.test(message.text())) return;
      broken.push(`${site.origin}: ${message.text()}`);
    });
    await opened.goto(site.origin);
    return opened;
  };
  return { open, broken };
}

/** The badge has a level: within patience, or the page is not as it should be. @param {Page} page @param {number} level @param {string} where */
async function seesLevel(page, level, where) {
  const badge = page.locator("level-badge").first().locator("[part=badge]"); // leaderboards have some too
  const found = () => badge.textContent({ timeout: 1_000 }).catch(() => "nothing");
  await badge
    .filter({ hasText: new RegExp(`^${level}$`) })
    .waitFor()
    .catch(async () => assert.fail(`${where}: the badge should show ${level}, and shows ${await found()}`));
}
/** @param {Page} page @param {string} tag @param {string} state */
const reaches = (page, tag, state) =>
  page
    .locator(`${tag}[state="${state}"]`)
    .first() // leaderboards have badges inside
    .waitFor({ state: "attached" })
    .catch(async () =>
      assert.fail(`${tag} should be ${state}, and is ${await page.locator(tag).first().getAttribute("state")}`),
    );
/** @param {Page} page @param {boolean} isLocked */
const lockIs = (page, isLocked) =>
  page
    .locator(`course-card-lock[state=ready]${isLocked ? "[locked]" : ":not([locked])"}`)
    .waitFor({ state: "attached" })
    .catch(() => assert.fail(`the course should be ${isLocked ? "locked" : "open"}`));

/** @param {Page} plain @param {Site} site @param {Demo} demo */
async function thePlainPage(plain, site, demo) {
  const defined = await plain.evaluate(
    (tags) => tags.map((tag) => Reflect.get(customElements.get(tag) ?? {}, "observedAttributes") ?? null),
    rows.map(({ tag }) => tag),
  );
  for (const [index, { tag, attributes }] of rows.entries()) {
    assert.ok(defined[index], `README.md lists <${tag}>, which is no element`);
    for (const name of attributes) assert.ok(defined[index].includes(name), `<${tag}> knows no attribute ${name}`);
  }
  const declared = read("../src/define.js").match(/^ {2}"[a-z-]+":/gm) ?? [];
  assert.equal(rows.length, declared.length, "README.md lists all elements");
  const [german = ""] = section?.match(/(?<=`)\/web\/[^`]+(?=`)/) ?? [];
  const level = await plain.evaluate(async (address) => (await import(address)).default.unlock, demo.origin + german);
  assert.equal(level, "Ab Level {level}", "German for plain pages");
  assert.equal(site.tokensAsked, 1, "a page asks for its token once");
  const kept = await plain.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie.length]);
  assert.deepEqual(kept, [0, 0, 0], "tokens are never stored");
}

/** @param {Page} react @param {Demo} demo */
async function theReactApp(react, demo) {
  const { levels } = await demo.ask("/levels", demo.member);
  await reaches(react, "level-definitions-grid", "ready");
  const names = react.locator("level-definitions-grid [part=name]");
  const expected = levels.map((/** @type {any} */ { level, name }) => `Level ${level} - ${name}`);
  assert.equal(expected.length, 9);
  assert.deepEqual(await names.allTextContents(), expected);
  const { total_points } = await demo.ask(`/members/${TIM}/level`, demo.member);
  await react
    .getByText(`${total_points} points`, { exact: true })
    .waitFor()
    .catch(() => assert.fail(`the hook should give ${total_points} points`));
}

/** The avatar has the name of the member whose level is shown. @param {Demo} demo */
async function whoIsShown(demo) {
  const [name = ""] = snippet("html").match(/(?<=alt=")[^"]+/) ?? [];
  const { members } = await demo.ask(`/members?query=${encodeURIComponent(name)}`, demo.member);
  assert.ok(
    members.some((/** @type {any} */ { user_id, display_name }) => user_id === TIM && display_name === name),
    `${TIM} is not ${name}`,
  );
}

/** @param {Page} npm */
async function theEightElements(npm) {
  assert.equal(await npm.locator("leaderboard-panel ol").first().locator("li").count(), 10);
  assert.equal(await npm.locator("leaderboard-sidebar-widget li").count(), 5);
  assert.equal(await npm.locator("level-definitions-grid li").count(), 9);
  assert.equal(await npm.locator("course-card-lock [part=message]").textContent(), "Ab Level 4");
  assert.equal(await npm.locator("profile-level-section [part=name]").textContent(), "Level 3 – Builder");

  const style = (/** @type {string} */ selector, /** @type {string} */ name) =>
    npm
      .locator(selector)
      .first()
      .evaluate((node, property) => getComputedStyle(node).getPropertyValue(property), name);
  const [accent = "", radius = ""] = ["accent", "radius"].map(
    (name) => snippet("css").match(new RegExp(`--level-${name}: ([^;]+);`))?.[1],
  );
  const [red, green, blue] = (accent.match(/[0-9a-f]{2}/g) ?? []).map((part) => Number.parseInt(part, 16));
  assert.equal(await style("level-badge [part=badge]", "background-color"), `rgb(${red}, ${green}, ${blue})`);
  assert.equal(await style("level-definitions-grid section", "border-top-left-radius"), radius);
  const light = await style("level-definitions-grid section", "background-color");
  await npm.emulateMedia({ colorScheme: "dark" });
  const dark = await style("level-definitions-grid section", "background-color");
  assert.deepEqual([light, dark], ["rgb(255, 255, 255)", "rgb(17, 24, 39)"], "light, then dark");
}

/** @param {Awaited<ReturnType<typeof opener>>["open"]} open @param {Site} site */
async function withoutJavaScript(open, site) {
  const bare = await open(site, { javaScriptEnabled: false });
  assert.ok(await bare.locator("level-badge img").isVisible(), "the avatar is there");
  assert.ok(await bare.locator("course-card-lock a").isVisible(), "the card is there");
}

async function main() {
  assert.ok(existsSync(CHROMIUM), `no browser at ${CHROMIUM}: apt-get install chromium, or name one in CHROMIUM`);
  whatIsListed();
  try {
    const [plain, strict, other, react, npm, vue] = /** @type {[Site, Site, Site, Site, Site, Site]} */ (
      await Promise.all(Array.from({ length: 6 }, openSite))
    );
    const sites = { plain, strict, other, react, npm, vue };
    closing.push(() => Object.values(sites).forEach((site) => void site.close()));
    const named = Object.values(sites).filter((site) => site !== other);
    const demo = await startDemo(closing, ...named.map(({ origin }) => origin));
    await whoIsShown(demo);
    await fill(demo, sites);
    await demo.boardsAreThere();

    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    closing.push(() => browser.close());
    const { open, broken } = opener(browser);
    const before = (await demo.ask(`/members/${TIM}/level`, demo.member)).level;
    const pages = { plain: await open(plain), strict: await open(strict), react: await open(react) };
    const more = { npm: await open(npm), vue: await open(vue) };
    for (const [name, page] of Object.entries({ ...pages, ...more })) await seesLevel(page, before, name);
    await lockIs(pages.plain, true);
    await lockIs(pages.strict, true);
    await thePlainPage(pages.plain, plain, demo);
    await theReactApp(pages.react, demo);
    for (const { tag } of rows)
      for (const page of Object.values(more)) await reaches(page, tag, tag === "level-editor" ? "forbidden" : "ready");
    await theEightElements(more.npm);
    await withoutJavaScript(open, plain);
    assert.deepEqual(broken, []);

    // Live: the admin adds points by hand, and no page is loaded again.
    await demo.ask(`/members/${TIM}/points/adjustments`, demo.admin, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "meetup" },
      body: JSON.stringify({ points: 30, reason: "Organised the meetup" }),
    });
    const after = (await demo.ask(`/members/${TIM}/level`, demo.member)).level;
    assert.ok(after > before, "30 points are a level more");
    for (const [name, page] of Object.entries(pages)) await seesLevel(page, after, `${name}, live`);
    const { has_access } = await demo.ask(`/courses/${WORKSHOP}/access`, demo.member);
    await lockIs(pages.plain, !has_access);
    assert.deepEqual(broken, []);

    // A page whose origin is not named gets nothing, and says so in its console.
    const refused = await open(other);
    await reaches(refused, "level-badge", "error");
    assert.ok(
      broken.length > 0 && broken.every((text) => /CORS/.test(text)),
      `the browser refuses it for its origin alone: ${broken}`,
    );
    console.log(
      `Seen in Chromium: level ${before} of the demo's member, as the API says, on a plain page, under the README's policy, ` +
        `and in apps of React, of Vue and of no framework, built from the package; nine levels in the grid, all ${rows.length} elements; ` +
        `and level ${after} live, after 30 points more, with the course ${has_access ? "open" : "locked"}.`,
    );
  } finally {
    await close();
  }
}

try {
  await main();
} catch (error) {
  const what = error instanceof assert.AssertionError ? error.message : error;
  console.error("The elements are not as the README says:", what);
  process.exitCode = 1;
}
