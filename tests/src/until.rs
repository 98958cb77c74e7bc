//! Waiting for what takes a moment: the one way to do so, with an end.

use std::time::{Duration, Instant};

/// How long a test waits before it gives up; far longer than anything takes, on a machine with other things to do, too.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until something is so, and gives how long that took; `what` is said when it never is.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(PAUSE).await;
    }
    started.elapsed()
}

/// The same in a thread of its own, where nothing can be awaited.
pub fn block_until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(PAUSE);
    }
    started.elapsed()
}
