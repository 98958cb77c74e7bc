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
    let view = queries.level_distribution(community_id, reader).await?;
    let role = view.as_ref().map(|CommunityView { membership, .. }| *membership);
    let (levels, BesideOwn { own, asked }) = access::reader(reader, view)?;
    let LevelSpread { distribution, recalculation } = asked;
    let own = match (reader, role) {
        (Reader::User(_), Some(Membership::Member(role))) => {
            // Every member has points, from the moment they join.
            let own = own.ok_or(AccessDenied::NotAMember)?;
            Some((own.level_under(&levels), role))
        }
        _ => None,
    };
    Ok(Levels { configuration: levels, distribution, recalculation, own })
}
