// A small service with the console's files and headers, as the server has them: members who earn, a stream that tells it.

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const COMMUNITY = "11d11ce9-c0aa-57ec-b6ee-ec7145807a6a";
/** @param {number} number */
export const user = (number) => `0192f0c1-5c1e-7f4e-8f4b-${String(number).padStart(12, "0")}`;
export const course = user; // ids are ids

/** As the program sends them with the console's files. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src https: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));
const TYPES = { ".js": "text/javascript", ".css": "text/css" };
const FAR = 4_000_000_000;
const NAMES = ["Student", "Practitioner", "Builder", "Leader", "Mentor", "Empire Builder", "Ruler", "Legend", "Icon"];
const THRESHOLDS = [0, 10, 30, 60, 100, 150, 210, 280, 360];
const FIRST = ["Ada", "Grace", "Alan", "Barbara", "Edsger", "Hedy", "Ken", "Margaret", "Niklaus", "Radia"];
const LAST = ["Okafor", "Silva", "Nakamura", "Kowalski", "Haddad", "Lindqvist"];
const COURSES = /** @type {const} */ ([
  ["Welcome aboard", null],
  ["Build in the open", 3],
  ["Lead a workshop", 4],
  ["The inner circle", 9],
]);
const RULES = /** @type {const} */ ([
  ["post_created", 2],
  ["comment_created", 1],
  ["post_liked", 1],
  ["comment_liked", 1],
  ["lesson_completed", 5],
]);
const WORTH = {
  PostCreated: [2, "post_created"],
  CommentAdded: [1, "comment_created"],
  PostLiked: [1, "post_liked"],
  PostUnliked: [-1, "post_liked"],
  LessonCompleted: [5, "lesson_completed"],
};

/** @param {object} claims */
export const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
export const ADMIN = jwt({ sub: user(0), exp: FAR });
export const MEMBER = jwt({ sub: user(7), exp: FAR });
export const PLATFORM = jwt({ sub: "platform", exp: FAR, scope: "gamification:events:write" });

/** @typedef {{ user_id: string, display_name: string, avatar_url: string | null, role: string, level: number, total_points: number }} Member */
/** @typedef {{ source: string, points: number, daily_cap: number | null, per_pair_daily_cap: number | null }} Rule */
/** @typedef {{ version: number, changed_by: string | null, changed_at: string }} Version */

/** The versions before one, the newest first. @param {number} version @returns {Version[]} */
export const versionsUpTo = (version) =>
  Array.from({ length: version }, (_, index) => ({
    version: version - index,
    changed_by: version - index > 1 ? user(index % 3) : null,
    changed_at: new Date(Date.UTC(2026, 10, 22 - index, 10)).toISOString(),
  }));

/** What is wrong with rules, as the service says it. @param {Rule[]} rules */
const mistakes = (rules) => {
  const isWhole = (/** @type {unknown} */ value, most = 2 ** 31) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) < most;
  return rules.flatMap((rule, index) => {
    const wrong = [];
    if (!isWhole(rule.points, 1001)) wrong.push(["points", "Points must be a whole number from 0 to 1000"]);
    for (const cap of /** @type {const} */ (["daily_cap", "per_pair_daily_cap"]))
      if (rule[cap] != null && !isWhole(rule[cap]))
        wrong.push([cap, "A cap must be a whole number from 0 to 2147483647, or nothing"]);
    return wrong.map(([field, detail]) => ({ pointer: `#/rules/${index}/${field}`, code: "INVALID", detail }));
  });
};

