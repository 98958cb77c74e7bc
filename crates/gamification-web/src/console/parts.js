import { Problem } from "../client/problem.js";
import { h } from "../elements/h.js";
import { formatsOf } from "../elements/text.js";

/** @import { Client, Community } from "../types.js" */
/** @import { Child } from "../elements/h.js" */
/** @import { People } from "./people.js" */
/**
 * What pages are given. `platform` is there with its token; `signal` ends when the page is left.
 * @typedef {{ client: Client, platform: Client | null, about: Community, isAdmin: boolean, people: People, signal: AbortSignal,
 *   say: (text: string) => void, retitle: () => void }} Context
 */
/** @typedef {{ user_id: string, display_name?: string | null, avatar_url?: string | null, level?: number }} Person */

export const formats = formatsOf("en");
const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium" });

/** @param {string} text @param {...Child} more what stands beside it */
export const heading = (text, ...more) => h("header", { class: "page" }, h("h1", { tabindex: -1 }, text), ...more);

/** @param {string} title @param {...Child} children */
export const card = (title, ...children) => h("section", { class: "card" }, h("h2", null, title), ...children);

/** @param {...Child} children */
export const stack = (...children) => h("div", { class: "stack" }, ...children);

/** @param {...Child} children */
export const muted = (...children) => h("p", { class: "muted" }, ...children);

/** @param {string} text @param {() => unknown} onclick @param {string} [kind] */
export const button = (text, onclick, kind) => h("button", { type: "button", onclick, class: kind }, text);

/** @param {string} time */
export const time = (time) => h("time", { datetime: time }, clock.format(new Date(time)));

/** @param {string} text */
export const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Ordinary members have none. @param {string} role */
export const roleTag = (role) => role !== "MEMBER" && h("span", { class: "tag" }, capital(role.toLowerCase()));

/** @param {number} number @param {string} thing */
export const counted = (number, thing) => `${formats.count.format(number)} ${thing}${number === 1 ? "" : "s"}`;

/** Ends a watch with its page. @param {Context} context @param {() => void} stop */
export const until = ({ signal }, stop) => signal.addEventListener("abort", stop);

/** Goes to the members that an element has. @template {HTMLElement} T @param {T} element */
export function linked(element) {
  element.addEventListener("member-click", ({ detail }) => {
    location.hash = `#/members/${detail.userId}`;
  });
  return Object.assign(element, { linked: true });
}

/**
 * What fails is shown in a box, with a button that tries again.
 * @param {AbortSignal} signal
 * @param {HTMLElement} box
 * @param {() => Promise<unknown>} work
 */
export async function attempt(signal, box, work) {
  box.replaceChildren();
  try {
    await work();
  } catch (problem) {
    if (signal.aborted) return;
    if (!(problem instanceof Problem)) throw problem;
    const retry = button("Retry", () => attempt(signal, box, work));
    box.replaceChildren(h("div", { class: "card row", role: "alert" }, h("p", null, `${problem.detail}.`), retry));
    box.dispatchEvent(new CustomEvent("gamification-error", { detail: { problem }, bubbles: true }));
  }
}

/** @param {Person | null} [person] */
export const nameOf = (person) => person?.display_name || "A member";

/** @param {Person} person @param {...Child} more */
export const link = ({ user_id, ...person }, ...more) =>
  h("a", { href: `#/members/${user_id}` }, nameOf({ user_id, ...person }), ...more);

/** A picture under the badge of the member's level. @param {Person} person @param {"sm" | "md"} size */
export const avatar = (person, size) =>
  Object.assign(h("level-badge", { size, level: person.level }, face(person)), { userId: person.user_id });

/** A picture, or the initial. @param {Person} person */
export function face({ display_name, avatar_url }) {
  const name = display_name ?? "";
  const initial = hued(h("span", { class: "face", "aria-hidden": "true" }, [...name][0]), name);
  /** @type {HTMLImageElement} */
  const image = h("img", { class: "face", alt: "", src: avatar_url, onerror: () => image.replaceWith(initial) });
  return image.hasAttribute("src") ? image : initial;
}

/** The same color for the same name. @template {HTMLElement} T @param {T} element @param {string} name */
export function hued(element, name) {
  const hue = [...name].reduce((hue, character) => (hue * 31 + (character.codePointAt(0) ?? 0)) % 360, 7);
  element.style.setProperty("--hue", String(hue));
  return element;
}
