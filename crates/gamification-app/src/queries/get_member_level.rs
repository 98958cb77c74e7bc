//! A member looks at a profile: points and level.

use gamification_domain::{
    LevelConfiguration, LevelName, LevelNumber, MemberKey, MemberStanding, Points, UserId,
};

use crate::{access, ports::Queries, queries::ReadError};

/// What a profile shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberLevel {
    /// Whose level this is.
    pub user_id: UserId,
    /// The highest level they ever reached, by the thresholds of now.
    pub level: LevelNumber,
    /// What the community calls it.
    pub level_name: LevelName,
    /// The sum of their ledger, 0 or more.
    pub total_points: Points,
    /// What they need for the next level: on one's own profile only, and none at level 9.
    pub points_to_next_level: Option<Points>,
}

impl MemberLevel {
    /// A member's own record. While a change of thresholds is still working through the members, the rule is ahead of
    /// what is stored.
    #[must_use]
    pub fn of(member: MemberStanding, levels: &LevelConfiguration) -> Self {
        let level = member.level_under(levels);
        Self {
            user_id: member.user_id,
            level,
            level_name: levels.definition(level).name().clone(),
            total_points: member.total_points,
            points_to_next_level: levels.points_to_next_level(level, member.total_points),
        }
    }
}

/// Gives a member's points and level to another member, or to themselves.
///
/// A member who left is still shown: points and level wait for their return.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_member_level(
    queries: &impl Queries,
    caller: MemberKey,
    user_id: UserId,
) -> Result<MemberLevel, ReadError> {
    let (levels, asked) = access::member(queries.member_standings(caller, &[user_id]).await?)?;
    let member = asked.into_iter().next().ok_or(ReadError::MemberNotFound)?;
    let level = MemberLevel::of(member, &levels);
    let points_to_next_level = level.points_to_next_level.filter(|_| caller.1 == user_id);
    Ok(MemberLevel { points_to_next_level, ..level })
}
