//! The outbox as relays and retention see it.

use std::{collections::HashSet, time::Duration};

use diesel::{
    OptionalExtension, Queryable,
    sql_types::{BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, pooled_connection::deadpool::Object,
};
use futures_util::StreamExt;
use gamification_app::ports::{
    ChannelBacklog, ChannelName, ChannelQueries, CommitAnnouncements, DeletedEvents, Deliveries,
    DeliveryFailure, ParkedEvent, PendingEvent, RelayLease, StoreError,
};
use gamification_domain::{CommunityId, MemberKey, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgStore,
    connection::Connector,
    error::{corrupt, store_error, unavailable},
    repositories::{LEASE_LOCK, Uuids, member_columns},
    statement::statement,
    stored_event::StoredEvent,
};

/// What PostgreSQL's `NOTIFY` tells of commits under.
const COMMITS: &str = "gamification_outbox";

/// How often a relay asks for the lease while another holds it.
const LEASE_POLL: Duration = Duration::from_secs(1);

/// How many events retention looks at in one statement.
const LOOKED_AT_ONCE: i64 = 5_000;

statement! {
    /// The lease of a channel, if it is there and no other relay has it.
    TakeLease { class: i32 => Integer, name: String => Text } -> (Bool,)
    "SELECT pg_try_advisory_lock(?, id) FROM channels WHERE name = ?"
}

statement! {
    /// What is next is chosen before any event is read, and each event is read by its key (`OFFSET 0` keeps PostgreSQL from
    /// joining whole tables): the next page costs the same whether hundreds or millions of events wait.
    SelectPendingEvents {
        channel: String => Text,
        busy_communities: Vec<Uuid> => Uuids,
        busy_members: Vec<Uuid> => Uuids,
        now: OffsetDateTime => Timestamptz,
        limit: i64 => BigInt,
    } -> (
        SqlUuid, BigInt, Text, Jsonb, Timestamptz,
        Nullable<Integer>, Nullable<Timestamptz>, Nullable<Timestamptz>, Nullable<Text>,
    )
    "WITH next AS MATERIALIZED (
         SELECT d.community_id, d.event_id, d.channel_id, d.member_id, d.sequence
         FROM deliveries AS d
         WHERE d.channel_id = (SELECT id FROM channels WHERE name = ?)
           AND NOT EXISTS (
               SELECT FROM UNNEST(?, ?) AS busy (community_id, member_id)
               WHERE busy.community_id = d.community_id AND busy.member_id = d.member_id)
           AND NOT EXISTS (
               SELECT FROM delivery_failures AS f
               WHERE f.community_id = d.community_id AND f.member_id = d.member_id AND f.channel_id = d.channel_id
                 AND (f.parked_at IS NOT NULL OR f.retry_at > ?))
         ORDER BY d.sequence LIMIT ?)
     SELECT o.event_id, o.sequence, o.event_type, o.payload, o.created_at,
            f.failures, f.attempted_at, f.retry_at, f.cause
     FROM next
     CROSS JOIN LATERAL (
         SELECT * FROM outbox WHERE community_id = next.community_id AND event_id = next.event_id OFFSET 0) AS o
     LEFT JOIN delivery_failures AS f
         ON f.community_id = next.community_id AND f.member_id = next.member_id
         AND f.channel_id = next.channel_id AND f.event_id = next.event_id
     ORDER BY next.sequence"
}

statement! {
    MarkDelivered {
        channel: String => Text,
        community_ids: Vec<Uuid> => Uuids,
        event_ids: Vec<Uuid> => Uuids,
    } -> ()
    "WITH delivered AS (
         SELECT channel.id AS channel_id, event.community_id, event.event_id
         FROM (SELECT id FROM channels WHERE name = ?) AS channel
         CROSS JOIN UNNEST(?, ?) AS event (community_id, event_id)),
     overcome AS (
         DELETE FROM delivery_failures AS f USING delivered
         WHERE f.channel_id = delivered.channel_id AND f.community_id = delivered.community_id
           AND f.event_id = delivered.event_id)
     DELETE FROM deliveries AS d USING delivered
     WHERE d.community_id = delivered.community_id AND d.event_id = delivered.event_id
       AND d.channel_id = delivered.channel_id"
}

