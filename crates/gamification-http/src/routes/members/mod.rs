//! `/api/communities/{community_id}/members/…`

mod badges;
mod level;

pub(super) use badges::badges;
pub(super) use level::level;
