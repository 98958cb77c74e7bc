//! Messages, read in each content mode.

use std::fmt;

use gamification_app::IncomingEvent;
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};
use time::OffsetDateTime;

use crate::{
    envelope::read_event,
    json::{Json, JsonObject},
};

/// The most events of one batch: as many facts as a transaction takes.
pub const MAX_BATCH_EVENTS: usize = 1_000;

/// The attribute that is no attribute: in binary mode the payload takes its place.
const DATA: &str = "data";

/// A message that holds no events at all. (Events that can't be understood say so themselves.)
#[derive(Debug, thiserror::Error)]
pub enum MalformedMessage {
    /// The payload is not JSON, or nested more than 127 levels deep.
    #[error("the payload is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// A batch is something else than a list.
    #[error("a batch is a JSON array of events")]
    NotAList,
    /// A batch is too long.
    #[error("a batch has at most {MAX_BATCH_EVENTS} events")]
    TooManyEvents,
    /// An attribute of an event in binary mode has several values.
    #[error("the attribute {name} is there twice")]
    RepeatedAttribute {
        /// Its name, without the transport's prefix.
        name: String,
    },
}

/// Reads the one event of a message in structured mode. `received_at` is when the message reached us.
///
/// # Errors
/// [`MalformedMessage::NotJson`]; all else is the event's own mistake.
pub fn read_structured(
    payload: &[u8],
    received_at: OffsetDateTime,
) -> Result<IncomingEvent, MalformedMessage> {
    Ok(read_event(&parse(payload)?, received_at))
}

/// Reads the events of a message in batched mode, in their order. `received_at` is when the message reached us.
///
/// # Errors
/// [`MalformedMessage::NotJson`], [`MalformedMessage::NotAList`], [`MalformedMessage::TooManyEvents`] above
/// [`MAX_BATCH_EVENTS`]; all else is an event's own mistake, and the others count.
pub fn read_batched(
    payload: &[u8],
    received_at: OffsetDateTime,
) -> Result<Vec<IncomingEvent>, MalformedMessage> {
    if !payload.trim_ascii_start().starts_with(b"[") {
        parse::<Json>(payload)?;
        return Err(MalformedMessage::NotAList);
    }
    match parse(payload)? {
        Batch::Events(events) => Ok(events.iter().map(|event| read_event(event, received_at)).collect()),
        Batch::TooMany => Err(MalformedMessage::TooManyEvents),
    }
}

/// Reads the one event of a message in binary mode: attributes by their names without the transport's prefix (`ce-` of
/// HTTP and NATS, `ce_` of Kafka) and with their values decoded, and the payload, which may be empty. `received_at` is
/// when the message reached us.
///
/// # Errors
/// [`MalformedMessage::NotJson`], [`MalformedMessage::RepeatedAttribute`]; all else is the event's own mistake.
pub fn read_binary<N: Into<String>, V: Into<String>>(
    attributes: impl IntoIterator<Item = (N, V)>,
    payload: &[u8],
    received_at: OffsetDateTime,
) -> Result<IncomingEvent, MalformedMessage> {
    let data = if payload.is_empty() { Json::Null } else { parse(payload)? };
    let mut event = JsonObject::default();
    for (name, value) in attributes {
        event.insert(name.into(), Json::Text(value.into()));
    }
    if let Some(name) = event.repeated() {
        return Err(MalformedMessage::RepeatedAttribute { name: name.to_owned() });
    }
    event.replace(DATA, data);
    Ok(read_event(&Json::Object(event), received_at))
}

fn parse<'de, T: Deserialize<'de>>(payload: &'de [u8]) -> Result<T, MalformedMessage> {
    serde_json::from_slice(payload).map_err(MalformedMessage::NotJson)
}

/// A list of events, read to its end, but not kept beyond the limit.
enum Batch {
    Events(Vec<Json>),
    TooMany,
}

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BatchVisitor)
    }
}

struct BatchVisitor;

impl<'de> Visitor<'de> for BatchVisitor {
    type Value = Batch;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Batch, A::Error> {
        let mut events = Vec::new();
        while let Some(event) = list.next_element()? {
            if events.len() == MAX_BATCH_EVENTS {
                while list.next_element::<Json>()?.is_some() {}
                return Ok(Batch::TooMany);
            }
            events.push(event);
        }
        Ok(Batch::Events(events))
    }
}

