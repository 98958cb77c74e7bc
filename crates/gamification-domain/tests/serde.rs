//! The feature `serde`: what values look like when they are serialised is a promise to the services that store them.

#![allow(clippy::unwrap_used, reason = "a test that can't go on should panic")]

use std::fmt::Debug;

use gamification_domain::{
    CommentId, CommunityId, CourseId, CourseLevelRequirementId, EventId, LessonId, LevelConfiguration,
    LevelConfigurationId, LevelName, LevelNumber, MemberPointsId, PointSource, PointTransactionId, Points,
    PostId, Role, Sequence, SourceId, UserId,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, from_value, json, to_value};
use uuid::Uuid;

/// A value and its one serialised form, there and back.
fn is_written<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, form: &Value) {
    assert_eq!(to_value(value).unwrap(), *form);
    assert_eq!(from_value::<T>(form.clone()).unwrap(), *value);
}

fn is_refused<T: DeserializeOwned + Debug>(form: &Value) {
    assert!(from_value::<T>(form.clone()).is_err(), "{form}");
}

#[test]
fn ids_are_written_as_hyphenated_uuids() {
    const TEXT: &str = "0192f0c1-5c1e-7f4e-8f4b-000000000ada";
    let id: Uuid = TEXT.parse().unwrap();
    is_written(&CommunityId::new(id), &json!(TEXT));
    is_written(&UserId::new(id), &json!(TEXT));
    is_written(&CourseId::new(id), &json!(TEXT));
    is_written(&LessonId::new(id), &json!(TEXT));
    is_written(&PostId::new(id), &json!(TEXT));
    is_written(&CommentId::new(id), &json!(TEXT));
    is_written(&MemberPointsId::new(id), &json!(TEXT));
    is_written(&PointTransactionId::new(id), &json!(TEXT));
    is_written(&LevelConfigurationId::new(id), &json!(TEXT));
    is_written(&CourseLevelRequirementId::new(id), &json!(TEXT));
    is_written(&SourceId::new(id), &json!(TEXT));
    is_refused::<UserId>(&json!("ada"));
    is_refused::<UserId>(&json!(7));
}

#[test]
fn numbers_are_written_as_numbers_and_read_within_their_ranges_only() {
    is_written(&Points::new(45).unwrap(), &json!(45));
    is_written(&Points::new(0).unwrap(), &json!(0));
    is_written(&Points::new(i64::from(i32::MAX)).unwrap(), &json!(2_147_483_647));
    is_refused::<Points>(&json!(-1));
    is_refused::<Points>(&json!(2_147_483_648_i64));
    is_refused::<Points>(&json!("45"));
    is_refused::<Points>(&json!(4.5));
    is_written(&LevelNumber::MIN, &json!(1));
    is_written(&LevelNumber::MAX, &json!(9));
    for number in [-1, 0, 10, 257] {
        is_refused::<LevelNumber>(&json!(number));
    }
    is_refused::<LevelNumber>(&json!("3"));
}

#[test]
fn texts_are_written_as_they_are_stored_and_read_by_their_rules() {
    is_written(&LevelName::parse("R&D").unwrap(), &json!("R&D"));
    assert_eq!(
        from_value::<LevelName>(json!(" <b>Empire</b>  Builder ")).unwrap().as_str(),
        "Empire Builder"
    );
    is_refused::<LevelName>(&json!(""));
    is_refused::<LevelName>(&json!("x".repeat(31)));
    is_refused::<LevelName>(&json!("a\u{0}b"));
    is_written(&EventId::parse("5d").unwrap(), &json!("5d"));
    is_refused::<EventId>(&json!(""));
    is_refused::<EventId>(&json!("x".repeat(256)));
    is_refused::<EventId>(&json!("a\nb"));
    assert_eq!(to_value(Sequence::parse("0042").unwrap()).unwrap(), json!("0042"));
    assert_eq!(from_value::<Sequence>(json!("0042")).unwrap(), Sequence::parse("0042").unwrap());
    is_refused::<Sequence>(&json!(""));
    is_refused::<Sequence>(&json!("x".repeat(65)));
}

#[test]
fn roles_and_sources_are_written_as_the_platform_and_the_ledger_call_them() {
    for (role, form) in [(Role::Member, "MEMBER"), (Role::Moderator, "MODERATOR"), (Role::Admin, "ADMIN")] {
        is_written(&role, &json!(form));
    }
    is_refused::<Role>(&json!("admin"));
    is_refused::<Role>(&json!("OWNER"));
    let sources = [
        "post_created",
        "comment_created",
        "post_liked",
        "comment_liked",
        "lesson_completed",
        "manual_adjustment",
    ];
    assert_eq!(PointSource::ALL.len(), sources.len(), "a new source has a form, too");
    for (source, form) in PointSource::ALL.into_iter().zip(sources) {
        is_written(&source, &json!(form));
    }
    is_refused::<PointSource>(&json!("PostCreated"));
}

#[test]
fn a_level_is_written_with_its_number_its_name_and_its_threshold() {
    let id = Uuid::nil();
    let levels = LevelConfiguration::default_for(LevelConfigurationId::new(id), CommunityId::new(id));
    assert_eq!(
        to_value(levels.definition(LevelNumber::new(3).unwrap())).unwrap(),
        json!({"level": 3, "name": "Builder", "threshold": 30})
    );
}
