//! What an audit needs: what is stored, as it is stored, at one moment.
//!
//! Nothing is shared with the ports that write. Where only the database can bring two tables together, it says what differs,
//! and at most as much of it as was asked for.

use std::collections::BTreeSet;

use gamification_domain::{CommunityId, MemberKey, UserId};
use time::Date;
use uuid::Uuid;

use super::{StoreError, WindowSums};
use crate::audit::{Finding, Invariant};

/// A store that can be read as it was at one moment: audits begin here.
pub trait Verification: Send + Sync + 'static {
    /// The store as it was at one moment.
    type Snapshot: Snapshot;

    /// Holds on to a moment: whatever is committed later is not seen.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database can't be reached in time.
    fn snapshot(&self) -> impl Future<Output = Result<Self::Snapshot, StoreError>> + Send;
}

/// Communities that follow one another, in order of their ids: the first, and the last.
pub type CommunityRange = (CommunityId, CommunityId);

/// Everything as it was at one moment. A range costs a fixed number of statements, whatever its size.
pub trait Snapshot: Send {
    /// The next communities from `first` on that anything audited is stored of, in order, at most `limit`.
    fn communities(
        &mut self,
        first: CommunityId,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<CommunityId>, StoreError>> + Send;

    /// How many members have points, in a range.
    fn count_members(
        &mut self,
        range: CommunityRange,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The next members who have points, from `first` to the end of the community `last`, in order, at most `limit`.
    fn members(
        &mut self,
        first: MemberKey,
        last: CommunityId,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<StoredMember>, StoreError>> + Send;

    /// Level configurations, by community.
    fn level_configurations(
        &mut self,
        range: CommunityRange,
    ) -> impl Future<Output = Result<Vec<StoredLevelConfiguration>, StoreError>> + Send;

    /// Communities whose members are being leveled up after a change of thresholds.
    fn recalculating(
        &mut self,
        range: CommunityRange,
    ) -> impl Future<Output = Result<BTreeSet<CommunityId>, StoreError>> + Send;

    /// What breaks an invariant that is compared where the data are; nothing of the others, which [`crate::audit`] judges
    /// by what it reads of members and configurations.
    fn findings(
        &mut self,
        invariant: Invariant,
        range: CommunityRange,
        limit: i64,
    ) -> impl Future<Output = Result<Sample<Finding>, StoreError>> + Send;

    /// All that is kept for caps that stand and differs from what follows from the ledger.
    fn wrong_tallies(
        &mut self,
        range: CommunityRange,
    ) -> impl Future<Output = Result<Vec<WrongTally>, StoreError>> + Send;

    /// The level that each of these members was last announced to be at, of those about whom an event is still there.
    fn announced_levels(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> impl Future<Output = Result<Vec<(MemberKey, i64)>, StoreError>> + Send;

    /// Lets go of the moment.
    fn end(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What derived values are repaired from. Members must be locked.
pub trait RepairRepository: Send {
    /// The sum of the ledger, and whether the directory has them as present, by user.
    fn sources_of_truth(
        &mut self,
        members: &BTreeSet<MemberKey>,
    ) -> impl Future<Output = Result<Vec<SourceOfTruth>, StoreError>> + Send;

    /// Computes tallies anew from the ledger.
    fn correct_tallies(
        &mut self,
        wrong: &[WrongTally],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Waits until no other repair changes counts of members, and keeps others waiting until the transaction ends.
    fn lock_level_count_repair(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// By how much a community's counts of present members are off, at one moment.
    fn count_present_members(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<Vec<WrongLevelCount>, StoreError>> + Send;
}

/// Some examples, and how many there are in all.
#[derive(Clone, Debug)]
pub struct Sample<T> {
    /// The first of them, in the order of their keys.
    pub first: Vec<T>,
    /// How many there are in all.
    pub count: u64,
}

impl<T> Default for Sample<T> {
    fn default() -> Self {
        Self { first: Vec::new(), count: 0 }
    }
}

impl<T> Sample<T> {
    /// The same number, told otherwise.
    #[must_use]
    pub fn map<U>(self, told: impl FnMut(T) -> U) -> Sample<U> {
        Sample { first: self.first.into_iter().map(told).collect(), count: self.count }
    }
}

/// A member's points, with what they are derived from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMember {
    /// Whose points these are.
    pub member: MemberKey,
    /// The total, in points.
    pub total_points: i32,
    /// The stored level, unchecked: 1 to 9 where nothing is wrong.
    pub current_level: i16,
    /// Whether they count in the distribution.
    pub is_present: bool,
    /// Whether the directory has them as present.
    pub is_present_in_directory: bool,
    /// The sum of their lines in the ledger, in points.
    pub ledger_points: i64,
    /// How many entries that is.
    pub ledger_entries: i64,
    /// The name they are shown by, where the directory has one.
    pub display_name: Option<String>,
    /// The name they are found by, where it was made already.
    pub search_name: Option<String>,
    /// Their entry on leaderboards, where there are any.
    pub leaderboard: Option<StoredLeaderboardEntry>,
}

/// A member's entry on leaderboards, with what it is derived from, as of the moment that the boards are of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLeaderboardEntry {
    /// The sums that are noted, whether the member is on the boards, and by which key; all 0 and not, where nothing is.
    pub noted: (WindowSums, bool, Vec<u8>),
    /// The sums of the ledger.
    pub due: WindowSums,
    /// Whether they are on the boards by the directory; `None` where it was written since.
    pub is_listed: Option<bool>,
}

/// What a member's derived values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceOfTruth {
    /// The member, by their id on the platform.
    pub user_id: UserId,
    /// The sum of their lines in the ledger, in points.
    pub ledger_points: i64,
    /// Whether the directory has them as present.
    pub is_present: bool,
}

/// A level configuration as it is stored, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLevelConfiguration {
    /// The community whose levels these are.
    pub community_id: CommunityId,
    /// Level and threshold of each entry, in the order they are stored; `None` where there is no whole number.
    pub levels: Vec<(Option<i64>, Option<i64>)>,
}

/// A count of present members that is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongLevelCount {
    /// The community whose members are counted.
    pub community_id: CommunityId,
    /// The stored level of the count, unchecked.
    pub level: i16,
    /// What is noted; 0 when nothing is.
    pub noted: i64,
    /// How many there are.
    pub counted: i64,
}

/// What is kept for a cap, where that is not what the ledger says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongTally {
    /// Who earned it.
    pub member: MemberKey,
    /// Their record of points.
    pub member_points_id: Uuid,
    /// The day in UTC on which it was earned.
    pub day: Date,
    /// What it was earned by: the source's stable name.
    pub source: String,
    /// Whose likes it was earned by; `None` for the sum of all.
    pub liker_id: Option<Uuid>,
    /// The version of the rules that brought the cap.
    pub counted_since: i32,
    /// The points that are noted; 0 when nothing is.
    pub noted: i64,
    /// The points that the ledger says.
    pub due: i64,
}
