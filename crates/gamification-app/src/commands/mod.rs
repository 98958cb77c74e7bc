//! Commands: what changes something.

mod recalculate_levels;
mod record_facts;
mod repair;
mod set_course_level_requirement;
mod update_levels;

pub use recalculate_levels::{recalculate_levels, resume_recalculations};
pub(crate) use record_facts::try_to_record_facts;
pub use record_facts::{RecordFactsError, record_facts};
pub use repair::repair;
pub use set_course_level_requirement::{SetCourseLevelRequirementError, set_course_level_requirement};
pub use update_levels::{LevelsUpdate, UpdateLevelsError, update_levels};
