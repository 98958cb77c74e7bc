//! The shape that repositories of aggregates have, where an aggregate is locked alone and exists before it is changed.
//!
//! Two aggregates are kept otherwise. A [`LikeSwitch`](gamification_domain::LikeSwitch) mostly comes into being with the
//! event that turns it on: inserting it before it is locked would write each row twice
//! ([`LikeSwitchRepository`](super::LikeSwitchRepository)). A
//! [`LevelConfiguration`](gamification_domain::LevelConfiguration) has two strengths of lock: awards share it, and only a
//! change of thresholds excludes them ([`ConfigurationRepository`](super::ConfigurationRepository)).

use std::future::Future;

use gamification_domain::Aggregate;
use time::OffsetDateTime;

use super::StoreError;

/// Keeps aggregates of one kind.
///
/// Each method takes a whole set and costs a fixed number of statements, whatever its size.
pub trait Repository<A: Aggregate>: Send {
    /// Locks, in the order of their keys, the aggregates that have the keys of `wanted`, and gives them as they are
    /// stored. Where there is none, the one in `wanted` is inserted first.
    fn lock(
        &mut self,
        wanted: &[A],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<A>, StoreError>> + Send;

    /// Writes aggregates that are locked.
    fn save(
        &mut self,
        changed: &[A],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
