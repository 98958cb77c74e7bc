//! Reads, one file for each subject. Each costs one round trip, what the caller may see included.
//!
//! What only a job reads of its own work is beside its write port: [`ErasureQueries`].

mod community;
mod courses;
mod exports;
mod history;
mod leaderboards;
mod levels;
mod rules;
mod schema;

use std::sync::Arc;

use gamification_domain::{LevelConfiguration, MemberStanding};

use super::{ErasureQueries, Membership};

pub use community::{
    CommunityProfile, CommunityQueries, ListedMember, MemberPlace, MemberQueries, MemberRange,
    MembershipQueries,
};
pub use courses::{CourseGate, CourseQueries};
pub use exports::{ExportQueries, GivenLike, GivenLikes, LikePosition, StoredMembership, StoredProfile};
pub use history::{
    AdjustmentEntry, AdjustmentQueries, HistoryEntry, HistoryOrder, HistoryPage, HistoryPosition,
    HistoryRange, MemberHistory, PointHistoryQueries,
};
pub use leaderboards::{Board, BoardMember, BoardPart, BoardPlace, Boards, LeaderboardQueries};
pub use levels::{
    LevelQueries, LevelSpread, MembersWithin, PointBandQueries, PointBands, RecalculationProgress,
    RecalculationQueries,
};
pub use rules::{
    CapsLookedAt, ConfigurationHistoryQueries, ConfigurationVersion, OverCaps, RuleQueries, VersionRange,
};
pub use schema::SchemaQueries;

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
    /// The answer of the query itself, without what is beside it here.
    pub asked: T,
}

/// The answer of a query, and the points and level of the reader.
#[derive(Clone, Debug)]
pub struct BesideOwn<T> {
    /// The reader's points and level; `None` for a service, and for a user whom the community never had.
    pub own: Option<MemberStanding>,
    /// The answer of the query itself, without what is beside it here.
    pub asked: T,
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
