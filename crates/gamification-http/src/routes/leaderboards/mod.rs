//! `/api/communities/{community_id}/leaderboards`

pub(in crate::routes) mod board;
mod entry;
pub(in crate::routes) mod overview;
pub(in crate::routes) mod widget;
