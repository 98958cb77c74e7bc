use std::collections::BTreeSet;

use gamification_domain::{FactKind, Profile, Role};
use serde_json::{Map, Value, json};
use time::macros::datetime;

use super::*;
use crate::read_structured;

const ID: &str = "0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e01";

fn event(kind: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "id": "e1", "source": "/community", "type": kind,
           "time": "2026-11-22T10:00:00Z", "data": data})
}

fn read(event: &Value) -> IncomingEvent {
    read_text(&event.to_string())
}

fn read_text(event: &str) -> IncomingEvent {
    read_structured(event.as_bytes(), datetime!(2026-11-22 12:00 UTC)).unwrap()
}

fn refusal(event: &Value) -> (String, String) {
    mistake_of(read(event))
}

/// Its place, and what it is.
fn mistake_of(event: IncomingEvent) -> (String, String) {
    match event.content {
        EventContent::Invalid { mistake: EventMistake { pointer, detail, .. }, .. } => (pointer, detail),
        other => panic!("{other:?}"),
    }
}

/// The contract's table: every type with the data it must have.
fn contract() -> Vec<(&'static str, Vec<&'static str>)> {
    let like = |content| vec!["community_id", content, "user_id", "author_id"];
    vec![
        ("PostCreated", vec!["community_id", "post_id", "author_id"]),
        ("CommentAdded", vec!["community_id", "comment_id", "author_id"]),
        ("PostLiked", like("post_id")),
        ("PostUnliked", like("post_id")),
        ("CommentLiked", like("comment_id")),
        ("CommentUnliked", like("comment_id")),
        ("LessonCompleted", vec!["course_id", "lesson_id", "user_id"]),
        ("CommunityCreated", vec!["community_id"]),
        ("MemberJoined", vec!["community_id", "user_id"]),
        ("PointsAdjusted", vec!["community_id", "user_id", "adjustment_id", "admin_id"]),
        ("MemberProfileChanged", vec!["community_id", "user_id"]),
        ("MemberRoleChanged", vec!["community_id", "user_id"]),
        ("MemberLeft", vec!["community_id", "user_id"]),
        ("MemberErased", vec!["community_id", "user_id"]),
        ("CourseCreated", vec!["community_id", "course_id"]),
        ("CourseDeleted", vec!["community_id", "course_id"]),
    ]
}

fn data(kind: &str, fields: &[&str]) -> Map<String, Value> {
    let mut data: Map<String, Value> = fields.iter().map(|field| ((*field).to_owned(), ID.into())).collect();
    if kind == "MemberRoleChanged" {
        data.insert("role".into(), "ADMIN".into());
    }
    if kind == "PointsAdjusted" {
        data.insert("points".into(), (-5).into());
        data.insert("reason".into(), "Spam".into());
    }
    data
}

#[test]
fn every_type_is_understood_and_each_of_its_fields_is_needed() {
    let known: BTreeSet<&str> = EventType::ALL.iter().map(|event_type| event_type.as_str()).collect();
    assert_eq!(contract().into_iter().map(|(kind, _)| kind).collect::<BTreeSet<_>>(), known);
    for (kind, fields) in contract() {
        let whole = data(kind, &fields);
        match read(&event(kind, &Value::Object(whole.clone()))).content {
            EventContent::Fact(record) => assert_eq!(record.fact.event_type().as_str(), kind),
            other => panic!("{kind}: {other:?}"),
        }
        for field in whole.keys().filter(|field| !["points", "reason"].contains(&field.as_str())) {
            let expect = |value: Option<Value>, problem: &str| {
                let mut spoiled = whole.clone();
                match value {
                    Some(value) => spoiled.insert(field.clone(), value),
                    None => spoiled.remove(field),
                };
                let refused = refusal(&event(kind, &Value::Object(spoiled)));
                assert_eq!(refused, (format!("#/data/{field}"), format!("data.{field} {problem}")), "{kind}");
            };
            expect(None, "is missing");
            expect(Some(Value::Null), "is missing");
            expect(Some(7.into()), "must be text");
            let parse = if field == "role" { "must be MEMBER, MODERATOR or ADMIN" } else { "must be a UUID" };
            expect(Some("nonsense".into()), parse);
        }
    }
}

#[test]
fn an_adjustment_says_how_many_points_and_why() {
    let whole = data("PointsAdjusted", &["community_id", "user_id", "adjustment_id", "admin_id"]);
    for (field, value, problem) in [
        ("points", Value::Null, "is missing"),
        ("points", "5".into(), "must be a whole number"),
        ("points", 0.5.into(), "must be a whole number"),
        ("points", true.into(), "must be a whole number"),
        ("points", 0.into(), "must be a whole number from -2147483647 to 2147483647, and not 0"),
        (
            "points",
            2_147_483_648_i64.into(),
            "must be a whole number from -2147483647 to 2147483647, and not 0",
        ),
        ("reason", Value::Null, "is missing"),
        ("reason", 7.into(), "must be text"),
        ("reason", "<i></i>".into(), "is required"),
        ("reason", "x".repeat(201).into(), "must be 200 characters or less"),
    ] {
        let mut spoiled = whole.clone();
        spoiled.insert(field.to_owned(), value);
        let refused = refusal(&event("PointsAdjusted", &Value::Object(spoiled)));
        assert_eq!(refused, (format!("#/data/{field}"), format!("data.{field} {problem}")));
    }
}

