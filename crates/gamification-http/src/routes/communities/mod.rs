//! `/api/communities/{community_id}`

pub(in crate::routes) mod get;
pub(in crate::routes) mod stream;
