//! Names that are stored, sent and matched elsewhere: a change of one would be a change of every ledger and client.

use gamification_domain::{
    CommunityId, DomainEvent, EventId, EventType, LevelName, LevelNumber, MemberLeveledUp, PointSource,
    Points, PointsAwarded, PointsDeducted, Role, Sequence, UnknownRole, UserId,
};
use uuid::Uuid;

#[test]
fn roles_are_named_as_the_platform_names_them() {
    for (role, name) in [(Role::Member, "MEMBER"), (Role::Moderator, "MODERATOR"), (Role::Admin, "ADMIN")] {
        assert_eq!((role.as_str(), role.to_string().as_str(), name.parse()), (name, name, Ok(role)));
    }
    for unknown in ["", "admin", "OWNER"] {
        assert_eq!(unknown.parse::<Role>(), Err(UnknownRole), "{unknown}");
    }
}

#[test]
fn what_has_a_name_is_written_by_it() {
    for event_type in EventType::ALL {
        assert_eq!(event_type.to_string(), event_type.as_str());
    }
    for source in PointSource::ALL {
        assert_eq!(source.to_string(), source.as_str());
    }
    assert!(EventType::ALL.iter().any(|event_type| event_type.to_string() == "PostLiked"));
    assert!(PointSource::ALL.iter().any(|source| source.to_string() == "post_liked"));
}

#[test]
fn events_that_leave_are_named_by_what_happened() {
    let (member_id, community_id) = (UserId::new(Uuid::nil()), CommunityId::new(Uuid::nil()));
    let (points, new_total, source) = (Points::ZERO, Points::ZERO, PointSource::PostCreated);
    let (old_level, new_level) = (LevelNumber::MIN, LevelNumber::MIN);
    let new_level_name = LevelName::parse("Student").unwrap();
    let events = [
        DomainEvent::PointsAwarded(PointsAwarded { member_id, community_id, points, new_total, source }),
        DomainEvent::PointsDeducted(PointsDeducted { member_id, community_id, points, new_total, source }),
        DomainEvent::MemberLeveledUp(MemberLeveledUp {
            member_id,
            community_id,
            old_level,
            new_level,
            new_level_name,
        }),
    ];
    assert_eq!(events.map(|event| event.name()), ["PointsAwarded", "PointsDeducted", "MemberLeveledUp"]);
}

#[test]
fn labels_are_kept_as_they_were_sent() {
    let id = EventId::parse("5d").unwrap();
    assert_eq!((id.as_str(), id.to_string().as_str()), ("5d", "5d"));
    let sequence = Sequence::parse("007").unwrap();
    assert_eq!(sequence.as_str(), "007");
    assert_ne!(sequence, Sequence::parse("008").unwrap());
}
