//! The outbox as relays see it.

use std::{collections::HashSet, time::Duration};

use diesel::{
    ExpressionMethods, QueryDsl,
    sql_types::{BigInt, Bool, Integer},
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt;
use gamification_app::ports::{
    ChannelName, ChannelQueries, CommitAnnouncements, Deliveries, DeliveryFailure, PendingEvent, RelayLease,
    Store, StoreError, UnitOfWork,
};
use gamification_domain::{CommunityId, MemberKey};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgStore, PgTx,
    connection::Connector,
    error::{corrupt, misread, store_error, unavailable},
    json::Json,
    repositories::LEASE_LOCK,
    schema::{channels, deliveries, delivery_failures, outbox},
    sending,
    statement::{AnyRows, OrNull, Plain, Rows, Statement, record, statements},
    stored_event::StoredEvent,
};

/// The channel of PostgreSQL's `NOTIFY` that announces commits.
pub(crate) const COMMITS: &str = "gamification_outbox";

/// How often a relay asks for the lease while another holds it.
const LEASE_POLL: Duration = Duration::from_secs(1);

record! {
    /// Whether a lease was free.
    struct LeaseRow: Read {
        is_acquired: bool => Plain<Bool>,
    }
}

record! {
    /// A member whose events are being delivered.
    struct BusyMemberRow: Written {
        community_id: Uuid => deliveries::community_id,
        member_id: Uuid => deliveries::member_id,
    }
}

record! {
    /// The key of an event.
    pub(crate) struct EventKeyRow: Written {
        community_id: Uuid => deliveries::community_id,
        event_id: Uuid => deliveries::event_id,
    }
}

record! {
    /// An event that a channel has to deliver, and how that failed so far.
    struct PendingEventRow: Read {
        community_id: Uuid => outbox::community_id,
        event_id: Uuid => outbox::event_id,
        sequence: i64 => outbox::sequence,
        event_type: String => outbox::event_type,
        payload: Json<StoredEvent> => outbox::payload,
        created_at: OffsetDateTime => outbox::created_at,
        failures: Option<i32> => OrNull<delivery_failures::failures>,
        attempted_at: Option<OffsetDateTime> => OrNull<delivery_failures::attempted_at>,
        retry_at: Option<OffsetDateTime> => OrNull<delivery_failures::retry_at>,
        cause: Option<String> => OrNull<delivery_failures::cause>,
    }
}

record! {
    /// The channel of a delivery.
    pub(crate) struct DeliveryRow: Read {
        channel_id: i32 => deliveries::channel_id,
    }
}

