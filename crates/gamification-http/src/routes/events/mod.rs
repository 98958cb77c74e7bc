//! `/api/events`

mod message;
pub(in crate::routes) mod record;
