//! A member or a service pages through the members of a community, or looks for some by name.

use gamification_domain::{CommunityId, LevelNumber};

use crate::{
    Reader, access,
    ports::{BesideOwn, CommunityView, ListedMember, MemberPlace, MemberRange, Queries},
    queries::ReadError,
};

/// Part of the list of members.
#[derive(Clone, Debug)]
pub struct Members {
    /// Present members by name, each with the level that the thresholds of now make of their points.
    pub members: Vec<(ListedMember, LevelNumber)>,
    /// Where the next part begins; `None` at the end.
    pub next: Option<MemberPlace>,
}

/// Gives a part of the list of members to one of them, or to a service.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn list_members(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
    range: &MemberRange,
) -> Result<Members, ReadError> {
    let view = queries.members(community_id, reader, range).await?;
    let CommunityView { levels, asked: BesideOwn { asked: members, .. }, .. } = access::reader(reader, view)?;
    let is_full = members.len() >= usize::from(range.size.get());
    let next = members.last().filter(|_| is_full).map(|last| last.place.clone());
    let leveled = |member: ListedMember| {
        let level = member.standing.level_under(&levels);
        (member, level)
    };
    Ok(Members { members: members.into_iter().map(leveled).collect(), next })
}
