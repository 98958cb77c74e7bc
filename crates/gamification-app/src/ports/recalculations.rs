//! Changes of thresholds whose members are still to be leveled up.

use std::future::Future;

use gamification_domain::{CommunityId, LevelConfiguration, LevelNumber, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;

/// Recalculations: at most one for each community.
pub trait RecalculationRepository: Send {
    /// Whether members are still being leveled up after an earlier change. The configuration must be locked.
    fn is_recalculating(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Notes that all members of a community must be leveled up to where its thresholds put them.
    fn insert_recalculation(
        &mut self,
        community_id: CommunityId,
        id: Uuid,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Locks a recalculation, and gives the first member who was not looked at yet; `None` when there is none.
    fn lock_recalculation(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<Option<UserId>, StoreError>> + Send;

    /// Levels the next members up from `first` on, at most as many as `event_ids` has ids for, to where `levels` puts
    /// them; writes a `MemberLeveledUp` for each who levels up. The counts of their levels are for the caller to change.
    fn level_up_members(
        &mut self,
        levels: &LevelConfiguration,
        first: UserId,
        event_ids: Vec<Uuid>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<LevelUps, StoreError>> + Send;

    /// Notes the first member who was not looked at yet, and that so many more were.
    fn save_recalculation(
        &mut self,
        community_id: CommunityId,
        next: UserId,
        looked_at: usize,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes a recalculation: all members have been looked at.
    fn delete_recalculation(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What leveling some members up came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelUps {
    /// The members who reached a higher level.
    pub level_ups: Vec<LevelUp>,
    /// The next member to look at; `None` after the last.
    pub next: Option<UserId>,
}

/// The level-up of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelUp {
    /// The member, by their id on the platform.
    pub user_id: UserId,
    /// The level before the change of thresholds.
    pub old_level: LevelNumber,
    /// The level that their points reach under the new thresholds.
    pub new_level: LevelNumber,
    /// Whether they count in the distribution.
    pub is_present: bool,
}
