//! Notifies relays of commits.

use std::time::Duration;

use super::Job;
use crate::ports::{CommitAnnouncements, StoreError};

/// Notifies the relays of all processes of the commits of this one.
pub struct CommitAnnouncement<A> {
    announcements: A,
}

impl<A> CommitAnnouncement<A> {
    /// Announces commits through `announcements`.
    #[must_use]
    pub const fn new(announcements: A) -> Self {
        Self { announcements }
    }
}

impl<A: CommitAnnouncements> Job for CommitAnnouncement<A> {
    const NAME: &'static str = "announcing a commit";
    /// Commits that are so close together are announced once.
    const PERIOD: Duration = Duration::from_millis(10);

    async fn run_once(&mut self) -> Result<(), StoreError> {
        self.announcements.announce_next_commit().await
    }
}
