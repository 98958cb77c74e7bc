import { h, icon } from "../elements/h.js";
import { connect, createClient } from "../index.js";
import * as community from "./pages/community.js";
import * as courses from "./pages/courses.js";
import * as leaderboards from "./pages/leaderboards.js";
import * as levels from "./pages/levels.js";
import * as member from "./pages/member.js";
import * as members from "./pages/members.js";
import * as rules from "./pages/rules.js";
import { signIn } from "./pages/sign-in.js";
import * as stage from "./pages/stage.js";
import { attempt, avatar, button, capital, createPeople, formats, heading, muted, nameOf, roleTag } from "./parts.js";
import { claims, keep, openSession, PLATFORM, sessionOf, users } from "./session.js";

/** @import { Context } from "./parts.js" */
/** @import { Session } from "./session.js" */

const NAME = "Points & levels";
const BARS = "M4 20v-5M12 20V10M20 20V4";

/** By the first part of their address. @type {Map<string, { title: string, show: (context: Context, id: string) => Node[] }>} */
const PAGES = new Map(Object.entries({ "": community, leaderboards, members, courses, levels, rules, stage }));

const top = h("header", { class: "top" });
const main = h("main", { id: "main", tabindex: -1 });
const toast = h("p", { class: "toast", role: "status" });
const skip = h("a", { class: "skip", href: "#main" }, "Skip to content");
skip.addEventListener("click", (event) => {
  event.preventDefault(); // it is no page
  main.focus();
});

/** @type {Session | null} */
let session = null;
/** @type {Omit<Context, "signal"> | null} */
let context = null;
let why = "";
let leave = new AbortController();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let expiry;

/** Signs in with what the session has, and shows the page of the address. */
async function start() {
  leave.abort();
  leave = new AbortController();
  clearTimeout(expiry);
  context = null;
  if (!session) return showPage();
  const { signal } = leave;
  const { tokens, as, community } = session;
  const options = { api: location.origin, community };
  const client = connect({ ...options, token: () => tokens[as] ?? null, live: true });
  const sender = tokens[PLATFORM] && createClient({ ...options, token: () => tokens[PLATFORM] ?? null });
  const left = (claims(tokens[as]).exp ?? Infinity) * 1000 - Date.now();
  if (left < 2 ** 31) expiry = setTimeout(drop, left, "This token has expired."); // timers count no further
  await attempt(signal, main, async () => {
    const about = await client.community({ signal });
    const people = createPeople(client, about.me);
    const isAdmin = about.me?.role === "ADMIN";
    context = { client, platform: sender || null, about, people, isAdmin, say, retitle };
    showTop(context, /** @type {Session} */ (session));
    showPage();
  });
}

/** Signs in with what a link brings, or the tab has kept; who was somebody else before is told. */
async function enter() {
  const opened = openSession();
  session = opened.session;
  await start();
  if (opened.hasReplaced && context) say(`Signed in as ${context.about.me ? nameOf(context.about.me) : "a service"}.`);
}

/** @param {boolean} [isMoved] not the first page: the focus goes to its heading */
function showPage(isMoved) {
  leave.abort();
  leave = new AbortController();
  const [, name = "", id = ""] = /^#\/([^/]*)\/?(.*)/.exec(location.hash) ?? [];
  if (!context) top.replaceChildren(h("p", { class: "brand" }, icon(BARS, 20), NAME));
  if (!context || name === "sign-in") main.replaceChildren(signIn(context && session, why, begin));
  else {
    const page = name === "members" && id ? member : PAGES.get(name);
    const nodes = page?.show({ ...context, signal: leave.signal }, id) ?? [heading("There is no such page")];
    main.replaceChildren(...nodes);
  }
  for (const link of top.querySelectorAll("nav a")) {
    const isHere = link.getAttribute("href") === `#/${name}`;
    link.ariaCurrent = isHere ? "page" : null;
    if (isHere) link.scrollIntoView({ block: "nearest" });
  }
  retitle();
  if (!isMoved) return;
  scrollTo(0, 0);
  main.querySelector("h1")?.focus();
}

function retitle() {
  const parts = new Set([main.querySelector("h1")?.textContent, context?.about.name, NAME]);
  document.title = [...parts].filter(Boolean).join(" · ");
}

/** @type {Context["say"]} */
function say(text) {
  toast.textContent = text;
  setTimeout(() => toast.textContent === text && toast.replaceChildren(), 6000);
}

/** @param {Session | null} next @param {string} [reason] */
async function begin(next, reason = "") {
  session = next;
  why = reason;
  keep(session);
  if (/sign-in/.test(location.hash)) history.replaceState(null, "", "#/");
  await start();
  main.querySelector("h1")?.focus();
}

/** A token that is refused makes way for another one, or for the page to sign in. @param {string} reason */
async function drop(reason) {
  if (!session) return;
  const { [session.as]: _, ...tokens } = session.tokens;
  top.replaceChildren(); // its badge may be refused in the same moment
  await begin(users(tokens).length ? sessionOf(session.community, tokens) : null, reason);
  if (session) say(reason);
}

/** @param {Omit<Context, "signal">} context @param {Session} session */
function showTop({ about: { me, name }, platform, isAdmin }, session) {
  const { tokens, as } = session;
  const { exp } = claims(tokens[as]);
  const who = me ? nameOf(me) : "A service";
  const pages = [...PAGES].filter(([name]) => (name === "stage" ? platform : name !== "rules" || isAdmin));
  const switches = users(tokens).map((name) => {
    const look = button(capital(name), () => begin({ ...session, as: name }));
    look.ariaPressed = String(name === as);
    return look;
  });
  const out = button("Sign out", () => {
    keep(null);
    history.replaceState(null, "", location.pathname);
    location.reload(); // and nothing is in memory
  });
  /** @type {HTMLElement} */
  const menu = h(
    "div",
    { class: "menu", role: "group", "aria-label": "Account" },
    h("p", { class: "row" }, h("b", null, who), me && roleTag(me.role)),
    exp && muted(`Signed in until ${formats.date.format(exp * 1000)}`),
    switches[1] && h("p", { class: "row", role: "group", "aria-label": "Look as" }, ...switches),
    h("p", { class: "row" }, h("a", { href: "#/sign-in", onclick: () => menu.hidePopover() }, "Add a token"), out),
  );
  menu.popover = "auto";
  const account = h("button", { type: "button", class: "account" }, me && avatar(me, "sm"), h("span", null, who));
  account.popoverTargetElement = menu;
  top.replaceChildren(
    h("a", { class: "brand", href: "#/" }, icon(BARS, 20), h("span", null, name ?? NAME)),
    account,
    menu,
    h(
      "nav",
      { "aria-label": "Pages" },
      h(
        "ul",
        { role: "list" },
        ...pages.map(([name, { title }]) => h("li", null, h("a", { href: `#/${name}` }, title))),
      ),
    ),
  );
}

addEventListener("hashchange", () => {
  if (!location.hash.includes("community=")) return showPage(true);
  enter();
});
document.body.addEventListener("gamification-error", ({ detail: { problem } }) => {
  const { status, detail } = problem;
  // What it says to the first request is of the token or the community.
  if (status === 401 || (!context && status > 399 && status < 500)) drop(`${detail}.`);
});
document.body.addEventListener("member-click", ({ detail }) => {
  location.hash = `#/members/${detail.userId}`;
});
document.body.append(skip, top, main, toast);
enter();
