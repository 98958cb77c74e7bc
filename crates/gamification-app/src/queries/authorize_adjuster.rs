//! May the caller adjust points? Asked before what they sent is looked at.

use gamification_domain::{CommunityId, UserId};
use uuid::Uuid;

use crate::{AccessDenied, access, ports::Queries, queries::ReadError};

/// The caller of an adjustment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjuster {
    /// A user, who must be an admin of the community.
    Admin(UserId),
    /// A service of the platform; the user that it names itself by, where it does.
    Service(Option<UserId>),
}

impl Adjuster {
    pub(crate) const fn user_id(self) -> Option<UserId> {
        match self {
            Self::Admin(user_id) => Some(user_id),
            Self::Service(user_id) => user_id,
        }
    }
}

/// Lets admins of the community through, and services in every community that is known.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn authorize_adjuster(
    queries: &impl Queries,
    community_id: CommunityId,
    adjuster: Adjuster,
) -> Result<(), ReadError> {
    let user_id = adjuster.user_id().unwrap_or(UserId::new(Uuid::nil()));
    let membership = queries.membership((community_id, user_id)).await?;
    match adjuster {
        Adjuster::Admin(_) => access::admin(membership)?,
        Adjuster::Service(_) => membership.map(drop).ok_or(AccessDenied::CommunityNotFound)?,
    }
    Ok(())
}
