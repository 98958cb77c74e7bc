//! Waiting for what takes a moment.

use std::time::{Duration, Instant};

/// How long a test waits before it gives up; far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Looks again and again until something is so; `what` is said when it never is.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
