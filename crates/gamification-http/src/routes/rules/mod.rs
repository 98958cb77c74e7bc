//! `/api/communities/{community_id}/rules`, and who changed rules and levels.

mod body;
pub(in crate::routes) mod get;
pub(in crate::routes) mod history;
pub(in crate::routes) mod preview;
pub(in crate::routes) mod update;
