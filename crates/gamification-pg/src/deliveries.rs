//! The outbox as a relay sees it.

use std::{collections::HashSet, time::Duration};

use diesel::{
    Queryable,
    dsl::sql,
    sql_types::{BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection, pooled_connection::deadpool::Object,
};
use futures_util::StreamExt;
use gamification_app::ports::{
    Backlog, Deliveries, DeliveryFailure, ParkedEvent, PendingEvent, RelayLease, StoreError,
};
use gamification_domain::{CommunityId, MemberKey, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgStore,
    connection::Connector,
    error::{corrupt, store_error, unavailable},
    repositories::{Uuids, member_columns},
    statement::statement,
    stored_event::StoredEvent,
};

/// Where commits are told: the name of a channel of PostgreSQL's.
const CHANNEL: &str = "gamification_outbox";

/// Whose holder holds the lease; any number will do that nothing else in the database locks.
const LEASE_LOCK: i64 = 7_024_823_470_051;
/// How often is asked for the lease while another holds it.
const LEASE_POLL: Duration = Duration::from_secs(1);

/// The least time between two announcements of commits.
const ANNOUNCEMENT_PAUSE: Duration = Duration::from_millis(10);

/// How many events are deleted at once.
const DELETED_AT_ONCE: i64 = 5_000;

statement! {
    SelectPendingEvents {
        now: OffsetDateTime => Timestamptz,
        busy_communities: Vec<Uuid> => Uuids,
        busy_members: Vec<Uuid> => Uuids,
        limit: i64 => BigInt,
    } -> (
        SqlUuid, BigInt, Text, Jsonb, Timestamptz,
        Nullable<Integer>, Nullable<Timestamptz>, Nullable<Timestamptz>, Nullable<Text>,
    )
    "SELECT o.id, o.sequence, o.event_type, o.payload, o.created_at, own.failures, own.attempted_at, own.retry_at, own.cause
     FROM outbox AS o
     LEFT JOIN outbox_setbacks AS s USING (community_id, member_id)
     LEFT JOIN outbox_setbacks AS own ON own.community_id = o.community_id AND own.member_id = o.member_id
         AND own.event_id = o.id
     WHERE o.delivered_at IS NULL
       AND (s.event_id IS NULL OR s.parked_at IS NULL AND s.retry_at <= ?)
       AND NOT EXISTS (
           SELECT FROM UNNEST(?, ?) AS busy (community_id, member_id)
           WHERE busy.community_id = o.community_id AND busy.member_id = o.member_id)
     ORDER BY o.sequence LIMIT ?"
}

statement! {
    MarkDelivered {
        community_ids: Vec<Uuid> => Uuids,
        ids: Vec<Uuid> => Uuids,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "WITH delivered AS (SELECT * FROM UNNEST(?, ?) AS delivered (community_id, id)),
     overcome AS (
         DELETE FROM outbox_setbacks AS s USING delivered
         WHERE s.community_id = delivered.community_id AND s.event_id = delivered.id)
     UPDATE outbox AS o SET delivered_at = ? FROM delivered
     WHERE o.community_id = delivered.community_id AND o.id = delivered.id"
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
    } -> ()
    "INSERT INTO outbox_setbacks
         (community_id, member_id, event_id, failures, attempted_at, retry_at, parked_at, cause)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (community_id, member_id) DO UPDATE SET
         event_id = excluded.event_id, failures = excluded.failures, attempted_at = excluded.attempted_at,
         retry_at = excluded.retry_at, parked_at = excluded.parked_at, cause = excluded.cause"
}

statement! {
    RetryNow { now: OffsetDateTime => Timestamptz } -> ()
    "UPDATE outbox_setbacks SET retry_at = ? WHERE parked_at IS NULL"
}

statement! {
    /// Of those delivered at one moment the oldest first: what is kept of a member's events stays without a gap, which
    /// audits look for.
    DeleteDeliveredEvents { before: OffsetDateTime => Timestamptz, limit: i64 => BigInt } -> ()
    "DELETE FROM outbox WHERE (community_id, id) IN
         (SELECT community_id, id FROM outbox WHERE delivered_at < ? ORDER BY delivered_at, sequence LIMIT ?)"
}

statement! {
    /// Looks at the oldest only, so that it costs little when there is nothing to delete.
    DeleteUnclaimedEvents { limit: i64 => BigInt, before: OffsetDateTime => Timestamptz } -> ()
    "WITH oldest AS (
         SELECT community_id, id, created_at FROM outbox WHERE delivered_at IS NULL ORDER BY sequence LIMIT ?),
     old AS (SELECT community_id, id FROM oldest WHERE created_at < ?),
     overcome AS (
         DELETE FROM outbox_setbacks AS s USING old WHERE s.community_id = old.community_id AND s.event_id = old.id)
     DELETE FROM outbox AS o USING old WHERE o.community_id = old.community_id AND o.id = old.id"
}

statement! {
    SelectBacklog { now: OffsetDateTime => Timestamptz } -> (BigInt, Nullable<Timestamptz>)
    "SELECT COUNT(*), MIN(created_at) FROM outbox WHERE delivered_at IS NULL AND created_at <= ?"
}

statement! {
    SelectParkedEvents { limit: i64 => BigInt } -> (
        SqlUuid, SqlUuid, SqlUuid, Integer, Timestamptz, Timestamptz, Nullable<Timestamptz>, Text,
    )
    "SELECT event_id, community_id, member_id, failures, attempted_at, retry_at, parked_at, cause
     FROM outbox_setbacks WHERE parked_at IS NOT NULL ORDER BY parked_at, event_id LIMIT ?"
}

