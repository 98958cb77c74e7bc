import { CourseCardLock } from "./elements/course-card-lock.js";
import { LeaderboardPanel } from "./elements/leaderboard-panel.js";
import { LeaderboardSidebarWidget } from "./elements/leaderboard-sidebar-widget.js";
import { LevelBadge } from "./elements/level-badge.js";
import { LevelDefinitionsGrid } from "./elements/level-definitions-grid.js";
import { LevelEditor } from "./elements/level-editor.js";
import { PointsHistory } from "./elements/points-history.js";
import { ProfileLevelSection } from "./elements/profile-level-section.js";

/** Badges first: others have them inside. @type {Record<string, CustomElementConstructor>} */
const elements = {
  "level-badge": LevelBadge,
  "level-definitions-grid": LevelDefinitionsGrid,
  "profile-level-section": ProfileLevelSection,
  "course-card-lock": CourseCardLock,
  "leaderboard-panel": LeaderboardPanel,
  "leaderboard-sidebar-widget": LeaderboardSidebarWidget,
  "points-history": PointsHistory,
  "level-editor": LevelEditor,
};

// Not on a server; and where a page has this module twice, the first one's elements stay.
const registry = globalThis.customElements;
for (const [name, element] of Object.entries(elements))
  if (registry && !registry.get(name)) registry.define(name, element);
