//! What is stored about one member, for them to take away.

use std::future::Future;

use gamification_domain::{CommunityId, Content, MemberKey, MemberStanding, Profile, Role, UserId};
use time::OffsetDateTime;

use super::CommunityView;
use crate::{Reader, ports::StoreError};

/// A member as the directory and their points have them.
#[derive(Clone, Debug)]
pub struct StoredProfile {
    /// Their points, and their level as it was last judged.
    pub standing: MemberStanding,
    /// What the directory has; `None` for who earned points and was never in it.
    pub membership: Option<StoredMembership>,
}

/// A membership as the directory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMembership {
    /// Whether they are a member now.
    pub is_present: bool,
    /// When they joined, or left, by the newest event about that.
    pub changed_at: Option<OffsetDateTime>,
    /// When an event first told of them.
    pub known_since: OffsetDateTime,
    /// Their role, by the newest event about that.
    pub role: Role,
    /// The name and picture that the directory has of them.
    pub profile: Profile,
}

/// A place between two likes, in the order in which a community's likes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LikePosition {
    /// The post or comment whose like the place is behind.
    pub content: Content,
    /// The user whose like it is.
    pub liker_id: UserId,
}

/// A like that a member gave, or took back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenLike {
    /// The post or comment that was liked.
    pub content: Content,
    /// Who has its points while it is on; `None` where it was taken back.
    pub author_id: Option<UserId>,
    /// When it was given or taken back.
    pub changed_at: OffsetDateTime,
}

/// Likes that a member gave, among those that were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenLikes {
    /// Their likes, in order; there may be none although others follow.
    pub likes: Vec<GivenLike>,
    /// Where to look on; `None` at the end.
    pub next: Option<LikePosition>,
}

/// Reads of all that is stored about one member.
pub trait ExportQueries: Send + Sync + 'static {
    /// A member, with their profile; what is asked for is `None` for a user whom the community never had, and all of it when
    /// the community is not known.
    fn stored_profile(
        &self,
        community_id: CommunityId,
        reader: Reader,
        user_id: UserId,
    ) -> impl Future<Output = Result<Option<CommunityView<Option<StoredProfile>>>, StoreError>> + Send;

    /// The likes that a member gave, among the next `limit` of the community's: no index finds them, since it would cost every
    /// like.
    fn likes_given(
        &self,
        member: MemberKey,
        after: Option<LikePosition>,
        limit: i64,
    ) -> impl Future<Output = Result<GivenLikes, StoreError>> + Send;
}
