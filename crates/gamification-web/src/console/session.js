/** @typedef {{ community: string, tokens: Record<string, string>, as: string, names: Record<string, string> }} Session */

const KEY = "gamification-console";
/** What a link may bring. Another name would be no harm, and of no use. */
const NAMES = ["admin", "member", "platform"];
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Of a JWT's form, whoever signed it: only the service can tell whether it is one. */
const TOKEN = /^[\w-]+(\.[\w-]+){2}$/;

/** The token that sends events: a platform's. */
export const PLATFORM = "platform";
export const SENDS_EVENTS = "gamification:events:write";

/**
 * What a token says of itself. Only the service verifies it.
 * @param {string | undefined} token
 * @returns {{ sub?: string, exp?: number, scope?: string }}
 */
export function claims(token = "") {
  try {
    return JSON.parse(atob(token.split(".")[1]?.replace(/-/g, "+").replace(/_/g, "/") ?? ""));
  } catch {
    return {};
  }
}

/** The tokens that act as a user. @param {Session} session */
export const users = ({ tokens }) => Object.keys(tokens).filter((name) => name !== PLATFORM);

/**
 * The session of this tab. A link brings one in its fragment, which no server, log or Referer sees; it is moved out of the
 * address at once.
 * @returns {Session | null}
 */
export function openSession() {
  const link = new URLSearchParams(location.hash.slice(1));
  const community = link.get("community");
  if (community !== null) {
    history.replaceState(null, "", `${location.pathname}#/`);
    const tokens = [...link].filter(([name, token]) => NAMES.includes(name) && TOKEN.test(token));
    if (UUID.test(community) && tokens.length) keep(begin(community, Object.fromEntries(tokens)));
  }
  return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
}

/** @param {Session} session */
export const keep = (session) => sessionStorage.setItem(KEY, JSON.stringify(session));

export const forget = () => sessionStorage.removeItem(KEY);

/** @type {(community: string, tokens: Session["tokens"]) => Session} */
const begin = (community, tokens) => {
  const session = { community, tokens, as: "", names: {} };
  return { ...session, as: users(session)[0] ?? PLATFORM };
};

/**
 * A session with one more token. Tokens of another community are left behind.
 * @param {Session | null} session
 * @param {string} community
 * @param {string} token
 * @returns {Session | { wrong: "community" | "token", text: string }}
 */
export function withToken(session, community, token) {
  if (!UUID.test(community)) return { wrong: "community", text: "A community's id is a UUID." };
  if (!TOKEN.test(token)) return { wrong: "token", text: "That is not a JSON Web Token." };
  const { sub = "", exp = Infinity, scope = "" } = claims(token);
  if (exp * 1000 < Date.now()) return { wrong: "token", text: "This token has expired." };
  const before = session?.community === community.toLowerCase() ? session : begin(community.toLowerCase(), {});
  const same = users(before).find((name) => claims(before.tokens[name]).sub === sub);
  const name = scope.split(" ").includes(SENDS_EVENTS) ? PLATFORM : (same ?? sub.slice(0, 8));
  const tokens = { ...before.tokens, [name]: token };
  return { ...before, tokens, as: name === PLATFORM ? (users(before)[0] ?? PLATFORM) : name };
}

/** A session without the token that it acts with; `null` where no other is left. @type {(session: Session) => Session | null} */
export const withoutToken = ({ community, tokens, as, names }) => {
  const { [as]: _, ...others } = tokens;
  return Object.keys(others).length ? { ...begin(community, others), names } : null;
};
