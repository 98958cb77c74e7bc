//! Reads of a community's rules, and of who changed rules and levels.

use std::future::Future;

use gamification_domain::{CommunityId, CommunityRules, LevelConfiguration, PointSource, SourceRule, UserId};
use time::OffsetDateTime;

use super::{CommunityView, PageSize};
use crate::{Reader, ports::StoreError};

/// A version of levels or rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationVersion<T> {
    /// What it says, and which version it is.
    pub content: T,
    /// The admin who made it; `None` for the defaults, and where it was not noted.
    pub changed_by: Option<UserId>,
    /// When it came into force.
    pub changed_at: OffsetDateTime,
}

/// Which versions are asked for, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// Only versions before this one; from the newest on when `None`.
    pub before: Option<u32>,
    /// The most versions of one part.
    pub size: PageSize,
}

/// What members earned by a source, and what is beyond the caps of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverCaps {
    /// The source that it was earned by.
    pub source: PointSource,
    /// The points that were earned.
    pub earned: u64,
    /// How many of them are beyond the caps.
    pub over: u64,
    /// How many members earned some that are.
    pub members: u64,
}

/// What caps would have taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapsLookedAt {
    /// How many members were looked at, those who earned the most.
    pub members: u64,
    /// For each source by which they earned anything.
    pub sources: Vec<OverCaps>,
}

/// Reads of the rules of a community, and of what caps would do to what was earned.
pub trait RuleQueries: Send + Sync + 'static {
    /// The rules that count; `None` when the community is not known.
    fn community_rules(
        &self,
        community_id: CommunityId,
        reader: Reader,
    ) -> impl Future<Output = Result<Option<CommunityView<CommunityRules>>, StoreError>> + Send;

    /// What members earned since a moment, of those who are highest on the board of thirty days, and what of it is beyond
    /// the caps of `rules`.
    fn over_caps(
        &self,
        community_id: CommunityId,
        rules: &[SourceRule],
        since: OffsetDateTime,
        most_members: u32,
    ) -> impl Future<Output = Result<CapsLookedAt, StoreError>> + Send;
}

/// Who changed rules and levels.
pub trait ConfigurationHistoryQueries: Send + Sync + 'static {
    /// Versions of the rules, newest first; `None` when the community is not known.
    fn rules_versions(
        &self,
        community_id: CommunityId,
        reader: Reader,
        range: VersionRange,
    ) -> impl Future<
        Output = Result<Option<CommunityView<Vec<ConfigurationVersion<CommunityRules>>>>, StoreError>,
    > + Send;

    /// Versions of the levels, newest first; `None` when the community is not known.
    fn levels_versions(
        &self,
        community_id: CommunityId,
        reader: Reader,
        range: VersionRange,
    ) -> impl Future<
        Output = Result<Option<CommunityView<Vec<ConfigurationVersion<LevelConfiguration>>>>, StoreError>,
    > + Send;
}
