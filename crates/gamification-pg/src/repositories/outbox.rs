//! Domain events on their way out.

use diesel::sql_types::{Array, Jsonb, Timestamptz};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{Outbox, OutboxEvent, StoreError};
use gamification_domain::DomainEvent;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Texts, Uuids};
use crate::{
    PgTx,
    error::{corrupt, store_error},
    statement::statement,
};

statement! {
    /// `sequence` is given in the order of the events.
    InsertOutbox {
        community_ids: Vec<Uuid> => Uuids,
        ids: Vec<Uuid> => Uuids,
        member_ids: Vec<Uuid> => Uuids,
        event_types: Vec<String> => Texts,
        payloads: Vec<serde_json::Value> => Array<Jsonb>,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "INSERT INTO outbox (community_id, id, member_id, event_type, payload, created_at)
     SELECT new.community_id, new.id, new.member_id, new.event_type, new.payload, t.now
     FROM UNNEST(?, ?, ?, ?, ?)
         WITH ORDINALITY AS new (community_id, id, member_id, event_type, payload, position), (VALUES (?)) AS t (now)
     ORDER BY new.position"
}

/// The column `payload`: what receivers get as the event's data.
#[derive(Serialize)]
#[serde(untagged)]
enum Payload<'a> {
    Points { member_id: Uuid, community_id: Uuid, points: i32, new_total: i32, source: &'static str },
    LevelUp { member_id: Uuid, community_id: Uuid, old_level: u8, new_level: u8, new_level_name: &'a str },
}

impl<'a> From<&'a DomainEvent> for Payload<'a> {
    fn from(event: &'a DomainEvent) -> Self {
        match event {
            DomainEvent::PointsAwarded { member_id, community_id, points, new_total, source }
            | DomainEvent::PointsDeducted { member_id, community_id, points, new_total, source } => {
                Self::Points {
                    member_id: member_id.as_uuid(),
                    community_id: community_id.as_uuid(),
                    points: points.get(),
                    new_total: new_total.get(),
                    source: source.as_str(),
                }
            }
            DomainEvent::MemberLeveledUp {
                member_id,
                community_id,
                old_level,
                new_level,
                new_level_name,
            } => Self::LevelUp {
                member_id: member_id.as_uuid(),
                community_id: community_id.as_uuid(),
                old_level: old_level.get(),
                new_level: new_level.get(),
                new_level_name: new_level_name.as_str(),
            },
        }
    }
}

impl Outbox for PgTx {
    async fn append_events(&mut self, events: &[OutboxEvent], now: OffsetDateTime) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut insert = InsertOutbox {
            community_ids: Vec::with_capacity(events.len()),
            ids: Vec::with_capacity(events.len()),
            member_ids: Vec::with_capacity(events.len()),
            event_types: Vec::with_capacity(events.len()),
            payloads: Vec::with_capacity(events.len()),
            now,
        };
        for OutboxEvent { id, event } in events {
            insert.community_ids.push(event.community_id().as_uuid());
            insert.ids.push(*id);
            insert.member_ids.push(event.member_id().as_uuid());
            insert.event_types.push(event.name().to_owned());
            insert.payloads.push(serde_json::to_value(Payload::from(event)).map_err(corrupt)?);
        }
        insert.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}
