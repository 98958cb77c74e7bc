//! `/api/events`

mod delivery;
pub(in crate::routes) mod record;
