//! What the application needs from a database, in its own words.
//!
//! Write ports live on a transaction, which *is* the unit of work; dropping it without [`UnitOfWork::commit`] rolls
//! back. Every method takes whole sets, so that a batch costs a fixed number of statements.
//!
//! **Lock order**, everywhere: recalculations → communities → community members → courses → level configurations →
//! member points → like switches → level counts → outbox, and by key within each. Whoever locks otherwise can deadlock
//! with an award.

mod deliveries;
mod verification;

use std::{collections::BTreeSet, error::Error, future::Future};

use gamification_domain::{
    AwardedKeys, Community, CommunityId, CommunityMember, Course, CourseCommunities, CourseId, CourseKey,
    CourseLevelRequirement, DomainEvent, LevelConfiguration, LevelCountChange, LevelDistribution,
    LevelNumber, LikeKey, LikeSwitch, MemberKey, MemberPoints, OnceOnlyKey, PointTransaction, Role, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

pub use deliveries::{Backlog, Deliveries, ParkedEvent, PendingEvent, DeliveryFailure, RelayLease};
pub use verification::{
    BrokenEvent, CommunityRange, SourceOfTruth, RepairRepository, RepeatedContent, RepeatedLesson, Sample, Snapshot,
    StoredLevelConfiguration, StoredMember, Verification, WrongLevelCount, WrongLike,
};

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The change contradicts a rule that the database guards.
    #[error("a rule of the database refuses the change ({constraint})")]
    Conflict {
        /// The rule's name.
        constraint: String,
    },
    /// Another transaction was in the way; the whole command may be tried again.
    #[error("another transaction was in the way")]
    Contention(#[source] BoxedError),
    /// The database can't be reached, or took too long.
    #[error("the database is not available")]
    Unavailable(#[source] BoxedError),
    /// What is stored can't be understood, or a statement is wrong: a fault of ours.
    #[error("the database and the program disagree")]
    Corrupt(#[source] BoxedError),
}

/// A cause from below the ports, for the log.
pub type BoxedError = Box<dyn Error + Send + Sync>;

/// Where transactions begin.
pub trait Store: Send + Sync + 'static {
    /// A transaction.
    type Tx: UnitOfWork;

    /// Begins one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database can't be reached in time.
    fn begin(&self) -> impl Future<Output = Result<Self::Tx, StoreError>> + Send;
}

/// A transaction with all write ports.
pub trait UnitOfWork:
    DirectoryRepository
    + LevelConfigurationRepository
    + RecalculationRepository
    + MemberPointsRepository
    + LikeSwitchRepository
    + LevelCountRepository
    + CourseLevelRequirementRepository
    + Outbox
    + RepairRepository
{
    /// Makes everything durable at once. After an error it is unknown whether that happened.
    fn commit(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Who is in which community, and which courses exist.
pub trait DirectoryRepository: Send {
    /// What a user is in a community, and whether that is known at all.
    fn membership(&mut self, user: MemberKey) -> impl Future<Output = Result<Membership, StoreError>> + Send;

    /// Whether the community lists this course. It stays so until the transaction ends.
    fn lock_course_shared(&mut self, course: CourseKey) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Where these courses are known.
    fn course_communities(
        &mut self,
        courses: &BTreeSet<CourseId>,
    ) -> impl Future<Output = Result<CourseCommunities, StoreError>> + Send;

    /// Locks communities, created where missing.
    fn lock_communities(
        &mut self,
        communities: &BTreeSet<CommunityId>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<Community>, StoreError>> + Send;

    /// Locks memberships, created (absent, without a role) where missing.
    fn lock_community_members(
        &mut self,
        members: &BTreeSet<MemberKey>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<CommunityMember>, StoreError>> + Send;

    /// Locks courses, created (not listed) where missing.
    fn lock_courses(
        &mut self,
        courses: &BTreeSet<CourseKey>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<Course>, StoreError>> + Send;

    /// Writes communities that are locked.
    fn save_communities(
        &mut self,
        communities: &[Community],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes memberships that are locked.
    fn save_community_members(
        &mut self,
        members: &[CommunityMember],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes courses that are locked.
    fn save_courses(
        &mut self,
        courses: &[Course],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The levels of communities.
pub trait LevelConfigurationRepository: Send {
    /// Locks the configurations of communities against change, without excluding other awards. `default_for` makes
    /// one where it is missing.
    ///
    /// What it gives was read after the lock was taken: thresholds that a concurrent change replaced are never seen.
    fn lock_level_configurations_shared(
        &mut self,
        communities: &BTreeSet<CommunityId>,
        default_for: impl Fn(CommunityId) -> LevelConfiguration + Send,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<LevelConfiguration>, StoreError>> + Send;
}

/// Changes of levels, and of thresholds for all members.
pub trait RecalculationRepository: Send {
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

    /// Whether members are still being lifted after an earlier change. The configuration must be locked.
    fn is_recalculating(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Notes that all members of a community must be lifted to where its thresholds put them.
    fn insert_recalculation(
        &mut self,
        community_id: CommunityId,
        id: Uuid,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Locks what is noted, and gives the first member who was not looked at yet; `None` when nothing is noted.
    fn lock_recalculation(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<Option<UserId>, StoreError>> + Send;

    /// Lifts the next members from `first` on, at most as many as `event_ids` has ids for, to where `levels` puts them;
    /// writes a `MemberLeveledUp` and the change of counts for each who rises.
    fn level_up_members(
        &mut self,
        levels: &LevelConfiguration,
        first: UserId,
        event_ids: Vec<Uuid>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<LevelUps, StoreError>> + Send;

    /// Notes the first member who was not looked at yet.
    fn save_recalculation(
        &mut self,
        community_id: CommunityId,
        next: UserId,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// All members have been looked at.
    fn delete_recalculation(
        &mut self,
        community_id: CommunityId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What lifting some members came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelUps {
    /// Who rose.
    pub level_ups: Vec<LevelUp>,
    /// Who is next; `None` when nobody is left.
    pub next: Option<UserId>,
}

/// A member who rose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelUp {
    /// Who.
    pub user_id: UserId,
    /// The level before.
    pub old_level: LevelNumber,
    /// The level now.
    pub new_level: LevelNumber,
}

/// How many present members each level has.
pub trait LevelCountRepository: Send {
    /// Adds changes to the counts.
    fn change_level_counts(
        &mut self,
        changes: &[LevelCountChange],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The levels that courses ask for.
pub trait CourseLevelRequirementRepository: Send {
    /// Writes a requirement in place of an earlier one.
    fn put_course_level_requirement(
        &mut self,
        requirement: &CourseLevelRequirement,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes a requirement, if there is one.
    fn delete_course_level_requirement(
        &mut self,
        course: CourseKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Members' totals and levels, and the ledger behind them.
pub trait MemberPointsRepository: Send {
    /// Locks members; `new` makes one where it is missing.
    fn lock_member_points(
        &mut self,
        members: &BTreeSet<MemberKey>,
        new: impl Fn(MemberKey) -> MemberPoints + Send,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<MemberPoints>, StoreError>> + Send;

    /// Which of these awards are in the ledger. The members concerned must be locked.
    fn awarded_keys(
        &mut self,
        keys: &BTreeSet<OnceOnlyKey>,
    ) -> impl Future<Output = Result<AwardedKeys, StoreError>> + Send;

    /// Writes totals and levels of members that are locked.
    fn save_member_points(
        &mut self,
        members: &[MemberPoints],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Appends to the ledger. [`StoreError::Contention`] when another transaction made the same award meanwhile.
    fn append_transactions(
        &mut self,
        transactions: &[PointTransaction],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The like switches.
pub trait LikeSwitchRepository: Send {
    /// Locks those that exist.
    fn lock_like_switches(
        &mut self,
        likes: &BTreeSet<LikeKey>,
    ) -> impl Future<Output = Result<Vec<LikeSwitch>, StoreError>> + Send;

    /// Writes switches that did not exist. [`StoreError::Contention`] when another transaction made one meanwhile.
    fn insert_like_switches(
        &mut self,
        switches: &[LikeSwitch],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes switches that are locked.
    fn save_like_switches(
        &mut self,
        switches: &[LikeSwitch],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A domain event on its way out.
#[derive(Clone, Debug)]
pub struct OutboxEvent {
    /// The id it is delivered under, every time.
    pub id: Uuid,
    /// What happened.
    pub event: DomainEvent,
}

/// Events that leave with the transaction that caused them.
pub trait Outbox: Send {
    /// Appends events, in order.
    fn append_events(
        &mut self,
        events: &[OutboxEvent],
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What a user is in a community.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// No event named this community.
    CommunityUnknown,
    /// Not a member, or not any more.
    NotAMember,
    /// A member, with this role.
    Member(Role),
}

/// A community as one of its users may see it; everything about it comes from one moment.
#[derive(Clone, Debug)]
pub struct CommunityView<T> {
    /// The caller's role, while they are a member.
    pub role: Option<Role>,
    /// The caller's own points, if the community ever had them.
    pub own: Option<MemberPoints>,
    /// The community's levels.
    pub levels: LevelConfiguration,
    /// What was asked for.
    pub asked: T,
}

/// A course, and what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CourseGate {
    /// Which course.
    pub course_id: CourseId,
    /// The lowest level that gets in; everybody does when `None`.
    pub minimum_level: Option<LevelNumber>,
}

/// Reads. Each costs one round trip, what the caller may see included; `None` when the community is not known.
pub trait Queries: Send + Sync + 'static {
    /// What a user is in a community.
    fn membership(&self, user: MemberKey) -> impl Future<Output = Result<Membership, StoreError>> + Send;

    /// Members' points, of those whom the community ever had, in no order.
    fn member_points(
        &self,
        caller: MemberKey,
        users: &[UserId],
    ) -> impl Future<Output = Result<Option<CommunityView<Vec<MemberPoints>>>, StoreError>> + Send;

    /// How the members spread over the levels.
    fn level_distribution(
        &self,
        caller: MemberKey,
    ) -> impl Future<Output = Result<Option<CommunityView<LevelDistribution>>, StoreError>> + Send;

    /// The courses listed in the community, by id: all, or those of `courses`.
    fn course_gates(
        &self,
        caller: MemberKey,
        courses: Option<&[CourseId]>,
    ) -> impl Future<Output = Result<Option<CommunityView<Vec<CourseGate>>>, StoreError>> + Send;

    /// Communities whose members are being lifted after a change of thresholds, and where nobody has gone on since
    /// `idle_since`.
    fn idle_recalculations(
        &self,
        idle_since: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<CommunityId>, StoreError>> + Send;

    /// Whether the database can be reached and has the schema that this program was built for.
    fn schema_is_current(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// What operators are told of everything that is stored.
pub trait Statistics: Send + Sync + 'static {
    /// How many present members each level has, over all communities; levels that nobody ever had may be left out.
    fn members_by_level(&self) -> impl Future<Output = Result<Vec<(LevelNumber, u64)>, StoreError>> + Send;
}
