import { h, icon } from "../elements/h.js";
import { connect, createClient } from "../index.js";
import * as community from "./pages/community.js";
import * as courses from "./pages/courses.js";
import * as leaderboards from "./pages/leaderboards.js";
import * as levels from "./pages/levels.js";
import * as member from "./pages/member.js";
import * as members from "./pages/members.js";
import { signIn } from "./pages/sign-in.js";
import * as stage from "./pages/stage.js";
import { attempt, formats, heading, roleName } from "./parts.js";
import { avatar, createPeople, nameOf } from "./people.js";
import { claims, forget, keep, openSession, PLATFORM, users, withoutToken } from "./session.js";

/** @import { Context, Page } from "./parts.js" */
/** @import { Session } from "./session.js" */

const BARS = "M4 20v-5M12 20V10M20 20V4";
/** Timers count no more milliseconds. */
const LONGEST = 2 ** 31 - 1;
const SHOWN = 6000;

/** By the first part of their address. @type {Map<string, Page>} */
const PAGES = new Map(Object.entries({ "": community, leaderboards, members, courses, levels, stage }));

const top = h("header", { class: "top" });
const main = h("main", { id: "main", tabindex: -1 });
const toast = h("p", { class: "toast", role: "status" });
const skip = h("a", { class: "skip", href: "#main", onclick: (event) => (event.preventDefault(), main.focus()) }, "Skip to content");

/** @type {Session | null} */
let session = openSession();
/** @type {Omit<Context, "signal"> | null} */
let context = null;
let why = "";
let leave = new AbortController();
/** @type {ReturnType<typeof setTimeout>[]} */
const timers = [];

/** Signs in with what the session has, and shows the page of the address. */
async function start() {
  context = null;
  leave.abort();
  for (const timer of timers.splice(0)) clearTimeout(timer);
  if (!session) return showPage();
  const { tokens, as, community } = session;
  const token = (/** @type {string} */ name) => () => tokens[name] ?? null;
  const { exp = Infinity } = claims(tokens[as]);
  if (exp < Infinity) timers.push(setTimeout(expired, Math.min(exp * 1000 - Date.now(), LONGEST)));
  const api = location.origin;
  const client = connect({ api, community, token: token(as), live: true });
  const platform = tokens[PLATFORM] ? createClient({ api, community, token: token(PLATFORM) }) : null;
  leave = new AbortController();
  const asked = { signal: leave.signal };
  const opening = /** @type {Context} */ (asked);
  const ready = async () => {
    const about = await client.community(asked);
    const { me } = about;
    if (session && me) {
      session.names[as] = [nameOf(me), me.role === "MEMBER" ? "" : roleName(me.role)].filter(Boolean).join(" · ");
      keep(session);
    }
    const people = createPeople(client);
    if (me) people.learn([me]);
    context = { client, platform, about, people, say, retitle, isAdmin: me?.role === "ADMIN" };
    showTop(context, session ?? { tokens, as, community, names: {} });
    showPage();
  };
  await attempt(opening, main, ready);
}

/** The page of the address. @param {boolean} [isMoved] not the first one: the focus goes to its heading */
function showPage(isMoved) {
  leave.abort();
  leave = new AbortController();
  const [, name = "", id = ""] = /^#\/([^/]*)\/?(.*)$/.exec(location.hash) ?? [];
  document.body.classList.toggle("out", !context);
  if (!context || name === "sign-in") {
    if (!context) top.replaceChildren(h("p", { class: "brand" }, icon(BARS, 20), "Points & levels"));
    main.replaceChildren(...signIn(context && session, why, begin));
  } else {
    const page = name === "members" && id ? member : PAGES.get(name);
    const given = { ...context, signal: leave.signal };
    main.replaceChildren(...(page?.show(given, id) ?? [heading("There is no such page", h("a", { href: "#/" }, "Community"))]));
  }
  for (const link of top.querySelectorAll("nav a")) {
    const isHere = link.getAttribute("href") === `#/${name}`;
    if (isHere) link.scrollIntoView({ block: "nearest", inline: "nearest" });
    link.ariaCurrent = isHere ? "page" : null;
  }
  retitle();
  if (!isMoved) return;
  scrollTo(0, 0);
  main.querySelector("h1")?.focus();
}

function retitle() {
  const parts = [main.querySelector("h1")?.textContent, context?.about.name, "Points & levels"];
  document.title = [...new Set(parts.filter(Boolean))].join(" · ");
}

/** @param {string} text */
function say(text) {
  toast.textContent = text;
  setTimeout(() => toast.textContent === text && toast.replaceChildren(), SHOWN);
}

/** @param {Session} now */
function begin(now) {
  session = now;
  why = "";
  keep(now);
  if (location.hash !== "#/") history.replaceState(null, "", "#/");
  start();
}

/** @param {string} name of the token to act with */
async function act(name) {
  if (!session) return;
  session.as = name;
  keep(session);
  await start();
  say(`You look as ${session.names[name] ?? name} now.`);
  main.querySelector("h1")?.focus();
}

/** The service refuses the token, or would. */
function expired() {
  if (!session) return;
  session = withoutToken(session);
  if (session) keep(session);
  else forget();
  why = "The token has expired. Sign in with a new one.";
  start();
}

function signOut() {
  forget();
  history.replaceState(null, "", location.pathname);
  location.reload(); // and nothing is in memory
}

/** @param {Omit<Context, "signal">} context @param {Session} session */
function showTop({ about, platform }, session) {
  const pages = [...PAGES].filter(([name]) => platform || name !== "stage");
  const links = pages.map(([name, { title }]) => h("li", null, h("a", { href: `#/${name}` }, title)));
  const { me } = about;
  const { as, names } = session;
  const { exp } = claims(session.tokens[as]);
  /** @type {HTMLElement} */
  const menu = h(
    "div",
    { id: "account", class: "menu", role: "group", "aria-label": "Account" },
    h("p", null, h("strong", null, me ? nameOf(me) : "A service"), h("small", null, me ? roleName(me.role) : "reads for a platform")),
    h("p", { class: "muted" }, exp ? `Signed in until ${formats.date.format(exp * 1000)}` : "Signed in until this tab closes"),
    users(session).length > 1 &&
      h(
        "ul",
        { role: "list", "aria-label": "Look as" },
        ...users(session).map((name) => h("li", null, h("button", { type: "button", "aria-pressed": String(name === as), onclick: () => act(name) }, names[name] ?? roleName(name)))),
      ),
    h("p", { class: "row" }, h("a", { href: "#/sign-in", onclick: () => menu.hidePopover() }, "Add a token"), h("button", { type: "button", onclick: signOut }, "Sign out")),
  );
  menu.popover = "auto";
  const who = me ? [avatar(me, "sm"), h("span", { class: "name" }, nameOf(me))] : ["Account"];
  const open = Object.assign(h("button", { type: "button", class: "account" }, ...who), { popoverTargetElement: menu });
  top.replaceChildren(
    h("a", { class: "brand", href: "#/" }, icon(BARS, 20), h("span", null, about.name ?? "Points & levels")),
    open,
    menu,
    h("nav", { "aria-label": "Pages" }, h("ul", { role: "list" }, ...links)),
  );
}

addEventListener("hashchange", () => {
  const hasLink = new URLSearchParams(location.hash.slice(1)).has("community");
  if (!hasLink) return showPage(true);
  session = openSession();
  start();
});
document.body.addEventListener("gamification-error", ({ detail }) => detail.problem.status === 401 && expired());
document.body.append(skip, top, main, toast);
start();
