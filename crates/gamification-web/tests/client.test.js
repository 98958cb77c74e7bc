import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Problem } from "../src/client/client.js";
import { messages } from "../src/client/stream.js";
import { fakeClock } from "./support/clock.js";
import { COMMUNITY, event, json, jwt, problem, service, streamed, user } from "./support/service.js";

const badge = (/** @type {string} */ user_id, level = 3) => ({ user_id, level, level_name: "Builder" });
const badgesOf = (/** @type {URL} */ url) =>
  json({ members: (url.searchParams.get("user_ids") ?? "").split(",").map((id) => badge(id)) });
const member = (/** @type {object} */ more = {}) => ({
  user_id: user(1),
  level: 3,
  level_name: "Builder",
  total_points: 45,
  level_threshold: 30,
  next_level_threshold: 60,
  points_to_next_level: 15,
  is_max_level: false,
  ...more,
});
const levels = (/** @type {object} */ more = {}) => ({
  levels: [],
  current_user_level: 3,
  current_user_role: "ADMIN",
  recalculating: false,
  ...more,
});

describe("batches", () => {
  test("fifty badges of one task are one request", async () => {
    const { client, clock, requests } = service(({ url }) => badgesOf(url));
    const ids = Array.from({ length: 50 }, (_, index) => user(index));
    const asked = Promise.all([...ids].reverse().map((id) => client.badge(id)));
    await clock.pass(0);
    assert.deepEqual(
      (await asked).map((one) => one?.user_id),
      [...ids].reverse(),
    );
    assert.equal(requests.length, 1);
    // The same ids are the same address whoever asks first, and commas are not encoded.
    assert.equal(requests[0]?.path, `/members/levels?user_ids=${ids.join()}`);
  });

  test("201 badges are two requests, of 200 and 1", async () => {
    const { client, clock, requests } = service(({ url }) => badgesOf(url));
    const asked = client.badges(Array.from({ length: 201 }, (_, index) => user(index)));
    await clock.pass(0);
    assert.equal((await asked).length, 201);
    assert.deepEqual(
      requests.map(({ url }) => url.searchParams.get("user_ids")?.split(",").length),
      [200, 1],
    );
  });

  test("an id that is asked for twice goes out once, whatever its case, and one that is not known is null", async () => {
    const { client, clock, requests } = service(() => json({ members: [badge(user(10).replace("10", "aa"))] }));
    const asked = client.badges([user(10).replace("10", "AA"), user(10).replace("10", "aa"), user(2)]);
    await clock.pass(0);
    const [upper, lower, unknown] = await asked;
    assert.equal(upper, lower);
    assert.equal(upper?.level, 3);
    assert.equal(unknown, null);
    assert.equal(requests[0]?.url.searchParams.get("user_ids")?.split(",").length, 2);
  });

  test("what is asked for in another task is another request", async () => {
    const { client, clock, seen } = service(({ url }) => badgesOf(url));
    client.badge(user(1));
    await clock.pass(0);
    client.badge(user(2));
    await clock.pass(0);
    assert.equal(seen().length, 2);
  });

  test("all who asked are told what went wrong, and who left is not waited for", async () => {
    const { client, clock } = service(() => problem(403, "FORBIDDEN", {}, { reason: "NOT_A_MEMBER" }));
    const abort = new AbortController();
    const left = client.badge(user(1), { signal: abort.signal });
    const asked = Promise.allSettled([client.badge(user(1)), client.badge(user(2))]);
    abort.abort();
    await assert.rejects(left, { name: "AbortError" });
    await clock.pass(0);
    for (const one of await asked) assert.equal(one.status === "rejected" && one.reason.reason, "NOT_A_MEMBER");
  });

  test("the locks of a page of courses are one request", async () => {
    const course = (/** @type {string} */ course_id) => ({
      course_id,
      has_access: true,
      required_level: null,
      required_level_name: null,
      current_level: 1,
    });
    const { client, clock, seen } = service(() => json({ courses: [course(user(7)), course(user(8))] }));
    const asked = Promise.all([
      client.courseAccess(user(8)),
      client.courseAccess(user(7)),
      client.courseAccess(user(9)),
    ]);
    await clock.pass(0);
    assert.deepEqual(
      (await asked).map((one) => one?.course_id),
      [user(8), user(7), undefined],
    );
    assert.deepEqual(seen(), [`GET /courses/access?course_ids=${user(7)},${user(8)},${user(9)}`]);
  });
});

