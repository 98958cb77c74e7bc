//! Anything at all, read as events: always a verdict, never a panic (campaign R8 of the decoders).
//!
//! `GAMIFICATION_CAMPAIGNS=large` and `GAMIFICATION_CAMPAIGN_SEED` mean here what they mean to all campaigns, which crate
//! `gamification-tests` lists; that one can't be used here, where a change of the decoders alone is compiled in seconds.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that can't go on should panic"
)]

use std::{
    env,
    fmt::Write as _,
    hash::{BuildHasher, Hasher, RandomState},
};

use gamification_app::{EventContent, EventMistake, IncomingEvent};
use gamification_domain::{EventType, FactRecord};
use gamification_events::{MAX_BATCH_EVENTS, MalformedMessage, read_batched, read_binary, read_structured};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{RngSeed, TestCaseResult},
};
use time::{OffsetDateTime, macros::datetime};

const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// How deep JSON may be nested.
const MAX_DEPTH: usize = 127;

const ID: &str = "0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e01";

/// What events have, and a few names that are none of theirs.
const NAMES: [&str; 27] = [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "sequence",
    "data",
    "community_id",
    "post_id",
    "comment_id",
    "course_id",
    "lesson_id",
    "user_id",
    "author_id",
    "role",
    "name",
    "title",
    "display_name",
    "avatar_url",
    "listed",
    "adjustment_id",
    "admin_id",
    "points",
    "reason",
    "traceparent",
    "$serde_json::private::RawValue",
    "",
];

fn structured(payload: &str) -> Result<IncomingEvent, MalformedMessage> {
    read_structured(payload.as_bytes(), NOON)
}

/// An event of the type, with everything that any type may have.
fn good_event(event_type: EventType) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"e1","source":"/community","type":"{event_type}","time":"2026-11-22T10:00:00Z",
            "sequence":"17","data":{{"community_id":"{ID}","post_id":"{ID}","comment_id":"{ID}","course_id":"{ID}",
            "lesson_id":"{ID}","user_id":"{ID}","author_id":"{ID}","role":"ADMIN","name":"N","title":"T",
            "display_name":"D","avatar_url":"https://a.example/1.png","listed":false,"adjustment_id":"{ID}",
            "admin_id":"{ID}","points":-5,"reason":"R"}}}}"#
    )
}

fn mistake(event: IncomingEvent) -> EventMistake {
    match event.content {
        EventContent::Invalid { mistake, .. } => mistake,
        other => panic!("{other:?}"),
    }
}

/// What holds of every event that was read, whatever it was read from.
fn is_sound(event: &IncomingEvent) -> TestCaseResult {
    match &event.content {
        EventContent::Fact(FactRecord { fact, metadata }) => {
            prop_assert_eq!(event.id.as_deref(), Some(metadata.event_id.as_str()));
            prop_assert!(fact.community_id.is_some() || fact.event_type() == EventType::LessonCompleted);
            prop_assert!((0..=9999).contains(&metadata.occurred_at().year()));
            prop_assert!(metadata.occurred_at() <= NOON);
        }
        EventContent::UnknownType => prop_assert!(event.id.is_some()),
        EventContent::Invalid { event_type: _, mistake: EventMistake { kind: _, pointer, detail } } => {
            prop_assert!(pointer == "#" || pointer.starts_with("#/"), "{}", pointer);
            prop_assert!(!detail.is_empty() && detail.len() < 200, "{}", detail);
            prop_assert!(!detail.chars().any(char::is_control) && detail.is_ascii(), "{}", detail);
        }
    }
    Ok(())
}

fn is_read(payload: &[u8]) -> TestCaseResult {
    if let Ok(event) = read_structured(payload, NOON) {
        is_sound(&event)?;
    }
    for event in read_batched(payload, NOON).into_iter().flatten() {
        is_sound(&event)?;
    }
    if let Ok(event) = read_binary([("specversion", "1.0"), ("type", "PostCreated")], payload, NOON) {
        is_sound(&event)?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn texts() -> impl Strategy<Value = String> {
    let known = EventType::ALL.iter().map(|event_type| event_type.as_str());
    let telling = ["", "1.0", "0", "-1", "a\u{0}b", "\u{202e}", "ADMIN", "2026-11-22T10:00:00Z", ID];
    prop_oneof![
        select(known.chain(telling).collect::<Vec<_>>()).prop_map(ToOwned::to_owned),
        any::<String>(),
        (1_usize..5_000).prop_map(|length| "é".repeat(length)),
    ]
}

/// JSON as it is written: any tree, names that occur twice among them, and what only looks like JSON.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => texts().prop_map(|text| quoted(&text)),
        2 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<f64>().prop_map(|number| format!("{number:e}")),
        1 => "[0-9]{1,400}",
        2 => select(vec![
            "null", "true", "false", "-0", "-1", "18446744073709551616", "1e400", "-1e-400", r#""\ud800""#,
            r#""\udc00\ud800""#, r#""\u0000""#, "\"\u{7f}\"", "NaN", "", "{}", "[]",
        ]).prop_map(ToOwned::to_owned),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        let name = prop_oneof![select(NAMES.to_vec()).prop_map(ToOwned::to_owned), any::<String>()];
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|list| format!("[{}]", list.join(","))),
            vec((name, inner), 0..8).prop_map(|members| object(&members)),
        ]
    })
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    format!("{{{}}}", members.join(","))
}

