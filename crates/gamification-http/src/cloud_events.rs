//! The platform's events: CloudEvents 1.0, turned into facts.
//!
//! An event is read on its own: what is wrong with one says nothing about the others.

use gamification_domain::{
    CommentId, Content, CourseListing, DirectoryText, EventId, EventMetadata, Fact, FactKind, FactRecord,
    PostId, Profile, Role, Sequence,
};
use serde_json::{Map, Value};
use std::str::FromStr;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// An event as it was read.
#[derive(Clone, Debug)]
pub struct IncomingEvent {
    /// Its `id`, as far as it has one.
    pub id: Option<String>,
    /// Its `type`, where it is one of those that tell facts.
    pub event_type: Option<&'static str>,
    /// What it says.
    pub content: Result<EventContent, Rejected>,
}

/// What an event says.
#[derive(Clone, Debug)]
pub enum EventContent {
    /// A fact to record.
    Fact(FactRecord),
    /// A type that means nothing here: a platform may send its whole feed.
    UnknownType,
}

/// Why an event is not understandable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Rejected {
    /// Where, as a JSON pointer in a URI fragment: `#/data/author_id`.
    pub pointer: String,
    /// What is wrong: `data.author_id is missing`.
    pub detail: String,
}

impl IncomingEvent {
    /// Reads an event in structured form. `received_at` is when it reached us.
    #[must_use]
    pub fn read(event: &Value, received_at: OffsetDateTime) -> Self {
        let Value::Object(attributes) = event else {
            return Self { id: None, event_type: None, content: Err(rejected(&[], "must be a JSON object")) };
        };
        Self {
            id: attributes.get("id").and_then(Value::as_str).map(ToOwned::to_owned),
            event_type: attributes.get("type").and_then(Value::as_str).and_then(known_type),
            content: content(&Fields { fields: attributes, path: &[] }, received_at),
        }
    }
}

fn content(event: &Fields<'_>, received_at: OffsetDateTime) -> Result<EventContent, Rejected> {
    if event.text("specversion")? != "1.0" {
        return Err(event.rejected("specversion", "must be 1.0"));
    }
    let event_id = event.parsed("id", EventId::parse)?;
    event.text("source")?;
    let metadata = EventMetadata {
        event_id,
        sequence: sequence(event)?,
        time: event.optional("time", |text| {
            OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "must be an RFC 3339 date-time")
        })?,
        received_at,
    };
    let kind = event.text("type")?;
    let data = match event.fields.get("data") {
        Some(Value::Object(fields)) => fields,
        // Without its data a known type says what is missing, an unknown one nothing at all.
        _ if known_type(kind).is_none() => return Ok(EventContent::UnknownType),
        None | Some(Value::Null) => return Err(event.rejected("data", "is missing")),
        Some(_) => return Err(event.rejected("data", "must be a JSON object")),
    };
    let data = Fields { fields: data, path: &["data"] };
    Ok(fact(kind, &data)?
        .map_or(EventContent::UnknownType, |fact| EventContent::Fact(FactRecord { fact, metadata })))
}

/// CloudEvents has it as a text; a number is as good.
fn sequence(event: &Fields<'_>) -> Result<Option<Sequence>, Rejected> {
    let text = match event.fields.get("sequence") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.as_i64().is_some_and(|number| number >= 0) => {
            number.to_string()
        }
        Some(_) => return Err(event.rejected("sequence", "must be text")),
    };
    Sequence::parse(&text).map(Some).map_err(|error| event.rejected("sequence", &error.to_string()))
}

fn known_type(kind: &str) -> Option<&'static str> {
    Fact::EVENT_TYPES.into_iter().find(|known| *known == kind)
}

