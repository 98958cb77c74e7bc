/** @typedef {{ community: string, tokens: Record<string, string>, as: string }} Session */

const KEY = "gamification-console";
/** The token that sends events. */
export const PLATFORM = "platform";

/** What a token says of itself; only the service verifies it. @type {(token?: string) => { exp?: number, scope?: string }} */
export const claims = (token = "") => {
  try {
    return JSON.parse(
      atob(
        token
          .replace(/^.*?\.|\..*$/g, "")
          .replace(/-/g, "+")
          .replace(/_/g, "/"),
      ),
    );
  } catch {
    return {};
  }
};

/** The tokens that act as a user. @param {Session["tokens"]} tokens */
export const users = (tokens) => Object.keys(tokens).filter((name) => name !== PLATFORM);

/** @type {(community: string, tokens: Session["tokens"], as?: string) => Session} */
export const sessionOf = (community, tokens, as = users(tokens)[0] ?? PLATFORM) => ({ community, tokens, as });

/**
 * The session of this tab. A link brings one in its fragment, which no server, log or Referer sees; it is moved out of the
 * address at once. A link without tokens brings none, and leaves the one there is.
 * @returns {{ session: Session | null, hasReplaced: boolean }} whether it is another one than before
 */
export function openSession() {
  const before = sessionStorage.getItem(KEY);
  const link = [...new URLSearchParams(location.hash.slice(1))].filter(([, value]) => /^[\w.-]+$/.test(value));
  const { community, ...tokens } = Object.fromEntries(link);
  if (community) {
    history.replaceState(null, "", "#/");
    if (Object.keys(tokens).length) keep(sessionOf(community, tokens));
  }
  const now = sessionStorage.getItem(KEY);
  return { session: JSON.parse(now ?? "null"), hasReplaced: before !== null && before !== now };
}

/** @param {Session | null} session */
export const keep = (session) =>
  session ? sessionStorage.setItem(KEY, JSON.stringify(session)) : sessionStorage.removeItem(KEY);
