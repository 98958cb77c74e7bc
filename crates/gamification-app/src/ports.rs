//! What the application needs from a database, in its own words.
//!
//! Write ports live on a transaction, which *is* the unit of work; dropping it without [`UnitOfWork::commit`] rolls
//! back. Every method takes whole sets, so that a batch costs a fixed number of statements.
//!
//! **Lock order**, everywhere: communities → community members → courses → level configurations → member points →
//! like switches → outbox, and by key within each. Whoever locks otherwise can deadlock with an award.

use std::{collections::BTreeSet, error::Error, future::Future};

use gamification_domain::{
    AwardedKeys, Community, CommunityId, CommunityMember, Course, CourseHomes, CourseId, CourseKey,
    DomainEvent, LevelConfiguration, LikeKey, LikeSwitch, MemberKey, MemberPoints, OnceOnlyKey,
    PointTransaction, Role, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

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
    DirectoryRepository + LevelConfigurationRepository + MemberPointsRepository + LikeSwitchRepository + Outbox
{
    /// Makes everything durable at once. After an error it is unknown whether that happened.
    fn commit(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Who is in which community, and which courses exist.
pub trait DirectoryRepository: Send {
    /// Where these courses are known.
    fn course_homes(
        &mut self,
        courses: &BTreeSet<CourseId>,
    ) -> impl Future<Output = Result<CourseHomes, StoreError>> + Send;

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
    fn share_level_configurations(
        &mut self,
        communities: &BTreeSet<CommunityId>,
        default_for: impl Fn(CommunityId) -> LevelConfiguration + Send,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<LevelConfiguration>, StoreError>> + Send;
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

/// What a member level is made of; everything about it comes from one moment.
#[derive(Clone, Debug)]
pub struct MemberLevelRecord {
    /// The caller's role, while they are a member.
    pub caller_role: Option<Role>,
    /// The member asked for, if the community ever had them.
    pub member: Option<MemberPoints>,
    /// The community's levels.
    pub levels: LevelConfiguration,
}

/// Reads. Each costs one round trip, what the caller may see included.
pub trait Queries: Send + Sync + 'static {
    /// A member's points and level; `None` when the community is not known.
    fn member_level(
        &self,
        community_id: CommunityId,
        caller_id: UserId,
        user_id: UserId,
    ) -> impl Future<Output = Result<Option<MemberLevelRecord>, StoreError>> + Send;

    /// Whether the database can be reached and has the schema that this program was built for.
    fn schema_is_current(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
