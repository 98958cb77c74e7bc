//! Events are deleted when they are old and delivered.

use std::time::Duration;

use super::Job;
use crate::{
    Clock,
    ports::{OutboxUpkeep, StoreError, SweptEvents},
};

/// How long events are kept after they happened, delivered or not: for people to look at, and for a channel that is
/// registered for the first time.
pub(crate) const RETENTION: Duration = Duration::from_secs(24 * 3_600);

/// The most looks in a row that find nothing to delete, while a channel has many old events to deliver: the next run goes
/// on from there.
const MAX_FRUITLESS_LOOKS: usize = 10;

/// Deletes events a day after they happened, as soon as no registered channel has to deliver them any more.
///
/// It does not matter which channels this process is configured with, nor whether it is with any.
pub struct Retention<S, C> {
    outbox: S,
    clock: C,
    /// The place in the sequence up to which old events have been looked at since the last one was.
    looked_at: i64,
}

impl<S, C> Retention<S, C> {
    /// Deletes the old events of an outbox.
    #[must_use]
    pub const fn new(outbox: S, clock: C) -> Self {
        Self { outbox, clock, looked_at: 0 }
    }
}

impl<S: OutboxUpkeep, C: Clock> Job for Retention<S, C> {
    const NAME: &'static str = "deleting old events";
    const PERIOD: Duration = Duration::from_secs(60);

    async fn run_once(&mut self) -> Result<(), StoreError> {
        let before = self.clock.now() - RETENTION;
        let mut fruitless_looks = 0;
        while fruitless_looks < MAX_FRUITLESS_LOOKS {
            let SweptEvents { number, next } = self.outbox.delete_events(self.looked_at, before).await?;
            self.looked_at = next.unwrap_or(0);
            if next.is_none() {
                break;
            }
            fruitless_looks = if number == 0 { fruitless_looks + 1 } else { 0 };
        }
        Ok(())
    }
}
