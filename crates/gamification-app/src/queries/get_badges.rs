//! A feed shows the badges of many members at once.

use std::collections::HashMap;

use gamification_domain::{LevelName, LevelNumber, MemberKey, MemberPoints, UserId};

use crate::{
    access::{self, AccessDenied},
    ports::{CommunityView, Queries, StoreError},
};

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

/// Why there is nothing to show, in the order it is checked.
#[derive(Debug, thiserror::Error)]
pub enum GetBadgesError {
    /// The caller may not.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives the badges of users, in the order asked; users whom the community never had are left out.
///
/// # Errors
/// [`GetBadgesError`], the first that applies.
pub async fn get_badges(
    queries: &impl Queries,
    caller: MemberKey,
    users: &[UserId],
) -> Result<Vec<Badge>, GetBadgesError> {
    let (_, view) = access::member(queries.member_points(caller, users).await?)?;
    let CommunityView { levels, asked, .. } = view;
    let members: HashMap<UserId, MemberPoints> =
        asked.into_iter().map(|member| (member.user_id(), member)).collect();
    let badge = |user_id: &UserId| {
        let level = members.get(user_id)?.level_under(&levels);
        Some(Badge { user_id: *user_id, level, level_name: levels.definition(level).name().clone() })
    };
    Ok(users.iter().filter_map(badge).collect())
}
