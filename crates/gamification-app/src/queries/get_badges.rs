//! A feed shows the badges of many members at once.

use gamification_domain::{CommunityId, LevelName, LevelNumber, MemberStanding, UserId};

use crate::{
    Reader, access,
    ports::{CommunityView, Queries},
    queries::ReadError,
};

/// The level of a member, as it is shown on their avatar.
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
    community_id: CommunityId,
    reader: Reader,
    users: &[UserId],
) -> Result<Vec<Badge>, ReadError> {
    let view = queries.member_standings(community_id, reader, users).await?;
    let CommunityView { levels, asked, .. } = access::reader(reader, view)?;
    let badge = |member: MemberStanding| {
        let level = member.level_under(&levels);
        Badge { user_id: member.user_id, level, level_name: levels.definition(level).name().clone() }
    };
    Ok(asked.into_iter().map(badge).collect())
}
