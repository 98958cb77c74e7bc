//! A feed shows the badges of many members at once.

use std::collections::HashMap;

use gamification_domain::{LevelName, LevelNumber, MemberKey, MemberPoints, UserId};

use crate::{access, ports::Queries, queries::ReadError};

/// What an avatar wears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// Whose.
    pub user_id: UserId,
    /// Their level.
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
    let (_, levels, asked) = access::member(queries.member_points(caller, users).await?)?;
    let members: HashMap<UserId, MemberPoints> =
        asked.into_iter().map(|member| (member.user_id(), member)).collect();
    let badge = |user_id: &UserId| {
        let level = members.get(user_id)?.level_under(&levels);
        Some(Badge { user_id: *user_id, level, level_name: levels.definition(level).name().clone() })
    };
    Ok(users.iter().filter_map(badge).collect())
}