fn event_types() -> impl Strategy<Value = EventType> {
    select(EventType::ALL)
}

/// An event that is good but for some of its fields, which are anything, or there twice.
fn spoiled_event() -> impl Strategy<Value = String> {
    let spoiled = vec((select(NAMES.to_vec()), json(), any::<bool>()), 0..3);
    (event_types(), spoiled).prop_map(|(event_type, spoiled)| {
        let mut event = good_event(event_type);
        for (name, value, replaces) in spoiled {
            let member = format!("\"{name}\":");
            let Some(start) = event.find(&member) else { continue };
            // A field's new value comes before its old one, or takes away its name.
            let old_name = if replaces { "\"other\":" } else { &member };
            event.replace_range(start..start + member.len(), &format!("{member}{value},{old_name}"));
        }
        event
    })
}

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Edit {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
}

impl Edit {
    fn apply(self, bytes: &mut Vec<u8>) {
        let place = |index: usize| index % (bytes.len() + 1);
        match self {
            Self::Set(index, byte) => {
                if let Some(changed) = bytes.get_mut(index) {
                    *changed = byte;
                }
            }
            Self::Insert(index, inserted) => {
                let index = place(index);
                bytes.splice(index..index, inserted);
            }
            Self::Remove(start, length) => {
                let start = place(start);
                bytes.drain(start..(start + length).min(bytes.len()));
            }
            Self::Repeat(start, length) => {
                let start = place(start);
                bytes.extend_from_within(start..(start + length).min(bytes.len()));
            }
        }
    }
}

fn edits() -> impl Strategy<Value = Edit> {
    let token = select(vec!["\"", "{", "}", "[", "]", ",", ":", "\\", "\\u", "\u{0}", "null", "é"]);
    prop_oneof![
        (0_usize..600, any::<u8>()).prop_map(|(index, byte)| Edit::Set(index, byte)),
        (0_usize..600, token).prop_map(|(index, token)| Edit::Insert(index, token.into())),
        (0_usize..600, 1_usize..40).prop_map(|(start, length)| Edit::Remove(start, length)),
        (0_usize..600, 1_usize..200).prop_map(|(start, length)| Edit::Repeat(start, length)),
    ]
}

