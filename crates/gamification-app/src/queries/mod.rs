//! Queries: what only reads.

mod authorize_admin;
mod get_badges;
mod get_course_access;
mod get_course_level_requirement;
mod get_levels;
mod get_member_level;

pub use authorize_admin::{AuthorizeAdminError, authorize_admin};
pub use get_badges::{Badge, GetBadgesError, get_badges};
pub use get_course_access::{CourseAccesses, GetCourseAccessError, get_course_access, get_course_accesses};
pub use get_course_level_requirement::get_course_level_requirement;
pub use get_levels::{GetLevelsError, Levels, get_levels};
pub use get_member_level::{GetMemberLevelError, MemberLevel, get_member_level};
