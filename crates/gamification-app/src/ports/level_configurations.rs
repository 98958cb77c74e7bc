//! The levels of communities.

use std::future::Future;

use gamification_domain::{CommunityConfiguration, CommunityId, LevelConfiguration, UserId};
use time::OffsetDateTime;

use super::StoreError;

/// Level configurations, which awards read and admins change.
pub trait LevelConfigurationRepository: Send {
    /// Locks the levels and rules of communities against change, without excluding other awards; `defaults` has levels
    /// for each community, which are inserted where the community has none, with the default rules.
    ///
    /// What it gives was read after the lock was taken: what a concurrent change replaced is never seen. Who asked for an
    /// exclusive lock before is let in first, so that awards can't keep a change out.
    fn lock_configurations_shared(
        &mut self,
        defaults: &[LevelConfiguration],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<CommunityConfiguration>, StoreError>> + Send;

    /// Locks a configuration against awards and other changes; `None` when the community is not known.
    fn lock_level_configuration(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<Option<LevelConfiguration>, StoreError>> + Send;

    /// Writes a configuration that is locked, and notes who made its version.
    fn save_level_configuration(
        &mut self,
        configuration: &LevelConfiguration,
        changed_by: UserId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