/// How many cases a property is tried with, and what their randomness begins with, which shows when it fails.
fn campaign() -> ProptestConfig {
    let is_large = env::var("GAMIFICATION_CAMPAIGNS").is_ok_and(|size| size == "large");
    let cases = if is_large { 20_000 } else { 256 };
    let seed = match env::var("GAMIFICATION_CAMPAIGN_SEED") {
        Ok(seed) => seed.parse().expect("GAMIFICATION_CAMPAIGN_SEED must be a number"),
        Err(_) => RandomState::new().build_hasher().finish(),
    };
    println!("R8, decoders: {cases} cases; GAMIFICATION_CAMPAIGN_SEED={seed}");
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(campaign())]

    #[test]
    fn any_bytes_are_read_or_refused(payload in vec(any::<u8>(), 0..400)) {
        is_read(&payload)?;
    }

    #[test]
    fn any_json_is_read_or_refused(payload in json()) {
        is_read(payload.as_bytes())?;
    }

    #[test]
    fn a_good_event_with_bytes_changed_is_read_or_refused(
        event_type in event_types(), edits in vec(edits(), 1..6)
    ) {
        let mut payload = good_event(event_type).into_bytes();
        for edit in edits {
            edit.apply(&mut payload);
        }
        is_read(&payload)?;
    }

    #[test]
    fn a_good_event_with_fields_changed_is_read_or_refused(payload in spoiled_event()) {
        is_read(payload.as_bytes())?;
    }

    #[test]
    fn a_batch_is_what_its_events_are_alone(events in vec(prop_oneof![json(), spoiled_event()], 0..6)) {
        let alone: Result<Vec<IncomingEvent>, MalformedMessage> =
            events.iter().map(|event| structured(event)).collect();
        let batched = read_batched(format!("[{}]", events.join(",")).as_bytes(), NOON);
        match (alone, batched) {
            (Ok(alone), Ok(batched)) => prop_assert_eq!(alone, batched),
            (Err(MalformedMessage::NotJson(_)), Err(MalformedMessage::NotJson(_))) => {}
            // An event that is nothing at all: `[]` is a batch of none.
            (Err(MalformedMessage::NotJson(_)), Ok(none)) => prop_assert!(none.is_empty() && events == [""]),
            (alone, batched) => prop_assert!(false, "{:?} {:?}", alone, batched),
        }
    }

    #[test]
    fn attributes_beside_the_payload_are_what_they_are_within(
        values in vec((select(NAMES[..6].to_vec()), texts()), 0..8), data in json()
    ) {
        let mut attributes: Vec<(&str, String)> = Vec::new();
        for (name, value) in values {
            if attributes.iter().all(|(known, _)| *known != name) {
                attributes.push((name, value));
            }
        }
        let mut members: Vec<(String, String)> =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), quoted(value))).collect();
        members.push(("data".to_owned(), if data.is_empty() { "null".to_owned() } else { data.clone() }));
        let within = structured(&object(&members));
        let beside = read_binary(attributes, data.as_bytes(), NOON);
        match (within, beside) {
            (Ok(within), Ok(beside)) => prop_assert_eq!(within, beside),
            (Err(MalformedMessage::NotJson(_)), Err(MalformedMessage::NotJson(_))) => {}
            (within, beside) => prop_assert!(false, "{:?} {:?}", within, beside),
        }
    }

    #[test]
    fn whatever_is_there_twice_is_refused_and_never_guessed(
        event_type in event_types(), name in select(NAMES[..19].to_vec()), value in texts()
    ) {
        let good = good_event(event_type);
        prop_assert!(matches!(structured(&good).unwrap().content, EventContent::Fact(_)));
        let member = format!("\"{name}\":");
        let twice = good.replacen(&member, &format!("{member}{},{member}", quoted(&value)), 1);
        let EventMistake { kind: _, pointer, detail } = mistake(structured(&twice).unwrap());
        prop_assert!(pointer.ends_with(&format!("/{name}")), "{}", pointer);
        prop_assert!(detail.ends_with(&format!("{name} is there twice")), "{}", detail);
    }
}

#[test]
fn json_may_be_nested_to_a_fixed_depth_wherever_it_stands() {
    let lists = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = |depth: usize| format!("{}0{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    for nested in [lists, objects] {
        assert!(structured(&nested(MAX_DEPTH)).is_ok());
        for too_deep in [MAX_DEPTH + 1, 100_000] {
            let refused = structured(&nested(too_deep));
            assert!(matches!(refused, Err(MalformedMessage::NotJson(_))), "{refused:?}");
        }
        // One level is the batch's, or the event's.
        for (depth, is_fine) in [(MAX_DEPTH - 1, true), (MAX_DEPTH, false), (100_000, false)] {
            assert_eq!(read_batched(format!("[{}]", nested(depth)).as_bytes(), NOON).is_ok(), is_fine);
            let extended =
                good_event(EventType::PostCreated).replacen('{', &format!("{{\"x\":{},", nested(depth)), 1);
            assert_eq!(structured(&extended).is_ok(), is_fine);
        }
    }
    // Nothing but beginnings, and in a batch that is too long already.
    for endless in ["[".repeat(1_000_000), r#"{"a":"#.repeat(1_000_000)] {
        assert!(structured(&endless).is_err() && read_batched(endless.as_bytes(), NOON).is_err());
    }
    let after_the_limit = format!("[{}{}]", "{},".repeat(MAX_BATCH_EVENTS + 1), lists(100_000));
    assert!(read_batched(after_the_limit.as_bytes(), NOON).is_err());
}

