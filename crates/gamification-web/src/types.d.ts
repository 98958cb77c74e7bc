// The names of what the API gives and takes, by hand; their fields are generated from the server's document.

import type { Problem } from "./client/problem.js";
import type { components, operations } from "./client/schema.js";
import type { CourseCardLock } from "./elements/course-card-lock.js";
import type { LeaderboardPanel } from "./elements/leaderboard-panel.js";
import type { LeaderboardSidebarWidget } from "./elements/leaderboard-sidebar-widget.js";
import type { LevelBadge } from "./elements/level-badge.js";
import type { LevelDefinitionsGrid } from "./elements/level-definitions-grid.js";
import type { LevelEditor } from "./elements/level-editor.js";
import type { PointsHistory } from "./elements/points-history.js";
import type { ProfileLevelSection } from "./elements/profile-level-section.js";

type Schemas = components["schemas"];

export type Badge = Schemas["Badge"];
export type MemberLevel = Schemas["MemberLevel"];
export type Level = Schemas["Level"];
export type Levels = Schemas["Levels"];
export type LevelDraft = Schemas["LevelsUpdate"]["levels"][number];
export type LevelsPreview = Schemas["LevelsPreview"];
export type LevelsHistory = Schemas["LevelsHistory"];
export type Rule = Schemas["Rule"];
export type Rules = Schemas["Rules"];
export type RuleDraft = Schemas["RulesUpdate"]["rules"][number];
export type RulesUpdate = Schemas["RulesUpdate"];
export type RulesPreview = Schemas["RulesPreview"];
export type RulesHistory = Schemas["RulesHistory"];
export type CourseRequirement = Schemas["CourseLevelRequirement"];
export type Leaderboards = Schemas["Leaderboards"];
export type LeaderboardTop = Schemas["LeaderboardTop"];
export type LeaderboardPage = Schemas["Leaderboard"];
export type LeaderboardWidget = Schemas["LeaderboardWidget"];
export type LeaderboardEntry = Schemas["LeaderboardEntry"];
export type LeaderboardName = operations["leaderboard"]["parameters"]["path"]["leaderboard"];
export type PointHistory = Schemas["PointHistory"];
export type PointHistoryEntry = Schemas["PointHistoryEntry"];
export type CloudEvent = Schemas["CloudEvent"];
export type EventResults = Schemas["EventResults"];
export type ProblemBody = Schemas["Problem"];
export type FieldError = Schemas["FieldError"];
/** The codes of the server, and what a request fails with that got no answer, or for which `token()` was rejected. */
export type ProblemCode = ProblemBody["code"] | "OFFLINE" | "NO_TOKEN";
export type Role = NonNullable<Levels["current_user_role"]>;

export type CourseAccess = Schemas["ListedCourseAccess"];
export type Community = Schemas["Community"];
export type CommunityMember = Schemas["Member"];
export type CommunityMembers = Schemas["Members"];

/** What the stream says, as the webhook does; to the document it is text. */
export type MemberEvent = {
  readonly id: string;
  readonly time: string;
  /** Of fixed width: sorts as text. */
  readonly sequence: string;
} & (
  | {
      readonly type: "PointsAwarded" | "PointsDeducted";
      readonly data: {
        readonly member_id: string;
        readonly community_id: string;
        readonly points: number;
        readonly new_total: number;
        readonly source: PointHistoryEntry["source"];
      };
    }
  | {
      readonly type: "MemberLeveledUp";
      readonly data: {
        readonly member_id: string;
        readonly community_id: string;
        readonly old_level: number;
        readonly new_level: number;
        readonly new_level_name: string;
      };
    }
);

// --- The client ---