statements! {
    /// The lease of a channel, if it is there and no other relay has it.
    struct AcquireLease { class: i32 => Plain<Integer>, channel: String => channels::name } -> LeaseRow
    = "SELECT pg_try_advisory_lock(:class, id) AS is_acquired FROM channels WHERE name = :channel";

    /// What is next is chosen before any event is read, and each event is read by its key (`OFFSET 0` keeps PostgreSQL from
    /// joining whole tables): the next page costs the same whether hundreds or millions of events wait. `NOT IN` asks a hash
    /// for who is busy; `NOT EXISTS` compares each event with all of them, since a generic plan takes them for few.
    struct SelectPendingEvents {
        channel: String => channels::name,
        busy: AnyRows<BusyMemberRow>,
        now: OffsetDateTime => delivery_failures::retry_at,
        limit: i64 => Plain<BigInt>,
    } -> PendingEventRow
    = "WITH next AS MATERIALIZED (
           SELECT d.community_id, d.event_id, d.channel_id, d.member_id, d.sequence
           FROM deliveries AS d
           WHERE d.channel_id = (SELECT id FROM channels WHERE name = :channel)
             AND (d.community_id, d.member_id) NOT IN (SELECT busy.community_id, busy.member_id FROM :busy)
             AND NOT EXISTS (
                 SELECT FROM delivery_failures AS f
                 WHERE f.community_id = d.community_id AND f.member_id = d.member_id AND f.channel_id = d.channel_id
                   AND (f.parked_at IS NOT NULL OR f.retry_at > :now))
           ORDER BY d.sequence LIMIT :limit)
       SELECT o.community_id, o.event_id, o.sequence, o.event_type, o.payload, o.created_at,
              f.failures, f.attempted_at, f.retry_at, f.cause
       FROM next
       {{CROSS JOIN LATERAL (
           SELECT * FROM outbox WHERE community_id = next.community_id AND event_id = next.event_id OFFSET 0) AS o}}[[
       JOIN outbox AS o ON o.community_id = next.community_id AND o.event_id = next.event_id]]
       LEFT JOIN delivery_failures AS f
           ON f.community_id = {{next}}[[o]].community_id AND f.member_id = next.member_id
           AND f.channel_id = next.channel_id AND f.event_id = next.event_id
       ORDER BY next.sequence";

    struct MarkDelivered { channel: String => channels::name, event: Rows<EventKeyRow> }
    = "WITH delivered AS (
           SELECT channel.id AS channel_id, event.community_id, event.event_id
           FROM (SELECT id FROM channels WHERE name = :channel) AS channel
           CROSS JOIN :event),
       overcome AS (
           DELETE FROM delivery_failures AS f USING delivered
           WHERE f.channel_id = delivered.channel_id AND f.community_id = delivered.community_id
             AND f.event_id = delivered.event_id[[ AND f.community_id = ANY (:event.communities)]])
       DELETE FROM deliveries AS d USING delivered
       WHERE d.community_id = delivered.community_id AND d.event_id = delivered.event_id
         AND d.channel_id = delivered.channel_id[[ AND d.community_id = ANY (:event.communities)]]";

    /// Locks the delivery: where its member was erased meanwhile there is none any more, and nothing to note of it.
    struct SaveDeliveryFailure {
        channel: String => channels::name,
        community_id: Uuid => delivery_failures::community_id,
        member_id: Uuid => delivery_failures::member_id,
        event_id: Uuid => delivery_failures::event_id,
        failures: i32 => delivery_failures::failures,
        attempted_at: OffsetDateTime => delivery_failures::attempted_at,
        retry_at: OffsetDateTime => delivery_failures::retry_at,
        parked_at: Option<OffsetDateTime> => delivery_failures::parked_at,
        cause: String => delivery_failures::cause,
    } = "INSERT INTO delivery_failures
             (community_id, member_id, channel_id, event_id, failures, attempted_at, retry_at, parked_at, cause)
         SELECT :community_id, :member_id, channels.id, :event_id, :failures, :attempted_at, :retry_at, :parked_at, :cause
         FROM channels
         JOIN deliveries AS d
             ON d.community_id = :community_id AND d.event_id = :event_id AND d.channel_id = channels.id
         WHERE channels.name = :channel
         FOR KEY SHARE OF d
         ON CONFLICT (community_id, member_id, channel_id) DO UPDATE SET
             event_id = excluded.event_id, failures = excluded.failures, attempted_at = excluded.attempted_at,
             retry_at = excluded.retry_at, parked_at = excluded.parked_at, cause = excluded.cause";

    /// The first half of [`SaveDeliveryFailure`] in a distributed database, where a statement that locks writes nothing.
    struct LockDelivery {
        channel_id: i32 => channels::id,
        community_id: Uuid => deliveries::community_id,
        event_id: Uuid => deliveries::event_id,
    } -> DeliveryRow
    = "SELECT d.channel_id FROM deliveries AS d
       WHERE d.community_id = :community_id AND d.event_id = :event_id AND d.channel_id = :channel_id
       FOR KEY SHARE OF d";

    /// The second half.
    struct UpsertDeliveryFailure {
        channel_id: i32 => channels::id,
        community_id: Uuid => delivery_failures::community_id,
        member_id: Uuid => delivery_failures::member_id,
        event_id: Uuid => delivery_failures::event_id,
        failures: i32 => delivery_failures::failures,
        attempted_at: OffsetDateTime => delivery_failures::attempted_at,
        retry_at: OffsetDateTime => delivery_failures::retry_at,
        parked_at: Option<OffsetDateTime> => delivery_failures::parked_at,
        cause: String => delivery_failures::cause,
    } = "INSERT INTO delivery_failures
             (community_id, member_id, channel_id, event_id, failures, attempted_at, retry_at, parked_at, cause)
         VALUES (:community_id, :member_id, :channel_id, :event_id, :failures, :attempted_at, :retry_at, :parked_at, :cause)
         ON CONFLICT (community_id, member_id, channel_id) DO UPDATE SET
             event_id = excluded.event_id, failures = excluded.failures, attempted_at = excluded.attempted_at,
             retry_at = excluded.retry_at, parked_at = excluded.parked_at, cause = excluded.cause";

    struct RetryNow { channel: String => channels::name, now: OffsetDateTime => delivery_failures::retry_at }
    = "UPDATE delivery_failures SET retry_at = :now
       WHERE parked_at IS NULL AND channel_id = (SELECT id FROM channels WHERE name = :channel)";

}

