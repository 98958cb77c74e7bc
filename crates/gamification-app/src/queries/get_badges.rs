//! A feed shows the badges of many members at once.

use gamification_domain::{LevelName, LevelNumber, MemberKey, MemberStanding, UserId};

use crate::{access, ports::Queries, queries::ReadError};

/// What an avatar wears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// The member whose badge it is.
    pub user_id: UserId,
    /// The highest level they ever reached, by the thresholds of now.
    pub level: LevelNumber,
    /// What the community calls it.
    pub level_name: LevelName,
}

/// Gives the badges of users, in the order asked; users whom the community never had are left out.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_badges(
    queries: &impl Queries,
    caller: MemberKey,
    users: &[UserId],
) -> Result<Vec<Badge>, ReadError> {
    let (levels, asked) = access::member(queries.member_standings(caller, users).await?)?;
    let badge = |member: MemberStanding| {
        let level = member.level_under(&levels);
        Badge { user_id: member.user_id, level, level_name: levels.definition(level).name().clone() }
    };
    Ok(asked.into_iter().map(badge).collect())
}