statement! {
    SaveDeliveryFailure {
        community_id: Uuid => SqlUuid,
        member_id: Uuid => SqlUuid,
        event_id: Uuid => SqlUuid,
        failures: i32 => Integer,
        attempted_at: OffsetDateTime => Timestamptz,
        retry_at: OffsetDateTime => Timestamptz,
        parked_at: Option<OffsetDateTime> => Nullable<Timestamptz>,
        cause: String => Text,
        channel: String => Text,
    } -> ()
    "INSERT INTO delivery_failures
         (community_id, member_id, channel_id, event_id, failures, attempted_at, retry_at, parked_at, cause)
     SELECT failed.community_id, failed.member_id, channels.id, failed.event_id, failed.failures, failed.attempted_at,
            failed.retry_at, failed.parked_at, failed.cause
     FROM (VALUES (?, ?, ?, ?, ?, ?, ?, ?))
         AS failed (community_id, member_id, event_id, failures, attempted_at, retry_at, parked_at, cause)
     JOIN channels ON channels.name = ?
     ON CONFLICT (community_id, member_id, channel_id) DO UPDATE SET
         event_id = excluded.event_id, failures = excluded.failures, attempted_at = excluded.attempted_at,
         retry_at = excluded.retry_at, parked_at = excluded.parked_at, cause = excluded.cause"
}

statement! {
    RetryNow { now: OffsetDateTime => Timestamptz, channel: String => Text } -> ()
    "UPDATE delivery_failures SET retry_at = ?
     WHERE parked_at IS NULL AND channel_id = (SELECT id FROM channels WHERE name = ?)"
}

statement! {
    /// What is old and still to be delivered is passed over: its members wait, and those of others need not.
    ///
    /// `channels` is read so that no channel is being registered meanwhile, which would have to deliver what is deleted.
    DeleteEvents {
        before: OffsetDateTime => Timestamptz,
        after: i64 => BigInt,
        limit: i64 => BigInt,
    } -> (BigInt, BigInt, Nullable<BigInt>, Bool)
    "WITH looked_at AS (
         SELECT community_id, event_id, sequence, created_at < ? AS is_old
         FROM outbox WHERE sequence > ? ORDER BY sequence LIMIT ?),
     young AS (SELECT MIN(sequence) AS first FROM looked_at WHERE NOT is_old),
     deleted AS (
         DELETE FROM outbox AS o USING looked_at AS l, young
         WHERE o.community_id = l.community_id AND o.event_id = l.event_id
           AND (young.first IS NULL OR l.sequence < young.first)
           AND NOT EXISTS (
               SELECT FROM deliveries AS d JOIN channels AS c ON c.id = d.channel_id
               WHERE d.community_id = l.community_id AND d.event_id = l.event_id)
         RETURNING 1)
     SELECT (SELECT COUNT(*) FROM deleted), COUNT(*), MAX(sequence), COALESCE(BOOL_AND(is_old), true) FROM looked_at"
}

statement! {
    SelectBacklogs {} -> (Text, BigInt, Nullable<Timestamptz>)
    "SELECT c.name, (SELECT COUNT(*) FROM deliveries AS d WHERE d.channel_id = c.id), oldest.created_at
     FROM channels AS c
     LEFT JOIN LATERAL (
         SELECT o.created_at
         FROM deliveries AS d JOIN outbox AS o ON o.community_id = d.community_id AND o.event_id = d.event_id
         WHERE d.channel_id = c.id ORDER BY d.sequence LIMIT 1) AS oldest ON true
     ORDER BY c.name"
}

