import { reply } from "./reply.js";

// A small community, as the service tells of it.

export const COMMUNITY = "11d11ce9-c0aa-57ec-b6ee-ec7145807a6a";
/** @param {number} number */
export const user = (number) => `0192f0c1-5c1e-7f4e-8f4b-${String(number).padStart(12, "0")}`;
export const ME = user(0);
export const COURSE = "b89be3bf-9173-5534-b0e1-7c0ade1b0495";

const NAMES = ["Student", "Practitioner", "Builder", "Leader", "Mentor", "Empire Builder", "Ruler", "Legend", "Icon"];
const THRESHOLDS = [0, 10, 30, 60, 100, 150, 210, 280, 360];
const SHARES = [42, 20.5, 12, 9.5, 6, 4, 3, 2, 1];
const PEOPLE = [
  "Ada Okafor",
  "Ben Carter",
  "Chiara Rossi-Montenegro de la Fontaine",
  "Dmitri Volkov",
  "Eun-ji Park",
  "Fatima Zahra",
  "Greta Lind",
  "Hugo Meyer",
  "Inês Duarte",
  "Jun Watanabe",
];

export const levels = (more = {}) => ({
  levels: NAMES.map((name, index) => ({
    level: index + 1,
    name,
    threshold: THRESHOLDS[index],
    member_percentage: SHARES[index],
  })),
  current_user_level: 3,
  current_user_role: "MEMBER",
  recalculating: false,
  ...more,
});
export const member = (more = {}) => ({
  user_id: ME,
  level: 3,
  level_name: "Builder",
  total_points: 45,
  level_threshold: 30,
  next_level_threshold: 60,
  points_to_next_level: 15,
  is_max_level: false,
  ...more,
});
export const access = (more = {}) => ({
  course_id: COURSE,
  title: "Lead a workshop",
  has_access: false,
  required_level: 4,
  required_level_name: "Leader",
  current_level: 3,
  ...more,
});
export const entry = (/** @type {number} */ rank, more = {}) => ({
  rank,
  user_id: user(rank),
  display_name: PEOPLE[rank - 1] ?? "Member",
  avatar_url: null,
  level: Math.max(1, 10 - rank),
  points: 130 - rank * 11,
  ...more,
});
export const entries = (/** @type {number} */ count) => Array.from({ length: count }, (_, index) => entry(index + 1));
export const own = (more = {}) => entry(57, { user_id: ME, display_name: "Me Myself", level: 3, points: 7, ...more });
export const board = (more = {}) => ({ entries: entries(10), your_rank: own(), total_members: 200, ...more });
export const boards = (more = {}) => ({
  seven_day: board(),
  thirty_day: board(),
  all_time: board({
    entries: entries(10).map((one) => ({ ...one, points: one.points * 1000 })),
    your_rank: own({ points: 942 }),
  }),
  last_updated: "2026-11-22T10:00:00Z",
  ...more,
});
const SOURCES = [
  "post_created",
  "post_liked",
  "lesson_completed",
  "manual_adjustment",
  "comment_created",
  "comment_liked",
];
export const historyEntry = (/** @type {number} */ index) => ({
  id: user(900 + index),
  points: index === 1 ? -1 : 2,
  source: SOURCES[index % SOURCES.length],
  source_id: user(500 + index),
  actor_id: null,
  occurred_at: new Date(Date.UTC(2026, 10, 22 - index, 10)).toISOString(),
  recorded_at: "2026-11-22T10:00:00Z",
  total_after: 45 - index,
  reason: index === 3 ? "Organised the meetup" : null,
  capped: index === 4,
});
export const history = (from = 0, count = 6, next_cursor = /** @type {string | null} */ (null)) => ({
  entries: Array.from({ length: count }, (_, index) => historyEntry(from + index)),
  next_cursor,
});
export const preview = (level_up_count = 41) => ({
  level_up_count,
  level_ups: [],
  levels: levels().levels.map((level, index) => ({
    level: level.level,
    name: level.name,
    threshold: level.threshold,
    members_now: 84 - index * 9,
    members_then: index % 3 === 0 ? 84 - index * 9 : 90 - index * 9,
  })),
});
export const problem = (/** @type {string} */ code, more = {}) => ({
  type: "about:blank",
  title: code,
  code,
  detail: `${code}, in words`,
  ...more,
});

/** What a healthy service answers, by the end of the address. */
export const healthy = {
  "/members/levels": (/** @type {URL} */ url) => ({
    members: (url.searchParams.get("user_ids") ?? "")
      .split(",")
      .map((user_id) => ({ user_id, level: 3, level_name: "Builder" })),
  }),
  "/level": () => member(),
  "/levels": () => levels(),
  "/levels/preview": () => preview(),
  "/courses/access": () => ({ courses: [access()] }),
  "/leaderboards": () => boards(),
  "/leaderboards/widget": () => ({ entries: entries(5), last_updated: "2026-11-22T10:00:00Z" }),
  "/points": (/** @type {URL} */ url) => (url.searchParams.get("cursor") ? history(6, 3) : history(0, 6, "more")),
};

// What pages put around elements, and what a service answers when it is not well.

export const AVATAR = `<img alt="Ada Okafor" width="40" height="40" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'%3E%3Crect width='1' height='1' fill='%23f97316'/%3E%3C/svg%3E">`;
export const CARD = `<article class="card"><a href="#course">Lead a workshop</a></article>`;
export const busy = () => reply(503, problem("UNAVAILABLE"), { "retry-after": "0" });
export const broken = () => reply(500, problem("INTERNAL"));
export const forbidden = () => reply(403, problem("FORBIDDEN", { reason: "NOT_A_MEMBER" }));
export const never = () => new Promise(() => {});
