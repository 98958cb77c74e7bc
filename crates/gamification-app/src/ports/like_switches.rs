//! The like switches.

use std::{collections::BTreeSet, future::Future};

use gamification_domain::{LikeKey, LikeSwitch};
use time::OffsetDateTime;

use super::StoreError;

/// Like switches. Most that a batch touches are new, so they are inserted with their first state, not before it.
pub trait LikeSwitchRepository: Send {
    /// Locks, in the order of their keys, those that exist.
    fn lock_like_switches(
        &mut self,
        likes: &BTreeSet<LikeKey>,
    ) -> impl Future<Output = Result<Vec<LikeSwitch>, StoreError>> + Send;

    /// Writes switches that did not exist. [`StoreError::Contention`] when another transaction made one meanwhile.
    fn insert_like_switches(
        &mut self,
        switches: &[LikeSwitch],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes switches that are locked.
    fn save_like_switches(
        &mut self,
        switches: &[LikeSwitch],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
