import { Problem } from "../client/problem.js";
import { h } from "../elements/h.js";
import { formatsOf } from "../elements/text.js";

/** @import { Client, Community } from "../types.js" */
/** @import { People } from "./people.js" */
/** @import { Child } from "../elements/h.js" */

/**
 * What a page is given.
 * @typedef {object} Context
 * @property {Client} client as the user who looks
 * @property {Client | null} platform as the platform, where its token is there
 * @property {Community} about
 * @property {boolean} isAdmin
 * @property {People} people
 * @property {AbortSignal} signal ends when the page is left
 * @property {(text: string) => void} say shows a sentence, for a while
 * @property {() => void} retitle takes the window's title from the page's heading
 */
/** @typedef {{ title: string, show: (context: Context, id: string) => Node[] }} Page */

export const formats = formatsOf("en");
const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium" });

/** @param {string} text @param {...Child} more what stands beside it */
export const heading = (text, ...more) =>
  h("header", { class: "page" }, h("h1", { tabindex: -1 }, text), ...more.filter(Boolean));

/** @param {string} title @param {...Child} children */
export const card = (title, ...children) => h("section", { class: "card" }, h("h2", null, title), ...children);

/** @param {string | Date} time */
export const time = (time) => h("time", { datetime: new Date(time).toISOString() }, clock.format(new Date(time)));

/** @param {string} role */
export const roleName = (role) => role.slice(0, 1) + role.slice(1).toLowerCase();

/** @param {number} number @param {string} one @param {string} [other] */
export const counted = (number, one, other = `${one}s`) =>
  `${formats.count.format(number)} ${formats.plural.select(number) === "one" ? one : other}`;

/** Ends a watch with its page. @param {Context} context @param {() => void} stop */
export const until = ({ signal }, stop) => signal.addEventListener("abort", stop, { once: true });

/**
 * Does what may fail; what it failed with is shown in a box, with a button that tries again.
 * @param {Context} context
 * @param {HTMLElement} box
 * @param {() => Promise<unknown>} work
 */
export async function attempt(context, box, work) {
  box.replaceChildren();
  try {
    await work();
  } catch (problem) {
    if (!(problem instanceof Problem)) {
      if (context.signal.aborted || /** @type {Error} */ (problem).name === "AbortError") return;
      throw problem;
    }
    box.replaceChildren(notice(problem, () => attempt(context, box, work)));
    box.dispatchEvent(new CustomEvent("gamification-error", { detail: { problem }, bubbles: true }));
  }
}

/** @param {Problem} problem @param {() => void} retry */
export const notice = ({ detail, requestId }, retry) =>
  h(
    "div",
    { class: "card notice", role: "alert" },
    h("p", null, `${detail}.`, requestId && h("small", null, ` Request ${requestId}`)),
    h("button", { type: "button", onclick: retry }, "Retry"),
  );
