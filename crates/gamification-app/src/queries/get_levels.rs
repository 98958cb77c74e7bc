//! A member or a service looks at the level grid: names, thresholds, and how the members spread over them.

use std::sync::Arc;

use gamification_domain::{CommunityId, LevelConfiguration, LevelDistribution, LevelNumber, Role};

use crate::{
    AccessDenied, Reader, access,
    ports::{BesideOwn, CommunityView, LevelSpread, Membership, Queries, RecalculationProgress},
    queries::ReadError,
};

/// What the level grid shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    /// The nine levels, and the version of their configuration.
    pub configuration: Arc<LevelConfiguration>,
    /// How the present members spread over them.
    pub distribution: LevelDistribution,
    /// How far leveling members up after a change of thresholds has come; `None` when it is done.
    pub recalculation: Option<RecalculationProgress>,
    /// The reader's own level and role; none for a service.
    pub own: Option<(LevelNumber, Role)>,
}

/// Gives a community's levels to one of its members, or to a service.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_levels(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
) -> Result<Levels, ReadError> {
    let view = access::reader(reader, queries.level_distribution(community_id, reader).await?)?;
    let CommunityView { membership, levels, asked: BesideOwn { own, asked } } = view;
    let LevelSpread { distribution, recalculation } = asked;
    let own = match membership {
        // Every member has points, from the moment they join.
        Membership::Member(role) => Some((own.ok_or(AccessDenied::NotAMember)?.level_under(&levels), role)),
        Membership::NotAMember => None,
    };
    Ok(Levels { configuration: levels, distribution, recalculation, own })
}
