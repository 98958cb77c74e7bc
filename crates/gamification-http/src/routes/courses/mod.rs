//! `/api/communities/{community_id}/courses/…`

mod access;
mod accesses;
mod level_requirement;

pub(super) use access::access;
pub(super) use accesses::accesses;
pub(super) use level_requirement::{level_requirement, set_level_requirement};
