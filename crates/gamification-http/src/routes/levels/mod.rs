//! `/api/communities/{community_id}/levels`

pub(in crate::routes) mod get;
pub(in crate::routes) mod history;
pub(in crate::routes) mod preview;
pub(in crate::routes) mod update;
