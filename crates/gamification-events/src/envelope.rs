//! The envelope of an event: the attributes that CloudEvents 1.0 gives it, and `data` in their midst.

use gamification_app::{EventContent, EventMistake, EventMistakeKind, IncomingEvent};
use gamification_domain::{EventId, EventMetadata, EventType, FactRecord, Sequence};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{facts::read_fact, fields::Fields, json::Json, mistake::mistake};

/// Reads an event on its own: what is wrong with one says nothing about the others. `received_at` is when it reached us.
pub(crate) fn read_event(event: &Json, received_at: OffsetDateTime) -> IncomingEvent {
    let attribute = |name| match event {
        Json::Object(attributes) => match attributes.get(name) {
            Some(Json::Text(text)) => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    };
    let content = content(event, received_at).unwrap_or_else(|mistake| EventContent::Invalid {
        event_type: attribute("type").and_then(|name| name.parse().ok()),
        mistake,
    });
    IncomingEvent { id: attribute("id").map(ToOwned::to_owned), content }
}

fn content(event: &Json, received_at: OffsetDateTime) -> Result<EventContent, EventMistake> {
    let Json::Object(attributes) = event else {
        return Err(mistake(EventMistakeKind::Invalid, &[], "must be a JSON object"));
    };
    let event = Fields::new(attributes, &[])?;
    if event.text("specversion")? != "1.0" {
        return Err(event.mistake("specversion", "must be 1.0"));
    }
    let event_id = event.parsed("id", EventId::parse)?;
    event.text("source")?;
    let metadata = EventMetadata { event_id, sequence: sequence(&event)?, time: time(&event)?, received_at };
    let Ok(event_type) = event.text("type")?.parse::<EventType>() else {
        // Whatever its data are: nobody looks at them.
        return Ok(EventContent::UnknownType);
    };
    let data = match event.get("data") {
        Some(Json::Object(data)) => Fields::new(data, &["data"])?,
        None | Some(Json::Null) => return Err(event.missing("data")),
        Some(Json::Flag(_) | Json::Text(_) | Json::WholeNumber(_) | Json::Other) => {
            return Err(event.mistake("data", "must be a JSON object"));
        }
    };
    let fact = read_fact(event_type, &data)?;
    Ok(EventContent::Fact(FactRecord { fact, metadata }))
}

fn time(event: &Fields<'_>) -> Result<Option<OffsetDateTime>, EventMistake> {
    event.optional("time", |text| {
        OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "must be an RFC 3339 date-time")
    })
}

/// CloudEvents has it as a text; a number is as good.
fn sequence(event: &Fields<'_>) -> Result<Option<Sequence>, EventMistake> {
    let text = match event.get("sequence") {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Text(text)) => text.clone(),
        Some(Json::WholeNumber(number @ 0..)) => number.to_string(),
        Some(Json::Flag(_) | Json::WholeNumber(_) | Json::Object(_) | Json::Other) => {
            return Err(event.mistake("sequence", "must be text"));
        }
    };
    Sequence::parse(&text).map(Some).map_err(|error| event.mistake("sequence", &error.to_string()))
}

#[cfg(test)]
mod tests;
