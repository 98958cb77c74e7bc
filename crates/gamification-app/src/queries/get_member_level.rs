//! A member or a service looks at a profile: points and level.

use gamification_domain::{
    CommunityId, LevelConfiguration, LevelName, LevelNumber, MemberStanding, Points, UserId,
};

use crate::{
    Reader, access,
    ports::{CommunityView, Queries},
    queries::ReadError,
};

/// A member's points and level, as their profile shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberLevel {
    /// The member, by their id on the platform.
    pub user_id: UserId,
    /// The highest level they ever reached, by the thresholds of now.
    pub level: LevelNumber,
    /// What the community calls it.
    pub level_name: LevelName,
    /// The sum of their ledger, 0 or more.
    pub total_points: Points,
    /// Their way to the next level: shown to themselves and to services only.
    pub progress: Option<LevelProgress>,
}

/// A member's way from their level to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelProgress {
    /// The points that reach their level. By the ratchet they may have fewer.
    pub level_threshold: Points,
    /// What comes next; none at level 9.
    pub next: Option<NextLevel>,
}

/// What the next level takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextLevel {
    /// The points that reach it.
    pub threshold: Points,
    /// How many of them are still to be earned.
    pub points_to_go: Points,
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
            progress: Some(LevelProgress::of(level, member.total_points, levels)),
        }
    }
}

impl LevelProgress {
    fn of(level: LevelNumber, total_points: Points, levels: &LevelConfiguration) -> Self {
        let next = level.next().zip(levels.points_to_next_level(level, total_points));
        Self {
            level_threshold: levels.definition(level).threshold(),
            next: next.map(|(next, points_to_go)| NextLevel {
                threshold: levels.definition(next).threshold(),
                points_to_go,
            }),
        }
    }
}

/// Gives a member's points and level to a member, themselves or another, or to a service.
///
/// A member who left is still shown: points and level wait for their return.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_member_level(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
    user_id: UserId,
) -> Result<MemberLevel, ReadError> {
    let view = queries.member_standings(community_id, reader, &[user_id]).await?;
    let CommunityView { levels, asked, .. } = access::reader(reader, view)?;
    let member = asked.into_iter().next().ok_or(ReadError::MemberNotFound)?;
    let level = MemberLevel::of(member, &levels);
    let progress = level.progress.filter(|_| reader.sees_own_of(user_id));
    Ok(MemberLevel { progress, ..level })
}
