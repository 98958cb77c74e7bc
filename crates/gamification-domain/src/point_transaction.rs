//! The lines of the ledger, and the keys that keep a fact from being written twice.

use std::collections::HashSet;

use time::OffsetDateTime;

use crate::{
    CommunityId, EventId, MemberPointsId, PointChange, PointSource, PointTransactionId, SourceId, UserId,
};

/// One line of the append-only ledger: what changed a member's total, by how much, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointTransaction {
    /// Its id.
    pub id: PointTransactionId,
    /// In which community.
    pub community_id: CommunityId,
    /// Whose points.
    pub member_points_id: MemberPointsId,
    /// The amount that was applied.
    pub change: PointChange,
    /// What the points are for.
    pub source: PointSource,
    /// Which post, comment or lesson.
    pub source_id: SourceId,
    /// Who did it: the author, the liker, or the member who completed the lesson.
    pub actor_id: UserId,
    /// The event that brought it.
    pub event_id: EventId,
    /// When it happened; never after `created_at`.
    pub occurred_at: OffsetDateTime,
    /// When it was recorded.
    pub created_at: OffsetDateTime,
}

/// What may be awarded only once: a post or comment by its own identity, a lesson for each member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OnceOnlyKey {
    /// In which community.
    pub community_id: CommunityId,
    /// The source of the points.
    pub source: PointSource,
    /// Which post, comment or lesson.
    pub source_id: SourceId,
    /// The member, where each member earns on their own.
    pub user_id: Option<UserId>,
}

impl OnceOnlyKey {
    /// The key of an award; none for a like, which may be given and taken back again and again.
    #[must_use]
    pub const fn of(
        community_id: CommunityId,
        source: PointSource,
        source_id: SourceId,
        user_id: UserId,
    ) -> Option<Self> {
        let user_id = match source {
            PointSource::PostCreated | PointSource::CommentCreated => None,
            PointSource::LessonCompleted => Some(user_id),
            PointSource::PostLiked | PointSource::CommentLiked => return None,
        };
        Some(Self { community_id, source, source_id, user_id })
    }
}

/// The once-only keys that are in the ledger already, as far as the facts at hand touch them.
#[derive(Clone, Debug, Default)]
pub struct AwardedKeys(HashSet<OnceOnlyKey>);

impl AwardedKeys {
    /// Whether this key was awarded.
    #[must_use]
    pub fn contains(&self, key: &OnceOnlyKey) -> bool {
        self.0.contains(key)
    }

    /// Remembers an award.
    pub fn insert(&mut self, key: OnceOnlyKey) {
        self.0.insert(key);
    }
}

impl FromIterator<OnceOnlyKey> for AwardedKeys {
    fn from_iter<I: IntoIterator<Item = OnceOnlyKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}
