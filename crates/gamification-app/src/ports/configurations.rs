//! The configurations of communities: levels, and rules.

use std::future::Future;

use gamification_domain::{CommunityConfiguration, CommunityId, LevelConfiguration, UserId};
use time::OffsetDateTime;

use super::StoreError;

/// Whom a lock of configurations excludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigurationLock {
    /// Changes and erasures: awards hold it.
    Shared,
    /// Awards, too: changes and erasures hold it.
    Exclusive,
}

/// The levels and rules of communities, which awards read and admins change.
///
/// What a lock gives was read after it was taken: what a concurrent change replaced is never seen. Who asked for an exclusive
/// lock before is let in first, so that awards can't keep a change out.
pub trait ConfigurationRepository: Send {
    /// Locks the configurations of communities; `defaults` has levels for each, which are inserted where the community has
    /// none, with the default rules.
    fn lock_configurations(
        &mut self,
        lock: ConfigurationLock,
        defaults: &[LevelConfiguration],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<CommunityConfiguration>, StoreError>> + Send;

    /// Locks a community's configuration exclusively; `None` when the community is not known.
    fn lock_configuration(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<Option<CommunityConfiguration>, StoreError>> + Send;

    /// Writes levels that are locked, and notes who made its version.
    fn save_level_configuration(
        &mut self,
        configuration: &LevelConfiguration,
        changed_by: UserId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