statement! {
    SelectParkedEvents { limit: i64 => BigInt } -> (
        SqlUuid, Text, SqlUuid, SqlUuid, Integer, Timestamptz, Timestamptz, Nullable<Timestamptz>, Text,
    )
    "SELECT f.event_id, c.name, f.community_id, f.member_id, f.failures, f.attempted_at, f.retry_at, f.parked_at, f.cause
     FROM delivery_failures AS f JOIN channels AS c ON c.id = f.channel_id
     WHERE f.parked_at IS NOT NULL ORDER BY f.parked_at, f.event_id, c.name LIMIT ?"
}

statement! {
    ReleaseParked {} -> ()
    "DELETE FROM delivery_failures WHERE parked_at IS NOT NULL"
}

#[derive(Queryable)]
struct PendingEventRow {
    id: Uuid,
    sequence: i64,
    event_type: String,
    payload: serde_json::Value,
    created_at: OffsetDateTime,
    failures: Option<i32>,
    attempted_at: Option<OffsetDateTime>,
    retry_at: Option<OffsetDateTime>,
    cause: Option<String>,
}

impl TryFrom<PendingEventRow> for PendingEvent {
    type Error = StoreError;

    fn try_from(row: PendingEventRow) -> Result<Self, StoreError> {
        let PendingEventRow {
            id,
            sequence,
            event_type,
            payload,
            created_at,
            failures,
            attempted_at,
            retry_at,
            cause,
        } = row;
        let stored: StoredEvent = serde_json::from_value(payload).map_err(corrupt)?;
        let failure = match (failures, attempted_at, retry_at, cause) {
            (Some(failures), Some(attempted_at), Some(retry_at), Some(cause)) => {
                let failures = u32::try_from(failures).map_err(corrupt)?;
                Some(DeliveryFailure { failures, attempted_at, retry_at, parked_at: None, cause })
            }
            _ => None,
        };
        Ok(Self { id, sequence, event: stored.read(&event_type)?, created_at, failure })
    }
}

#[derive(Queryable)]
struct ParkedEventRow {
    event_id: Uuid,
    channel: String,
    community_id: Uuid,
    member_id: Uuid,
    failures: i32,
    attempted_at: OffsetDateTime,
    retry_at: OffsetDateTime,
    parked_at: Option<OffsetDateTime>,
    cause: String,
}

impl TryFrom<ParkedEventRow> for ParkedEvent {
    type Error = StoreError;

    fn try_from(row: ParkedEventRow) -> Result<Self, StoreError> {
        let ParkedEventRow {
            event_id,
            channel,
            community_id,
            member_id,
            failures,
            attempted_at,
            retry_at,
            parked_at,
            cause,
        } = row;
        let failures = u32::try_from(failures).map_err(corrupt)?;
        let failure = DeliveryFailure { failures, attempted_at, retry_at, parked_at, cause };
        Ok(Self {
            id: event_id,
            channel: channel.parse().map_err(corrupt)?,
            member: (CommunityId::new(community_id), UserId::new(member_id)),
            failure,
        })
    }
}

#[derive(Queryable)]
struct BacklogRow {
    channel: String,
    pending: i64,
    oldest: Option<OffsetDateTime>,
}

impl TryFrom<BacklogRow> for ChannelBacklog {
    type Error = StoreError;

    fn try_from(row: BacklogRow) -> Result<Self, StoreError> {
        let BacklogRow { channel, pending, oldest } = row;
        let pending = u64::try_from(pending).map_err(corrupt)?;
        Ok(Self { channel: channel.parse().map_err(corrupt)?, pending, oldest })
    }
}

/// The outbox of a database. A lease is acquired, and commits are heard of, on a connection beside the pool.
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

    async fn connection(&self) -> Result<Object<AsyncPgConnection>, StoreError> {
        self.store.connection().await
    }
}

impl Deliveries for PgDeliveries {
    type Lease = PgRelayLease;

