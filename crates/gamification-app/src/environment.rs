//! Time and fresh ids: the two things that make a run differ from the next.

use time::OffsetDateTime;
use uuid::Uuid;

/// Where commands take time and ids from, so that a test can give its own.
pub trait Environment: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> OffsetDateTime;

    /// An id that was never given before.
    fn next_id(&self) -> Uuid;
}

/// The machine's clock, and UUIDv7: ids that rise with time keep the database's indexes compact.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    fn next_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