statement! {
    ReleaseParked { event_id: Option<Uuid> => Nullable<SqlUuid> } -> ()
    "DELETE FROM outbox_setbacks WHERE parked_at IS NOT NULL AND event_id = COALESCE(?, event_id)"
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
            (Some(failures), Some(attempted_at), Some(retry_at), Some(cause)) => Some(DeliveryFailure {
                failures: u32::try_from(failures).map_err(corrupt)?,
                attempted_at,
                retry_at,
                parked_at: None,
                cause,
            }),
            _ => None,
        };
        Ok(Self { id, sequence, event: stored.read(&event_type)?, created_at, failure })
    }
}

#[derive(Queryable)]
struct ParkedEventRow {
    event_id: Uuid,
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
        Ok(Self { id: event_id, member: (CommunityId::new(community_id), UserId::new(member_id)), failure })
    }
}

/// The outbox of a database. Leases are acquired, and commits heard of, on a connection beside the pool.
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

    async fn acquire_lease(&self) -> Result<PgRelayLease, StoreError> {
        let mut connection = self.connector.connect().await.map_err(unavailable)?;
        let take =
            diesel::select((sql::<Bool>("pg_try_advisory_lock(").bind::<BigInt, _>(LEASE_LOCK).sql(")"),));
        loop {
            let (is_ours,): (bool,) = take.clone().get_result(&mut connection).await.map_err(store_error)?;
            if is_ours {
                break;
            }
            tokio::time::sleep(LEASE_POLL).await;
        }
        connection.batch_execute(&format!("LISTEN {CHANNEL}")).await.map_err(store_error)?;
        Ok(PgRelayLease { connection })
    }

    async fn pending_events(
        &self,
        busy: &HashSet<MemberKey>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<PendingEvent>, StoreError> {
        let (busy_communities, busy_members) = member_columns(busy);
        let limit = i64::try_from(limit).map_err(corrupt)?;
        let select = SelectPendingEvents { now, busy_communities, busy_members, limit };
        let rows: Vec<PendingEventRow> =
            select.load(&mut *self.connection().await?).await.map_err(store_error)?;
        rows.into_iter().map(PendingEvent::try_from).collect()
    }

    async fn mark_delivered(
        &self,
        events: &[(CommunityId, Uuid)],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let (community_ids, ids) =
            events.iter().map(|(community_id, id)| (community_id.as_uuid(), *id)).unzip();
        let mark = MarkDelivered { community_ids, ids, now };
        mark.execute(&mut *self.connection().await?).await.map(drop).map_err(store_error)
    }

    async fn save_delivery_failure(
        &self,
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
        };
        save.execute(&mut *self.connection().await?).await.map(drop).map_err(store_error)
    }

    async fn retry_now(&self, now: OffsetDateTime) -> Result<(), StoreError> {
        let forgive = RetryNow { now };
        forgive.execute(&mut *self.connection().await?).await.map(drop).map_err(store_error)
    }

    async fn delete_events(&self, before: OffsetDateTime, undelivered: bool) -> Result<u64, StoreError> {
        let mut connection = self.connection().await?;
        let delivered = DeleteDeliveredEvents { before, limit: DELETED_AT_ONCE };
        let mut deleted = delivered.execute(&mut *connection).await.map_err(store_error)?;
        if undelivered {
            let unclaimed = DeleteUnclaimedEvents { limit: DELETED_AT_ONCE, before };
            deleted += unclaimed.execute(&mut *connection).await.map_err(store_error)?;
        }
        u64::try_from(deleted).map_err(corrupt)
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let select = SelectBacklog { now: OffsetDateTime::now_utc() };
        let (pending, oldest): (i64, Option<OffsetDateTime>) =
            select.get_result(&mut *self.connection().await?).await.map_err(store_error)?;
        Ok(Backlog { pending: u64::try_from(pending).map_err(corrupt)?, oldest })
    }

    async fn parked_events(&self, limit: usize) -> Result<Vec<ParkedEvent>, StoreError> {
        let select = SelectParkedEvents { limit: i64::try_from(limit).map_err(corrupt)? };
        let rows: Vec<ParkedEventRow> =
            select.load(&mut *self.connection().await?).await.map_err(store_error)?;
        rows.into_iter().map(ParkedEvent::try_from).collect()
    }

    async fn release_parked(&self, event_id: Option<Uuid>) -> Result<u64, StoreError> {
        let release = ReleaseParked { event_id };
        let released = release.execute(&mut *self.connection().await?).await.map_err(store_error)?;
        u64::try_from(released).map_err(corrupt)
    }
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

impl PgStore {
    /// Tells relays, on whatever server, that events were committed here; for ever.
    ///
    /// It is done outside the transactions, and once for many: `NOTIFY` inside them would make commits wait for one
    /// another. What is not told, because the process ends, relays find by looking now and then.
    pub async fn announce_commits(&self) {
        loop {
            self.events_committed().notified().await;
            let told = async {
                let mut connection = self.connection().await?;
                connection.batch_execute(&format!("NOTIFY {CHANNEL}")).await.map_err(store_error)
            };
            if let Err(error) = told.await {
                tracing::debug!(%error, "a commit could not be announced");
            }
            tokio::time::sleep(ANNOUNCEMENT_PAUSE).await;
        }
    }
}
