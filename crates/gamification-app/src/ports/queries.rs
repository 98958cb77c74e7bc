//! Reads. Each costs one round trip, what the caller may see included.

use std::{collections::HashMap, future::Future, sync::Arc};

use gamification_domain::{
    Adjustment, AdjustmentId, AdjustmentReason, CommunityId, CourseId, DirectoryText, LevelConfiguration,
    LevelDistribution, LevelNumber, MemberKey, MemberStanding, PointChange, PointSource, PointTransactionId,
    Points, SourceId, UserId,
};
use time::OffsetDateTime;

use super::{
    CommunityQueries, ConfigurationHistoryQueries, ErasureQueries, ExportQueries, LeaderboardQueries,
    Membership, RuleQueries, StoreError,
};
use crate::Reader;

/// All reads that the service answers.
pub trait Queries:
    MembershipQueries
    + MemberQueries
    + PointHistoryQueries
    + AdjustmentQueries
    + LevelQueries
    + RuleQueries
    + ConfigurationHistoryQueries
    + PointBandQueries
    + LeaderboardQueries
    + CommunityQueries
    + CourseQueries
    + RecalculationQueries
    + ErasureQueries
    + ExportQueries
    + SchemaQueries
{
}

impl<Q> Queries for Q where
    Q: MembershipQueries
        + MemberQueries
        + PointHistoryQueries
        + AdjustmentQueries
        + LevelQueries
        + RuleQueries
        + ConfigurationHistoryQueries
        + PointBandQueries
        + LeaderboardQueries
        + CommunityQueries
        + CourseQueries
        + RecalculationQueries
        + ErasureQueries
        + ExportQueries
        + SchemaQueries
{
}

/// A community as one of its users may see it; everything about it comes from one moment.
#[derive(Clone, Debug)]
pub struct CommunityView<T> {
    /// What the reader is in it: `NotAMember` for a service.
    pub membership: Membership,
    /// The community's levels, shared by all views of the same version.
    pub levels: Arc<LevelConfiguration>,
    /// What was asked for.
    pub asked: T,
}

/// What was asked for, and how the reader stands.
#[derive(Clone, Debug)]
pub struct BesideOwn<T> {
    /// The reader's points and level; `None` for a service, and for a user whom the community never had.
    pub own: Option<MemberStanding>,
    /// What was asked for.
    pub asked: T,
}

/// How the members of a community spread over its levels.
#[derive(Clone, Debug)]
pub struct LevelSpread {
    /// How many present members each level has.
    pub distribution: LevelDistribution,
    /// How far leveling them up after a change of thresholds has come; `None` when it is done.
    pub recalculation: Option<RecalculationProgress>,
}

/// How far a recalculation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecalculationProgress {
    /// How many members were looked at.
    pub done: u64,
    /// How many there were to look at when it began.
    pub of: u64,
}

/// Members of a community whose totals lie in the same band, for each level that is stored of them.
#[derive(Clone, Debug, Default)]
pub struct PointBands {
    /// The version of the community's levels at that moment; `None` when it has none.
    pub version: Option<u32>,
    /// The bands in which there are members.
    pub bands: Vec<MembersWithin>,
}

/// Present members at one stored level with totals in one band.
#[derive(Clone, Debug)]
pub struct MembersWithin {
    /// The level that is stored of them.
    pub current_level: LevelNumber,
    /// The place of the band among the totals that it was asked with.
    pub band: usize,
    /// How many they are.
    pub members: u32,
    /// Some of them, as many as were asked for.
    pub sample: Vec<UserId>,
}

/// Which part of a member's history is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRange {
    /// Where it begins; with the first entry of the order when `None`.
    pub after: Option<HistoryPosition>,
    /// Which way it goes from there.
    pub order: HistoryOrder,
    /// What the entries are for; whatever they are for when `None`.
    pub source: Option<PointSource>,
    /// How many entries it has at most.
    pub size: PageSize,
}

/// Which entries of a member's history come first. The order is that of their ids, in which they were recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryOrder {
    /// The last that was recorded.
    NewestFirst,
    /// The first that was recorded.
    OldestFirst,
}

/// A place between two entries of a member's history. Sums go on from it, so that what is before it is not read again, and
/// what is recorded meanwhile does not move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryPosition {
    /// The entry that the place is behind, in the order that is read.
    pub entry: PointTransactionId,
    /// The sum of all entries that are older than the place. One that clients kept must fit an `i32`, as totals do: so sums
    /// never leave the range of their type.
    pub total: i64,
}

/// How many entries a page has at most: 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u8);

impl PageSize {
    /// The largest page: 100 entries.
    pub const MAX: Self = Self(100);

    /// Takes a number from 1 to 100; `None` for any other.
    #[must_use]
    pub fn new(number: usize) -> Option<Self> {
        let number = u8::try_from(number).ok()?;
        (1..=Self::MAX.0).contains(&number).then_some(Self(number))
    }

    /// The number, 1 to 100.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for PageSize {
    /// 20 entries.
    fn default() -> Self {
        Self(20)
    }
}

/// A member, and a part of their history.
#[derive(Clone, Debug)]
pub struct MemberHistory {
    /// How the member stands at the moment of the read.
    pub member: MemberStanding,
    /// The part that was asked for; `None` when it was to begin behind an entry that is not the member's.
    pub page: Option<HistoryPage>,
}