/** Starts one. What it knows may be changed while it runs. */
export async function consoleService() {
  /** @type {Set<import("node:http").ServerResponse>} */
  const streams = new Set();
  const state = {
    name: "Night School for Makers",
    /** @type {Member[]} */
    members: Array.from({ length: 60 }, (_, index) => ({
      user_id: user(index),
      display_name: `${FIRST[index % 10]} ${LAST[Math.floor(index / 10)]}`,
      avatar_url: null,
      role: index === 0 ? "ADMIN" : index < 3 ? "MODERATOR" : "MEMBER",
      level: 1,
      total_points: Math.round(400 / (index + 1)),
    })),
    levels: NAMES.map((name, index) => ({ level: index + 1, name, threshold: THRESHOLDS[index] ?? 0 })),
    version: 1,
    levelsHistory: versionsUpTo(1),
    rules: RULES.map(
      ([source, points]) =>
        /** @type {Rule} */ ({
          source,
          points,
          daily_cap: null,
          per_pair_daily_cap: null,
        }),
    ),
    excludesAdmins: false,
    rulesHistory: versionsUpTo(1),
    courses: COURSES.map(([title, required], index) => ({
      course_id: course(900 + index),
      title,
      required: /** @type {number | null} */ (required),
    })),
    /** @type {string[]} */
    requests: [],
    /** The statuses of answers to come, by the end of a path. @type {Map<string, number>} */
    failing: new Map(),
    /** @type {Set<string>} */
    refused: new Set(),
  };
  let sequence = 0;
  /** @param {number} points */
  const levelFor = (points) => state.levels.filter(({ threshold }) => threshold <= points).length;
  for (const member of state.members) member.level = levelFor(member.total_points);

  /** @param {string} type @param {object} data */
  const tell = (type, data) => {
    const id = String(++sequence).padStart(19, "0");
    const event = {
      specversion: "1.0",
      id,
      source: "/gamification",
      type,
      time: new Date().toISOString(),
      sequence: id,
      data,
    };
    for (const stream of streams) stream.write(`event: ${type}\nid: ${id}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  /** Lets a member earn. @param {string} id @param {number} points @param {string} source */
  const award = (id, points, source) => {
    const member = state.members.find(({ user_id }) => user_id === id);
    if (!member) return;
    member.total_points += points;
    tell(points < 0 ? "PointsDeducted" : "PointsAwarded", {
      member_id: id,
      community_id: COMMUNITY,
      points,
      new_total: member.total_points,
      source,
    });
    const level = levelFor(member.total_points);
    if (level <= member.level) return;
    const old = member.level;
    member.level = level;
    tell("MemberLeveledUp", {
      member_id: id,
      community_id: COMMUNITY,
      old_level: old,
      new_level: level,
      new_level_name: state.levels[level - 1]?.name,
    });
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    /** @param {number} status @param {unknown} body @param {Record<string, string>} [headers] */
    const send = (status, body, headers) =>
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    /** @param {number} status @param {string} code @param {object} [more] */
    const problem = (status, code, more) =>
      send(status, { type: "about:blank", title: code, status, code, detail: `${code} in words`, ...more });
    if (url.pathname === "/console/") {
      const html = readFileSync(join(SRC, "console/index.html"), "utf8").replaceAll("/web/dev/", "/web/0.1.0/");
      return response
        .writeHead(200, {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": POLICY,
          "referrer-policy": "no-referrer",
          "cross-origin-opener-policy": "same-origin",
        })
        .end(html);
    }
    if (url.pathname.startsWith("/web/")) {
      const path = join(SRC, normalize(url.pathname.replace(/^\/web\/[^/]+/, "")));
      const type = TYPES[/** @type {keyof typeof TYPES} */ (extname(path))];
      if (!type || !existsSync(path)) return problem(404, "NOT_FOUND");
      return response.writeHead(200, { "content-type": type, "cache-control": "no-cache" }).end(readFileSync(path));
    }
    let text = "";
    for await (const part of request) text += part;
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    const { sub = "", scope = "" } = JSON.parse(Buffer.from(token.split(".")[1] || "e30", "base64url").toString());
    const path = url.pathname.replace(`/api/communities/${COMMUNITY}`, "");
    state.requests.push(`${request.method} ${path}${url.search}`);
    const failing = [...state.failing].find(([end]) => path.endsWith(end))?.[1];
    if (failing) return problem(failing, "INTERNAL");
    if (!token || state.refused.has(token)) return problem(401, "UNAUTHENTICATED");
    if (path === "/api/events") {
      if (!scope.includes("gamification:events:write")) return problem(403, "FORBIDDEN", { reason: "MISSING_SCOPE" });
      const results = JSON.parse(text).map((/** @type {any} */ { id, type, data }) => {
        const [points, source] = WORTH[/** @type {keyof typeof WORTH} */ (type)] ?? [];
        if (!points || (data.user_id && data.user_id === data.author_id)) return { id, status: "ignored" };
        award(data.author_id ?? data.user_id, Number(points), String(source));
        return { id, status: "applied" };
      });
      const count = (/** @type {string} */ status) =>
        results.filter((/** @type {any} */ result) => result.status === status).length;
      return send(200, {
        results,
        applied: count("applied"),
        duplicate: 0,
        stale: 0,
        ignored: count("ignored"),
        rejected: 0,
      });
    }
    if (url.pathname === path) return problem(404, "NOT_FOUND", { detail: "The community is not known" });
    const me = state.members.find(({ user_id }) => user_id === sub);
    if (!me)
      return problem(403, "FORBIDDEN", { reason: "NOT_A_MEMBER", detail: "Only members of the community may do this" });
    const isAdmin = me.role === "ADMIN";
    const levelOf = (/** @type {number} */ level) => state.levels[level - 1];
    const levels = () => ({
      levels: state.levels.map((level) => ({
        ...level,
        member_percentage:
          Math.round(
            (state.members.filter((member) => member.level === level.level).length / state.members.length) * 1000,
          ) / 10,
      })),
      current_user_level: me.level,
      current_user_role: me.role,
      recalculating: false,
    });
    const refusal = () => !isAdmin && problem(403, "FORBIDDEN", { reason: "NOT_AN_ADMIN" });
    const rules = () => {
      const version = state.rulesHistory.length;
      return send(
        200,
        { version, rules: state.rules, exclude_admins: state.excludesAdmins },
        { etag: `"${version}.a"` },
      );
    };
    /** @param {Version[]} versions */
    const history = (versions) => {
      const from = Number(url.searchParams.get("cursor") ?? 0);
      const to = from + Number(url.searchParams.get("limit") ?? 20);
      return send(200, { versions: versions.slice(from, to), next_cursor: versions[to] ? String(to) : null });
    };
    /** @param {Version[]} versions */
    const note = (versions) =>
      versions.unshift({ version: versions.length + 1, changed_by: sub, changed_at: new Date().toISOString() });
    const access = () =>
      state.courses.map(({ course_id, title, required }) => ({
        course_id,
        title,
        has_access: !required || me.level >= required,
        required_level: required,
        required_level_name: required && levelOf(required)?.name,
        current_level: me.level,
      }));
    const ranked = (/** @type {number} */ part) =>
      [...state.members]
        .sort((a, b) => b.total_points - a.total_points || (a.display_name < b.display_name ? -1 : 1))
        .map(({ user_id, display_name, avatar_url, level, total_points }, index) => ({
          rank: index + 1,
          user_id,
          display_name,
          avatar_url,
          level,
          points: Math.round(total_points * part),
        }));
    const board = (/** @type {number} */ part) => {
      const all = ranked(part);
      return {
        entries: all.slice(0, 10),
        your_rank: all.slice(10).find(({ user_id }) => user_id === me.user_id) ?? null,
        total_members: all.length,
      };
    };
    const last_updated = new Date().toISOString();
    /** @type {[pattern: RegExp, answer: (...groups: string[]) => unknown][]} */
    const routes = [
      [
        /^GET $/,
        () =>
          send(200, {
            community_id: COMMUNITY,
            name: state.name,
            members: state.members.length,
            me: { user_id: me.user_id, role: me.role, display_name: me.display_name, avatar_url: me.avatar_url },
          }),
      ],
      [
        /^GET \/members$/,
        () => {
          const query = url.searchParams.get("query")?.toLowerCase() ?? "";
          const from = Number(url.searchParams.get("cursor") ?? 0);
          const limit = Number(url.searchParams.get("limit") ?? 20);
          const found = state.members
            .filter(({ display_name }) => display_name.toLowerCase().startsWith(query))
            .sort((a, b) => (a.display_name < b.display_name ? -1 : 1));
          return send(200, {
            members: found.slice(from, from + limit),
            next_cursor: from + limit < found.length ? String(from + limit) : null,
          });
        },
      ],
      [
        /^GET \/members\/levels$/,
        () => {
          const ids = url.searchParams.get("user_ids")?.split(",") ?? [];
          return send(200, {
            members: state.members
              .filter(({ user_id }) => ids.includes(user_id))
              .map(({ user_id, level }) => ({ user_id, level, level_name: levelOf(level)?.name })),
          });
        },
      ],
      [
        /^GET \/members\/([^/]+)\/level$/,
        (id) => {
          const member = state.members.find(({ user_id }) => user_id === id);
          if (!member) return problem(404, "NOT_FOUND");
          const { level, total_points } = member;
          const next = id === me.user_id ? (levelOf(level + 1)?.threshold ?? null) : null;
          return send(200, {
            user_id: id,
            level,
            level_name: levelOf(level)?.name,
            total_points,
            level_threshold: id === me.user_id ? levelOf(level)?.threshold : null,
            next_level_threshold: next,
            points_to_next_level: next === null ? null : Math.max(next - total_points, 0),
            is_max_level: level === 9,
          });
        },
      ],
      [
        /^GET \/members\/([^/]+)\/points$/,
        (id) => {
          if (!isAdmin && id !== me.user_id) return problem(403, "FORBIDDEN", { reason: "NOT_AN_ADMIN" });
          const from = Number(url.searchParams.get("cursor") ?? 0);
          const sources = ["post_liked", "post_created", "comment_created", "lesson_completed", "manual_adjustment"];
          const entries = Array.from({ length: 20 }, (_, index) => ({
            id: user(5000 + from + index),
            points: 1 + ((from + index) % 3),
            source: sources[index % 5],
            source_id: user(1),
            actor_id: null,
            occurred_at: new Date(Date.UTC(2026, 10, 22) - (from + index) * 5e7).toISOString(),
            recorded_at: last_updated,
            total_after: 200 - 2 * (from + index),
            reason: index % 5 === 4 ? "Organised the meetup" : null,
            capped: index === 1,
          }));
          return send(200, { entries, next_cursor: from < 40 ? String(from + 20) : null });
        },
      ],
      [/^GET \/levels$/, () => send(200, levels(), { etag: `"${state.version}-${sequence}"` })],
      [
        /^PUT \/levels$/,
        () => {
          if (!isAdmin) return problem(403, "FORBIDDEN", { reason: "NOT_AN_ADMIN" });
          const given = /^"(\d+)/.exec(request.headers["if-match"] ?? "")?.[1];
          if (given && given !== String(state.version)) return problem(412, "PRECONDITION_FAILED");
          state.levels = JSON.parse(text).levels;
          state.version++;
          note(state.levelsHistory);
          return send(200, levels(), { etag: `"${state.version}-${sequence}"` });
        },
      ],
      [
        /^POST \/levels\/preview$/,
        () => {
          const drafts = JSON.parse(text).levels;
          return send(200, {
            level_up_count: 4,
            level_ups: [],
            levels: drafts.map((/** @type {any} */ draft, /** @type {number} */ index) => ({
              ...draft,
              members_now: 20 - index,
              members_then: 20 - index + (index % 2),
            })),
          });
        },
      ],
      [/^GET \/levels\/history$/, () => refusal() || history(state.levelsHistory)],
      [/^GET \/rules$/, () => refusal() || rules()],
      [/^GET \/rules\/history$/, () => refusal() || history(state.rulesHistory)],
      [
        /^PUT \/rules$/,
        () => {
          if (!isAdmin) return refusal();
          const { rules: drafts, exclude_admins = false } = JSON.parse(text);
          const errors = mistakes(drafts);
          if (errors.length) return problem(422, "VALIDATION_ERROR", { errors });
          if (request.headers["if-match"] !== `"${state.rulesHistory.length}.a"`)
            return problem(412, "PRECONDITION_FAILED");
          if (JSON.stringify(drafts) !== JSON.stringify(state.rules)) note(state.rulesHistory);
          state.excludesAdmins = exclude_admins;
          state.rules = drafts.map((/** @type {Rule} */ { per_pair_daily_cap = null, ...rule }) => ({
            ...rule,
            per_pair_daily_cap,
          }));
          return rules();
        },
      ],
      [
        /^POST \/rules\/preview$/,
        () => {
          if (!isAdmin) return refusal();
          const drafts = /** @type {Rule[]} */ (JSON.parse(text).rules);
          const errors = mistakes(drafts);
          if (errors.length) return problem(422, "VALIDATION_ERROR", { errors });
          const taken = (/** @type {Rule} */ rule) => (rule.daily_cap ?? rule.per_pair_daily_cap) !== null;
          return send(200, {
            days: 30,
            members: 57,
            rules: drafts.map(({ per_pair_daily_cap = null, ...rule }, index) => {
              const whole = { ...rule, per_pair_daily_cap };
              const over = taken(whole) ? [310, 12] : [0, 0];
              return { ...whole, earned: 4120 - index, over_cap: over[0], members_over_cap: over[1] };
            }),
          });
        },
      ],
      [
        /^GET \/courses\/access$/,
        () => {
          const ids = url.searchParams.get("course_ids")?.split(",");
          return send(200, { courses: access().filter(({ course_id }) => !ids || ids.includes(course_id)) });
        },
      ],
      [
        /^PUT \/courses\/([^/]+)\/level-requirement$/,
        (id) => {
          if (!isAdmin) return problem(403, "FORBIDDEN", { reason: "NOT_AN_ADMIN" });
          const { minimum_level } = JSON.parse(text);
          for (const one of state.courses) if (one.course_id === id) one.required = minimum_level;
          return send(200, { course_id: id, minimum_level });
        },
      ],
      [
        /^GET \/leaderboards$/,
        () => send(200, { seven_day: board(0.1), thirty_day: board(0.4), all_time: board(1), last_updated }),
      ],
      [/^GET \/leaderboards\/widget$/, () => send(200, { entries: ranked(0.4).slice(0, 5), last_updated })],
      [
        /^GET \/leaderboards\/all_time$/,
        () => {
          const all = ranked(1);
          const place = all.findIndex(({ user_id }) => user_id === url.searchParams.get("around"));
          return place < 0
            ? problem(404, "NOT_FOUND")
            : send(200, {
                entries: all.slice(Math.max(place - 1, 0), place + 2),
                next_cursor: null,
                total_members: all.length,
                last_updated,
              });
        },
      ],
      [
        /^GET \/stream$/,
        () => {
          response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
          response.write("event: reset\ndata: {}\n\n");
          streams.add(response);
          response.on("close", () => streams.delete(response));
        },
      ],
    ];
    for (const [pattern, answer] of routes) {
      const match = pattern.exec(`${request.method} ${path}`);
      if (match) return answer(...match.slice(1));
    }
    return problem(404, "NOT_FOUND");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    state,
    /** Lets a member earn, once a page listens: nobody sees what was told before. @param {Parameters<typeof award>} earned */
    async award(...earned) {
      for (let looks = 0; streams.size === 0; looks++) {
        if (looks === 300) throw new Error("no page has opened the stream within 15 s");
        await setTimeout(50);
      }
      award(...earned);
    },
    /** @param {Record<string, string>} tokens */
    link: (tokens) => `${origin}/console/#${new URLSearchParams({ community: COMMUNITY, ...tokens })}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
