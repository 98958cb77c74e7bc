//! The three ways in which CloudEvents come over HTTP: structured, batched and binary.

use actix_web::{HttpRequest, http::header::HeaderMap, web::Payload};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::{body, cloud_events::IncomingEvent, problem::Problem};

/// The largest body, in bytes: 4 MiB.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// The most events of one batch.
const MAX_EVENTS: usize = 1_000;

/// The events of one request.
pub(super) enum Delivery {
    /// One event, structured or binary.
    Single(IncomingEvent),
    /// A batch.
    Batch(Vec<IncomingEvent>),
}

#[derive(Clone, Copy)]
enum Mode {
    Structured,
    Batched,
    Binary,
}

/// Reads the events of a request, once its caller is known to be allowed.
pub(super) async fn read(
    request: &HttpRequest,
    payload: Payload,
    now: OffsetDateTime,
) -> Result<Delivery, Problem> {
    let mode = mode(request.headers())?;
    let body = body::read(payload, MAX_BODY).await?;
    match mode {
        Mode::Structured => Ok(Delivery::Single(IncomingEvent::read(&body::json(&body)?, now))),
        Mode::Batched => batch(&body::json(&body)?, now),
        Mode::Binary => {
            let data = if body.is_empty() { Value::Null } else { body::json(&body)? };
            let event = with_attributes(request.headers(), data)?;
            Ok(Delivery::Single(IncomingEvent::read(&event, now)))
        }
    }
}

fn batch(events: &Value, now: OffsetDateTime) -> Result<Delivery, Problem> {
    let Value::Array(events) = events else {
        return Err(Problem::bad_request("A batch is a JSON array of events"));
    };
    if events.len() > MAX_EVENTS {
        return Err(Problem::payload_too_large(format!("A batch has at most {MAX_EVENTS} events")));
    }
    Ok(Delivery::Batch(events.iter().map(|event| IncomingEvent::read(event, now)).collect()))
}

fn mode(headers: &HeaderMap) -> Result<Mode, Problem> {
    match body::media_type(headers).as_str() {
        "application/cloudevents+json" => Ok(Mode::Structured),
        "application/cloudevents-batch+json" => Ok(Mode::Batched),
        "" | "application/json" if headers.contains_key("ce-specversion") => Ok(Mode::Binary),
        _ => Err(Problem::unsupported_media_type(
            "Send application/cloudevents+json, application/cloudevents-batch+json, or application/json with ce-* headers",
        )),
    }
}

/// An event in structured form, made of `ce-*` headers and a body.
fn with_attributes(headers: &HeaderMap, data: Value) -> Result<Value, Problem> {
    let mut event = Map::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else {
            continue;
        };
        let text = value.to_str().ok().and_then(decoded);
        let text = text.ok_or_else(|| Problem::bad_request(format!("The header {name} is not text")))?;
        if event.insert(attribute.to_owned(), text.into()).is_some() {
            return Err(Problem::bad_request(format!("The header {name} is there twice")));
        }
    }
    event.insert("data".to_owned(), data);
    Ok(Value::Object(event))
}

/// Undoes the percent-encoding that CloudEvents prescribes for header values.
fn decoded(value: &str) -> Option<String> {
    percent_encoding::percent_decode_str(value).decode_utf8().ok().map(Into::into)
}
