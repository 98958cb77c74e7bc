//! The content modes of CloudEvents over HTTP: headers and a body of limited size.

use std::borrow::Cow;

use actix_web::{HttpRequest, http::header::HeaderMap, web::Payload};
use gamification_app::IncomingEvent;
use gamification_events::{
    ContentMode, MalformedMessage, decode_attribute, read_batched, read_binary, read_structured,
};
use time::OffsetDateTime;

use crate::{body, problem::Problem};

/// The largest body, in bytes: 4 MiB.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// What the headers of attributes begin with.
const ATTRIBUTE_PREFIX: &str = "ce-";

/// The events of one request.
pub(super) struct EventMessage {
    pub(super) events: Vec<IncomingEvent>,
    /// Whether they came as a batch, were it a batch of one.
    pub(super) is_batch: bool,
}

/// Reads the events of a request, once its caller is known to be allowed. `now` is when they count as received.
pub(super) async fn read(
    request: &HttpRequest,
    payload: Payload,
    now: OffsetDateTime,
) -> Result<EventMessage, Problem> {
    let headers = request.headers();
    let mode = ContentMode::of(&body::media_type(headers), headers.contains_key("ce-specversion"));
    let Some(mode) = mode else {
        return Err(Problem::unsupported_media_type(
            "Send application/cloudevents+json, application/cloudevents-batch+json, or application/json with ce-* headers",
        ));
    };
    let body = body::read(payload, MAX_BODY).await?;
    let single = |event| EventMessage { events: vec![event], is_batch: false };
    Ok(match mode {
        ContentMode::Structured => single(read_structured(&body, now)?),
        ContentMode::Batched => EventMessage { events: read_batched(&body, now)?, is_batch: true },
        ContentMode::Binary => single(read_binary(attributes(headers)?, &body, now)?),
    })
}

/// The attributes of an event, by their names without the prefix.
fn attributes(headers: &HeaderMap) -> Result<Vec<(&str, Cow<'_, str>)>, Problem> {
    let attributes = headers.iter().filter_map(|(header, value)| {
        let name = header.as_str().strip_prefix(ATTRIBUTE_PREFIX)?;
        let text = value.to_str().ok().and_then(decode_attribute);
        let not_text = || Problem::bad_request(format!("The header {header} is not text"));
        Some(text.map(|text| (name, text)).ok_or_else(not_text))
    });
    attributes.collect()
}

impl From<MalformedMessage> for Problem {
    fn from(malformed: MalformedMessage) -> Self {
        match malformed {
            MalformedMessage::NotJson(error) => Self::bad_request(format!("The body is not JSON: {error}")),
            MalformedMessage::NotAList => Self::bad_request("A batch is a JSON array of events"),
            MalformedMessage::TooManyEvents => Self::payload_too_large(format!(
                "A batch has at most {} events",
                gamification_events::MAX_BATCH_EVENTS
            )),
            MalformedMessage::RepeatedAttribute { name } => {
                Self::bad_request(format!("The header {ATTRIBUTE_PREFIX}{name} is there twice"))
            }
        }
    }
}