impl From<&MemberKey> for BusyMemberRow {
    fn from((community_id, user_id): &MemberKey) -> Self {
        Self { community_id: community_id.as_uuid(), member_id: user_id.as_uuid() }
    }
}

impl From<&(CommunityId, Uuid)> for EventKeyRow {
    fn from((community_id, event_id): &(CommunityId, Uuid)) -> Self {
        Self { community_id: community_id.as_uuid(), event_id: *event_id }
    }
}

impl TryFrom<PendingEventRow> for PendingEvent {
    type Error = StoreError;

    fn try_from(row: PendingEventRow) -> Result<Self, StoreError> {
        let PendingEventRow {
            community_id,
            event_id,
            sequence,
            event_type,
            payload,
            created_at,
            failures,
            attempted_at,
            retry_at,
            cause,
        } = row;
        let key = [community_id, event_id];
        let stored = payload.understood().map_err(misread!(outbox::payload, key))?;
        let failure = match (failures, attempted_at, retry_at, cause) {
            (Some(failures), Some(attempted_at), Some(retry_at), Some(cause)) => {
                let failures = u32::try_from(failures).map_err(misread!(delivery_failures::failures, key))?;
                Some(DeliveryFailure { failures, attempted_at, retry_at, parked_at: None, cause })
            }
            _ => None,
        };
        let event = stored.read(&event_type).map_err(misread!(outbox::payload, key))?;
        Ok(Self { id: event_id, sequence, event, created_at, failure })
    }
}

/// The outbox of a database. Leases are acquired, and commits listened for, on a connection beside the pool.
#[derive(Clone)]
pub struct PgDeliveries {
    store: PgStore,
    connector: Connector,
}

impl PgDeliveries {
    /// The outbox behind a store; `connector` leads to the same database.
    #[must_use]
    pub const fn new(store: PgStore, connector: Connector) -> Self {
        Self { store, connector }
    }
}

impl Deliveries for PgDeliveries {
    type Lease = PgRelayLease;

    async fn acquire_lease(&self, channel: &ChannelName) -> Result<PgRelayLease, StoreError> {
        let mut connection = self.connector.connect().await.map_err(unavailable)?;
        loop {
            let acquire = AcquireLease { class: LEASE_LOCK, channel: text(channel) };
            match sending::first(&mut connection, acquire.sent_to(self.connector.is_distributed())).await? {
                Some(LeaseRow { is_acquired: true }) => break,
                Some(LeaseRow { is_acquired: false }) => tokio::time::sleep(LEASE_POLL).await,
                None => return Err(not_registered(channel)),
            }
        }
        // It may have been forgotten in the moment before it was locked; from now on it can't be.
        if !self.store.is_registered(channel).await? {
            return Err(not_registered(channel));
        }
        connection.batch_execute(&format!("LISTEN {COMMITS}")).await.map_err(store_error)?;
        Ok(PgRelayLease { connection })
    }

