//! The entries of the ledger, and the keys that keep a fact from being awarded twice.

use std::collections::HashSet;

use time::OffsetDateTime;

use crate::{
    Adjustment, CommunityId, EventId, MemberPointsId, OnceScope, PointChange, PointSource,
    PointTransactionId, Points, SourceId, UserId,
};

/// One entry of the append-only ledger: what changed a member's total, by how much, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointTransaction {
    /// UUIDv7, given when it was recorded.
    pub id: PointTransactionId,
    /// The community whose ledger this is.
    pub community_id: CommunityId,
    /// The member whose total changed.
    pub member_points_id: MemberPointsId,
    /// The amount that was really applied, which may be less than what was asked to be deducted, and than what an award was
    /// worth.
    pub change: PointChange,
    /// What it was worth by the rules.
    pub worth: Points,
    /// The version of the community's rules that it was judged by.
    pub rules_version: u32,
    /// What the points are for.
    pub source: PointSource,
    /// The post, comment, lesson or adjustment.
    pub source_id: SourceId,
    /// The author, the liker, the member who completed the lesson, or who adjusted the points.
    pub actor_id: UserId,
    /// The fact or the adjustment that it was posted for.
    pub cause: EntryCause,
    /// Among which entries this one is the only one; `None` for what may be repeated.
    pub once_scope: Option<OnceScope>,
    /// When it happened; never after `created_at`.
    pub occurred_at: OffsetDateTime,
    /// When it was recorded, by the clock of the process.
    pub created_at: OffsetDateTime,
}

/// Why an entry was posted to the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryCause {
    /// A fact that this event of the platform told.
    Fact(EventId),
    /// A person adjusted the total.
    Adjustment {
        /// The event that told it, or the key that the request was sent with.
        event_id: EventId,
        /// What was to be added or taken, which may be more than there was to take, and why.
        adjustment: Adjustment,
    },
}

impl EntryCause {
    /// Whether a person asked for it: it has its entry then, however many points there were to take.
    #[must_use]
    pub const fn is_adjustment(&self) -> bool {
        match self {
            Self::Fact(_) => false,
            Self::Adjustment { .. } => true,
        }
    }
}

/// What may be awarded only once: a source and its content, within a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OnceOnlyKey {
    /// The community whose ledger holds the award.
    pub community_id: CommunityId,
    /// What the points are for.
    pub source: PointSource,
    /// The post, comment or lesson.
    pub source_id: SourceId,
    /// Among which awards it may be made once.
    pub scope: OnceScope,
}

impl OnceOnlyKey {
    /// The key of an award to a member by the source's rule; `None` where it may be repeated.
    #[must_use]
    pub fn of(
        community_id: CommunityId,
        source: PointSource,
        source_id: SourceId,
        member: UserId,
    ) -> Option<Self> {
        let scope = source.rule().once_per.scope(member)?;
        Some(Self { community_id, source, source_id, scope })
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
}

impl Extend<OnceOnlyKey> for AwardedKeys {
    fn extend<I: IntoIterator<Item = OnceOnlyKey>>(&mut self, keys: I) {
        self.0.extend(keys);
    }
}

impl FromIterator<OnceOnlyKey> for AwardedKeys {
    fn from_iter<I: IntoIterator<Item = OnceOnlyKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}
