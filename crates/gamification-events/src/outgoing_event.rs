//! Events out, as receivers get them.

use gamification_app::ports::PendingEvent;
use gamification_domain::{DomainEvent, MemberLeveledUp, PointSource, Points, PointsAwarded, PointsDeducted};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

#[derive(Serialize)]
struct OutgoingEvent<'a> {
    specversion: &'static str,
    id: Uuid,
    source: &'static str,
    r#type: &'static str,
    time: String,
    /// Who it is about, for receivers that keep each member's events together.
    subject: Uuid,
    /// As text that sorts like the number, which is what the extension asks for.
    sequence: String,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Points { member_id: Uuid, community_id: Uuid, points: i32, new_total: i32, source: &'static str },
    LevelUp { member_id: Uuid, community_id: Uuid, old_level: u8, new_level: u8, new_level_name: &'a str },
}

/// An event in structured form, the same bytes whenever it is delivered.
///
/// # Errors
/// Never, but for a mistake of ours.
pub fn outgoing_event(pending: &PendingEvent) -> Result<String, serde_json::Error> {
    let PendingEvent { id, sequence, event, created_at, failure: _ } = pending;
    serde_json::to_string(&OutgoingEvent {
        specversion: "1.0",
        id: *id,
        source: "/gamification",
        r#type: event.name(),
        time: timestamp(*created_at),
        subject: event.member_id().as_uuid(),
        sequence: format!("{sequence:019}"),
        datacontenttype: "application/json",
        data: data(event),
    })
}

/// RFC 3339 has no years beyond 9999, and our clock no business there.
fn timestamp(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_default()
}

fn data(event: &DomainEvent) -> Data<'_> {
    let points = |member_id: Uuid, community_id: Uuid, points: Points, total: Points, source: PointSource| {
        Data::Points {
            member_id,
            community_id,
            points: points.get(),
            new_total: total.get(),
            source: source.as_str(),
        }
    };
    match event {
        DomainEvent::PointsAwarded(PointsAwarded {
            member_id,
            community_id,
            points: change,
            new_total,
            source,
        })
        | DomainEvent::PointsDeducted(PointsDeducted {
            member_id,
            community_id,
            points: change,
            new_total,
            source,
        }) => points(member_id.as_uuid(), community_id.as_uuid(), *change, *new_total, *source),
        DomainEvent::MemberLeveledUp(MemberLeveledUp {
            member_id,
            community_id,
            old_level,
            new_level,
            new_level_name,
        }) => Data::LevelUp {
            member_id: member_id.as_uuid(),
            community_id: community_id.as_uuid(),
            old_level: old_level.get(),
            new_level: new_level.get(),
            new_level_name: new_level_name.as_str(),
        },
    }
}

#[cfg(test)]
mod tests {
    use gamification_domain::{CommunityId, LevelName, LevelNumber, UserId};
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;

    fn written(event: DomainEvent) -> Value {
        let pending = PendingEvent {
            id: Uuid::from_u128(7),
            sequence: 42,
            event,
            created_at: datetime!(2026-11-22 10:00 UTC),
            failure: None,
        };
        serde_json::from_str(&outgoing_event(&pending).unwrap()).unwrap()
    }

    #[test]
    fn events_are_cloud_events_with_the_fields_of_the_contract() {
        let (member, community) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let awarded = PointsAwarded {
            member_id: UserId::new(member),
            community_id: CommunityId::new(community),
            points: Points::new(5).unwrap(),
            new_total: Points::new(45).unwrap(),
            source: PointSource::LessonCompleted,
        };
        assert_eq!(
            written(DomainEvent::PointsAwarded(awarded)),
            json!({
                "specversion": "1.0", "id": Uuid::from_u128(7), "source": "/gamification", "type": "PointsAwarded",
                "time": "2026-11-22T10:00:00Z", "subject": member, "sequence": "0000000000000000042",
                "datacontenttype": "application/json",
                "data": {
                    "member_id": member, "community_id": community, "points": 5, "new_total": 45,
                    "source": "lesson_completed"
                }
            })
        );
        let leveled_up = MemberLeveledUp {
            member_id: UserId::new(member),
            community_id: CommunityId::new(community),
            old_level: LevelNumber::new(2).unwrap(),
            new_level: LevelNumber::new(4).unwrap(),
            new_level_name: LevelName::parse("R&D").unwrap(),
        };
        assert_eq!(
            written(DomainEvent::MemberLeveledUp(leveled_up))["data"],
            json!({"member_id": member, "community_id": community, "old_level": 2, "new_level": 4, "new_level_name": "R&D"})
        );
    }
}
