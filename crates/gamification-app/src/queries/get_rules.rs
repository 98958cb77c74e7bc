//! An admin or a service looks at what a community's members earn points by, and at who changed it.

use gamification_domain::{CommunityId, CommunityRules, LevelConfiguration};

use crate::{
    Reader, access,
    ports::{ConfigurationVersion, Queries, VersionRange},
    queries::ReadError,
};

/// Gives a community's rules to one of its admins, or to a service.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_rules(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
) -> Result<CommunityRules, ReadError> {
    let view = queries.community_rules(community_id, reader).await?;
    Ok(access::admin_or_service(reader, view)?.asked)
}

/// Versions of something, newest first, and where older ones begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions<T> {
    /// The versions, newest first.
    pub versions: Vec<ConfigurationVersion<T>>,
    /// The version that others are older than; `None` when there are none.
    pub next: Option<u32>,
}

/// Gives the versions of a community's rules to one of its admins, or to a service.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_rules_history(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
    range: VersionRange,
) -> Result<Versions<CommunityRules>, ReadError> {
    let view = queries.rules_versions(community_id, reader, range).await?;
    let view = access::admin_or_service(reader, view)?;
    Ok(versions(view.asked, CommunityRules::version))
}

/// The same for its levels.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_levels_history(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
    range: VersionRange,
) -> Result<Versions<LevelConfiguration>, ReadError> {
    let view = queries.levels_versions(community_id, reader, range).await?;
    let view = access::admin_or_service(reader, view)?;
    Ok(versions(view.asked, LevelConfiguration::version))
}

/// The first version is the oldest there is.
fn versions<T>(versions: Vec<ConfigurationVersion<T>>, number: impl Fn(&T) -> u32) -> Versions<T> {
    let next = versions.last().map(|version| number(&version.content)).filter(|oldest| *oldest > 1);
    Versions { versions, next }
}
