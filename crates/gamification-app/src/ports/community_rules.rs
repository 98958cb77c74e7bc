//! The rules of communities, which awards read together with levels and admins change.

use std::{collections::BTreeSet, future::Future};

use gamification_domain::{CommunityId, CommunityRules, UserId};
use time::OffsetDateTime;

use super::StoreError;

/// What a change of rules reads and writes beside them. They are locked together with the levels
/// ([`ConfigurationRepository`](super::ConfigurationRepository)).
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

    /// Writes rules that are locked, and notes who made their version.
    fn save_community_rules(
        &mut self,
        rules: &CommunityRules,
        changed_by: UserId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