#[test]
fn a_sequence_is_a_text_or_a_number_that_a_database_can_count_to() {
    let read = |sequence: &str| {
        structured(&good_event(EventType::PostLiked).replace(r#""17""#, sequence)).map(|event| event.content)
    };
    for (number, text) in [("0", "0"), ("9223372036854775807", "9223372036854775807"), (r#""0017""#, "0017")]
    {
        let Ok(EventContent::Fact(record)) = read(number) else { panic!("{number}") };
        assert_eq!(record.metadata.sequence.unwrap().as_str(), text);
    }
    for number in [
        "9223372036854775808",
        "18446744073709551616",
        "-1",
        "-0",
        "1.0",
        "1e3",
        &"9".repeat(300),
        "true",
        "[]",
        "{}",
    ] {
        let Ok(EventContent::Invalid { mistake, .. }) = read(number) else { panic!("{number}") };
        assert_eq!(
            (mistake.pointer.as_str(), mistake.detail.as_str()),
            ("#/sequence", "sequence must be text")
        );
    }
    for number in ["1e400", "01", "+1", ".5", "0x10", "NaN"] {
        assert!(matches!(read(number), Err(MalformedMessage::NotJson(_))), "{number}");
    }
}

#[test]
fn half_a_surrogate_pair_is_not_json_and_a_whole_one_is_its_character() {
    let named = |name: &str| structured(&good_event(EventType::MemberJoined).replace("\"D\"", name));
    for half in [r#""\ud83d""#, r#""\ude00\ud83d""#, r#""\ud83d\ud83d""#, r#""\ud83dx""#, r#""\u12""#] {
        assert!(matches!(named(half), Err(MalformedMessage::NotJson(_))), "{half}");
    }
    assert_eq!(named(r#""\ud83d\ude00""#).unwrap(), named("\"😀\"").unwrap());
    let raw = [b"\"\xed\xa0\xbd\"".as_slice(), b"\"\xff\"", b"\"\xc0\x80\""];
    for bytes in raw {
        assert!(matches!(read_structured(bytes, NOON), Err(MalformedMessage::NotJson(_))), "{bytes:?}");
    }
}

#[test]
fn texts_of_any_size_are_read_up_to_their_limits() {
    let huge = "x".repeat(8 * 1024 * 1024);
    let good = good_event(EventType::MemberJoined);
    for (field, pointer) in [
        (r#""id":"e1""#, "#/id"),
        (r#""sequence":"17""#, "#/sequence"),
        (r#""time":"2026-11-22T10:00:00Z""#, "#/time"),
        (r#""role":"ADMIN""#, "#/data/role"),
        (r#""display_name":"D""#, "#/data/display_name"),
        (r#""specversion":"1.0""#, "#/specversion"),
    ] {
        let name = field.split_once(':').unwrap().0;
        let event = structured(&good.replace(field, &format!("{name}:\"{huge}\""))).unwrap();
        let EventMistake { kind: _, pointer: place, detail } = mistake(event);
        assert_eq!(place, pointer);
        assert!(detail.len() < 100, "{detail}");
    }
    let unknown = good.replace("\"MemberJoined\"", &format!("\"{huge}\""));
    assert_eq!(structured(&unknown).unwrap().content, EventContent::UnknownType);
    let twice = good.replacen('{', &format!("{{\"{huge}\":1,\"{huge}\":2,"), 1);
    assert_eq!(mistake(structured(&twice).unwrap()).detail, "an event has a name twice");
    let ignored = good.replacen('{', &format!("{{\"{huge}\":1,"), 1);
    assert!(matches!(structured(&ignored).unwrap().content, EventContent::Fact(_)));
}

#[test]
fn times_at_the_ends_of_the_calendar_are_read_or_refused() {
    let read = |time: &str| {
        let text = good_event(EventType::PostLiked).replace("2026-11-22T10:00:00Z", time);
        structured(&text).unwrap()
    };
    for time in [
        "0000-01-01T00:00:00Z",
        "0000-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59.999999999-23:59",
        "9999-12-31T23:59:59Z",
        "1969-12-31T23:59:59.999999Z",
        "2016-12-31T23:59:60Z",
        "2024-02-29t12:00:00z",
        "2026-11-22T10:00:00.1234567890123Z",
    ] {
        let EventContent::Fact(FactRecord { metadata, .. }) = read(time).content else { panic!("{time}") };
        assert!(metadata.time.is_some() && (0..=2026).contains(&metadata.occurred_at().year()), "{time}");
    }
    for time in [
        "10000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T10:00:00",
        "2026-11-22T10:00:00+24:00",
        "2026-11-22",
        "1795341600",
        "now",
    ] {
        let EventMistake { kind: _, pointer, detail } = mistake(read(time));
        assert_eq!(
            (pointer.as_str(), detail.as_str()),
            ("#/time", "time must be an RFC 3339 date-time"),
            "{time}"
        );
    }
}

#[test]
fn a_batch_that_is_too_long_takes_no_memory_for_the_rest() {
    let mut batch = String::from("[0");
    for _ in 0..1_000_000 {
        batch.write_str(",0").unwrap();
    }
    batch.push(']');
    let refused = read_batched(batch.as_bytes(), NOON);
    assert!(matches!(refused, Err(MalformedMessage::TooManyEvents)), "{refused:?}");
}