/// The fact that an event of this type tells; none for a type that means nothing here.
fn fact(event_type: &str, data: &Fields<'_>) -> Result<Option<Fact>, Rejected> {
    let read: fn(&Fields<'_>) -> Result<FactKind, Rejected> = match event_type {
        "PostCreated" => |data: &Fields<'_>| content_created(data, post),
        "CommentAdded" => |data: &Fields<'_>| content_created(data, comment),
        "PostLiked" => |data: &Fields<'_>| content_liked(data, post),
        "PostUnliked" => |data: &Fields<'_>| content_unliked(data, post),
        "CommentLiked" => |data: &Fields<'_>| content_liked(data, comment),
        "CommentUnliked" => |data: &Fields<'_>| content_unliked(data, comment),
        "LessonCompleted" => |data: &Fields<'_>| {
            let (course_id, lesson_id) = (data.id("course_id")?, data.id("lesson_id")?);
            Ok(FactKind::LessonCompleted { course_id, lesson_id, user_id: data.id("user_id")? })
        },
        "CommunityCreated" => {
            |data: &Fields<'_>| Ok(FactKind::CommunityCreated { name: directory_text(data, "name")? })
        }
        "MemberJoined" => member_joined,
        "MemberRoleChanged" => |data: &Fields<'_>| {
            let user_id = data.id("user_id")?;
            Ok(FactKind::MemberRoleChanged { user_id, role: data.parsed("role", Role::from_str)? })
        },
        "MemberLeft" => |data: &Fields<'_>| Ok(FactKind::MemberLeft { user_id: data.id("user_id")? }),
        "CourseCreated" => |data: &Fields<'_>| {
            let course_id = data.id("course_id")?;
            let listing = CourseListing { title: directory_text(data, "title")? };
            Ok(FactKind::CourseCreated { course_id, listing })
        },
        "CourseDeleted" => {
            |data: &Fields<'_>| Ok(FactKind::CourseDeleted { course_id: data.id("course_id")? })
        }
        _ => return Ok(None),
    };
    // The course of a lesson tells its community, where that is known.
    let community_id = match event_type {
        "LessonCompleted" => data.optional("community_id", parse_id)?,
        _ => Some(data.id("community_id")?),
    };
    Ok(Some(Fact { community_id, kind: read(data)? }))
}

fn post(data: &Fields<'_>) -> Result<Content, Rejected> {
    data.id::<PostId>("post_id").map(Content::Post)
}

fn comment(data: &Fields<'_>) -> Result<Content, Rejected> {
    data.id::<CommentId>("comment_id").map(Content::Comment)
}

type ReadContent = fn(&Fields<'_>) -> Result<Content, Rejected>;

fn content_created(data: &Fields<'_>, content: ReadContent) -> Result<FactKind, Rejected> {
    Ok(FactKind::ContentCreated { content: content(data)?, author_id: data.id("author_id")? })
}

fn content_liked(data: &Fields<'_>, content: ReadContent) -> Result<FactKind, Rejected> {
    let (content, liker_id) = (content(data)?, data.id("user_id")?);
    Ok(FactKind::ContentLiked { content, liker_id, author_id: data.id("author_id")? })
}

fn content_unliked(data: &Fields<'_>, content: ReadContent) -> Result<FactKind, Rejected> {
    let (content, liker_id) = (content(data)?, data.id("user_id")?);
    Ok(FactKind::ContentUnliked { content, liker_id, author_id: data.id("author_id")? })
}

fn member_joined(data: &Fields<'_>) -> Result<FactKind, Rejected> {
    Ok(FactKind::MemberJoined {
        user_id: data.id("user_id")?,
        role: data.optional("role", Role::from_str)?.unwrap_or_default(),
        profile: Profile {
            display_name: directory_text(data, "display_name")?,
            avatar_url: directory_text(data, "avatar_url")?,
        },
    })
}

/// A text of the directory; an empty one is as good as none, and no reason to turn a member away.
fn directory_text(data: &Fields<'_>, name: &str) -> Result<Option<DirectoryText>, Rejected> {
    match data.fields.get(name) {
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        _ => data.optional(name, DirectoryText::parse),
    }
}

/// A JSON object, and where it stands in the event.
struct Fields<'a> {
    fields: &'a Map<String, Value>,
    path: &'a [&'a str],
}

impl<'a> Fields<'a> {
    fn text(&self, name: &str) -> Result<&'a str, Rejected> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Err(self.rejected(name, "is missing")),
            Some(Value::String(text)) if text.is_empty() => Err(self.rejected(name, "must not be empty")),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(self.rejected(name, "must be text")),
        }
    }

    fn parsed<T, E: ToString>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Rejected> {
        parse(self.text(name)?).map_err(|error| self.rejected(name, &error.to_string()))
    }

    fn id<T: FromStr>(&self, name: &str) -> Result<T, Rejected> {
        self.parsed(name, parse_id)
    }

    /// A text that may be left out, or be `null`.
    fn optional<T, E: ToString>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Rejected> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.parsed(name, parse).map(Some),
        }
    }

    fn rejected(&self, name: &str, problem: &str) -> Rejected {
        let path: Vec<&str> = self.path.iter().copied().chain([name]).collect();
        rejected(&path, problem)
    }
}

