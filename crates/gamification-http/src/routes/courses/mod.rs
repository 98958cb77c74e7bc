//! `/api/communities/{community_id}/courses/…`

pub(in crate::routes) mod access;
pub(in crate::routes) mod accesses;
mod learner;
pub(in crate::routes) mod level_requirement;
pub(in crate::routes) mod set_level_requirement;
