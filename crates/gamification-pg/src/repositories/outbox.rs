//! Domain events on their way out.

use diesel::sql_types::BigInt;
use gamification_app::ports::{Outbox, OutboxEvent, StoreError};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgTx,
    json::Json,
    schema::{channels, outbox},
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

record! {
    /// The key of an event.
    pub(crate) struct EventKeyRow: Written {
        community_id: Uuid => outbox::community_id,
        event_id: Uuid => outbox::event_id,
    }
}

record! {
    /// A channel.
    struct ChannelRow: Read {
        id: i32 => channels::id,
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

    /// The channels that are registered, which [`InsertOutbox`] reads in passing: in a distributed database a statement writes
    /// one table, and there are three instead of it.
    struct SelectChannels {} -> ChannelRow
    = "SELECT id FROM channels";

    /// `sequence` is given in the order of the events, by the one server that every statement is sent to.
    struct InsertEvents { new: Rows<OutboxRow>, now: OffsetDateTime => outbox::created_at }
    = "INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
       SELECT new.community_id, new.event_id, new.member_id, new.event_type, new.payload, :now
       FROM :new
       ORDER BY new.position";

    struct InsertDeliveries { event: Rows<EventKeyRow>, channel_ids: Vec<i32> => [channels::id] }
    = "INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
       SELECT o.community_id, o.event_id, channel.id, o.member_id, o.sequence
       FROM :event
       JOIN outbox AS o USING (community_id, event_id)
       CROSS JOIN UNNEST(:channel_ids) AS channel (id)[[
       WHERE o.community_id = ANY (:event.communities)]]";
}

impl From<&OutboxEvent> for EventKeyRow {
    fn from(OutboxEvent { id, event }: &OutboxEvent) -> Self {
        Self { community_id: event.community_id().as_uuid(), event_id: *id }
    }
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
        if events.is_empty() {
            return Ok(());
        }
        self.has_events();
        if !self.is_distributed() {
            self.run(InsertOutbox { new: (0..).zip(events).collect(), now });
            return Ok(());
        }
        self.run(InsertEvents { new: (0..).zip(events).collect(), now });
        // What is read stays as it is until the transaction ends: who registers a channel waits for that.
        let channels = self.rows(SelectChannels {}).await?;
        if !channels.is_empty() {
            let channel_ids = channels.into_iter().map(|ChannelRow { id }| id).collect();
            self.run(InsertDeliveries { event: events.into(), channel_ids });
        }
        Ok(())
    }
}
