//! `/api/communities/{community_id}/members/…`

mod level;

pub(super) use level::level;
