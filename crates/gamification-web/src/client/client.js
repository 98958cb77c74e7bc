import { batched } from "./batches.js";
import { createRequests } from "./requests.js";
import { createWatches } from "./watches.js";

export { Problem } from "./problem.js";

/** @import { Client, ClientOptions, Clock, CourseAccess, Badge, MemberEvent, MemberLevel, Query, Sending, Signal, Watched } from "../types.js" */

/** @type {Clock} */
const CLOCK = {
  now: Date.now,
  random: Math.random,
  after(milliseconds, then) {
    const timer = setTimeout(then, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Boards follow what happens within a second or two. */
const BOARDS_FOLLOW = 2000;
const LEVELS_FOLLOW = 1000;

/** @type {(options: ClientOptions) => Client} */
export const createClient = ({ clock = CLOCK, live = false, locale = null, ...options }) => {
  const requests = createRequests({ ...options, clock, api: options.api.replace(/\/+$/, "") });
  /** @type {Map<string, Client>} */
  const communities = new Map();

  /** @type {(communityId: string) => Client} */
  const of = (communityId) => {
    const path = `/api/communities/${encodeURIComponent(communityId)}`;
    const watches = createWatches(requests, clock, `${path}/stream`, live);
    /** @type {<T>(path: string, query?: Query, options?: Signal) => Promise<T>} */
    const get = (below, query = {}, { signal } = {}) => requests.get(path + below + search(query), { signal });
    /** @type {<T>(path: string, body: unknown, options?: Sending) => Promise<T>} */
    const put = async (below, body, sending) => {
      const answer = await requests.send(path + below, { ...sending, method: "PUT", body });
      watches.refresh(); // members may have risen or left boards, and courses opened
      return /** @type {never} */ (answer);
    };
    const member = (/** @type {string} */ id) => `/members/${encodeURIComponent(id)}`;
    const requirement = (/** @type {string} */ id) => `/courses/${encodeURIComponent(id)}/level-requirement`;
    /** @type {<T>(read: Watched<T>["read"]) => Watched<T>} */
    const board = (read) => ({ read, reread: () => BOARDS_FOLLOW });

    /** @type {Client} */
    const client = {
      in: (id) => (id ? (communities.get(id) ?? of(id)) : client),
      communityId,
      locale,
      get userId() {
        return requests.userId;
      },

      memberLevel: (id, options) => get(`${member(id)}/level`, {}, options),
      badge: batched(
        clock,
        (ids) => badgesOf(ids),
        ({ user_id }) => user_id,
      ),
      badges: (ids, options) => Promise.all(ids.map((id) => client.badge(id, options))),
      history: (id, { signal, ...query } = {}) => get(`${member(id)}/points`, query, { signal }),
      community: (options) => get("", {}, options),
      members: ({ signal, ...query } = {}) => get("/members", query, { signal }),

      levels: (options) => get("/levels", {}, options),
      etag: requests.etag,
      previewLevels: (levels, options) =>
        requests.send(`${path}/levels/preview`, { ...options, method: "POST", body: { levels }, repeatable: true }),
      setLevels: (levels, { signal, ifMatch } = {}) =>
        put("/levels", { levels }, { signal, headers: { "if-match": ifMatch } }),
      levelsHistory: ({ signal, ...query } = {}) => get("/levels/history", query, { signal }),

      rules: (options) => get("/rules", {}, options),
      previewRules: (rules, options) =>
        requests.send(`${path}/rules/preview`, { ...options, method: "POST", body: rules, repeatable: true }),
      setRules: (rules, { signal, ifMatch } = {}) => put("/rules", rules, { signal, headers: { "if-match": ifMatch } }),
      rulesHistory: ({ signal, ...query } = {}) => get("/rules/history", query, { signal }),

      courseAccess: batched(
        clock,
        (ids) => client.courseAccesses({ ids }),
        ({ course_id }) => course_id,
      ),
      courseAccesses: ({ ids, signal } = {}) => coursesOf(ids?.join(), signal),
      courseRequirement: (id, options) => get(requirement(id), {}, options),
      setCourseRequirement: (id, level, options) => put(requirement(id), { minimum_level: level }, options),

      leaderboards: (options) => get("/leaderboards", {}, options),
      leaderboardWidget: (options) => get("/leaderboards/widget", {}, options),
      leaderboard: (name, { signal, ...query } = {}) => get(`/leaderboards/${name}`, query, { signal }),

      sendEvents: (events, options) =>
        requests.send("/api/events", {
          ...options,
          method: "POST",
          headers: { "content-type": "application/cloudevents-batch+json" },
          body: events,
          repeatable: true,
        }),

      watchBadge: (id, ...told) =>
        watches.add({ about: id.toLowerCase(), read: (options) => client.badge(id, options), apply: risen }, ...told),
      watchMember: (id, ...told) =>
        watches.add(
          {
            about: id.toLowerCase(),
            read: (options) => client.memberLevel(id, options),
            apply: (member, event) => earned(risen(member, event), event),
            // Events say nothing of thresholds.
            reread: ({ type }) => type === "MemberLeveledUp" && 0,
          },
          ...told,
        ),
      watchCourse: (id, ...told) =>
        watches.add(
          {
            read: (options) => client.courseAccess(id, options),
            reread: ({ type, data }) => type === "MemberLeveledUp" && data.member_id === client.userId && 0,
          },
          ...told,
        ),
      watchLevels: (...told) =>
        watches.add(
          {
            read: client.levels,
            reread: ({ type }) => type === "MemberLeveledUp" && LEVELS_FOLLOW,
            again: ({ recalculating }) => recalculating && LEVELS_FOLLOW,
          },
          ...told,
        ),
      watchLeaderboards: (...told) => watches.add(board(client.leaderboards), ...told),
      watchLeaderboardWidget: (...told) => watches.add(board(client.leaderboardWidget), ...told),
      watchEvents: watches.listen,
    };
    /** @type {(ids: string[]) => Promise<readonly Badge[]>} */
    const badgesOf = async (ids) => {
      /** @type {{ members: readonly Badge[] }} */
      const { members } = await get("/members/levels", { user_ids: ids.join() });
      return members;
    };
    /** @type {(ids?: string, signal?: AbortSignal) => Promise<readonly CourseAccess[]>} */
    const coursesOf = async (ids, signal) => {
      /** @type {{ courses: readonly CourseAccess[] }} */
      const { courses } = await get("/courses/access", { course_ids: ids }, { signal });
      return courses;
    };
    communities.set(communityId, client);
    return client;
  };
  return of(options.community);
};

/** @type {(query: Query) => string} */
const search = (query) => {
  const given = Object.entries(query).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]]));
  // Commas stay: encoded, 200 ids would be a tenth longer.
  return given.length ? `?${new URLSearchParams(given)}`.replaceAll("%2C", ",") : "";
};

/** @type {<T extends Badge | MemberLevel | null>(member: T & {}, event: MemberEvent) => T & {}} */
const risen = (member, { type, data }) =>
  type === "MemberLeveledUp" ? { ...member, level: data.new_level, level_name: data.new_level_name } : member;

/** @type {(member: MemberLevel, event: MemberEvent) => MemberLevel} */
const earned = (member, { type, data }) => {
  if (type === "MemberLeveledUp") return member;
  const { next_level_threshold: next } = member;
  const total = data.new_total;
  return { ...member, total_points: total, points_to_next_level: next === null ? null : Math.max(next - total, 0) };
};
