import "./define.js";

export { createClient, Problem } from "./client/client.js";
export { connect } from "./elements/base.js";
export { CourseCardLock } from "./elements/course-card-lock.js";
export { LeaderboardPanel } from "./elements/leaderboard-panel.js";
export { LeaderboardSidebarWidget } from "./elements/leaderboard-sidebar-widget.js";
export { LevelBadge } from "./elements/level-badge.js";
export { LevelDefinitionsGrid } from "./elements/level-definitions-grid.js";
export { LevelEditor } from "./elements/level-editor.js";
export { PointsHistory } from "./elements/points-history.js";
export { ProfileLevelSection } from "./elements/profile-level-section.js";
export { registerLocale } from "./elements/text.js";