    async fn acquire_lease(&self, channel: &ChannelName) -> Result<PgRelayLease, StoreError> {
        let mut connection = self.connector.connect().await.map_err(unavailable)?;
        loop {
            let take = TakeLease { class: LEASE_LOCK, name: text(channel) };
            let taken: Option<(bool,)> =
                take.get_result(&mut connection).await.optional().map_err(store_error)?;
            match taken {
                Some((true,)) => break,
                Some((false,)) => tokio::time::sleep(LEASE_POLL).await,
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
        let (busy_communities, busy_members) = member_columns(busy);
        let limit = i64::try_from(limit).map_err(corrupt)?;
        let select =
            SelectPendingEvents { channel: text(channel), busy_communities, busy_members, now, limit };
        let rows: Vec<PendingEventRow> =
            select.load(&mut *self.connection().await?).await.map_err(store_error)?;
        rows.into_iter().map(PendingEvent::try_from).collect()
    }

    async fn mark_delivered(
        &self,
        channel: &ChannelName,
        events: &[(CommunityId, Uuid)],
    ) -> Result<(), StoreError> {
        let (community_ids, event_ids) =
            events.iter().map(|(community_id, event_id)| (community_id.as_uuid(), *event_id)).unzip();
        let mark = MarkDelivered { channel: text(channel), community_ids, event_ids };
        mark.execute(&mut *self.connection().await?).await.map(drop).map_err(store_error)
    }

    async fn save_delivery_failure(
        &self,
        channel: &ChannelName,
        event: &PendingEvent,
        failure: &DeliveryFailure,
    ) -> Result<(), StoreError> {
        let (community_id, member_id) = event.member();
        let DeliveryFailure { failures, attempted_at, retry_at, parked_at, cause } = failure.clone();
        let save = SaveDeliveryFailure {
            community_id: community_id.as_uuid(),
            member_id: member_id.as_uuid(),
            event_id: event.id,
            failures: i32::try_from(failures).map_err(corrupt)?,
            attempted_at,
            retry_at,
            parked_at,
            // A receiver may say anything, and PostgreSQL's texts can't hold NUL.
            cause: cause.replace('\0', "\u{fffd}"),
            channel: text(channel),
        };
        save.execute(&mut *self.connection().await?).await.map(drop).map_err(store_error)
    }

    async fn retry_now(&self, channel: &ChannelName, now: OffsetDateTime) -> Result<(), StoreError> {
        let retry = RetryNow { now, channel: text(channel) };
        retry.execute(&mut *self.connection().await?).await.map(drop).map_err(store_error)
    }

    async fn delete_events(&self, after: i64, before: OffsetDateTime) -> Result<DeletedEvents, StoreError> {
        let delete = DeleteEvents { before, after, limit: LOOKED_AT_ONCE };
        let (deleted, looked_at, last, all_old): (i64, i64, Option<i64>, bool) =
            delete.get_result(&mut *self.connection().await?).await.map_err(store_error)?;
        Ok(DeletedEvents {
            number: u64::try_from(deleted).map_err(corrupt)?,
            next: last.filter(|_| all_old && looked_at == LOOKED_AT_ONCE),
        })
    }

    async fn backlogs(&self) -> Result<Vec<ChannelBacklog>, StoreError> {
        let rows: Vec<BacklogRow> =
            SelectBacklogs {}.load(&mut *self.connection().await?).await.map_err(store_error)?;
        rows.into_iter().map(ChannelBacklog::try_from).collect()
    }

    async fn parked_events(&self, limit: usize) -> Result<Vec<ParkedEvent>, StoreError> {
        let select = SelectParkedEvents { limit: i64::try_from(limit).map_err(corrupt)? };
        let rows: Vec<ParkedEventRow> =
            select.load(&mut *self.connection().await?).await.map_err(store_error)?;
        rows.into_iter().map(ParkedEvent::try_from).collect()
    }

    async fn release_parked(&self) -> Result<u64, StoreError> {
        let released = ReleaseParked {}.execute(&mut *self.connection().await?).await.map_err(store_error)?;
        u64::try_from(released).map_err(corrupt)
    }
}

fn text(channel: &ChannelName) -> String {
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
        let mut connection = self.connection().await?;
        connection.batch_execute(&format!("NOTIFY {COMMITS}")).await.map_err(store_error)
    }
}
