//! `/api/events`

mod body;
mod record;

pub(super) use record::record;