export interface Signal {
  signal?: AbortSignal;
}
/** What time it is, and what happens later; tests bring their own. */
export interface Clock {
  now(): number;
  /** Calls `then` after `milliseconds`; gives what calls it off. */
  after(milliseconds: number, then: () => void): () => void;
  /** From 0 to 1: spreads what many clients would do at the same moment. */
  random(): number;
}
export interface ClientOptions {
  /** Where the service is, such as `https://levels.example`. */
  api: string;
  /** The community that elements and calls are about. */
  community: string;
  /**
   * Gives a JWT of the user; `refresh` when the last one was refused. Asked when one is needed, never stored. Where it is
   * rejected, it is asked again later.
   */
  token: (why: { refresh: boolean }) => string | null | Promise<string | null>;
  fetch?: typeof globalThis.fetch;
  /** The language of elements that name none; else the page's, then the browser's. */
  locale?: string;
  /** Keeps what is watched up to date, while the page is visible. */
  live?: boolean;
  /** For tests. */
  clock?: Clock;
}
/** Gets what is watched: at once, and while `live` whenever it changes. */
export type Received<T> = (value: T) => void;
export type Failed = (problem: Problem) => void;
/** Ends what was begun. */
export type Stop = () => void;
type Watching<T> = (received: Received<T>, failed?: Failed) => Stop;
type WatchingOne<T> = (id: string, received: Received<T>, failed?: Failed) => Stop;

/** The service, as one user sees one community. What fails, fails with a `Problem`; an abort with an `AbortError`. */
export interface Client {
  /** Another community, with the same token and the same kept answers. */
  in(community: string | null): Client;
  readonly communityId: string;
  readonly locale: string | null;
  /** Whose token it is; `null` until one was needed. */
  readonly userId: string | null;

  memberLevel(id: string, options?: Signal): Promise<MemberLevel>;
  /** Those asked for in one task are one request; `null` for users whom the community never had. */
  badge(id: string, options?: Signal): Promise<Badge | null>;
  /** In the order asked. */
  badges(ids: readonly string[], options?: Signal): Promise<(Badge | null)[]>;
  history(id: string, options?: Signal & Paging & { source?: PointHistoryEntry["source"] }): Promise<PointHistory>;
  community(options?: Signal): Promise<Community>;
  members(options?: Signal & Paging & { query?: string }): Promise<CommunityMembers>;

  levels(options?: Signal): Promise<Levels>;
  /** The version of levels or rules that this client gave, for `ifMatch`. */
  etag(answer: Levels | Rules): string | undefined;
  /** What a change would do. Changes nothing. */
  previewLevels(levels: readonly LevelDraft[], options?: Signal): Promise<LevelsPreview>;
  /** Without `ifMatch`, what another admin changed meanwhile is overwritten. */
  setLevels(levels: readonly LevelDraft[], options?: Signal & { ifMatch?: string }): Promise<Levels>;
  /** Who changed the levels, and when; for admins and services, as all of rules. */
  levelsHistory(options?: Signal & Paging): Promise<LevelsHistory>;

  /** What members earn points by, and its caps. */
  rules(options?: Signal): Promise<Rules>;
  /** What caps would have taken of what was earned in the last 30 days. Changes nothing. */
  previewRules(rules: RulesUpdate, options?: Signal): Promise<RulesPreview>;
  /** All of them at once: what is left out is as by default. Without `ifMatch`, another admin's change is overwritten. */
  setRules(rules: RulesUpdate, options?: Signal & { ifMatch?: string }): Promise<Rules>;
  rulesHistory(options?: Signal & Paging): Promise<RulesHistory>;

  /** Those asked for in one task are one request; `null` for courses that are not known. */
  courseAccess(id: string, options?: Signal): Promise<CourseAccess | null>;
  courseAccesses(options?: Signal & { ids?: readonly string[] }): Promise<readonly CourseAccess[]>;
  courseRequirement(id: string, options?: Signal): Promise<CourseRequirement>;
  /** `null` opens the course to all. */
  setCourseRequirement(id: string, level: number | null, options?: Signal): Promise<CourseRequirement>;

  leaderboards(options?: Signal): Promise<Leaderboards>;
  leaderboardWidget(options?: Signal): Promise<LeaderboardWidget>;
  leaderboard(
    name: LeaderboardName,
    options?: Signal & Paging & { around?: string; radius?: number },
  ): Promise<LeaderboardPage>;

  /** For tokens that may send events. They count once, however often they are sent. */
  sendEvents(events: readonly CloudEvent[], options?: Signal): Promise<EventResults>;

