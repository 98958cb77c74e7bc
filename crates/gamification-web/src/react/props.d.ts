// What React is told of the elements.

import type { HTMLAttributes, ReactNode, RefAttributes } from "react";
import type { Problem } from "../client/problem.js";
import type { LevelElement } from "../elements/base.js";
import type { Client, ClientOptions, ElementEvents, Elements, Period, Size } from "../types.js";

type Narrow = { size?: Size | null; period?: Period | null };
type Own<E> = {
  [K in Exclude<keyof E, keyof LevelElement>]?: K extends keyof Narrow ? Narrow[K] : E[K] | undefined;
};
type Listeners = {
  onLevelChange?: (event: ElementEvents["level-change"]) => void;
  onLockedClick?: (event: ElementEvents["locked-click"]) => void;
  onMemberClick?: (event: ElementEvents["member-click"]) => void;
  onLevelsSaved?: (event: ElementEvents["levels-saved"]) => void;
  onGamificationError?: (event: ElementEvents["gamification-error"]) => void;
};

/** The attributes and objects of an element by their names in JavaScript, its events, and what any element has. */
export type Props<Tag extends keyof Elements> = Own<Elements[Tag]> &
  Listeners &
  Omit<HTMLAttributes<Elements[Tag]>, keyof Own<Elements[Tag]>> &
  RefAttributes<Elements[Tag]> & { community?: string | null; children?: ReactNode };

export type ProviderProps = { children?: ReactNode } & (
  | ({ client: Client } & Partial<ClientOptions>)
  | ({ client?: undefined } & ClientOptions)
);

/** What is watched: `data` once it is there, `problem` when the last request failed. */
export interface Seen<T> {
  readonly data: T | null;
  readonly problem: Problem | null;
}

// The tags themselves, for pages that need no wrapper: React 19 sets their properties.
type Tags = {
  [Tag in keyof Elements]: Own<Elements[Tag]> & HTMLAttributes<Elements[Tag]> & RefAttributes<Elements[Tag]>;
};
declare module "react" {
  namespace JSX {
    interface IntrinsicElements extends Tags {}
  }
}
