//! `/api/events`

mod delivery;
mod record;

pub(super) use record::record;
