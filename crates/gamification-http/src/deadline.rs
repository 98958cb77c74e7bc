//! No request waits for the database for ever.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout_at};

use crate::problem::Problem;

/// What the database gets for one request. A caller is told within 5 seconds; the rest is for the network.
const TIME: Duration = Duration::from_millis(4_500);

/// Gives the work's outcome, or `UNAVAILABLE` when it takes too long. What was begun is then rolled back, or, where
/// the commit was under way, found as known when it is sent again.
pub(crate) async fn within_deadline<T, E: Into<Problem>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Problem> {
    Deadline::start().keep(work).await
}

/// The moment by which a request that asks the database more than once must be answered.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// A request begins to ask.
    pub(crate) fn start() -> Self {
        Self(Instant::now() + TIME)
    }

    /// Waits for what the sender of the request takes its time with, and is granted it.
    pub(crate) async fn await_sender<T, E>(
        &mut self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let begun = Instant::now();
        let outcome = work.await;
        self.0 += begun.elapsed();
        outcome
    }

    /// The same as [`within_deadline`], with what is left of the time.
    pub(crate) async fn keep<T, E: Into<Problem>>(
        self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Problem> {
        match timeout_at(self.0, work).await {
            Ok(outcome) => outcome.map_err(Into::into),
            Err(_) => {
                tracing::warn!(deadline = ?TIME, "the database did not answer in time");
                Err(Problem::unavailable())
            }
        }
    }
}
