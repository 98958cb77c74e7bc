//! What an event tells, read from its JSON.

use serde_json::Value;
use time::{Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::Entry;

/// A producer's own numbering: numbers by their size, whatever their leading zeros, below all other texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sequence {
    Number { digits: usize, number: String },
    Text(String),
}

/// An event, and when it was received.
#[derive(Clone, Debug)]
pub(super) struct Told<'a> {
    pub(super) kind: &'a str,
    pub(super) event_id: &'a str,
    pub(super) sequence: Option<Sequence>,
    /// What its producer's clock said.
    pub(super) time: Option<OffsetDateTime>,
    received_at: OffsetDateTime,
    data: &'a Value,
}

impl<'a> Told<'a> {
    pub(super) fn new(event: &'a Value, received_at: OffsetDateTime) -> Self {
        let time = event["time"].as_str().map(|text| OffsetDateTime::parse(text, &Rfc3339).expect("a time"));
        Self {
            kind: event["type"].as_str().expect("a type"),
            event_id: event["id"].as_str().expect("an id"),
            sequence: Sequence::of(&event["sequence"]),
            time: time.map(in_microseconds),
            received_at: in_microseconds(received_at),
            data: &event["data"],
        }
    }

    /// Whether the moment of receipt stands in for the time.
    pub(super) fn has_no_usable_time(&self) -> bool {
        self.time.is_none_or(|time| time > self.received_at)
    }

    /// When it counts as having happened.
    pub(super) fn occurred_at(&self) -> OffsetDateTime {
        self.time.filter(|_| !self.has_no_usable_time()).unwrap_or(self.received_at)
    }

    /// An entry of the ledger that this event makes.
    pub(super) fn entry(&self, source: &'static str, points: i64, source_id: Uuid, actor_id: Uuid) -> Entry {
        let occurred_at = self.occurred_at();
        Entry {
            points,
            source,
            source_id: Some(source_id),
            actor_id: Some(actor_id),
            occurred_at,
            is_capped: false,
            reason: None,
        }
    }

    pub(super) fn id(&self, name: &str) -> Uuid {
        self.optional_id(name).unwrap_or_else(|| panic!("{}.{name} is missing: {}", self.kind, self.data))
    }

    pub(super) fn optional_id(&self, name: &str) -> Option<Uuid> {
        self.data[name].as_str().map(|text| text.parse().expect("a UUID"))
    }

    /// A text; an empty one is as good as none.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.data[name].as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned)
    }

    pub(super) fn number(&self, name: &str) -> i64 {
        self.data[name].as_i64().expect("a whole number")
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.data[name].as_bool()
    }
}

impl Sequence {
    fn of(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            number => number.to_string(),
        };
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Text(text));
        }
        let number = text.trim_start_matches('0');
        Some(Self::Number { digits: number.len(), number: number.to_owned() })
    }
}

/// In UTC and without what is finer than the database keeps.
fn in_microseconds(time: OffsetDateTime) -> OffsetDateTime {
    time.to_offset(UtcOffset::UTC) - Duration::nanoseconds(i64::from(time.nanosecond() % 1_000))
}
