// Takes the README's two pictures from a fresh demo: the console's first page, and elements in light and dark.
//
// `npm run pictures`, with the program that GAMIFICATION_SERVER names or that cargo built. Where pngquant is installed,
// it makes them a quarter of the size.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { startDemo } from "../tests/support/demo.js";
import { openSite } from "../tests/support/site.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {Awaited<ReturnType<typeof startDemo>>} Demo */
/** @typedef {{ user_id: string, avatar_url: string, level: number, points: number }} Person */

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** A face for each of the demo's members, whose own pictures are nowhere. @param {number} member */
function face(member) {
  const number = member + 2 * Math.floor(member / 20);
  const pick = (/** @type {string[]} */ colors, step = 1) => colors[(number * step) % colors.length];
  const behind = pick(["#fed7aa", "#bfdbfe", "#bbf7d0", "#fbcfe8", "#ddd6fe", "#fde68a", "#a5f3fc"]);
  const skin = pick(["#8d5524", "#f1c27d", "#c68642", "#ffdbac", "#e0ac69"], 2);
  const hair = pick(["#1f2937", "#7c2d12", "#111827", "#b45309", "#4b5563", "#3f1d0b"]);
  const shirt = pick(["#4f46e5", "#0f766e", "#be123c", "#1d4ed8", "#7e22ce"], 3);
  const long = number % 3 !== 2 ? `<path d="M28 42q-2 26 4 34h36q6-8 4-34z" fill="${hair}"/>` : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="96" height="96"><rect width="100" height="100" fill="${behind}"/>${long}<path d="M12 100q4-28 38-28t38 28z" fill="${shirt}"/><path d="M42 58h16v16q-8 8-16 0z" fill="${skin}"/><ellipse cx="50" cy="46" rx="18" ry="21" fill="${skin}"/><path d="M30 46q-3-27 20-27t20 27q-4-12-14-14-12 4-20 1-4 4-6 13z" fill="${hair}"/></svg>`;
}

const TIM = "ea1713ab-d3e8-5b8c-b5db-3a8853a36a19";
const WORKSHOP = "b89be3bf-9173-5534-b0e1-7c0ade1b0495";

/** @param {string} scheme @param {Person[]} people */
const half = (scheme, people) => `
  <section class="${scheme}">
    <div>
      <div class="card profile">
        <profile-level-section user-id="${TIM}" show-points><img slot="avatar" alt="" src="https://avatars.example/30.png"></profile-level-section>
        <h2>Tim Silva</h2>
      </div>
      <div class="course">
        <course-card-lock course-id="${WORKSHOP}"><div class="cover"></div></course-card-lock>
        <b>Lead a workshop</b>
      </div>
      <leaderboard-sidebar-widget href="#"></leaderboard-sidebar-widget>
      <div class="card faces">${people.map(({ user_id, avatar_url }) => `<level-badge user-id="${user_id}" size="lg"><img alt="" src="${avatar_url}"></level-badge>`).join("")}</div>
    </div>
    <level-definitions-grid></level-definitions-grid>
  </section>`;

const style = `
  body { display: grid; grid-template-columns: 1fr 1fr; margin: 0; font: 14px/20px Inter, system-ui, sans-serif; color: #111827 }
  section { display: grid; grid-template-columns: 280px 300px; gap: 16px; padding: 24px; background: #eef2f7; color-scheme: light }
  section.dark { background: #030712; color: #f3f4f6; color-scheme: dark }
  section > div { display: grid; grid-template-rows: auto auto auto 1fr; gap: 16px; block-size: 100% }
  level-definitions-grid { block-size: 100%; border-radius: 8px; background: light-dark(#fff, #111827) }
  .card { padding: 20px; border-radius: 8px; background: light-dark(#fff, #111827); text-align: center }
  .faces { display: flex; align-items: center; justify-content: space-between; padding: 12px 20px }
  h2 { margin: 12px 0 0; font-size: 20px; line-height: 28px }
  .course { overflow: hidden; border-radius: 8px; background: light-dark(#fff, #111827); --level-radius: 0 }
  .cover { block-size: 132px; background: linear-gradient(135deg, #0f766e, #4338ca) }
  .course b { display: block; padding: 10px 16px; font-weight: 600 }`;

/** @param {Page} page @param {string} name */
async function take(page, name) {
  await page.waitForFunction(() => [...document.images].every((image) => image.complete && image.naturalWidth));
  const path = fileURLToPath(new URL(`../${name}.png`, import.meta.url));
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
  spawnSync("pngquant", ["--force", "--strip", "--speed", "1", "--quality", "60-95", "--output", path, path]);
}

/** The console, while members earn points. @param {Page} page @param {Demo} demo @param {Person[]} people */
async function theConsole(page, demo, people) {
  await page.goto(demo.link);
  await page.locator("level-definitions-grid[state=ready]").waitFor();
  const { levels } = await demo.ask("/levels", demo.member);
  const lacks = ({ level, points } = /** @type {Person} */ (people[0])) => levels[level]?.threshold - points;
  const ids = people.map(({ user_id }) => user_id);
  const [ada = "", grace = "", barbara = "", fourth = "", fifth = ""] = ids;
  const rising = people.find((person) => lacks(person) <= 5)?.user_id ?? fourth;
  /** @type {[string, object][]} */
  const happening = [
    ["CommentAdded", { comment_id: fifth, author_id: fifth }],
    ["PostCreated", { post_id: barbara, author_id: barbara }],
    ["LessonCompleted", { user_id: rising, course_id: WORKSHOP, lesson_id: ada }],
    ["PostLiked", { post_id: barbara, user_id: ada, author_id: grace }],
    ["PostCreated", { post_id: ada, author_id: ada }],
  ];
  for (const [index, [type, data]] of happening.entries()) {
    const event = { specversion: "1.0", id: `picture-${index}`, source: "/pictures", type };
    await demo.ask("/api/events", demo.platform, {
      method: "POST",
      headers: { "content-type": "application/cloudevents+json" },
      body: JSON.stringify({ ...event, data: { community_id: demo.community, ...data } }),
    });
    await page.locator(".ticker > li").nth(index).waitFor();
  }
  await take(page, "console");
}

const site = await openSite();
/** @type {(() => unknown)[]} */
const closing = [site.close];
try {
  const demo = await startDemo(closing, site.origin);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  closing.push(() => browser.close());
  const context = await browser.newContext({ deviceScaleFactor: 2, locale: "en-US", reducedMotion: "reduce" });
  await context.route("https://avatars.example/**", (route) => {
    const number = Number(route.request().url().match(/\d+/)?.[0]);
    return route.fulfill({ contentType: "image/svg+xml", body: face(number) });
  });

  await demo.boardsAreThere();
  /** @type {Person[]} */
  const people = (await demo.ask("/leaderboards", demo.admin)).all_time.entries;
  site.token = demo.member;
  site.files["/index.html"] = `<!doctype html><html lang="en"><head><meta charset="utf-8"><style>${style}</style>
    <script type="module">
      import { connect } from "${demo.origin}/elements/index.js";
      connect({ api: "${demo.origin}", community: "${demo.community}", token: () => fetch("/levels-token").then((answer) => answer.text()) });
    </script></head><body>${half("light", people.slice(0, 4))}${half("dark", people.slice(0, 4))}</body></html>`;
  const elements = await context.newPage();
  await elements.setViewportSize({ width: 1288, height: 400 });
  await elements.goto(site.origin);
  await elements.locator("level-definitions-grid[state=ready]").nth(1).waitFor();
  await elements.locator("leaderboard-sidebar-widget[state=ready]").nth(1).waitFor();
  await elements.locator("course-card-lock[locked]").nth(1).waitFor();
  await take(elements, "elements");

  const page = await context.newPage();
  await page.setViewportSize({ width: 1180, height: 852 });
  await theConsole(page, demo, people);
} finally {
  for (const close of closing.reverse()) await close();
}
