//! Domain events on their way out.

use diesel::sql_types::BigInt;
use gamification_app::ports::{Outbox, OutboxEvent, StoreError};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgTx,
    json::Json,
    schema::outbox,
    statement::{Plain, Rows, record, statements},
    stored_event::StoredEvent,
};

record! {
    /// An event, with its place among those that are written with it.
    struct OutboxRow: Written {
        position: i64 => Plain<BigInt>,
        community_id: Uuid => outbox::community_id,
        event_id: Uuid => outbox::event_id,
        member_id: Uuid => outbox::member_id,
        event_type: String => outbox::event_type,
        payload: Json<StoredEvent> => outbox::payload,
    }
}

statements! {
    /// `sequence` is given in the order of the events. Whatever channels are registered at this moment have to deliver
    /// them; none can be registered before the transaction ends (see `LOCK_CHANNELS`).
    struct InsertOutbox { new: Rows<OutboxRow>, now: OffsetDateTime => outbox::created_at }
    = "WITH appended AS (
           INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
           SELECT new.community_id, new.event_id, new.member_id, new.event_type, new.payload, :now
           FROM :new
           ORDER BY new.position
           RETURNING community_id, event_id, member_id, sequence)
       INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
       SELECT appended.community_id, appended.event_id, channels.id, appended.member_id, appended.sequence
       FROM appended CROSS JOIN channels";
}

impl From<(i64, &OutboxEvent)> for OutboxRow {
    fn from((position, OutboxEvent { id, event }): (i64, &OutboxEvent)) -> Self {
        Self {
            position,
            community_id: event.community_id().as_uuid(),
            event_id: *id,
            member_id: event.member_id().as_uuid(),
            event_type: event.name().to_owned(),
            payload: Json::from(event),
        }
    }
}

impl Outbox for PgTx {
    async fn append_events(&mut self, events: &[OutboxEvent], now: OffsetDateTime) -> Result<(), StoreError> {
        if !events.is_empty() {
            self.has_events();
        }
        self.run(InsertOutbox { new: (0..).zip(events).collect(), now });
        Ok(())
    }
}
