//! The levels of communities.

use std::future::Future;

use gamification_domain::{CommunityId, LevelConfiguration};
use time::OffsetDateTime;

use super::StoreError;

/// Level configurations, which awards read and admins change.
pub trait LevelConfigurationRepository: Send {
    /// Locks the configurations of communities against change, without excluding other awards; `defaults` has one for
    /// each community, which is inserted where the community has none.
    ///
    /// What it gives was read after the lock was taken: thresholds that a concurrent change replaced are never seen.
    fn lock_level_configurations_shared(
        &mut self,
        defaults: &[LevelConfiguration],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<LevelConfiguration>, StoreError>> + Send;

    /// Locks a configuration against awards and other changes; `None` when the community is not known.
    fn lock_level_configuration(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<Option<LevelConfiguration>, StoreError>> + Send;

    /// Writes a configuration that is locked.
    fn save_level_configuration(
        &mut self,
        configuration: &LevelConfiguration,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