    async fn pending_events(
        &self,
        channel: &ChannelName,
        busy: &HashSet<MemberKey>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<PendingEvent>, StoreError> {
        let limit = i64::try_from(limit).map_err(corrupt)?;
        let select = SelectPendingEvents { channel: text(channel), busy: busy.iter().collect(), now, limit };
        self.store.read(select).await
    }

    async fn mark_delivered(
        &self,
        channel: &ChannelName,
        events: &[(CommunityId, Uuid)],
    ) -> Result<(), StoreError> {
        self.store.run(MarkDelivered { channel: text(channel), event: events.into() }).await
    }

    #[expect(clippy::disallowed_methods, reason = "two statements instead of one, where machines are many")]
    async fn save_delivery_failure(
        &self,
        channel: &ChannelName,
        event: &PendingEvent,
        failure: &DeliveryFailure,
    ) -> Result<(), StoreError> {
        let (community_id, member_id) = event.member();
        let DeliveryFailure { failures, attempted_at, retry_at, parked_at, cause } = failure.clone();
        let (community_id, member_id, event_id) = (community_id.as_uuid(), member_id.as_uuid(), event.id);
        let failures = i32::try_from(failures).map_err(corrupt)?;
        // A receiver may say anything, and PostgreSQL's texts can't hold NUL.
        let cause = cause.replace('\0', "\u{fffd}");
        if !self.store.is_distributed().await? {
            let save = SaveDeliveryFailure {
                channel: text(channel),
                community_id,
                member_id,
                event_id,
                failures,
                attempted_at,
                retry_at,
                parked_at,
                cause,
            };
            return self.store.run(save).await;
        }
        let mut tx = self.store.begin().await?;
        let Some(channel_id) = channel_id(&mut tx, channel).await? else { return tx.rollback().await };
        if tx.row(LockDelivery { channel_id, community_id, event_id }).await?.is_some() {
            tx.run(UpsertDeliveryFailure {
                channel_id,
                community_id,
                member_id,
                event_id,
                failures,
                attempted_at,
                retry_at,
                parked_at,
                cause,
            });
        }
        tx.commit().await
    }

    async fn retry_now(&self, channel: &ChannelName, now: OffsetDateTime) -> Result<(), StoreError> {
        self.store.run(RetryNow { channel: text(channel), now }).await
    }
}

/// The number of a channel. From here to the end of the transaction it is neither registered nor forgotten by another.
pub(crate) async fn channel_id(tx: &mut PgTx, channel: &ChannelName) -> Result<Option<i32>, StoreError> {
    tx.first(channels::table.filter(channels::name.eq(text(channel))).select(channels::id)).await
}

pub(crate) fn text(channel: &ChannelName) -> String {
    channel.as_str().to_owned()
}

fn not_registered(channel: &ChannelName) -> StoreError {
    StoreError::Conflict { constraint: format!("the channel {channel} is not registered") }
}

/// The lease: an advisory lock, which the database gives on when this connection ends, however that happens.
pub struct PgRelayLease {
    connection: AsyncPgConnection,
}

impl RelayLease for PgRelayLease {
    async fn committed(&mut self) -> Result<(), StoreError> {
        let mut notifications = std::pin::pin!(self.connection.notifications_stream());
        match notifications.next().await {
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(store_error(error)),
            None => Err(unavailable("the connection that holds the relay's lease has ended")),
        }
    }
}

impl CommitAnnouncements for PgStore {
    /// `NOTIFY` inside the transactions would make their commits wait for one another.
    async fn announce_next_commit(&self) -> Result<(), StoreError> {
        self.events_committed().notified().await;
        let mut session = self.session().await?;
        let announced = session.batch_execute(&format!("NOTIFY {COMMITS}")).await;
        session.give_back();
        announced.map_err(store_error)
    }
}
