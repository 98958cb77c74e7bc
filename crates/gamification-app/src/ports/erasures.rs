//! Users who are erased, and what is left of their ids.

use std::{collections::BTreeSet, future::Future};

use gamification_domain::{CommunityId, MemberKey, MemberPoints, UserId};
use time::OffsetDateTime;

use super::{StoreError, WindowSums};

/// Erasures, as the transactions see them that erase, and those that must not record anything about the erased.
pub trait ErasureRepository: Send {
    /// Which of these users were erased. The transaction must hold the level configurations of their communities: an
    /// erasure excludes awards by them. Where nobody was ever erased, nothing is read.
    fn erased_members(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> impl Future<Output = Result<BTreeSet<MemberKey>, StoreError>> + Send;

    /// Deletes memberships, with role and profile. Their communities must be locked.
    fn delete_memberships(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Notes for ever that users are erased, and until the next sweep has ended which pseudonym stands for each; gives
    /// those who were not erased before. The level configurations of their communities must be locked against awards.
    fn note_erasures(
        &mut self,
        members: &BTreeSet<MemberKey>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<Erased>, StoreError>> + Send;

    /// Locks the points of those of some users who have any, and gives them under the ids that they had.
    fn lock_points_of_erased(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> impl Future<Output = Result<Vec<MemberPoints>, StoreError>> + Send;

    /// Writes the ids, levels and presence of members who are erased, and locked.
    fn save_erased(
        &mut self,
        members: &[MemberPoints],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A user who is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The user, by community and the id that they had.
    pub member: MemberKey,
    /// The id that stands for them from then on. It is random: it tells nothing, not even when it was made.
    pub pseudonym: UserId,
}

/// What a sweep goes through, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepStage {
    /// What is seen of the erased comes first: the boards.
    Leaderboards,
    /// A table, row by row.
    Rows(SweptTable),
}

/// A table that holds ids of users and has no index by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweptTable {
    /// Outgoing events, and their deliveries.
    Outbox,
    /// Entries of the ledger.
    Ledger,
    /// Like switches.
    Likes,
    /// What is counted for caps by their likes.
    Tallies,
}

impl SweepStage {
    /// Every stage, in the order in which a sweep goes through them.
    pub const ALL: [Self; 5] = [
        Self::Leaderboards,
        Self::Rows(SweptTable::Outbox),
        Self::Rows(SweptTable::Ledger),
        Self::Rows(SweptTable::Likes),
        Self::Rows(SweptTable::Tallies),
    ];

    /// The stage that follows; `None` after the last.
    pub(crate) fn next(self) -> Option<Self> {
        Self::ALL.into_iter().skip_while(|stage| *stage != self).nth(1)
    }
}

/// An entry on leaderboards that is still under the id of an erased user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErasedEntry {
    /// The user whose entry it is.
    pub erased: Erased,
    /// The sums of its windows.
    pub sums: WindowSums,
}

/// Sweeps, for the one transaction at a time that works on a community's.
pub trait ErasureSweepRepository: Send {
    /// Locks the sweep of a community, or begins one where users were erased since the last; gives its stage. `None` where
    /// there is nothing to sweep, or another transaction has the sweep.
    fn try_lock_sweep(
        &mut self,
        community_id: CommunityId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<SweepStage>, StoreError>> + Send;

    /// Entries on the boards of a community that are those of erased users. The boards must be locked.
    fn erased_entries(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<Vec<ErasedEntry>, StoreError>> + Send;

    /// Deletes what is left of erased users on the boards, where they are not listed any more, and forgets who of them set
    /// levels and rules.
    fn delete_erased_entries(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Replaces the ids of erased users in the next rows of the stage's table, at most `limit`, and notes how far that is.
    /// Gives whether there may be more.
    fn sweep_rows(
        &mut self,
        community_id: CommunityId,
        table: SweptTable,
        limit: i64,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Begins a stage, with its first row.
    fn begin_stage(
        &mut self,
        community_id: CommunityId,
        stage: SweepStage,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the sweep: the ids that it replaced are known no more.
    fn end_sweep(&mut self, community_id: CommunityId)
    -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Reads of what is left to sweep.
pub trait ErasureQueries: Send + Sync + 'static {
    /// Communities where ids of erased users are still to be replaced, at most `limit`.
    fn communities_to_sweep(
        &self,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<CommunityId>, StoreError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_is_followed_by_the_next_until_the_last() {
        let mut stage = SweepStage::ALL.first().copied();
        for expected in SweepStage::ALL {
            assert_eq!(stage, Some(expected));
            stage = expected.next();
        }
        assert_eq!(stage, None);
    }
}
