import { createClient } from "../../client/client.js";
import { h, set } from "../../elements/h.js";
import { heading, muted, nameOf } from "../parts.js";
import { claims, PLATFORM, sessionOf } from "../session.js";

/** @import { Problem } from "../../client/problem.js" */
/** @import { Session } from "../session.js" */

/** @param {Session | null} session @param {string} why what ended the last one @param {(session: Session) => void} begin */
export function signIn(session, why, begin) {
  const community = field("Community", "text", "Its id, a UUID.");
  const token = field("Token", "password", "A member’s or an admin’s JWT; a platform’s opens the stage.");
  community.input.value = session?.community ?? "";

  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    for (const { fail } of [community, token]) fail("");
    const [id, jwt] = [community.input.value.trim().toLowerCase(), token.input.value.trim()];
    const tokens = id === session?.community ? session.tokens : {};
    try {
      if (claims(jwt).scope?.includes("events:write") && Object.keys(tokens).length)
        return begin(sessionOf(id, { ...tokens, [PLATFORM]: jwt }));
      const { me } = await createClient({ api: location.origin, community: id, token: () => jwt }).community();
      const name = me ? nameOf(me) : PLATFORM;
      begin(sessionOf(id, { ...tokens, [name]: jwt }, name));
    } catch (error) {
      const { status, message } = /** @type {Problem} */ (error);
      (status === 404 || status === 400 ? community : token).fail(`${message}.`);
    }
  };
  return h(
    "div",
    { class: "card sign-in" },
    heading(session ? "Add a token" : "Sign in"),
    why && h("p", { class: "error", role: "alert" }, why),
    muted(
      "Tokens stay in this tab and are gone when it closes. Your platform makes them; for a try, ",
      h("code", null, "gamification-server demo"),
      " prints a link with all three.",
    ),
    h("form", { onsubmit: submit }, ...community.parts, ...token.parts, h("button", { class: "primary" }, "Sign in")),
  );
}

/** @param {string} label @param {string} type @param {string} hint */
function field(label, type, hint) {
  const input = h("input", {
    id: label,
    type,
    required: true,
    "aria-describedby": `${label}-note`,
    autocomplete: "off",
  });
  const note = h("p", { id: `${label}-note`, "aria-live": "polite" });
  const fail = (/** @type {string} */ text) => {
    note.textContent = text || hint;
    note.className = text ? "error" : "muted";
    set(input, "aria-invalid", text ? "true" : null);
    if (text) input.focus();
  };
  fail("");
  return { input, fail, parts: [h("label", { for: label }, label), input, note] };
}
