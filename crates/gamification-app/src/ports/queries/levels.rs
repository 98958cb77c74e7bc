//! Reads of a community's levels, and of what a change of them does.

use std::{collections::HashMap, future::Future};

use gamification_domain::{CommunityId, DirectoryText, LevelDistribution, LevelNumber, Points, UserId};
use time::OffsetDateTime;

use super::{BesideOwn, CommunityView};
use crate::{Reader, ports::StoreError};

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
    /// The number of these members, 1 or more.
    pub members: u32,
    /// Some of them, as many as were asked for.
    pub sample: Vec<UserId>,
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

/// Reads of recalculations that no process works on.
pub trait RecalculationQueries: Send + Sync + 'static {
    /// Communities whose members are to be leveled up, and where no process has worked on that since `idle_since`.
    fn idle_recalculations(
        &self,
        idle_since: OffsetDateTime,
    ) -> impl Future<Output = Result<Vec<CommunityId>, StoreError>> + Send;
}
