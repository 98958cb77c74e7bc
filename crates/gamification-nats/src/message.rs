//! CloudEvents in messages of NATS, as the NATS binding of CloudEvents has them.

use std::borrow::Cow;

use async_nats::{HeaderMap, HeaderValue, Message, header::HeaderName};
use gamification_app::{EventContent, EventMistake, EventMistakeKind, IncomingEvent};
use gamification_events::{
    ContentMode, MalformedMessage, STRUCTURED_EVENT, decode_attribute, read_binary, read_structured,
};
use time::OffsetDateTime;

/// What the headers of attributes begin with.
const ATTRIBUTE_PREFIX: &str = "ce-";
const CONTENT_TYPE: &str = "content-type";

/// Reads a message's one event: structured, which needs no header, or binary, with `ce-*` headers.
///
/// A message that holds no event is an event that can't be understood: it is counted and set aside like others.
pub(crate) fn read(message: &Message, received_at: OffsetDateTime) -> IncomingEvent {
    let none = HeaderMap::new();
    let headers = message.headers.as_ref().unwrap_or(&none);
    read_event(headers, &message.payload, received_at).unwrap_or_else(|detail| {
        let mistake = EventMistake { kind: EventMistakeKind::Invalid, pointer: "#".to_owned(), detail };
        IncomingEvent { id: None, content: EventContent::Invalid { event_type: None, mistake } }
    })
}

fn read_event(
    headers: &HeaderMap,
    payload: &[u8],
    received_at: OffsetDateTime,
) -> Result<IncomingEvent, String> {
    let attributes = attributes(headers)?;
    let has_specversion = attributes.iter().any(|(name, _)| name == "specversion");
    let media_type = media_type(headers);
    let mode = if media_type.is_empty() && !has_specversion {
        // Without headers it can be nothing else.
        Some(ContentMode::Structured)
    } else {
        ContentMode::of(&media_type, has_specversion)
    };
    let event = match mode {
        Some(ContentMode::Structured) => read_structured(payload, received_at),
        Some(ContentMode::Binary) => read_binary(attributes, payload, received_at),
        Some(ContentMode::Batched) => return Err("a message holds one event, not a batch".to_owned()),
        None => {
            return Err(format!("the message is neither {STRUCTURED_EVENT} nor has it ce-* headers"));
        }
    };
    event.map_err(|malformed| match malformed {
        MalformedMessage::NotJson(error) => format!("the message is not JSON: {error}"),
        other => other.to_string(),
    })
}

/// The attributes of an event, by their names without the prefix.
fn attributes(headers: &HeaderMap) -> Result<Vec<(String, Cow<'_, str>)>, String> {
    let values = headers.iter().filter_map(|(header, values)| {
        let name = lowercase(header).strip_prefix(ATTRIBUTE_PREFIX)?.to_owned();
        Some(values.iter().map(move |value| (name.clone(), value)))
    });
    let attributes = values.flatten().map(|(name, value)| {
        let text = decode_attribute(value.as_str());
        text.map(|text| (name.clone(), text))
            .ok_or_else(|| format!("the header {ATTRIBUTE_PREFIX}{name} is not text"))
    });
    attributes.collect()
}

/// Without parameters and in lower case; empty where there is none.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.iter().find(|(header, _)| lowercase(header) == CONTENT_TYPE);
    let value = value.and_then(|(_, values)| values.first());
    let text = value.map(HeaderValue::as_str).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Names of headers are told apart by their case in NATS; nobody means that.
pub(crate) fn lowercase(header: &HeaderName) -> String {
    header.to_string().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
