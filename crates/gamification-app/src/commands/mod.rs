//! Commands: what changes something.

mod adjust_points;
mod deliver_again;
mod erase_members;
mod forget_channel;
mod ingest_events;
mod name_members;
mod project_leaderboards;
mod recalculate_levels;
mod record_facts;
mod register_channel;
mod set_course_level_requirement;
mod sweep_erasures;
mod update_levels;
mod update_rules;

pub use adjust_points::{AdjustPoints, AdjustPointsError, PointsAdjusted, adjust_points};
pub use deliver_again::{DeliverAgainError, deliver_again};
pub(crate) use erase_members::erase_members_once;
pub use forget_channel::{ForgetChannelError, forget_channel};
pub use ingest_events::{SendAgain, ingest_events, ingest_events_patiently};
pub(crate) use name_members::name_members;
pub(crate) use project_leaderboards::rebuild_leaderboards;
pub use project_leaderboards::{Projected, project_leaderboards};
pub use recalculate_levels::{recalculate_levels, resume_recalculations};
pub use record_facts::record_facts;
pub(crate) use record_facts::{default_levels, new_members, record_facts_once, transactions};
pub use register_channel::register_channel;
pub use set_course_level_requirement::{SetCourseLevelRequirementError, set_course_level_requirement};
pub use sweep_erasures::sweep_erasures;
pub use update_levels::{LevelsUpdate, LevelsUpdated, UpdateLevelsError, update_levels};
pub use update_rules::{RulesUpdate, UpdateRulesError, update_rules};
