//! No request waits for the database for ever.

use std::{future::Future, time::Duration};

use crate::problem::Problem;

/// What the database gets for one request. A caller is told within 5 seconds; the rest is for the network.
const DEADLINE: Duration = Duration::from_millis(4_500);

/// Gives the work's outcome, or `UNAVAILABLE` when it takes too long. What was begun is then rolled back, or, where
/// the commit was under way, found as known when it is sent again.
pub(crate) async fn within_deadline<T, E: Into<Problem>>(
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Problem> {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(outcome) => outcome.map_err(Into::into),
        Err(_) => {
            tracing::warn!(deadline = ?DEADLINE, "the database did not answer in time");
            Err(Problem::unavailable())
        }
    }
}