/// A part of a member's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// The entries, in the order that was asked for. Where a source was asked for, they may be fewer than fit, or none,
    /// although others follow: only so many are looked at for one page.
    pub entries: Vec<HistoryEntry>,
    /// Where the next part begins; `None` when there is none.
    pub next: Option<HistoryPosition>,
}

/// An entry of the ledger, and what it made of the member's total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The entry's own id.
    pub id: PointTransactionId,
    /// By how much the total changed.
    pub change: PointChange,
    /// What the points are for.
    pub source: PointSource,
    /// The post, comment, lesson or adjustment.
    pub source_id: SourceId,
    /// The author, the liker, the member who completed the lesson, or who adjusted the points; the nil UUID where a service did
    /// that names no user.
    pub actor_id: UserId,
    /// When it happened; never after `recorded_at`.
    pub occurred_at: OffsetDateTime,
    /// When it was recorded.
    pub recorded_at: OffsetDateTime,
    /// The sum of the entries up to this one.
    pub total_after: Points,
    /// Whether a cap of the community's rules left less of it than it is worth.
    pub is_capped: bool,
    /// Why, where a person adjusted the points.
    pub reason: Option<AdjustmentReason>,
}

/// An adjustment that is in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdjustmentEntry {
    /// What was asked for.
    pub adjustment: Adjustment,
    /// What came of it.
    pub entry: HistoryEntry,
}

/// A course, and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourseGate {
    /// The course whose gate is asked for.
    pub course_id: CourseId,
    /// What it is called, where the platform told that.
    pub title: Option<DirectoryText>,
    /// The lowest level that gets in; everybody does when `None`.
    pub minimum_level: Option<LevelNumber>,
}

/// Who is in a community.
pub trait MembershipQueries: Send + Sync + 'static {
    /// What a user is in a community; `None` when it is not known.
    fn membership(
        &self,
        user: MemberKey,
    ) -> impl Future<Output = Result<Option<Membership>, StoreError>> + Send;
}

/// Members' points and levels.
pub trait MemberQueries: Send + Sync + 'static {
    /// How members stand, in the order asked, without users whom the community never had; `None` when the community is
    /// not known.
    fn member_standings(
        &self,
        community_id: CommunityId,
        reader: Reader,
        users: &[UserId],
    ) -> impl Future<Output = Result<Option<CommunityView<Vec<MemberStanding>>>, StoreError>> + Send;
}

/// Reads of a community's levels.
pub trait LevelQueries: Send + Sync + 'static {
    /// How the members spread over the levels, and how far leveling them up has come; `None` when the community is not
    /// known.
    fn level_distribution(
        &self,
        community_id: CommunityId,
        reader: Reader,
    ) -> impl Future<Output = Result<Option<CommunityView<BesideOwn<LevelSpread>>>, StoreError>> + Send;
}

/// Adjustments, by their ids.
pub trait AdjustmentQueries: Send + Sync + 'static {
    /// An adjustment; `None` when there is none of the id.
    fn adjustment(
        &self,
        community_id: CommunityId,
        adjustment_id: AdjustmentId,
    ) -> impl Future<Output = Result<Option<AdjustmentEntry>, StoreError>> + Send;
}

/// How members came to their points.
pub trait PointHistoryQueries: Send + Sync + 'static {
    /// A part of a member's history, with their total and their level at the same moment; what is asked for is `None` for a
    /// user whom the community never had, and all of it when the community is not known.
    ///
    /// It costs the same wherever in the history it is.
    fn point_history(
        &self,
        community_id: CommunityId,
        reader: Reader,
        user_id: UserId,
        range: HistoryRange,
    ) -> impl Future<Output = Result<Option<CommunityView<Option<MemberHistory>>>, StoreError>> + Send;
}

/// What a change of thresholds depends on.
pub trait PointBandQueries: Send + Sync + 'static {
    /// How many present members have totals from each of these on, up to the next, with at most `sample` of them; `from`
    /// rises and begins with 0.
    fn members_within(
        &self,
        community_id: CommunityId,
        from: &[Points],
        sample: usize,
    ) -> impl Future<Output = Result<PointBands, StoreError>> + Send;

    /// The names that are shown of users, of those who have one.
    fn display_names(
        &self,
        community_id: CommunityId,
        users: &[UserId],
    ) -> impl Future<Output = Result<HashMap<UserId, DirectoryText>, StoreError>> + Send;
}

/// Courses and their gates.
pub trait CourseQueries: Send + Sync + 'static {
    /// The courses listed in the community, by id: all, or those of `courses`, beside how the member stands whose access
    /// is asked for; `None` when the community is not known.
    fn course_gates(
        &self,
        member: MemberKey,
        courses: Option<&[CourseId]>,
    ) -> impl Future<Output = Result<Option<CommunityView<BesideOwn<Vec<CourseGate>>>>, StoreError>> + Send;
}

/// Recalculations that were left.
pub trait RecalculationQueries: Send + Sync + 'static {
    /// Communities whose members are to be leveled up, and where nobody has worked on it since `idle_since`.
    fn idle_recalculations(
        &self,
        idle_since: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<CommunityId>, StoreError>> + Send;
}

/// Reads of the schema itself, for readiness.
pub trait SchemaQueries: Send + Sync + 'static {
    /// Whether the database can be reached and has the schema that this program was built for.
    fn schema_is_current(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
