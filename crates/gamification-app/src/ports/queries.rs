//! Reads. Each costs one round trip, what the caller may see included.

use std::{collections::HashMap, future::Future, sync::Arc};

use gamification_domain::{
    CommunityId, CourseId, DirectoryText, LevelConfiguration, LevelDistribution, LevelNumber, MemberKey,
    MemberStanding, Points, UserId,
};
use time::OffsetDateTime;

use super::{LeaderboardQueries, Membership, StoreError};
use crate::Reader;

/// All reads that the service answers.
pub trait Queries:
    MembershipQueries
    + MemberQueries
    + LevelQueries
    + PointBandQueries
    + LeaderboardQueries
    + CourseQueries
    + RecalculationQueries
    + SchemaQueries
{
}

impl<Q> Queries for Q where
    Q: MembershipQueries
        + MemberQueries
        + LevelQueries
        + PointBandQueries
        + LeaderboardQueries
        + CourseQueries
        + RecalculationQueries
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

/// A course, and what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CourseGate {
    /// The course whose gate is asked for.
    pub course_id: CourseId,
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
