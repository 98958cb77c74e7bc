//! The rules of communities, which awards read together with levels and admins change.

use std::{collections::BTreeSet, future::Future};

use gamification_domain::{CommunityId, CommunityRules, UserId};
use time::OffsetDateTime;

use super::StoreError;

/// The rules of communities, as admins change them. Awards read them with
/// [`lock_configurations_shared`](super::LevelConfigurationRepository::lock_configurations_shared): the lock is that of
/// the levels.
pub trait CommunityRulesRepository: Send {
    /// Whether a community leaves its admins out of leaderboards, read without a lock.
    fn excludes_admins(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Lets leaderboards look again whether a community's admins are on them, and gives who they are. The lock on members
    /// comes before that on rules.
    fn touch_admins(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<BTreeSet<UserId>, StoreError>> + Send;

    /// A community's present admins, read without a lock.
    fn admins(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<BTreeSet<UserId>, StoreError>> + Send;

    /// Locks a community's levels and rules against awards and other changes; `None` when the community is not known.
    fn lock_community_rules(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<Option<CommunityRules>, StoreError>> + Send;

    /// Writes rules that are locked, and notes who made their version.
    fn save_community_rules(
        &mut self,
        rules: &CommunityRules,
        changed_by: UserId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
