//! Leaderboards: how the projection follows the ledger.

use std::future::Future;

use gamification_domain::{CommunityId, DirectoryText, MemberKey, SortName, WindowStarts};
use time::OffsetDateTime;

use super::{CommunityRange, StoreError};

/// A place in the order of transactions: those before it have ended, for a place that the store gave.
///
/// Transactions are numbered when they first write, so that one with a smaller number may commit after one with a greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TransactionNumber(
    /// The number of the first transaction that is not before it.
    pub i64,
);

/// How far the boards have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderboardProgress {
    /// What transactions before it wrote is in the boards, and nothing else.
    pub position: TransactionNumber,
    /// Where the windows of the boards begin.
    pub starts: WindowStarts,
    /// All that was committed before this moment is in them.
    pub complete_until: OffsetDateTime,
    /// All that was committed before this moment is in them once they are at this position.
    pub next_complete: Option<(TransactionNumber, OffsetDateTime)>,
}

/// The boards, locked by the transaction that projects them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockedLeaderboards {
    /// How far they have come; `None` when they have to be built from nothing.
    pub progress: Option<LeaderboardProgress>,
    /// Every transaction before it has ended.
    pub all_ended: TransactionNumber,
    /// No transaction from it on had begun to write.
    pub none_begun: TransactionNumber,
    /// The time that it is by the clock of the store.
    pub now: OffsetDateTime,
}

/// What a step of the projection takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaderboardStep {
    /// The transactions from the first on, before the second.
    pub transactions: (TransactionNumber, TransactionNumber),
    /// The windows move from the first to the second.
    pub starts: (WindowStarts, WindowStarts),
}

/// By how much the sums of a member's windows change, in points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowSums {
    /// Of the last 168 hours.
    pub seven_day: i64,
    /// Of the last 720 hours.
    pub thirty_day: i64,
    /// Of all time, in points.
    pub all_time: i64,
}

/// A member as the directory has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryMember {
    /// The member, by community and user.
    pub key: MemberKey,
    /// The name that is shown of them; `None` where the platform told none.
    pub display_name: Option<DirectoryText>,
    /// Whether they are present, and neither hidden nor an admin whom the rules leave out.
    pub is_listed: bool,
}

/// How a member's entry changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryChange {
    /// The member, by community and user.
    pub key: MemberKey,
    /// What their windows gain or lose.
    pub sums: WindowSums,
    /// Whether they are on the boards from then on, and by which name; `None` where that stays.
    pub listing: Option<(SortName, bool)>,
}

/// The boards, for the one transaction at a time that projects them.
pub trait LeaderboardRepository: Send {
    /// Locks the boards; `None` when another transaction has them.
    fn try_lock_leaderboards(
        &mut self,
    ) -> impl Future<Output = Result<Option<LockedLeaderboards>, StoreError>> + Send;

    /// Locks the boards as soon as no other transaction has them.
    fn lock_leaderboards(&mut self) -> impl Future<Output = Result<LockedLeaderboards, StoreError>> + Send;

    /// The next step towards an aim: all of it, or a part that touches about `limit` rows.
    fn next_leaderboard_step(
        &mut self,
        aim: LeaderboardStep,
        limit: i64,
    ) -> impl Future<Output = Result<LeaderboardStep, StoreError>> + Send;

    /// What a step adds to sums, and takes from them, by member.
    fn earned_in_step(
        &mut self,
        step: LeaderboardStep,
    ) -> impl Future<Output = Result<Vec<(MemberKey, WindowSums)>, StoreError>> + Send;

    /// The next members, from `first` on, whose membership or profile was written in a step, in order, at most `limit`.
    fn members_in_step(
        &mut self,
        step: LeaderboardStep,
        first: MemberKey,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<DirectoryMember>, StoreError>> + Send;

    /// Changes entries, each of another member, and moves them on the boards.
    fn change_leaderboard_entries(
        &mut self,
        changes: &[EntryChange],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets the boards of some communities, and sums the ledger anew for everybody who has earned something: nobody is
    /// on the boards then.
    fn reset_leaderboards(
        &mut self,
        range: CommunityRange,
        position: TransactionNumber,
        starts: WindowStarts,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The next members of the directory, from `first` to the end of the community `last`, in order, at most `limit`.
    fn directory_members(
        &mut self,
        first: MemberKey,
        last: CommunityId,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<DirectoryMember>, StoreError>> + Send;

    /// Notes how far the boards have come, and the layout they have.
    fn save_leaderboard_progress(
        &mut self,
        progress: &LeaderboardProgress,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What the stored boards are made like. Another number makes each of them be built anew: raise it when sort keys of names
/// or the meaning of an entry change.
pub const LEADERBOARD_LAYOUT: i32 = 1;
