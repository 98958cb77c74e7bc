//! Domain events on their way out.

use diesel::sql_types::{Array, Jsonb, Timestamptz};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{Outbox, OutboxEvent, StoreError};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Texts, Uuids};
use crate::{
    PgTx,
    error::{corrupt, store_error},
    statement::statement,
    stored_event::StoredEvent,
};

statement! {
    /// `sequence` is given in the order of the events. Whatever channels are registered at this moment have to deliver
    /// them; none can be registered before the transaction ends (see `LOCK_CHANNELS`).
    InsertOutbox {
        community_ids: Vec<Uuid> => Uuids,
        event_ids: Vec<Uuid> => Uuids,
        member_ids: Vec<Uuid> => Uuids,
        event_types: Vec<String> => Texts,
        payloads: Vec<serde_json::Value> => Array<Jsonb>,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "WITH appended AS (
         INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
         SELECT new.community_id, new.event_id, new.member_id, new.event_type, new.payload, t.now
         FROM UNNEST(?, ?, ?, ?, ?)
             WITH ORDINALITY AS new (community_id, event_id, member_id, event_type, payload, position),
             (VALUES (?)) AS t (now)
         ORDER BY new.position
         RETURNING community_id, event_id, member_id, sequence)
     INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
     SELECT appended.community_id, appended.event_id, channels.id, appended.member_id, appended.sequence
     FROM appended CROSS JOIN channels"
}

impl Outbox for PgTx {
    async fn append_events(&mut self, events: &[OutboxEvent], now: OffsetDateTime) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let mut insert = InsertOutbox {
            community_ids: Vec::with_capacity(events.len()),
            event_ids: Vec::with_capacity(events.len()),
            member_ids: Vec::with_capacity(events.len()),
            event_types: Vec::with_capacity(events.len()),
            payloads: Vec::with_capacity(events.len()),
            now,
        };
        for OutboxEvent { id, event } in events {
            insert.community_ids.push(event.community_id().as_uuid());
            insert.event_ids.push(*id);
            insert.member_ids.push(event.member_id().as_uuid());
            insert.event_types.push(event.name().to_owned());
            insert.payloads.push(serde_json::to_value(StoredEvent::from(event)).map_err(corrupt)?);
        }
        self.has_events();
        insert.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}
