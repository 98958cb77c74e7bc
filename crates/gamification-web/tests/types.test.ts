// What users may write, and what they may not: checked by `tsc`, never run.

import {
  connect,
  createClient,
  type LevelBadge as LevelBadgeElement,
  Problem,
  registerLocale,
} from "gamification-elements";
import { createClient as alsoCreateClient } from "gamification-elements/client";
import de from "gamification-elements/locales/de";
import {
  CourseCardLock,
  GamificationProvider,
  LeaderboardPanel,
  LevelBadge,
  useLevels,
  useMember,
} from "gamification-elements/react";
import { createElement } from "react";

const client = connect({
  api: "https://levels.example",
  community: "c",
  token: async ({ refresh }) => (refresh ? null : "jwt"),
});
createClient({ api: "", community: "", token: () => null, live: true, locale: "de" });
alsoCreateClient satisfies typeof createClient;
// @ts-expect-error a client needs a token
connect({ api: "", community: "" });

registerLocale("de", de);
registerLocale("pl", {
  points: { one: "{count} punkt", few: "{count} punkty", many: "{count} punktów", other: "{count} punktu" },
});
// @ts-expect-error no such text
registerLocale("fr", { niveau: "Niveau" });
// @ts-expect-error a plural needs its general form
registerLocale("fr", { points: { one: "{count} point" } });

export async function calls() {
  const badge = await client.badge("u");
  // @ts-expect-error a user may not be known
  badge.level;
  badge?.level satisfies number | undefined;
  const { levels, current_user_role: role } = await client.levels();
  role satisfies "MEMBER" | "MODERATOR" | "ADMIN" | null;
  // @ts-expect-error answers are shared: nobody changes them
  levels[0] = levels[1];
  await client.setLevels(
    levels.map(({ level, name, threshold }) => ({ level, name, threshold })),
    { ifMatch: client.etag(await client.levels()) },
  );
  // @ts-expect-error a level has a threshold
  await client.setLevels([{ level: 1, name: "Student" }]);
  const { rules, exclude_admins } = await client.rules();
  await client.setRules(
    { rules: rules.map((rule) => ({ ...rule, daily_cap: 20 })), exclude_admins },
    { ifMatch: client.etag(await client.rules()) },
  );
  // @ts-expect-error adjustments have no rule
  await client.previewRules({ rules: [{ source: "manual_adjustment", points: 1 }] });
  (await client.rulesHistory({ limit: 5 })).versions[0]?.changed_by satisfies string | null | undefined;
  await client.leaderboard("seven_day", { around: "u", radius: 2, signal: new AbortController().signal });
  // @ts-expect-error no such board
  await client.leaderboard("yearly");
  await client.history("u", { source: "post_liked" });
  // @ts-expect-error no such source
  await client.history("u", { source: "posts" });
  const stop = client.watchMember("u", ({ points_to_next_level }) => points_to_next_level satisfies number | null);
  stop();
}

/** Every code has its case. */
export function explain({ code, errors }: Problem): string {
  switch (code) {
    case "OFFLINE":
    case "NO_TOKEN":
    case "UNAVAILABLE":
      return "later";
    case "VALIDATION_ERROR":
      return errors.map(({ pointer, code: mistake }) => `${pointer}: ${mistake satisfies "REQUIRED" | string}`).join();
    case "UNAUTHENTICATED":
    case "FORBIDDEN":
    case "INSUFFICIENT_LEVEL":
      return "not you";
    case "BAD_REQUEST":
    case "NOT_FOUND":
    case "METHOD_NOT_ALLOWED":
    case "RECALCULATING":
    case "PRECONDITION_FAILED":
    case "REQUEST_TIMEOUT":
    case "PAYLOAD_TOO_LARGE":
    case "URI_TOO_LONG":
    case "HEADERS_TOO_LARGE":
    case "UNSUPPORTED_MEDIA_TYPE":
    case "INTERNAL":
      return "sorry";
    default:
      return code satisfies never;
  }
}

export function pages() {
  const badge = document.createElement("level-badge");
  badge satisfies LevelBadgeElement;
  badge.level satisfies number | null;
  badge.userId = "u";
  // @ts-expect-error a level is a number
  badge.level = "3";
  badge.addEventListener("level-change", ({ detail }) => detail.to satisfies number);
  const panel = document.querySelector("leaderboard-panel");
  panel?.entries?.[0]?.display_name satisfies string | undefined;
  document.createElement("course-card-lock").locked satisfies boolean;
}

export const react = [
  createElement(LevelBadge, { userId: "u", size: "md", onLevelChange: ({ detail }) => detail.from satisfies number }),
  createElement(LeaderboardPanel, { period: "seven-day", entries: [], linked: true, className: "wide" }),
  createElement(CourseCardLock, { courseId: "c", onLockedClick: (event) => event.preventDefault() }, "card"),
  createElement(GamificationProvider, { client }),
  createElement(GamificationProvider, { api: "", community: "", token: () => null }),
  // @ts-expect-error no such size
  createElement(LevelBadge, { size: "huge" }),
  // @ts-expect-error no such prop
  createElement(LevelBadge, { user: "u" }),
  // @ts-expect-error a provider needs a client, or what makes one
  createElement(GamificationProvider, { api: "" }),
];

export function Member() {
  const { data, problem } = useMember("u");
  const { data: levels } = useLevels();
  return problem instanceof Problem ? problem.code : `${data?.level_name} of ${levels?.levels.length}`;
}