fn parse_id<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "must be a UUID")
}

fn rejected(path: &[&str], problem: &str) -> Rejected {
    let place = if path.is_empty() { "an event".to_owned() } else { path.join(".") };
    let pointer = path.iter().fold("#".to_owned(), |pointer, name| format!("{pointer}/{name}"));
    Rejected { pointer, detail: format!("{place} {problem}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const ID: &str = "0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e01";

    fn event(kind: &str, data: &Value) -> Value {
        json!({"specversion": "1.0", "id": "e1", "source": "/community", "type": kind,
               "time": "2026-11-22T10:00:00Z", "data": data})
    }

    fn read(event: &Value) -> IncomingEvent {
        IncomingEvent::read(event, datetime!(2026-11-22 12:00 UTC))
    }

    fn refusal(event: &Value) -> (String, String) {
        let Rejected { pointer, detail } = read(event).content.unwrap_err();
        (pointer, detail)
    }

    /// Every type with the data it must have.
    fn types() -> Vec<(&'static str, Vec<&'static str>)> {
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
            ("MemberRoleChanged", vec!["community_id", "user_id"]),
            ("MemberLeft", vec!["community_id", "user_id"]),
            ("CourseCreated", vec!["community_id", "course_id"]),
            ("CourseDeleted", vec!["community_id", "course_id"]),
        ]
    }

    fn data(kind: &str, fields: &[&str]) -> Map<String, Value> {
        let mut data: Map<String, Value> =
            fields.iter().map(|field| ((*field).to_owned(), ID.into())).collect();
        if kind == "MemberRoleChanged" {
            data.insert("role".into(), "ADMIN".into());
        }
        data
    }

    #[test]
    fn every_type_is_understood_and_each_of_its_fields_is_needed() {
        assert_eq!(types().len(), Fact::EVENT_TYPES.len());
        for (kind, fields) in types() {
            let whole = data(kind, &fields);
            let whole_event = read(&event(kind, &Value::Object(whole.clone())));
            assert_eq!(whole_event.event_type, Some(kind));
            match whole_event.content {
                Ok(EventContent::Fact(record)) => assert_eq!(record.fact.event_type(), kind),
                other => panic!("{kind}: {other:?}"),
            }
            for field in whole.keys() {
                let expect = |value: Option<Value>, problem: &str| {
                    let mut spoiled = whole.clone();
                    match value {
                        Some(value) => spoiled.insert(field.clone(), value),
                        None => spoiled.remove(field),
                    };
                    let refused = refusal(&event(kind, &Value::Object(spoiled)));
                    assert_eq!(
                        refused,
                        (format!("#/data/{field}"), format!("data.{field} {problem}")),
                        "{kind}"
                    );
                };
                expect(None, "is missing");
                expect(Some(Value::Null), "is missing");
                expect(Some(7.into()), "must be text");
                let parse =
                    if field == "role" { "must be MEMBER, MODERATOR or ADMIN" } else { "must be a UUID" };
                expect(Some("nonsense".into()), parse);
            }
        }
    }

    #[test]
    fn what_may_be_left_out_may_also_be_null_and_a_name_empty() {
        for name in [Value::Null, "".into()] {
            let joined = json!({"community_id": ID, "user_id": ID, "role": null, "display_name": name});
            let Ok(EventContent::Fact(FactRecord { fact, .. })) =
                read(&event("MemberJoined", &joined)).content
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
            assert!(matches!(content, Ok(EventContent::UnknownType)), "{content:?}");
        }
    }

    #[test]
    fn the_sequence_may_be_text_or_number() {
        let data = json!({"community_id": ID, "post_id": ID, "author_id": ID});
        for sequence in [json!("17"), json!(17)] {
            let mut event = event("PostCreated", &data);
            event["sequence"] = sequence;
            let Ok(EventContent::Fact(record)) = read(&event).content else { panic!("not understood") };
            assert_eq!(record.metadata.sequence, Some(Sequence::parse("17").unwrap()));
        }
    }
}
