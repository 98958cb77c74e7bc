// The elements as React components, for React 18 (which gives elements attributes only) and 19.

import {
  createContext,
  createElement,
  forwardRef,
  useContext,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import * as elements from "../index.js";

/** @import { ForwardRefExoticComponent } from "react" */
/** @import { Client, Elements, Failed, Received, Stop } from "../types.js" */
/** @import { Props, ProviderProps, Seen } from "./props.js" */

const EVENTS = /** @type {const} */ ({
  onLevelChange: "level-change",
  onLockedClick: "locked-click",
  onMemberClick: "member-click",
  onLevelsSaved: "levels-saved",
  onGamificationError: "gamification-error",
});
/** Servers do no layout, and React 18 complains where they are asked to. */
const useSoon = globalThis.document ? useLayoutEffect : useEffect;

const Context = createContext(/** @type {Client | null} */ (null));

/**
 * Gives all components inside a client: `client`, or one of these options.
 * @param {ProviderProps} props
 */
export function GamificationProvider({ client, children, api = "", community = "", live, locale, ...rest }) {
  const latest = useRef(rest);
  latest.current = rest; // a function that is made in each render is no reason for another client
  const own = useMemo(
    () =>
      elements.createClient({
        api,
        community,
        live,
        locale,
        token: (why) => latest.current.token?.(why) ?? null,
        fetch: (...request) => (latest.current.fetch ?? globalThis.fetch)(...request),
      }),
    [api, community, live, locale],
  );
  return createElement(Context.Provider, { value: client ?? own }, children);
}

/** The client of the nearest provider. */
export const useClient = () => useContext(Context);

/** A member's level and points, kept up to date. @param {string | null | undefined} id */
export function useMember(id) {
  const client = useClient();
  return useSeen(client && id ? client.watchMember.bind(null, id) : null, [client, id]);
}

/** The levels of the community, kept up to date. */
export function useLevels() {
  const client = useClient();
  return useSeen(client?.watchLevels ?? null, [client]);
}

/** @type {Seen<never>} */
const NOTHING = { data: null, problem: null };

/** @type {<T>(watch: ((received: Received<T>, failed: Failed) => Stop) | null, of: unknown[]) => Seen<T>} */
const useSeen = (watch, of) => {
  /** @typedef {Parameters<Parameters<NonNullable<typeof watch>>[0]>[0]} Data */
  const [seen, see] = useState(/** @type {Seen<Data>} */ (NOTHING));
  useEffect(() => {
    see(NOTHING);
    return watch?.(
      (data) => see({ data, problem: null }),
      (problem) => see(({ data }) => ({ data, problem })),
    );
    // biome-ignore lint/correctness/useExhaustiveDependencies: `of` says of what `watch` is made
  }, of);
  return seen;
};

const kebab = (/** @type {string} */ name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * @template {keyof Elements} Tag
 * @param {Tag} tag
 * @param {{ attributes: import("../types.js").Attributes, name: string }} element
 * @returns {ForwardRefExoticComponent<Props<Tag>>}
 */
function wrap(tag, { attributes, name }) {
  /** @typedef {Record<string, unknown>} Given */
  // biome-ignore lint/correctness/noComponentHookFactories: called when the module is loaded, once for each element
  const Component = forwardRef((/** @type {Given} */ { className, children, ...props }, ref) => {
    const client = useClient();
    const node = useRef(/** @type {HTMLElement | null} */ (null));
    const before = useRef(/** @type {Given} */ ({}));
    /** @type {Given} */ const given = { class: className };
    /** @type {Given} */ const objects = {};
    /** @type {Given} */ const listeners = {};
    for (const [key, value] of Object.entries(props)) {
      if (attributes[key] === Object) objects[key] = value;
      else if (key in EVENTS) listeners[key] = value;
      else if (key in attributes)
        given[kebab(key)] = value === true ? "" : value === false ? undefined : (value ?? undefined);
      else given[key] = value;
    }
    const handlers = useRef(listeners);

    useImperativeHandle(ref, () => node.current, []);
    useSoon(() => {
      handlers.current = listeners;
      for (const key of Object.keys({ ...before.current, ...objects })) {
        if (objects[key] !== before.current[key]) Object.assign(node.current ?? {}, { [key]: objects[key] ?? null });
      }
      before.current = objects;
      if (client) Object.assign(node.current ?? {}, { client });
    });
    useSoon(() => {
      const abort = new AbortController();
      for (const [key, event] of Object.entries(EVENTS)) {
        const listen = (/** @type {Event} */ happened) => {
          const handler = handlers.current[key];
          // What another element inside tells bubbles too; its own component listens for it.
          if (typeof handler === "function" && happened.target === node.current) handler(happened);
        };
        node.current?.addEventListener(event, listen, { signal: abort.signal });
      }
      return () => abort.abort();
    }, []);

    return createElement(tag, { ...given, ref: node }, /** @type {import("react").ReactNode} */ (children));
  });
  Component.displayName = name;
  return /** @type {ForwardRefExoticComponent<Props<Tag>>} */ (/** @type {unknown} */ (Component));
}

export const LevelBadge = wrap("level-badge", elements.LevelBadge);
export const LevelDefinitionsGrid = wrap("level-definitions-grid", elements.LevelDefinitionsGrid);
export const ProfileLevelSection = wrap("profile-level-section", elements.ProfileLevelSection);
export const CourseCardLock = wrap("course-card-lock", elements.CourseCardLock);
export const LeaderboardPanel = wrap("leaderboard-panel", elements.LeaderboardPanel);
export const LeaderboardSidebarWidget = wrap("leaderboard-sidebar-widget", elements.LeaderboardSidebarWidget);
export const PointsHistory = wrap("points-history", elements.PointsHistory);
export const LevelEditor = wrap("level-editor", elements.LevelEditor);
