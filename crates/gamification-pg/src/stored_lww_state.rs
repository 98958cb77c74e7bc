//! How the newest change of a thing is kept: one JSONB column.

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types::Jsonb,
};
use gamification_app::ports::StoreError;
use gamification_domain::{EventId, InvalidLabel, LwwState, LwwVersion, Receipt, ReceiptKey, Sequence};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::error::corrupt;

#[derive(Debug, Serialize, Deserialize, FromSqlRow, AsExpression)]
#[diesel(sql_type = Jsonb)]
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

impl TryFrom<StoredLwwState> for LwwState {
    type Error = StoreError;

    fn try_from(stored: StoredLwwState) -> Result<Self, StoreError> {
        let StoredLwwState { sequence, occurred_at, claimed_at, event_id, receipts } = stored;
        let sequence = sequence.map(|text| Sequence::parse(&text)).transpose().map_err(corrupt)?;
        let event_id = EventId::parse(&event_id).map_err(corrupt)?;
        let receipts = receipts.into_iter().map(receipt).collect::<Result<_, InvalidLabel>>();
        Ok(Self {
            version: LwwVersion { sequence, occurred_at, claimed_at, event_id },
            receipts: receipts.map_err(corrupt)?,
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

impl ToSql<Jsonb, Pg> for StoredLwwState {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let json = serde_json::to_value(self)?;
        <serde_json::Value as ToSql<Jsonb, Pg>>::to_sql(&json, &mut out.reborrow())
    }
}

impl FromSql<Jsonb, Pg> for StoredLwwState {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        let json = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(bytes)?;
        Ok(serde_json::from_value(json)?)
    }
}
