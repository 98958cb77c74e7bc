//! A member looks at the level grid: names, thresholds, and how the members spread over them.

use gamification_domain::{LevelConfiguration, LevelDistribution, LevelNumber, MemberKey};

use crate::{
    access::{self, AccessDenied},
    ports::{CommunityView, Queries, StoreError},
};

/// What the level grid shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels {
    /// The nine levels, and the version of their configuration.
    pub configuration: LevelConfiguration,
    /// How the present members spread over them.
    pub distribution: LevelDistribution,
    /// The caller's own level.
    pub current_user_level: LevelNumber,
}

/// Why there is nothing to show, in the order it is checked.
#[derive(Debug, thiserror::Error)]
pub enum GetLevelsError {
    /// The caller may not.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives a community's levels to one of its members.
///
/// # Errors
/// [`GetLevelsError`], the first that applies.
pub async fn get_levels(queries: &impl Queries, caller: MemberKey) -> Result<Levels, GetLevelsError> {
    let (own, view) = access::member(queries.level_distribution(caller).await?)?;
    let CommunityView { levels, asked, .. } = view;
    Ok(Levels { current_user_level: own.level_under(&levels), configuration: levels, distribution: asked })
}
