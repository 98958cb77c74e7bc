import { createClient } from "../../client/client.js";
import { h, set } from "../../elements/h.js";
import { heading } from "../parts.js";
import { withToken } from "../session.js";

/** @import { Session } from "../session.js" */

/**
 * @param {Session | null} session
 * @param {string} why what ended the last session
 * @param {(session: Session) => void} begin
 * @returns {Node[]}
 */
export function signIn(session, why, begin) {
  const community = field("community", "Community", "text", "Its id, a UUID.");
  const token = field("token", "Token", "password", "A member’s or an admin’s JWT; a platform’s opens the stage.");
  community.input.value = session?.community ?? "";
  const status = h("p", { role: "status", class: "muted" });
  const submit = h("button", { type: "submit", class: "primary" }, session ? "Add token" : "Sign in");

  const check = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (submit.ariaDisabled) return;
    for (const { fail } of [community, token]) fail("");
    const next = withToken(session, community.input.value.trim(), token.input.value.trim());
    if ("wrong" in next) return (next.wrong === "token" ? token : community).fail(next.text);
    submit.ariaDisabled = "true";
    status.textContent = "Asking the service…";
    try {
      const client = createClient({ api: location.origin, community: next.community, token: () => next.tokens[next.as] ?? null });
      await client.community();
      begin(next);
    } catch (error) {
      const { status: code, message } = /** @type {import("../../client/problem.js").Problem} */ (error);
      (code === 404 ? community : token).fail(code === 401 ? "The service does not accept this token." : `${message}.`);
    }
    status.textContent = "";
    submit.ariaDisabled = null;
  };
  return [
    h(
      "div",
      { class: "card sign-in" },
      heading(session ? "Add a token" : "Sign in"),
      why && h("p", { class: "why", role: "alert" }, why),
      h(
        "p",
        { class: "muted" },
        "Tokens stay in this tab and are gone when it closes. Your platform makes them; for a try, ",
        h("code", null, "gamification-server demo"),
        " prints a link with all three.",
      ),
      h("form", { onsubmit: check }, community.root, token.root, submit, status),
    ),
  ].map((node) => /** @type {Node} */ (node));
}

/** @param {string} id @param {string} label @param {string} type @param {string} hint */
function field(id, label, type, hint) {
  const input = h("input", { id, type, required: true, "aria-describedby": `${id}-hint` });
  Object.assign(input, { autocomplete: "off", spellcheck: false });
  const error = h("p", { id: `${id}-error`, class: "error" });
  const fail = (/** @type {string} */ text) => {
    error.textContent = text;
    set(input, "aria-invalid", text && "true");
    set(input, "aria-describedby", text ? `${id}-error` : `${id}-hint`);
    if (text) input.focus();
  };
  const root = h("div", { class: "field" }, h("label", { for: id }, label), input, error, h("p", { id: `${id}-hint`, class: "muted" }, hint));
  return { root, input, fail };
}
