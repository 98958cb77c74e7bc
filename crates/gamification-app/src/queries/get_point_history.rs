//! A member, an admin or a service looks at how a member came to their points.

use std::sync::Arc;

use gamification_domain::{CommunityId, LevelConfiguration, MemberStanding, UserId};

use crate::{
    Reader, access,
    ports::{CommunityView, HistoryPage, HistoryRange, MemberHistory, Queries},
    queries::ReadError,
};

/// A part of a member's history, and where it led to.
#[derive(Clone, Debug)]
pub struct PointHistory {
    /// The community's levels, as they are now.
    pub levels: Arc<LevelConfiguration>,
    /// The member's points, and their level as it was last judged.
    pub member: MemberStanding,
    /// The entries that were asked for.
    pub page: HistoryPage,
}

/// Gives a part of a member's history to themselves, to an admin, or to a service.
///
/// A member who left is still shown: points and level wait for their return.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_point_history(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
    user_id: UserId,
    range: HistoryRange,
) -> Result<PointHistory, ReadError> {
    let view = queries.point_history(community_id, reader, user_id, range).await?;
    let CommunityView { levels, asked, .. } = access::own_or_admin(reader, user_id, view)?;
    let MemberHistory { member, page } = asked.ok_or(ReadError::MemberNotFound)?;
    let page = page.ok_or(ReadError::PositionNotFound)?;
    Ok(PointHistory { levels, member, page })
}