#[cfg(test)]
mod tests {
    use gamification_app::{EventContent, EventMistake};
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    #[test]
    fn a_batch_is_a_list_of_at_most_a_thousand_events() {
        let list = |events: usize| format!(" \n[{}]", vec!["{}"; events].join(","));
        for events in [0, 1, MAX_BATCH_EVENTS] {
            assert_eq!(read_batched(list(events).as_bytes(), NOON).unwrap().len(), events);
        }
        let too_long = read_batched(list(MAX_BATCH_EVENTS + 1).as_bytes(), NOON);
        assert!(matches!(too_long, Err(MalformedMessage::TooManyEvents)), "{too_long:?}");
        for other in ["{}", "null", "\"[\""] {
            let read = read_batched(other.as_bytes(), NOON);
            assert!(matches!(read, Err(MalformedMessage::NotAList)), "{other}: {read:?}");
        }
        let broken_at_the_end = list(MAX_BATCH_EVENTS + 1).replace("{}]", "{]");
        for broken in ["", "[", "{", "[}", "[{},]", "[{}] x", broken_at_the_end.as_str()] {
            let read = read_batched(broken.as_bytes(), NOON);
            assert!(matches!(read, Err(MalformedMessage::NotJson(_))), "{broken:.20}: {read:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_one_event_of_a_batch_says_nothing_about_the_others() {
        let unknown = r#"{"specversion":"1.0","id":"e","source":"/s","type":"PollCreated"}"#;
        let batch = format!(r#"[{unknown},7,{{"id":"x"}},{{"id":"x","id":"y"}},{unknown}]"#);
        let events = read_batched(batch.as_bytes(), NOON).unwrap();
        let told: Vec<(Option<&str>, Option<&str>)> = events
            .iter()
            .map(|event| match &event.content {
                EventContent::Invalid { mistake: EventMistake { detail, .. }, .. } => {
                    (event.id.as_deref(), Some(detail.as_str()))
                }
                _ => (event.id.as_deref(), None),
            })
            .collect();
        assert_eq!(
            told,
            [
                (Some("e"), None),
                (None, Some("an event must be a JSON object")),
                (Some("x"), Some("specversion is missing")),
                (Some("x"), Some("id is there twice")),
                (Some("e"), None),
            ]
        );
    }

    #[test]
    fn attributes_beside_the_payload_make_the_same_event_as_within() {
        let id = "0192f0c1-5c1e-7f4e-8f4b-4b1d3c7a9e01";
        let data = format!(r#"{{"community_id":"{id}","post_id":"{id}","author_id":"{id}"}}"#);
        let attributes = [
            ("specversion", "1.0"),
            ("id", "e"),
            ("source", "/s"),
            ("type", "PostCreated"),
            ("time", "2026-11-22T10:00:00Z"),
            ("sequence", "7"),
            // No attribute has this name, and the payload is meant.
            ("data", "x"),
        ];
        let structured = format!(
            r#"{{"specversion":"1.0","id":"e","source":"/s","type":"PostCreated","time":"2026-11-22T10:00:00Z",
                "sequence":"7","data":{data}}}"#
        );
        let binary = read_binary(attributes, data.as_bytes(), NOON).unwrap();
        assert!(matches!(binary.content, EventContent::Fact(_)), "{binary:?}");
        assert_eq!(binary, read_structured(structured.as_bytes(), NOON).unwrap());

        let empty = read_binary(attributes, b"", NOON).unwrap();
        let EventContent::Invalid { mistake, .. } = empty.content else { panic!("{empty:?}") };
        assert_eq!(mistake.detail, "data is missing");
        let twice = read_binary(attributes.into_iter().chain([("id", "f")]), data.as_bytes(), NOON);
        assert!(
            matches!(&twice, Err(MalformedMessage::RepeatedAttribute { name }) if name == "id"),
            "{twice:?}"
        );
        let not_json = read_binary(attributes, b"{", NOON);
        assert!(matches!(not_json, Err(MalformedMessage::NotJson(_))), "{not_json:?}");
    }
}
