//! Queries: what only reads.

mod authorize_adjuster;
mod authorize_admin;
mod explain_points;
mod export_member;
mod get_badges;
mod get_community;
mod get_course_access;
mod get_course_level_requirement;
mod get_leaderboards;
mod get_levels;
mod get_member_level;
mod get_point_history;
mod get_rules;
mod list_members;
mod preview_levels;
mod preview_rules;
mod read_error;

pub use authorize_adjuster::{Adjuster, authorize_adjuster};
pub use authorize_admin::authorize_admin;
pub use explain_points::{Explained, Explanation, explain_points};
pub use export_member::{ExportPart, ExportedMember, ExportedPlace, MemberExport, export_member};
pub use get_badges::{Badge, get_badges};
pub use get_community::{Community, get_community};
pub use get_course_access::{CourseAccesses, Learner, get_course_access, get_course_accesses};
pub use get_course_level_requirement::get_course_level_requirement;
pub use get_leaderboards::{
    RankedBoards, RankedMember, RankedMembers, get_leaderboard, get_leaderboard_widget, get_leaderboards,
};
pub use get_levels::{Levels, get_levels};
pub use get_member_level::{LevelProgress, MemberLevel, NextLevel, get_member_level};
pub use get_point_history::{PointHistory, get_point_history};
pub use get_rules::{Versions, get_levels_history, get_rules, get_rules_history};
pub use list_members::{Members, list_members};
pub use preview_levels::{
    LevelsPreview, NAMED_LEVEL_UPS, PreviewLevelsError, PreviewedLevelUp, preview_levels,
};
pub use preview_rules::{PREVIEWED, PREVIEWED_MEMBERS, PreviewRulesError, RulesPreview, preview_rules};
pub use read_error::ReadError;
