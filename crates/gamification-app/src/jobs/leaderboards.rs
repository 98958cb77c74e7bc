//! Leaderboards are kept up with the ledger.

use std::time::Duration;

use gamification_domain::WindowStarts;

use tokio::time::{Instant, sleep};

use super::Job;
use crate::{
    Clock,
    commands::{Projected, project_leaderboards},
    ports::{Queries, Store, StoreError},
};

/// How often boards are marked as complete while nothing happens.
const IDLE: Duration = Duration::from_secs(10);

/// The longest rest between two steps while boards are behind.
const LONGEST_REST: Duration = Duration::from_secs(3);

/// Takes what was committed into the leaderboards. Any number of processes may run it: one at a time does the work.
pub struct Leaderboards<S, C> {
    store: S,
    clock: C,
}

impl<S, C> Leaderboards<S, C> {
    /// Projects the leaderboards of a store.
    #[must_use]
    pub const fn new(store: S, clock: C) -> Self {
        Self { store, clock }
    }
}

impl<S: Store + Queries, C: Clock> Job for Leaderboards<S, C> {
    const NAME: &'static str = "bringing leaderboards up to date";
    /// Boards are behind by as much, and by the time that a step takes.
    const PERIOD: Duration = Duration::from_secs(1);

    async fn run_once(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        // A look is a read: a database where nothing happens is not written to.
        if !self.store.leaderboards_are_behind(WindowStarts::at(now), now - IDLE).await? {
            return Ok(());
        }
        loop {
            let started = Instant::now();
            if project_leaderboards(&self.store, self.clock.now()).await? != Projected::Behind {
                return Ok(());
            }
            sleep(rest_after(started.elapsed())).await;
        }
    }
}

/// Awards come first: whatever there is to catch up with, two thirds of a processor core are left to them. But a step of
/// minutes, as one transaction with a million members makes, is not followed by minutes of rest.
fn rest_after(step: Duration) -> Duration {
    (step * 2).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_the_time_is_left_to_awards_and_a_long_step_does_not_make_boards_stand_still() {
        assert_eq!(rest_after(Duration::from_millis(400)), Duration::from_millis(800));
        assert_eq!(rest_after(Duration::from_secs(180)), LONGEST_REST);
    }
}
