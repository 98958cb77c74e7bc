//! Domain events as the outbox keeps them: the column `payload`, in which a chunk of level-ups writes the same fields.

use gamification_app::ports::BoxedError;
use gamification_domain::{
    CommunityId, DomainEvent, LevelName, LevelNumber, MemberLeveledUp, PointSource, Points, PointsAwarded,
    PointsDeducted, UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::json::Json;

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum StoredEvent {
    Points { member_id: Uuid, community_id: Uuid, points: i32, new_total: i32, source: String },
    LevelUp { member_id: Uuid, community_id: Uuid, old_level: u8, new_level: u8, new_level_name: String },
}

impl From<&DomainEvent> for StoredEvent {
    fn from(event: &DomainEvent) -> Self {
        match event {
            DomainEvent::PointsAwarded(PointsAwarded {
                member_id,
                community_id,
                points,
                new_total,
                source,
            })
            | DomainEvent::PointsDeducted(PointsDeducted {
                member_id,
                community_id,
                points,
                new_total,
                source,
            }) => Self::Points {
                member_id: member_id.as_uuid(),
                community_id: community_id.as_uuid(),
                points: points.get(),
                new_total: new_total.get(),
                source: source.as_str().to_owned(),
            },
            DomainEvent::MemberLeveledUp(MemberLeveledUp {
                member_id,
                community_id,
                old_level,
                new_level,
                new_level_name,
            }) => Self::LevelUp {
                member_id: member_id.as_uuid(),
                community_id: community_id.as_uuid(),
                old_level: old_level.get(),
                new_level: new_level.get(),
                new_level_name: new_level_name.as_str().to_owned(),
            },
        }
    }
}

impl StoredEvent {
    /// The event, of the type that is stored beside it.
    pub(crate) fn read(self, event_type: &str) -> Result<DomainEvent, BoxedError> {
        match (event_type, self) {
            ("PointsAwarded", Self::Points { member_id, community_id, points, new_total, source }) => {
                Ok(DomainEvent::PointsAwarded(PointsAwarded {
                    member_id: UserId::new(member_id),
                    community_id: CommunityId::new(community_id),
                    points: points_of(points)?,
                    new_total: points_of(new_total)?,
                    source: source.parse::<PointSource>()?,
                }))
            }
            ("PointsDeducted", Self::Points { member_id, community_id, points, new_total, source }) => {
                Ok(DomainEvent::PointsDeducted(PointsDeducted {
                    member_id: UserId::new(member_id),
                    community_id: CommunityId::new(community_id),
                    points: points_of(points)?,
                    new_total: points_of(new_total)?,
                    source: source.parse::<PointSource>()?,
                }))
            }
            (
                "MemberLeveledUp",
                Self::LevelUp { member_id, community_id, old_level, new_level, new_level_name },
            ) => Ok(DomainEvent::MemberLeveledUp(MemberLeveledUp {
                member_id: UserId::new(member_id),
                community_id: CommunityId::new(community_id),
                old_level: level(old_level)?,
                new_level: level(new_level)?,
                new_level_name: LevelName::parse(&new_level_name)?,
            })),
            (other, _) => Err(format!("{other} is no event with these fields").into()),
        }
    }
}

fn points_of(points: i32) -> Result<Points, BoxedError> {
    Ok(Points::new(i64::from(points))?)
}

fn level(level: u8) -> Result<LevelNumber, BoxedError> {
    Ok(LevelNumber::new(i64::from(level))?)
}

impl From<&DomainEvent> for Json<StoredEvent> {
    fn from(event: &DomainEvent) -> Self {
        Self::new(StoredEvent::from(event))
    }
}
