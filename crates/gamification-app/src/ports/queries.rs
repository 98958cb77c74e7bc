//! Reads. Each costs one round trip, what the caller may see included.

use std::{future::Future, sync::Arc};

use gamification_domain::{
    CommunityId, CourseId, LevelConfiguration, LevelDistribution, LevelNumber, MemberKey, MemberStanding,
    UserId,
};
use time::OffsetDateTime;

use super::{Membership, StoreError};

/// All reads that the service answers.
pub trait Queries:
    MembershipQueries + MemberQueries + LevelQueries + CourseQueries + RecalculationQueries + SchemaQueries
{
}

impl<Q> Queries for Q where
    Q: MembershipQueries
        + MemberQueries
        + LevelQueries
        + CourseQueries
        + RecalculationQueries
        + SchemaQueries
{
}

/// A community as one of its users may see it; everything about it comes from one moment.
#[derive(Clone, Debug)]
pub struct CommunityView<T> {
    /// What the caller is in it.
    pub membership: Membership,
    /// The community's levels, shared by all views of the same version.
    pub levels: Arc<LevelConfiguration>,
    /// What was asked for.
    pub asked: T,
}

/// What was asked for, and how the caller stands.
#[derive(Clone, Debug)]
pub struct BesideOwn<T> {
    /// The caller's points and level; `None` for a user whom the community never had.
    pub own: Option<MemberStanding>,
    /// What was asked for.
    pub asked: T,
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
        caller: MemberKey,
        users: &[UserId],
    ) -> impl Future<Output = Result<Option<CommunityView<Vec<MemberStanding>>>, StoreError>> + Send;
}

/// Reads of a community's levels, and of its members' standings.
pub trait LevelQueries: Send + Sync + 'static {
    /// How the members spread over the levels; `None` when the community is not known.
    fn level_distribution(
        &self,
        caller: MemberKey,
    ) -> impl Future<Output = Result<Option<CommunityView<BesideOwn<LevelDistribution>>>, StoreError>> + Send;
}

/// Courses and their gates.
pub trait CourseQueries: Send + Sync + 'static {
    /// The courses listed in the community, by id: all, or those of `courses`; `None` when the community is not known.
    fn course_gates(
        &self,
        caller: MemberKey,
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
