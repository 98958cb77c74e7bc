//! A member or a service looks at a community, and a member at themselves in it.

use gamification_domain::{CommunityId, Profile, Role, UserId};

use crate::{
    Reader, access,
    ports::{BesideOwn, CommunityProfile, CommunityView, Membership, Queries},
    queries::ReadError,
};

/// What is shown of a community.
#[derive(Clone, Debug)]
pub struct Community {
    /// What the platform calls it, and how many members are present.
    pub profile: CommunityProfile,
    /// The reader, with their role; none for a service.
    pub reader: Option<(UserId, Role, Profile)>,
}

/// Gives a community to one of its members, or to a service.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_community(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
) -> Result<Community, ReadError> {
    let view = queries.community_profile(community_id, reader).await?;
    let CommunityView { membership, asked: BesideOwn { asked: mut profile, .. }, .. } =
        access::reader(reader, view)?;
    let reader = match (reader.user_id(), membership, profile.own.take()) {
        (Some(user_id), Membership::Member(role), Some(own)) => Some((user_id, role, own)),
        _ => None,
    };
    Ok(Community { profile, reader })
}
