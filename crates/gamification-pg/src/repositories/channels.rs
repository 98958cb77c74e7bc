//! Channels, and the events that each has to deliver from the beginning.

use diesel::{
    OptionalExtension,
    sql_types::{BigInt, Bool, Integer, Text, Timestamptz},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use gamification_app::ports::{ChannelName, ChannelQueries, ChannelRepository, StoreError};
use time::OffsetDateTime;

use crate::{
    PgStore, PgTx,
    error::{corrupt, store_error},
    statement::statement,
};

/// The first half of the advisory lock that is a channel's lease; the second half is the channel's id. ("game" in ASCII;
/// locks of two halves never meet those of one number.)
pub(crate) const LEASE_LOCK: i32 = 0x6761_6d65;

/// Statements that write events read this table. Its lock is granted before a statement sees anything, and is held until
/// the transaction ends: with this mode, no other transaction is between the two. It is waited for as long as for any
/// lock, while others wait behind it. What is done then takes as long as the number of kept events needs.
const LOCK_CHANNELS: &str = "
    LOCK TABLE channels IN ACCESS EXCLUSIVE MODE;
    SET LOCAL statement_timeout = '10min';
";

statement! {
    SelectChannel { name: String => Text } -> (Bool,)
    "SELECT EXISTS (SELECT FROM channels WHERE name = ?)"
}

statement! {
    InsertChannel { name: String => Text, now: OffsetDateTime => Timestamptz } -> (Integer,)
    "WITH registered AS (
         INSERT INTO channels (name, registered_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING RETURNING id),
     owed AS (
         INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
         SELECT outbox.community_id, outbox.event_id, registered.id, outbox.member_id, outbox.sequence
         FROM outbox CROSS JOIN registered)
     SELECT id FROM registered"
}

statement! {
    LockLease { class: i32 => Integer, name: String => Text } -> (Bool,)
    "SELECT pg_try_advisory_xact_lock(?, id) FROM channels WHERE name = ?"
}

statement! {
    DeleteChannel { name: String => Text } -> (BigInt,)
    "WITH forgotten AS (DELETE FROM channels WHERE name = ? RETURNING id),
     failures AS (DELETE FROM delivery_failures AS f USING forgotten WHERE f.channel_id = forgotten.id),
     events AS (DELETE FROM deliveries AS d USING forgotten WHERE d.channel_id = forgotten.id RETURNING 1)
     SELECT (SELECT COUNT(*) FROM events) FROM forgotten"
}

impl ChannelRepository for PgTx {
    async fn lock_channels(&mut self) -> Result<(), StoreError> {
        self.connection().batch_execute(LOCK_CHANNELS).await.map_err(store_error)
    }

    async fn insert_channel(&mut self, channel: &ChannelName, now: OffsetDateTime) -> Result<(), StoreError> {
        let insert = InsertChannel { name: channel.as_str().to_owned(), now };
        insert.execute(self.connection()).await.map(drop).map_err(store_error)
    }

    async fn lock_lease(&mut self, channel: &ChannelName) -> Result<bool, StoreError> {
        let lock = LockLease { class: LEASE_LOCK, name: channel.as_str().to_owned() };
        let locked: Option<(bool,)> =
            lock.get_result(self.connection()).await.optional().map_err(store_error)?;
        // No relay can hold the lease of a channel that is not there.
        Ok(locked.is_none_or(|(is_locked,)| is_locked))
    }

    async fn delete_channel(&mut self, channel: &ChannelName) -> Result<Option<u64>, StoreError> {
        let delete = DeleteChannel { name: channel.as_str().to_owned() };
        let deleted: Option<(i64,)> =
            delete.get_result(self.connection()).await.optional().map_err(store_error)?;
        deleted.map(|(events,)| u64::try_from(events).map_err(corrupt)).transpose()
    }
}

impl ChannelQueries for PgStore {
    async fn is_registered(&self, channel: &ChannelName) -> Result<bool, StoreError> {
        let select = SelectChannel { name: channel.as_str().to_owned() };
        let (exists,): (bool,) =
            select.get_result(&mut *self.connection().await?).await.map_err(store_error)?;
        Ok(exists)
    }
}