describe("answers that are kept", () => {
  test("what has not changed is the same object", async () => {
    const { client, requests } = service(({ headers }) =>
      headers.get("if-none-match") === '"7.a"'
        ? new Response(null, { status: 304, headers: { etag: '"7.a"' } })
        : json(levels(), { etag: '"7.a"' }),
    );
    const first = await client.levels();
    const second = await client.levels();
    assert.equal(second, first);
    assert.equal(requests[0]?.headers.get("if-none-match"), null);
    assert.equal(requests[1]?.headers.get("if-none-match"), '"7.a"');
    assert.equal(client.etag(first), '"7.a"');
  });

  test("what has changed is another object, and the new one is kept", async () => {
    let version = 0;
    const { client, requests } = service(() => json(levels(), { etag: `"${++version}"` }));
    const first = await client.levels();
    assert.notEqual(await client.levels(), first);
    await client.levels();
    assert.deepEqual(
      requests.map(({ headers }) => headers.get("if-none-match")),
      [null, '"1"', '"2"'],
    );
  });

  test("what is asked after a change is no answer from before it", async () => {
    let isSlow = true;
    /** @type {(response: Response) => void} */
    let answer = () => {};
    const { client, seen, settle } = service(({ method }) => {
      if (method !== "GET" || !isSlow) return json({ versions: [method], next_cursor: null });
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    const before = client.rulesHistory();
    await client.setRules({ rules: [] });
    isSlow = false;
    assert.deepEqual(seen(), ["GET /rules/history", "PUT /rules"]);
    const after = client.rulesHistory();
    await settle();
    assert.deepEqual(seen(), ["GET /rules/history"]);
    answer(json({ versions: [], next_cursor: null }));
    assert.deepEqual((await before).versions, [], "who asked before is answered, too");
    assert.equal((await after).versions.length, 1);
  });

  test("equal requests under way are one", async () => {
    const { client, seen } = service(() => json(levels()));
    const [one, other] = await Promise.all([client.levels(), client.levels()]);
    assert.equal(one, other);
    assert.deepEqual(seen(), ["GET /levels"]);
  });

  test("of two hundred and one, the one that was used longest ago is forgotten", async () => {
    const { client, requests } = service(() => json(member(), { etag: '"m"' }));
    for (let id = 0; id < 200; id++) await client.memberLevel(user(id));
    await client.memberLevel(user(0)); // used again: 1 is the oldest now
    await client.memberLevel(user(200));
    requests.length = 0;
    await client.memberLevel(user(0));
    await client.memberLevel(user(1));
    assert.deepEqual(
      requests.map(({ headers }) => headers.get("if-none-match")),
      ['"m"', null],
    );
  });

  test("another user is told nothing of what the one before was told", async () => {
    let sub = user(1);
    const { client, clock, requests } = service(() => json(levels(), { etag: '"7"' }), {
      token: () => jwt({ sub, exp: Date.UTC(2026, 10, 22, 10, 5) / 1000 }),
    });
    await client.levels();
    assert.equal(client.userId, user(1));
    await clock.pass(5 * 60_000);
    sub = user(2);
    await client.memberLevel(user(9)); // asks for the token
    assert.equal(client.userId, user(2));
    await client.levels();
    assert.equal(requests.at(-1)?.headers.get("if-none-match"), null);
  });
});

describe("the token", () => {
  test("is asked for when it is needed, once, and kept until half a minute before it expires", async () => {
    /** @type {boolean[]} */
    const asked = [];
    const { client, clock, requests } = service(() => json(levels()), {
      token: async ({ refresh }) => {
        asked.push(refresh);
        return jwt({ sub: user(0), exp: clock.now() / 1000 + 3600 });
      },
    });
    assert.deepEqual(asked, []);
    await Promise.all([client.levels(), client.leaderboards(), client.memberLevel(user(1))]);
    assert.deepEqual(asked, [false]);
    assert.equal(requests[0]?.token?.split(".").length, 3);
    await clock.pass(3_600_000 - 30_001);
    await client.levels();
    assert.equal(asked.length, 1);
    await clock.pass(1);
    await client.levels();
    assert.deepEqual(asked, [false, false]);
  });

  test("that is refused is asked for anew, once for all who were refused", async () => {
    let given = 0;
    /** @type {boolean[]} */
    const asked = [];
    const { client, requests } = service(
      ({ token }) => (token === "token-1" ? problem(401, "UNAUTHENTICATED") : json(levels())),
      {
        token: async ({ refresh }) => {
          asked.push(refresh);
          return `token-${++given}`;
        },
      },
    );
    await Promise.all([client.levels(), client.leaderboards()]);
    assert.deepEqual(asked, [false, true]);
    assert.equal(requests.length, 4);
  });

  test("that was refused before it was replaced is no reason to ask once more", async () => {
    /** @type {((response: Response) => void)[]} */
    const late = [];
    let given = 0;
    const { client, settle } = service(
      ({ token, path }) =>
        token !== "token-1"
          ? json(levels())
          : path === "/levels"
            ? problem(401, "UNAUTHENTICATED")
            : new Promise((resolve) => late.push(resolve)),
      { token: () => `token-${++given}` },
    );
    const slow = client.leaderboards();
    await client.levels();
    assert.equal(given, 2);
    late[0]?.(problem(401, "UNAUTHENTICATED"));
    await settle();
    await slow;
    assert.equal(given, 2);
  });

  test("that is refused twice is the caller's to know", async () => {
    const { client, requests } = service(() => problem(401, "UNAUTHENTICATED"));
    await assert.rejects(client.levels(), { code: "UNAUTHENTICATED", status: 401 });
    assert.equal(requests.length, 2);
  });

  test("that can't be had is a problem of its own, and nothing is sent", async () => {
    const { client, clock, requests } = service(() => json(levels()), {
      token: () => Promise.reject(new Error("signed out")),
    });
    const asked = assert.rejects(
      client.levels(),
      (error) =>
        error instanceof Problem &&
        error.code === "NO_TOKEN" &&
        error.status === 0 && // the service has said nothing
        /** @type {Error} */ (error.cause).message === "signed out",
    );
    await clock.pass(2500);
    await asked;
    assert.equal(requests.length, 0);
  });

  test("that can't be had while the network is away is asked for again, as answers are", async () => {
    let isAway = true;
    const { client, clock } = service(() => json(levels()), {
      token: () => (isAway ? Promise.reject(new TypeError("Failed to fetch")) : jwt({ sub: user(0) })),
    });
    const asked = client.levels();
    await clock.pass(0);
    assert.deepEqual(clock.pauses(), [500]);
    isAway = false;
    await clock.pass(500);
    assert.equal((await asked).current_user_level, 3);
  });
});

describe("repeating", () => {
  test("a busy service is asked again when it says", async () => {
    let busy = 2;
    const { client, clock, requests } = service(() =>
      busy-- > 0 ? problem(503, "UNAVAILABLE", { "retry-after": "4" }) : json(levels()),
    );
    const asked = client.levels();
    await clock.pass(3999);
    assert.equal(requests.length, 1);
    await clock.pass(1);
    assert.equal(requests.length, 2);
    await clock.pass(4000);
    assert.equal((await asked).current_user_level, 3);
  });

  test("three times in all, and never after more than half a minute", async () => {
    const { client, clock, requests } = service(() => problem(503, "UNAVAILABLE", { "retry-after": "3600" }));
    const asked = assert.rejects(client.levels(), { code: "UNAVAILABLE", status: 503, retryAfter: 3600 });
    await clock.pass(30_000);
    await clock.pass(30_000);
    await asked;
    assert.equal(requests.length, 3);
  });

  test("many clients do not come back in the same moment", async () => {
    const { client, clock } = service(() => problem(503, "UNAVAILABLE", { "retry-after": "1" }));
    clock.random = () => 0.5;
    client.levels().catch(() => {});
    await clock.pass(0);
    assert.deepEqual(clock.pauses(), [1250]);
  });

  test("a GET without an answer is repeated after half a second and after two", async () => {
    const { client, clock, requests } = service(() => Promise.reject(new TypeError("Failed to fetch")));
    const asked = assert.rejects(client.levels(), { code: "OFFLINE", status: 0 });
    await clock.pass(0);
    assert.deepEqual(clock.pauses(), [500]);
    await clock.pass(500);
    assert.deepEqual(clock.pauses(), [2000]);
    await clock.pass(2000);
    await asked;
    assert.equal(requests.length, 3);
  });

  test("an answer that breaks off is none", async () => {
    let tries = 0;
    const { client, clock } = service(() => {
      if (tries++) return json(levels());
      const broken = streamed();
      broken.write('{"lev');
      broken.breakOff();
      return broken.response();
    });
    const asked = client.levels();
    await clock.pass(500);
    assert.equal((await asked).current_user_level, 3);
  });

  test("changes and events are repeated while the service is busy, and not when nobody knows what became of them", async () => {
    let busy = true;
    const { client, clock, seen } = service(() => {
      if (!busy) return Promise.reject(new TypeError("Failed to fetch"));
      busy = false;
      return problem(503, "UNAVAILABLE", { "retry-after": "1" });
    });
    for (const [ask, request] of /** @type {const} */ ([
      [() => client.setLevels([]), "PUT /levels"],
      [() => client.sendEvents([]), "POST /api/events"],
      [() => client.previewLevels([]), "POST /levels/preview"],
    ])) {
      busy = true;
      const asked = assert.rejects(ask(), { code: "OFFLINE" });
      await clock.pass(1000);
      await asked;
      assert.deepEqual(seen(), [request, request]);
    }
  });

  test("nothing else is repeated", async () => {
    const { client, clock, seen } = service(() => problem(500, "INTERNAL"));
    await assert.rejects(client.levels(), { code: "INTERNAL" });
    assert.deepEqual(clock.pauses(), []);
    assert.equal(seen().length, 1);
  });

  test("who leaves while it is waited ends the waiting", async () => {
    const { client, clock, requests } = service(() => problem(503, "UNAVAILABLE", { "retry-after": "5" }));
    const abort = new AbortController();
    const asked = assert.rejects(client.levels({ signal: abort.signal }), { name: "AbortError" });
    await clock.pass(0);
    abort.abort();
    await asked;
    await clock.pass(60_000);
    assert.equal(requests.length, 1);
    assert.deepEqual(clock.pauses(), []);
  });
});

describe("leaving", () => {
  test("a request goes on for those who stay, and ends with the last", async () => {
    const { client, clock, aborted } = service(() => new Promise(() => {}));
    const [one, other] = [new AbortController(), new AbortController()];
    const first = assert.rejects(client.levels({ signal: one.signal }), { name: "AbortError" });
    const second = assert.rejects(client.levels({ signal: other.signal }), { name: "AbortError" });
    await clock.pass(0);
    one.abort();
    await clock.pass(0);
    assert.equal(aborted.length, 0);
    other.abort();
    await clock.pass(0);
    assert.equal(aborted.length, 1);
    await Promise.all([first, second]);
  });

  test("who asks after the last has left is not handed their abort, however long a token takes", async () => {
    /** @type {(token: string) => void} */
    let give = () => {};
    const { client, clock, settle } = service(() => json(levels()), {
      token: () =>
        new Promise((resolve) => {
          give = resolve;
        }),
    });
    const abort = new AbortController();
    const left = assert.rejects(client.levels({ signal: abort.signal }), { name: "AbortError" });
    abort.abort();
    await left;
    await clock.pass(0); // the request is called off, but waits for its token still
    const asked = client.levels({ signal: new AbortController().signal });
    await settle();
    give(jwt({ sub: user(0) }));
    await settle();
    assert.equal((await asked).current_user_level, 3);
  });

  test("who leaves and comes back at once asks once", async () => {
    const { client, clock, requests, aborted } = service(async () => json(member()));
    /** @type {number[]} */
    const totals = [];
    const stop = client.watchMember(user(1), ({ total_points }) => totals.push(total_points));
    stop();
    client.watchMember(user(1), ({ total_points }) => totals.push(total_points));
    await clock.pass(0);
    assert.deepEqual([requests.length, aborted.length, totals], [1, 0, [45]]);
  });
});

describe("problems", () => {
  test("say what the service says", async () => {
    const errors = [
      { pointer: "#/levels/2/threshold", code: "NOT_INCREASING", detail: "Thresholds must be strictly increasing" },
    ];
    const { client } = service(() => problem(422, "VALIDATION_ERROR", {}, { errors, request_id: "r-1" }));
    await assert.rejects(client.setLevels([]), (error) => {
      assert.ok(error instanceof Problem);
      assert.deepEqual(
        [error.code, error.status, error.detail, error.requestId],
        ["VALIDATION_ERROR", 422, "VALIDATION_ERROR, in words", "r-1"],
      );
      assert.deepEqual(error.errors, errors);
      return true;
    });
  });

  test("of a proxy that answers in HTML are problems too", async () => {
    const { client, clock } = service(() => new Response("<html>", { status: 502, statusText: "Bad Gateway" }));
    await assert.rejects(client.levels(), { name: "Problem", code: "INTERNAL", status: 502 });
    assert.deepEqual(clock.pauses(), []);
  });
});

describe("calls", () => {
  test("go where the service has them", async () => {
    const { client, clock, requests, seen } = service(() => json({ members: [], courses: [] }, { etag: '"7.a"' }));
    await client.history(user(1), { cursor: "a b", limit: 5, source: "post_liked" });
    await client.leaderboard("seven_day", { around: user(1), radius: 2 });
    await client.courseAccesses();
    await client.courseRequirement(user(2));
    await client.setCourseRequirement(user(2), null);
    await client.community();
    await client.members({ query: "ada & co", cursor: null });
    await client.levelsHistory({ cursor: "AAAAAg", limit: 5 });
    await client.rulesHistory();
    await client.previewRules({ rules: [{ source: "post_liked", points: 1, daily_cap: null }] });
    const rules = await client.setRules({ rules: [] }, { ifMatch: '"6.a"' });
    assert.equal(requests.at(-1)?.headers.get("if-match"), '"6.a"');
    assert.equal(client.etag(rules), '"7.a"');
    assert.equal(client.etag(await client.rules()), '"7.a"');
    await client.setLevels([], { ifMatch: '"7.a"' });
    await client.in(user(5)).levels();
    assert.deepEqual(requests.at(4)?.body, { minimum_level: null });
    assert.deepEqual(requests.at(9)?.body, { rules: [{ source: "post_liked", points: 1, daily_cap: null }] });
    assert.equal(requests.at(-2)?.headers.get("if-match"), '"7.a"');
    assert.deepEqual(seen(), [
      `GET /members/${user(1)}/points?cursor=a+b&limit=5&source=post_liked`,
      `GET /leaderboards/seven_day?around=${user(1)}&radius=2`,
      "GET /courses/access",
      `GET /courses/${user(2)}/level-requirement`,
      `PUT /courses/${user(2)}/level-requirement`,
      "GET ",
      "GET /members?query=ada+%26+co",
      "GET /levels/history?cursor=AAAAAg&limit=5",
      "GET /rules/history",
      "POST /rules/preview",
      "PUT /rules",
      "GET /rules",
      "PUT /levels",
      `GET /api/communities/${user(5)}/levels`,
    ]);
    await client.sendEvents([{ specversion: "1.0", id: "1", source: "/x", type: "PostCreated" }]);
    assert.equal(requests.at(-1)?.headers.get("content-type"), "application/cloudevents-batch+json");
    assert.equal(client.in(COMMUNITY), client);
    assert.equal(client.in(user(5)), client.in(user(5)));
    assert.deepEqual(clock.pauses(), []);
  });

  test("that change something let what is watched be read again", async () => {
    const { client, clock, seen } = service(({ path }) => json(path.includes("access") ? { courses: [] } : levels()));
    client.watchLevels(() => {});
    client.watchCourse(user(3), () => {});
    await clock.pass(0);
    seen();
    await client.setCourseRequirement(user(3), 4);
    await clock.pass(0);
    assert.deepEqual(seen(), [
      `PUT /courses/${user(3)}/level-requirement`,
      "GET /levels",
      `GET /courses/access?course_ids=${user(3)}`,
    ]);
  });
});

describe("live", () => {
  /** @param {(request: { path: string, url: URL }) => Response} answer */
  const live = (answer, streams = [streamed()]) => {
    let opened = 0;
    const of = service(
      (request) =>
        request.path === "/stream" ? (streams[opened++]?.response() ?? problem(503, "UNAVAILABLE")) : answer(request),
      { live: true },
    );
    return { ...of, stream: /** @type {ReturnType<typeof streamed>} */ (streams[0]), opened: () => opened };
  };
  const awarded = (/** @type {number} */ sequence, /** @type {number} */ new_total, id = user(1)) =>
    event("PointsAwarded", sequence, {
      member_id: id,
      community_id: COMMUNITY,
      points: 1,
      new_total,
      source: "post_liked",
    });
  const risen = (/** @type {number} */ sequence, /** @type {number} */ new_level, id = user(1)) =>
    event("MemberLeveledUp", sequence, {
      member_id: id,
      community_id: COMMUNITY,
      old_level: 1,
      new_level,
      new_level_name: "Löwe",
    });

  test("points and levels come from the stream, with the token in a header", async () => {
    const { client, clock, stream, requests, seen } = live(() => json(member()));
    /** @type {(number | null)[][]} */
    const shown = [];
    client.watchMember(user(1), (now) => shown.push([now.total_points, now.points_to_next_level, now.level]));
    await clock.pass(0);
    const opened = requests.find(({ path }) => path === "/stream");
    assert.ok(opened?.token);
    assert.equal(opened?.headers.get("accept"), "text/event-stream");
    seen();
    stream.write(awarded(5, 47));
    await clock.pass(0);
    assert.deepEqual(shown, [[45, 15, 3], [47, 13, 3]]); // biome-ignore format: a table
    assert.deepEqual(seen(), [], "nothing is asked for what an event says");
  });

  test("an event older than the member's last changes nothing, and other members' numbers are their own", async () => {
    const { client, clock, stream } = live(({ url }) =>
      url.pathname.includes(user(2)) ? json(member({ user_id: user(2) })) : json(member()),
    );
    /** @type {number[][]} */
    const totals = [[], []];
    client.watchMember(user(1), ({ total_points }) => totals[0]?.push(total_points));
    client.watchMember(user(2), ({ total_points }) => totals[1]?.push(total_points));
    await clock.pass(0);
    stream.write(awarded(20, 50) + awarded(10, 49) + awarded(20, 48) + awarded(11, 60, user(2)) + awarded(21, 51));
    await clock.pass(0);
    assert.deepEqual(totals, [
      [45, 50, 51],
      [45, 60],
    ]);
  });

  test("a chunk may end anywhere, within a character too", async () => {
    const { client, clock, stream } = live(({ url }) => badgesOf(url));
    /** @type {unknown[]} */
    const names = [];
    client.watchBadge(user(1), (now) => names.push(now?.level_name));
    await clock.pass(0);
    const bytes = new TextEncoder().encode(
      `: comment\r\n\r\n${risen(1, 4)}${risen(2, 5).replaceAll("\n", "\r\n")}${risen(3, 6).replaceAll("\n", "\r")}`,
    );
    for (const byte of bytes) stream.write(Uint8Array.of(byte));
    stream.write("\n");
    await clock.pass(0);
    assert.deepEqual(names, ["Builder", "Löwe", "Löwe", "Löwe"]);
  });

  test("a rise is shown at once, and then the thresholds are read", async () => {
    let level = 3;
    const { client, clock, stream, seen } = live(() => json(member({ level })));
    /** @type {number[]} */
    const shown = [];
    client.watchMember(user(1), (now) => shown.push(now.level));
    await clock.pass(0);
    seen();
    level = 4;
    stream.write(risen(9, 4));
    await clock.pass(0);
    assert.deepEqual(shown, [3, 4, 4]);
    assert.deepEqual(seen(), [`GET /members/${user(1)}/level`]);
  });

  test("what happens while an answer is under way is not lost, and what it overtook is not shown", async () => {
    /** @type {(response: Response) => void} */
    let answer = () => {};
    const stream = streamed();
    const { client, clock, seen } = service(
      ({ path }) =>
        path === "/stream"
          ? stream.response()
          : new Promise((resolve) => {
              answer = resolve;
            }),
      { live: true },
    );
    /** @type {number[]} */
    const totals = [];
    client.watchMember(user(1), ({ total_points }) => totals.push(total_points));
    await clock.pass(0);
    answer(json(member()));
    stream.write("event: reset\n\n");
    await clock.pass(0);
    stream.write(awarded(7, 46));
    await clock.pass(0);
    answer(json(member())); // of the moment before
    await clock.pass(0);
    assert.deepEqual(totals, [45, 46]);
    answer(json(member({ total_points: 46, points_to_next_level: 14 })));
    await clock.pass(0);
    assert.deepEqual(totals, [45, 46, 46]);
    assert.equal(seen().length, 4);
  });

  test("boards are read again, once for many events", async () => {
    const { client, clock, stream, seen } = live(() => json({ entries: [], last_updated: "" }));
    client.watchLeaderboardWidget(() => {});
    await clock.pass(0);
    seen();
    for (let sequence = 1; sequence < 50; sequence++) stream.write(awarded(sequence, sequence));
    await clock.pass(1999);
    assert.deepEqual(seen(), []);
    await clock.pass(1);
    assert.deepEqual(seen(), ["GET /leaderboards/widget"]);
  });

  test("a lock is looked at again when its member rises, and for nobody else", async () => {
    const { client, clock, stream, seen } = live(() => json({ courses: [] }));
    client.watchCourse(user(3), () => {});
    await clock.pass(0);
    seen();
    stream.write(risen(1, 4, user(8)));
    await clock.pass(5000);
    assert.deepEqual(seen(), []);
    stream.write(risen(2, 4, user(0)));
    await clock.pass(0);
    assert.equal(seen().length, 1);
  });

  test("levels are read every second while members are being leveled up", async () => {
    let left = 2;
    const { client, clock, seen } = service(() => json(levels({ recalculating: left-- > 0 })));
    client.watchLevels(() => {});
    await clock.pass(10_000);
    assert.equal(seen().length, 3);
    assert.deepEqual(clock.pauses(), []);
  });

  test("reset reads all that is watched again", async () => {
    const { client, clock, stream, seen } = live(({ path, url }) =>
      path.includes("user_ids") ? badgesOf(url) : json(member()),
    );
    client.watchMember(user(1), () => {});
    client.watchBadge(user(2), () => {});
    client.watchBadge(user(3), () => {});
    await clock.pass(0);
    seen();
    stream.write("event: reset\ndata: {}\n\n");
    await clock.pass(0);
    assert.deepEqual(seen(), [`GET /members/${user(1)}/level`, `GET /members/levels?user_ids=${user(2)},${user(3)}`]);
  });

  test("a connection that ends is opened again, with pauses that grow to half a minute", async () => {
    const streams = [streamed(), streamed()];
    const { client, clock, opened } = live(() => json(member()), streams);
    client.watchMember(user(1), () => {});
    await clock.pass(0);
    streams[0]?.write("event: reset\n\n");
    await clock.pass(0);
    streams[0]?.end();
    await clock.pass(999);
    assert.equal(opened(), 1);
    await clock.pass(1);
    assert.equal(opened(), 2);
    streams[1]?.breakOff();
    const pauses = [];
    for (let tries = 0; tries < 7; tries++) {
      await clock.pass(0);
      pauses.push(clock.pauses()[0]);
      await clock.pass(clock.pauses()[0] ?? 0);
    }
    assert.deepEqual(pauses, [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test("a connection that held ends the growing of pauses", async () => {
    const held = streamed();
    let opened = 0;
    const { client, clock } = service(
      ({ path }) => {
        if (path !== "/stream") return json(member());
        return ++opened === 4 ? held.response() : problem(503, "UNAVAILABLE");
      },
      { live: true },
    );
    client.watchMember(user(1), () => {});
    await clock.pass(1000 + 2000 + 4000);
    assert.equal(opened, 4);
    held.write("event: reset\n\n");
    await clock.pass(0);
    held.end();
    await clock.pass(1000);
    assert.equal(opened, 5);
  });

  for (const separator of ["\u2028", "\u2029"])
    test(`U+${separator.charCodeAt(0).toString(16)} is a character like others`, async () => {
      const { client, clock, stream } = live(({ url }) => badgesOf(url));
      /** @type {unknown[]} */
      const names = [];
      client.watchBadge(user(1), (now) => names.push(now?.level_name));
      await clock.pass(0);
      stream.write(risen(1, 4).replace("Löwe", `Lö${separator}we`));
      await clock.pass(0);
      assert.deepEqual(names, ["Builder", `Lö${separator}we`]);
    });

  test("a line may end in LF, CR or both, and a chunk between the two", async () => {
    const text = "event: a\r\ndata: 1\r\ndata:2\r\n\r\n: comment\rdata: 3\r\revent: b\n\nid: 4\n\n";
    const stream = streamed();
    for (const character of text) stream.write(character);
    stream.end();
    const seen = [];
    for await (const message of messages(
      /** @type {ReadableStream<Uint8Array>} */ (stream.response().body),
      fakeClock(),
    ))
      seen.push(message);
    assert.deepEqual(seen, [
      { event: "a", data: "1\n2" },
      { event: "", data: "3" },
      { event: "b", data: "" },
    ]);
  });

  test("a connection that has been silent for 45 seconds is dead", async () => {
    const streams = [streamed(), streamed()];
    const { client, clock, opened } = live(() => json(member()), streams);
    client.watchMember(user(1), () => {});
    await clock.pass(30_000);
    streams[0]?.write(": still here\n\n");
    await clock.pass(44_999);
    assert.equal(opened(), 1);
    await clock.pass(1001);
    assert.equal(opened(), 2);
    assert.ok(streams[0]?.isCancelled);
  });

  test("a service without a stream is asked every ten seconds, and what has not changed is not told", async () => {
    let told = 0;
    const { client, clock, seen } = service(
      ({ path, headers }) => {
        if (path === "/stream") return problem(404, "NOT_FOUND");
        return headers.get("if-none-match") ? new Response(null, { status: 304 }) : json(member(), { etag: '"m"' });
      },
      { live: true },
    );
    const stop = client.watchMember(user(1), () => told++);
    await clock.pass(30_000);
    assert.equal(seen().filter((request) => request.includes("/level")).length, 4);
    assert.equal(told, 1);
    stop();
    await clock.pass(60_000);
    assert.deepEqual(seen(), []);
  });

  test("while the stream fails, what is watched is read once for each try", async () => {
    const { client, clock, seen } = service(
      ({ path }) => (path === "/stream" ? problem(503, "UNAVAILABLE") : json(member())),
      { live: true },
    );
    client.watchMember(user(1), () => {});
    await clock.pass(0);
    assert.deepEqual(seen().sort(), [`GET /members/${user(1)}/level`, "GET /stream"]);
    for (const pause of [1000, 2000, 4000]) {
      await clock.pass(pause);
      assert.deepEqual(seen().sort(), [`GET /members/${user(1)}/level`, "GET /stream"], `after ${pause} ms`);
    }
  });

  test("a stream that the network or a missing token keeps closed opens when they are back", async () => {
    const stream = streamed();
    let isAway = false;
    const away = () => Promise.reject(new TypeError("Failed to fetch"));
    const { client, clock, seen, requests } = service(
      ({ path }) => (isAway ? away() : path === "/stream" ? stream.response() : json(member())),
      {
        live: true,
        token: () => (isAway ? away() : jwt({ sub: user(0), exp: Date.UTC(2026, 10, 22, 9) / 1000 })), // asked for each time
      },
    );
    isAway = true;
    /** @type {number[]} */
    const totals = [];
    client.watchMember(user(1), ({ total_points }) => totals.push(total_points));
    await clock.pass(1000 + 2000 + 4000);
    assert.deepEqual(seen(), [], "without a token nothing is sent");
    isAway = false;
    await clock.pass(8000);
    assert.ok(requests.some(({ path }) => path === "/stream"));
    stream.write("event: reset\n\n");
    await clock.pass(0);
    stream.write(awarded(1, 50));
    await clock.pass(0);
    assert.deepEqual(totals, [45, 50]);
  });

  test("a stream that the service refuses a token for is asked for every half minute", async () => {
    const stream = streamed();
    let isRefused = true;
    const { client, clock, requests } = service(
      ({ path }) =>
        path !== "/stream" ? json(member()) : isRefused ? problem(401, "UNAUTHENTICATED") : stream.response(),
      { live: true },
    );
    client.watchMember(user(1), () => {});
    const opened = () => requests.splice(0).filter(({ path }) => path === "/stream").length;
    await clock.pass(29_999);
    assert.equal(opened(), 2, "once with each token");
    await clock.pass(1);
    assert.equal(opened(), 2);
    isRefused = false;
    await clock.pass(30_000);
    assert.equal(opened(), 1);
    await clock.pass(30_000);
    assert.equal(opened(), 0, "it is open");
  });

  test("clients whose streams end together come back spread over some seconds", async () => {
    const streams = [streamed(), streamed()];
    const { client, clock, opened } = live(() => json(member()), streams);
    clock.random = () => 0.5;
    client.watchMember(user(1), () => {});
    await clock.pass(0);
    streams[0]?.write("event: reset\n\n");
    await clock.pass(0);
    streams[0]?.breakOff();
    await clock.pass(0);
    assert.deepEqual(clock.pauses(), [3500]);
    await clock.pass(3500);
    assert.equal(opened(), 2);
  });

  test("what all streams are told to read anew is read at once by who just came, and by the others spread", async () => {
    const { client, clock, stream, seen } = live(() => json(member()));
    clock.random = () => 0.5;
    client.watchMember(user(1), () => {});
    await clock.pass(0);
    seen();
    const read = [`GET /members/${user(1)}/level`];
    stream.write("event: reset\n\n");
    await clock.pass(0);
    assert.deepEqual(seen(), read);
    stream.write("event: reset\n\nevent: reset\n\n");
    await clock.pass(2499);
    assert.deepEqual(seen(), []);
    await clock.pass(1);
    assert.deepEqual(seen(), read, "once for both");
    stream.write("event: reset\n\n");
    await clock.pass(2500);
    assert.deepEqual(seen(), read, "and later again");
  });

  test("who may not see the stream does not ask again", async () => {
    const { client, clock, seen } = service(
      ({ path }) => (path === "/stream" ? problem(403, "FORBIDDEN") : json(member())),
      { live: true },
    );
    client.watchMember(user(1), () => {});
    await clock.pass(300_000);
    assert.deepEqual(seen().sort(), [`GET /members/${user(1)}/level`, "GET /stream"]);
  });

  test("the stream ends with the last who watches", async () => {
    const { client, clock, stream, opened } = live(() => json(member()));
    const stop = client.watchMember(user(1), () => {});
    await clock.pass(0);
    assert.equal(opened(), 1);
    stop();
    await clock.pass(0);
    assert.ok(stream.isCancelled);
    assert.deepEqual(clock.pauses(), []);
  });

  test("no stream is followed on a page that nobody sees", async () => {
    const page = Object.assign(new EventTarget(), { visibilityState: "hidden" });
    Object.assign(globalThis, { document: page });
    try {
      const streams = [streamed(), streamed()];
      const { client, clock, opened } = live(() => json(member()), streams);
      client.watchMember(user(1), () => {});
      await clock.pass(0);
      assert.equal(opened(), 0);
      page.visibilityState = "visible";
      page.dispatchEvent(new Event("visibilitychange"));
      await clock.pass(0);
      assert.equal(opened(), 1);
      page.visibilityState = "hidden";
      page.dispatchEvent(new Event("visibilitychange"));
      await clock.pass(0);
      assert.ok(streams[0]?.isCancelled);
    } finally {
      Reflect.deleteProperty(globalThis, "document");
    }
  });

  test("whoever wants each event gets it", async () => {
    const { client, clock, stream } = live(() => json({}));
    /** @type {string[]} */
    const types = [];
    client.watchEvents(({ type }) => types.push(type));
    await clock.pass(0);
    stream.write(`event: reset\n\n${awarded(2, 5)}${risen(1, 2)}`);
    await clock.pass(0);
    assert.deepEqual(types, ["PointsAwarded", "MemberLeveledUp"]);
  });
});
