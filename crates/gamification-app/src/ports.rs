//! What the application needs from a database, in its own words; one file for each subject.
//!
//! Write ports live on a transaction, which *is* the unit of work; dropping it without [`UnitOfWork::commit`] rolls
//! back. Every method takes whole sets, so that a batch costs a fixed number of statements.
//!
//! **Lock order**, everywhere: recalculations → sweeps → leaderboards → communities → community members → courses → level
//! configurations, and rules with them → member points, and tallies with them → like switches → level counts → outbox, and by
//! key within each. A transaction that locks otherwise can deadlock with an award.

mod channels;
mod community_rules;
mod configurations;
mod course_level_requirements;
mod deliveries;
mod directory;
mod erasures;
mod event_feed;
mod leaderboards;
mod ledger;
mod like_switches;
mod member_names;
mod outbox;
mod outbox_upkeep;
mod queries;
mod recalculations;
mod repository;
mod statistics;
mod verification;

use std::{
    collections::{BTreeSet, HashMap},
    error::Error,
    future::Future,
    num::NonZeroUsize,
};

use gamification_domain::CommunityId;

pub use channels::{ChannelName, ChannelQueries, ChannelRepository, InvalidChannelName};
pub use community_rules::CommunityRulesRepository;
pub use configurations::{ConfigurationLock, ConfigurationRepository};
pub use course_level_requirements::CourseLevelRequirementRepository;
pub use deliveries::{CommitAnnouncements, Deliveries, DeliveryFailure, PendingEvent, RelayLease};
pub use directory::{DirectoryRepository, Membership};
pub use erasures::{
    Erased, ErasedEntry, ErasureQueries, ErasureRepository, ErasureSweepRepository, SweepStage, SweptTable,
};
pub use event_feed::{EventFeed, EventFeeds, FedEvent};
pub use leaderboards::{
    DirectoryMember, EntryChange, LEADERBOARD_LAYOUT, LeaderboardProgress, LeaderboardRepository,
    LeaderboardStep, LockedLeaderboards, TransactionNumber, WindowSums,
};
pub use ledger::{LedgerRepository, LockedAwards};
pub use like_switches::LikeSwitchRepository;
pub use member_names::MemberNames;
pub use outbox::{Outbox, OutboxEvent};
pub use outbox_upkeep::{ChannelBacklog, OutboxUpkeep, ParkedEvent, SweptEvents};
pub use queries::{
    AdjustmentEntry, AdjustmentQueries, BesideOwn, Board, BoardMember, BoardPart, BoardPlace, Boards,
    CapsLookedAt, CommunityProfile, CommunityQueries, CommunityView, ConfigurationHistoryQueries,
    ConfigurationVersion, CourseGate, CourseQueries, ExportQueries, GivenLike, GivenLikes, HistoryEntry,
    HistoryOrder, HistoryPage, HistoryPosition, HistoryRange, LeaderboardQueries, LevelQueries, LevelSpread,
    LikePosition, ListedMember, MemberHistory, MemberPlace, MemberQueries, MemberRange, MembersWithin,
    MembershipQueries, OverCaps, PageSize, PointBandQueries, PointBands, PointHistoryQueries, Queries,
    RecalculationProgress, RecalculationQueries, RuleQueries, SchemaQueries, StoredMembership, StoredProfile,
    VersionRange,
};
pub use recalculations::{LevelUp, LevelUps, RecalculationRepository};
pub use repository::Repository;
pub use statistics::{PlannerStatistics, Statistics};
pub use verification::{
    CommunityRange, RepairRepository, Sample, Snapshot, SourceOfTruth, StoredLeaderboardEntry,
    StoredLevelConfiguration, StoredMember, Verification, WrongLevelCount, WrongTally,
};

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The change contradicts a rule that the database guards.
    #[error("a rule of the database refuses the change ({constraint})")]
    Conflict {
        /// The name of the unique key, foreign key or check in the schema.
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

/// A store of everything that commands change: transactions begin here.
pub trait Store: Clone + Send + Sync + 'static {
    /// A transaction, with all repositories.
    type Tx: UnitOfWork;

    /// Begins a transaction; dropped without a commit, it is rolled back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database can't be reached in time.
    fn begin(&self) -> impl Future<Output = Result<Self::Tx, StoreError>> + Send;

    /// Whether it may lie on several machines, each with some of the communities.
    fn is_partitioned(&self) -> bool {
        false
    }

    /// Where each of some communities is. A transaction that records facts of several must have all of them in one partition;
    /// otherwise it may be refused, as [`StoreError::Contention`]. A community may move at any time, with all that it has.
    ///
    /// A store that is not partitioned is one partition.
    ///
    /// # Errors
    /// [`StoreError`] when the database can't be asked.
    fn partitions(
        &self,
        communities: &BTreeSet<CommunityId>,
    ) -> impl Future<Output = Result<HashMap<CommunityId, Partition>, StoreError>> + Send {
        let all = communities.iter().map(|community_id| (*community_id, Partition::default())).collect();
        std::future::ready(Ok(all))
    }

    /// How many transactions one caller may have under way that could begin any number: others need some, too.
    fn transactions_at_once(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

/// A part of a store that lies on one machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(pub u64);

/// A transaction with all write ports.
pub trait UnitOfWork:
    DirectoryRepository
    + ConfigurationRepository
    + CommunityRulesRepository
    + RecalculationRepository
    + LedgerRepository
    + LikeSwitchRepository
    + CourseLevelRequirementRepository
    + Outbox
    + ChannelRepository
    + LeaderboardRepository
    + ErasureRepository
    + ErasureSweepRepository
    + RepairRepository
{
    /// Makes everything durable at once. After an error it is unknown whether that happened.
    fn commit(self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes everything back, and gives the connection to others at once: for a command that ends early with nothing
    /// to write. (A transaction that is dropped costs its connection.)
    fn rollback(self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
