//! Time and fresh ids: the two things that make one run differ from the next.

use time::OffsetDateTime;
use uuid::Uuid;

/// Where commands take the time from, so that a test can give its own.
pub trait Clock: Clone + Send + Sync + 'static {
    /// The time now, in UTC.
    fn now(&self) -> OffsetDateTime;
}

/// Where commands take fresh ids from.
pub trait IdGenerator: Clone + Send + Sync + 'static {
    /// An id that was never given before. It sorts behind those that were given earlier: a member's history is in the
    /// order of its entries' ids.
    fn next_id(&self) -> Uuid;
}

/// The machine's clock, and UUIDv7: ids that rise with time keep the database's indexes compact.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

impl IdGenerator for System {
    #[expect(clippy::disallowed_methods, reason = "this is where ids come from")]
    fn next_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