  watchBadge: WatchingOne<Badge | null>;
  watchMember: WatchingOne<MemberLevel>;
  watchCourse: WatchingOne<CourseAccess | null>;
  watchLevels: Watching<Levels>;
  watchLeaderboards: Watching<Leaderboards>;
  watchLeaderboardWidget: Watching<LeaderboardWidget>;
  /** Told of each event of the stream, as it comes. */
  watchEvents(received: Received<MemberEvent>): Stop;
}
interface Paging {
  cursor?: string | null;
  limit?: number;
}

// --- Inside the client ---

export type Query = Record<string, string | number | null | undefined>;
export interface Sending extends Signal {
  method?: string;
  body?: unknown;
  headers?: Record<string, string | undefined>;
  /** Whether the same request again does no harm. */
  repeatable?: boolean;
}
/** Requests of one user. */
export interface Requests {
  readonly userId: string | null;
  /** An answer; the very same object as before while it has not changed. */
  get<T>(path: string, options?: Signal): Promise<T>;
  send<T>(path: string, options: Sending): Promise<T>;
  /** An answer that goes on. */
  stream(path: string, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  etag(answer: object): string | undefined;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
export interface Token {
  readonly userId: string | null;
  /** @param refused the token that the service did not take */
  get(refused?: string | null): Promise<string | null>;
}
/** What may change, and by which events. */
export interface Watched<T> {
  read(options: Signal): Promise<T>;
  /** The member whose events say something about it, each newer than the last; all events where there is none. */
  about?: string;
  /** What it is after an event. */
  apply?(value: T & {}, event: MemberEvent): T;
  /** In how many milliseconds it is to be read again, where an event does not say all. */
  reread?(event: MemberEvent): number | false;
  /** The same, whatever happens. */
  again?(value: T): number | false;
}
export interface Watches {
  add<T>(watched: Watched<T>, received: Received<T>, failed?: Failed): Stop;
  listen(received: Received<MemberEvent>): Stop;
  /** Reads all that is watched again. */
  refresh(): void;
}

// --- The elements ---

export type State = "loading" | "ready" | "empty" | "error" | "forbidden";
export type Size = "xs" | "sm" | "md" | "lg" | "xl";
export type Period = "seven-day" | "thirty-day" | "all-time";
/** A message, or its forms by plural category of `count`. */
export type Message = string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>);
export type MessageKey = keyof typeof import("./locales/en.js").default;
/** What a language says; of what is wrong with a field, the service's English where it says nothing. */
export type Messages = Record<MessageKey, Message> & Partial<Record<FieldError["code"], Message>>;

/** What an attribute holds; `Object` stands for a property that no attribute shows. */
export type Kind = StringConstructor | NumberConstructor | BooleanConstructor | ObjectConstructor;
/** Says what such a property holds. */
export type Holding<T> = ObjectConstructor & { readonly holds?: T };
export type Attributes = Readonly<Record<string, Kind>>;
export type Values<T extends Attributes> = {
  -readonly [K in keyof T]: T[K] extends StringConstructor
    ? string | null
    : T[K] extends NumberConstructor
      ? number | null
      : T[K] extends BooleanConstructor
        ? boolean
        : T[K] extends Holding<infer V>
          ? V | null
          : never;
};
/** Which text says which state. */
export type StateTexts = Partial<Record<State, MessageKey>>;

export interface ElementEvents {
  "level-change": CustomEvent<{ userId: string | null; from: number; to: number }>;
  "locked-click": CustomEvent<{ courseId: string | null; requiredLevel: number | null; message: string }>;
  "member-click": CustomEvent<{ userId: string }>;
  "levels-saved": CustomEvent<{ levels: Levels }>;
  "gamification-error": CustomEvent<{ problem: Problem }>;
}
export interface Elements {
  "level-badge": LevelBadge;
  "level-definitions-grid": LevelDefinitionsGrid;
  "profile-level-section": ProfileLevelSection;
  "course-card-lock": CourseCardLock;
  "leaderboard-panel": LeaderboardPanel;
  "leaderboard-sidebar-widget": LeaderboardSidebarWidget;
  "points-history": PointsHistory;
  "level-editor": LevelEditor;
}

declare global {
  interface HTMLElementTagNameMap extends Elements {}
  interface HTMLElementEventMap extends ElementEvents {}
}
