/** @import { ClientOptions, Clock, Token } from "../types.js" */

/** A token is asked for anew this long before it expires. */
const MARGIN = 30_000;

/**
 * The user's token: asked for when it is needed, shared by all who wait for it, kept in memory only.
 * @type {(ask: ClientOptions["token"], clock: Clock, switched: () => void) => Token}
 */
export function keepToken(ask, clock, switched) {
  /** @type {{ token: string | null, sub: string | null, until: number } | undefined} */
  let held;
  /** @type {Promise<string | null> | undefined} */
  let asked;

  const renew = async (/** @type {boolean} */ refresh) => {
    const token = (await ask({ refresh }))?.trim() || null;
    const { sub = null, exp = Infinity } = claims(token);
    if (held && held.sub !== sub) switched();
    held = { token, sub, until: exp * 1000 - MARGIN };
    return token;
  };
  return {
    get userId() {
      return held?.sub ?? null;
    },
    async get(refused) {
      const isRefused = refused !== undefined && held?.token === refused;
      if (held && !isRefused && clock.now() < held.until) return held.token;
      asked ??= renew(isRefused).finally(() => {
        asked = undefined;
      });
      return asked;
    },
  };
}

/**
 * The service verifies tokens; here their claims are only read, where it is a JWT at all.
 * @type {(token: string | null) => { sub?: string, exp?: number }}
 */
const claims = (token) => {
  try {
    return JSON.parse(atob(token?.split(".")[1]?.replace(/-/g, "+").replace(/_/g, "/") ?? ""));
  } catch {
    return {};
  }
};
