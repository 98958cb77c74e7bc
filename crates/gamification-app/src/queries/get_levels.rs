//! A member looks at the level grid: names, thresholds, and how the members spread over them.

use std::sync::Arc;

use gamification_domain::{LevelConfiguration, LevelDistribution, LevelNumber, MemberKey};

use crate::{access, ports::Queries, queries::ReadError};

/// What the level grid shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    /// The nine levels, and the version of their configuration.
    pub configuration: Arc<LevelConfiguration>,
    /// How the present members spread over them.
    pub distribution: LevelDistribution,
    /// The caller's own level.
    pub current_user_level: LevelNumber,
}

/// Gives a community's levels to one of its members.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_levels(queries: &impl Queries, caller: MemberKey) -> Result<Levels, ReadError> {
    let (own, levels, distribution) = access::member_beside_own(queries.level_distribution(caller).await?)?;
    Ok(Levels { current_user_level: own.level_under(&levels), configuration: levels, distribution })
}