#[test]
fn whether_a_member_is_listed_is_yes_or_no() {
    let listed = |listed: Value| {
        event("MemberProfileChanged", &json!({"community_id": ID, "user_id": ID, "listed": listed}))
    };
    for (value, expected) in [(Value::Null, true), (true.into(), true), (false.into(), false)] {
        let EventContent::Fact(FactRecord { fact, .. }) = read(&listed(value)).content else {
            panic!("not understood")
        };
        let FactKind::MemberProfileChanged { profile, .. } = fact.kind else { panic!("{fact:?}") };
        assert_eq!(profile.is_listed, expected);
    }
    let refused = refusal(&listed("no".into()));
    assert_eq!(refused, ("#/data/listed".to_owned(), "data.listed must be true or false".to_owned()));
}

#[test]
fn what_may_be_left_out_may_also_be_null_and_a_name_empty() {
    for name in [Value::Null, "".into()] {
        let joined = json!({"community_id": ID, "user_id": ID, "role": null, "display_name": name});
        let EventContent::Fact(FactRecord { fact, .. }) = read(&event("MemberJoined", &joined)).content
        else {
            panic!("not understood");
        };
        let FactKind::MemberJoined { role, profile, .. } = fact.kind else { panic!("{fact:?}") };
        assert_eq!((role, profile), (Role::Member, Profile::default()));
    }
}

#[test]
fn every_mistake_in_the_envelope_is_told_with_its_place() {
    let good = event("PostCreated", &json!({"community_id": ID, "post_id": ID, "author_id": ID}));
    for (field, value, detail) in [
        ("specversion", Value::Null, "specversion is missing"),
        ("specversion", "0.3".into(), "specversion must be 1.0"),
        ("id", Value::Null, "id is missing"),
        ("id", "".into(), "id must not be empty"),
        ("id", "a\u{0}".into(), "id must be 1 to 255 characters without control characters"),
        ("source", Value::Null, "source is missing"),
        ("type", 3.into(), "type must be text"),
        ("time", "yesterday".into(), "time must be an RFC 3339 date-time"),
        ("time", "".into(), "time must not be empty"),
        ("sequence", true.into(), "sequence must be text"),
        ("sequence", "\n".into(), "sequence must be 1 to 64 characters without control characters"),
        ("data", Value::Null, "data is missing"),
        ("data", "text".into(), "data must be a JSON object"),
    ] {
        let mut spoiled = good.clone();
        spoiled[field] = value;
        assert_eq!(refusal(&spoiled), (format!("#/{field}"), detail.to_owned()));
    }
    assert_eq!(refusal(&json!([1])), ("#".to_owned(), "an event must be a JSON object".to_owned()));
}

#[test]
fn texts_with_nul_never_reach_the_database() {
    let joined = json!({"community_id": ID, "user_id": ID, "display_name": "a\u{0}b"});
    let (pointer, _) = refusal(&event("MemberJoined", &joined));
    assert_eq!(pointer, "#/data/display_name");
}

#[test]
fn an_unknown_type_is_ignored_whatever_its_data() {
    for data in [Value::Null, 7.into(), json!({"x": [1]})] {
        let content = read(&event("PollCreated", &data)).content;
        assert_eq!(content, EventContent::UnknownType);
    }
}

#[test]
fn the_sequence_may_be_text_or_number() {
    let data = json!({"community_id": ID, "post_id": ID, "author_id": ID});
    for sequence in [json!("17"), json!(17)] {
        let mut event = event("PostCreated", &data);
        event["sequence"] = sequence;
        let EventContent::Fact(record) = read(&event).content else { panic!("not understood") };
        assert_eq!(record.metadata.sequence, Some(Sequence::parse("17").unwrap()));
    }
}

#[test]
fn a_name_that_is_there_twice_where_it_is_read_makes_an_event_invalid() {
    let good = event("PostCreated", &json!({"community_id": ID, "post_id": ID, "author_id": ID})).to_string();
    assert!(matches!(read_text(&good).content, EventContent::Fact(_)));
    for (field, twice, pointer, detail) in [
        (r#""id":"e1""#, r#""id":"e1","id":"e2""#, "#/id", "id is there twice"),
        (r#""id":"e1""#, r#""id":"e1","id":"e1""#, "#/id", "id is there twice"),
        (r#""id":"e1""#, r#""id":"e1","\u0069d":"e1""#, "#/id", "id is there twice"),
        (r#""id":"e1""#, r#""id":"e1","a/b":1,"a/b":2"#, "#", "an event has a name twice"),
        (r#""data":{"#, r#""data":{"":1,"":1,"#, "#/data", "data has a name twice"),
        (r#""data":{"#, r#""data":null,"data":{"#, "#/data", "data is there twice"),
        (r#""data":{"#, r#""data":{"post_id":null,"#, "#/data/post_id", "data.post_id is there twice"),
    ] {
        assert!(good.contains(field), "{good}");
        let mistake = mistake_of(read_text(&good.replace(field, twice)));
        assert_eq!(mistake, (pointer.to_owned(), detail.to_owned()), "{twice}");
    }
    // Nobody reads what is further down, or what an unknown type has.
    let nested = good.replace(r#""data":{"#, r#""data":{"extra":{"x":1,"x":2},"#);
    assert!(matches!(read_text(&nested).content, EventContent::Fact(_)), "{nested}");
    let unknown = r#"{"specversion":"1.0","id":"e","source":"/s","type":"PollCreated","data":{"x":1,"x":2}}"#;
    assert_eq!(read_text(unknown).content, EventContent::UnknownType);
}

#[test]
fn the_type_of_an_invalid_event_is_told_where_it_is_known() {
    for (kind, known) in [("PostCreated", Some(EventType::PostCreated)), ("PollCreated", None)] {
        let mut spoiled = event(kind, &Value::Null);
        spoiled["id"] = Value::Null;
        let EventContent::Invalid { event_type, .. } = read(&spoiled).content else { panic!("{kind}") };
        assert_eq!(event_type, known);
    }
}
