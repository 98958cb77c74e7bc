//! `/api/communities/{community_id}/members/…`

pub(in crate::routes) mod adjust;
pub(in crate::routes) mod badges;
pub(in crate::routes) mod export;
pub(in crate::routes) mod history;
pub(in crate::routes) mod level;
pub(in crate::routes) mod list;
