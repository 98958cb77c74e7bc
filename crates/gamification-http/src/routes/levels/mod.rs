//! `/api/communities/{community_id}/levels`

mod get;
mod update;

pub(super) use get::get;
pub(super) use update::update;
