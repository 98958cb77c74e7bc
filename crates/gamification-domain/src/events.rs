//! What the service tells the world.

use crate::{CommunityId, LevelName, LevelNumber, PointSource, Points, UserId};

/// A member earned points, or was given some by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointsAwarded {
    /// The member, by their id as a user of the platform.
    pub member_id: UserId,
    /// The community it belongs to.
    pub community_id: CommunityId,
    /// The amount, at least 1 point.
    pub points: Points,
    /// The member's total after that, 0 or more.
    pub new_total: Points,
    /// The source that they were awarded for.
    pub source: PointSource,
}

/// Points were taken back from a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointsDeducted {
    /// The member, by their id as a user of the platform.
    pub member_id: UserId,
    /// The community it belongs to.
    pub community_id: CommunityId,
    /// The amount, at least 1 point.
    pub points: Points,
    /// The member's total after that, 0 or more.
    pub new_total: Points,
    /// What they had been for.
    pub source: PointSource,
}

/// A member reached a higher level; one award may skip levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberLeveledUp {
    /// The member, by their id as a user of the platform.
    pub member_id: UserId,
    /// The community it belongs to.
    pub community_id: CommunityId,
    /// The level before it, 1 to 8.
    pub old_level: LevelNumber,
    /// The level after it, 2 to 9.
    pub new_level: LevelNumber,
    /// What the community calls it.
    pub new_level_name: LevelName,
}

/// Something that happened to a member's points or level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainEvent {
    /// Points were added to a total.
    PointsAwarded(PointsAwarded),
    /// Points were taken from a total.
    PointsDeducted(PointsDeducted),
    /// A member reached a higher level.
    MemberLeveledUp(MemberLeveledUp),
}

impl DomainEvent {
    /// The stable name of its type.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PointsAwarded(_) => "PointsAwarded",
            Self::PointsDeducted(_) => "PointsDeducted",
            Self::MemberLeveledUp(_) => "MemberLeveledUp",
        }
    }

    /// In which community it happened.
    #[must_use]
    pub const fn community_id(&self) -> CommunityId {
        match self {
            Self::PointsAwarded(event) => event.community_id,
            Self::PointsDeducted(event) => event.community_id,
            Self::MemberLeveledUp(event) => event.community_id,
        }
    }

    /// The member whom it happened to.
    #[must_use]
    pub const fn member_id(&self) -> UserId {
        match self {
            Self::PointsAwarded(event) => event.member_id,
            Self::PointsDeducted(event) => event.member_id,
            Self::MemberLeveledUp(event) => event.member_id,
        }
    }
}
