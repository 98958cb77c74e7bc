//! How the newest change of a thing is kept: one JSONB column.

use gamification_app::ports::BoxedError;
use gamification_domain::{EventId, InvalidLabel, LwwState, LwwVersion, Receipt, ReceiptKey, Sequence};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::json::Json;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredLwwState {
    sequence: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    occurred_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    claimed_at: Option<OffsetDateTime>,
    event_id: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    receipts: Vec<StoredReceipt>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredReceipt {
    #[serde(with = "time::serde::rfc3339")]
    received_at: OffsetDateTime,
    /// The change it is about, by the time it claims, or else by its event.
    #[serde(with = "time::serde::rfc3339::option")]
    claimed_at: Option<OffsetDateTime>,
    event_id: Option<String>,
}

impl From<&LwwState> for StoredLwwState {
    fn from(state: &LwwState) -> Self {
        let LwwState { version, receipts } = state;
        let LwwVersion { sequence, occurred_at, claimed_at, event_id } = version;
        Self {
            sequence: sequence.as_ref().map(|sequence| sequence.as_str().to_owned()),
            occurred_at: *occurred_at,
            claimed_at: *claimed_at,
            event_id: event_id.as_str().to_owned(),
            receipts: receipts.iter().map(StoredReceipt::from).collect(),
        }
    }
}

impl From<&Receipt> for StoredReceipt {
    fn from(Receipt { key, received_at }: &Receipt) -> Self {
        let (claimed_at, event_id) = match key {
            ReceiptKey::Time(time) => (Some(*time), None),
            ReceiptKey::Event(event_id) => (None, Some(event_id.as_str().to_owned())),
        };
        Self { received_at: *received_at, claimed_at, event_id }
    }
}

impl From<&LwwState> for Json<StoredLwwState> {
    fn from(state: &LwwState) -> Self {
        Self::new(StoredLwwState::from(state))
    }
}

/// What a column holds; nothing while nothing has changed what it is about.
pub(crate) fn lww_state(stored: Option<Json<StoredLwwState>>) -> Result<Option<LwwState>, BoxedError> {
    stored.map(|stored| LwwState::try_from(stored.understood()?)).transpose()
}

impl TryFrom<StoredLwwState> for LwwState {
    type Error = BoxedError;

    fn try_from(stored: StoredLwwState) -> Result<Self, BoxedError> {
        let StoredLwwState { sequence, occurred_at, claimed_at, event_id, receipts } = stored;
        let sequence = sequence.map(|text| Sequence::parse(&text)).transpose()?;
        let event_id = EventId::parse(&event_id)?;
        Ok(Self {
            version: LwwVersion { sequence, occurred_at, claimed_at, event_id },
            receipts: receipts.into_iter().map(receipt).collect::<Result<_, InvalidLabel>>()?,
        })
    }
}

fn receipt(stored: StoredReceipt) -> Result<Receipt, InvalidLabel> {
    let StoredReceipt { received_at, claimed_at, event_id } = stored;
    let key = match claimed_at {
        Some(time) => ReceiptKey::Time(time),
        None => ReceiptKey::Event(EventId::parse(&event_id.unwrap_or_default())?),
    };
    Ok(Receipt { key, received_at })
}
