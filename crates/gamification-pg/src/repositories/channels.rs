//! Channels, and the events that each has to deliver from the beginning.

use diesel::{
    ExpressionMethods, QueryDsl,
    dsl::exists,
    sql_types::{BigInt, Bool, Integer},
};
use gamification_app::ports::{ChannelName, ChannelQueries, ChannelRepository, StoreError};
use time::OffsetDateTime;

use crate::{
    PgStore, PgTx,
    error::corrupt,
    schema::channels,
    statement::{Plain, record, statements},
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

record! {
    /// A channel that was registered.
    struct ChannelRow: Read {
        id: i32 => channels::id,
    }
}

record! {
    /// Whether a lease was free.
    struct LeaseRow: Read {
        is_locked: bool => Plain<Bool>,
    }
}

record! {
    /// The number of events that a channel still had to deliver.
    struct ForgottenRow: Read {
        events: i64 => Plain<BigInt>,
    }
}

statements! {
    /// The channel, and deliveries of all events that are kept.
    struct InsertChannel { name: String => channels::name, now: OffsetDateTime => channels::registered_at }
    = "WITH registered AS (
           INSERT INTO channels (name, registered_at) VALUES (:name, :now) ON CONFLICT (name) DO NOTHING RETURNING id)
       INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
       SELECT outbox.community_id, outbox.event_id, registered.id, outbox.member_id, outbox.sequence
       FROM outbox CROSS JOIN registered";

    /// The first half of [`InsertChannel`] in a distributed database, where channels are with nobody's community.
    struct InsertChannelAlone { name: String => channels::name, now: OffsetDateTime => channels::registered_at }
        -> ChannelRow
    = "INSERT INTO channels (name, registered_at) VALUES (:name, :now) ON CONFLICT (name) DO NOTHING RETURNING id";

    /// The second half.
    struct InsertDeliveriesOfAll { channel_id: i32 => channels::id }
    = "INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
       SELECT community_id, event_id, :channel_id, member_id, sequence FROM outbox";

    struct LockLease { class: i32 => Plain<Integer>, name: String => channels::name } -> LeaseRow
    = "SELECT pg_try_advisory_xact_lock(:class, id) AS is_locked FROM channels WHERE name = :name";

    struct DeleteChannel { name: String => channels::name } -> ForgottenRow
    = "WITH forgotten AS (DELETE FROM channels WHERE name = :name RETURNING id),
       failures AS (DELETE FROM delivery_failures AS f USING forgotten WHERE f.channel_id = forgotten.id),
       events AS (DELETE FROM deliveries AS d USING forgotten WHERE d.channel_id = forgotten.id RETURNING 1)
       SELECT (SELECT COUNT(*) FROM events) AS events FROM forgotten";
}

impl ChannelRepository for PgTx {
    async fn lock_channels(&mut self) -> Result<(), StoreError> {
        self.batch(LOCK_CHANNELS).await
    }

    async fn insert_channel(&mut self, channel: &ChannelName, now: OffsetDateTime) -> Result<(), StoreError> {
        let name = channel.as_str().to_owned();
        if !self.is_distributed() {
            self.run(InsertChannel { name, now });
        } else if let Some(ChannelRow { id }) = self.row(InsertChannelAlone { name, now }).await? {
            self.run(InsertDeliveriesOfAll { channel_id: id });
        }
        Ok(())
    }

    async fn lock_lease(&mut self, channel: &ChannelName) -> Result<bool, StoreError> {
        let lease = self.row(LockLease { class: LEASE_LOCK, name: channel.as_str().to_owned() }).await?;
        // No relay can hold the lease of a channel that is not there.
        Ok(lease.is_none_or(|LeaseRow { is_locked }| is_locked))
    }

    async fn delete_channel(&mut self, channel: &ChannelName) -> Result<Option<u64>, StoreError> {
        let forgotten = self.row(DeleteChannel { name: channel.as_str().to_owned() }).await?;
        forgotten.map(|ForgottenRow { events }| u64::try_from(events).map_err(corrupt)).transpose()
    }
}

impl ChannelQueries for PgStore {
    async fn is_registered(&self, channel: &ChannelName) -> Result<bool, StoreError> {
        let is_there = exists(channels::table.filter(channels::name.eq(channel.as_str().to_owned())));
        Ok(self.first(diesel::select(is_there)).await?.unwrap_or(false))
    }
}
