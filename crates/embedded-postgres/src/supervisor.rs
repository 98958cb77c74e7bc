//! Starting the server again when it has stopped.

use std::{
    error::Error as _,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinHandle, time::sleep};

use crate::cluster::Cluster;

/// How often the server's process is looked at.
const WATCH: Duration = Duration::from_millis(500);
/// The pause after the first restart that failed or did not last; the next ones are twice as long each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest of those pauses.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A server that ran for so long has come up well.
const STABLE: Duration = Duration::from_secs(10);

/// The task that supervises a server; it ends when this is dropped. A server that it is launching is killed then, before
/// the start lock is released.
#[derive(Debug)]
pub(crate) struct Supervisor(JoinHandle<()>);

impl Supervisor {
    pub(crate) fn start(cluster: Arc<Cluster>) -> Self {
        Self(tokio::spawn(supervise(cluster)))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn supervise(cluster: Arc<Cluster>) {
    let mut pauses = Pauses::default();
    loop {
        let since = Instant::now();
        while cluster.is_running() {
            sleep(WATCH).await;
        }
        tracing::warn!("embedded PostgreSQL has stopped; starting it again");
        pauses.ran_for(since.elapsed());
        sleep(pauses.next()).await;
        while let Err(error) = cluster.restart().await {
            let pause = pauses.next();
            tracing::error!(
                %error,
                cause = error.source(),
                ?pause,
                "embedded PostgreSQL could not be started; trying again"
            );
            sleep(pause).await;
        }
        tracing::info!("embedded PostgreSQL is running again");
    }
}

/// The pauses before restarts: each twice the one before, until the server runs for [`STABLE`].
#[derive(Default)]
struct Pauses {
    next: Duration,
}

impl Pauses {
    /// The first restart follows at once.
    fn ran_for(&mut self, lifetime: Duration) {
        if lifetime >= STABLE {
            self.next = Duration::ZERO;
        }
    }

    fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_follows_at_once_and_those_that_do_not_last_ever_later() {
        let mut pauses = Pauses::default();
        let milliseconds = |pauses: &mut Pauses| [(); 8].map(|()| pauses.next().as_millis());
        assert_eq!(milliseconds(&mut pauses), [0, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        pauses.ran_for(STABLE - Duration::from_millis(1));
        assert_eq!(pauses.next(), LONGEST_PAUSE);
        pauses.ran_for(STABLE);
        assert_eq!(pauses.next(), Duration::ZERO);
    }
}
