//! What the service tells the world.

use crate::{CommunityId, LevelName, LevelNumber, PointSource, Points, UserId};

/// Something that happened to a member's points or level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainEvent {
    /// A member earned points.
    PointsAwarded {
        /// The member, by their id as a user of the platform.
        member_id: UserId,
        /// In which community.
        community_id: CommunityId,
        /// How many points.
        points: Points,
        /// The total after them.
        new_total: Points,
        /// What they are for.
        source: PointSource,
    },
    /// Points were taken back from a member.
    PointsDeducted {
        /// The member, by their id as a user of the platform.
        member_id: UserId,
        /// In which community.
        community_id: CommunityId,
        /// How many points.
        points: Points,
        /// The total after them.
        new_total: Points,
        /// What they had been for.
        source: PointSource,
    },
    /// A member reached a higher level; one award may skip levels.
    MemberLeveledUp {
        /// The member, by their id as a user of the platform.
        member_id: UserId,
        /// In which community.
        community_id: CommunityId,
        /// The level before.
        old_level: LevelNumber,
        /// The level now.
        new_level: LevelNumber,
        /// What the community calls it.
        new_level_name: LevelName,
    },
}

impl DomainEvent {
    /// The stable name of its type.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PointsAwarded { .. } => "PointsAwarded",
            Self::PointsDeducted { .. } => "PointsDeducted",
            Self::MemberLeveledUp { .. } => "MemberLeveledUp",
        }
    }

    /// In which community it happened.
    #[must_use]
    pub const fn community_id(&self) -> CommunityId {
        match self {
            Self::PointsAwarded { community_id, .. }
            | Self::PointsDeducted { community_id, .. }
            | Self::MemberLeveledUp { community_id, .. } => *community_id,
        }
    }

    /// The member whom it happened to.
    #[must_use]
    pub const fn member_id(&self) -> UserId {
        match self {
            Self::PointsAwarded { member_id, .. }
            | Self::PointsDeducted { member_id, .. }
            | Self::MemberLeveledUp { member_id, .. } => *member_id,
        }
    }
}
