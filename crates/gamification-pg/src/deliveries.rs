//! The outbox as relays and retention see it.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use diesel::{
    ExpressionMethods, QueryDsl,
    sql_types::{BigInt, Bool, Integer},
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::StreamExt;
use gamification_app::ports::{
    ChannelBacklog, ChannelName, ChannelQueries, CommitAnnouncements, Deliveries, DeliveryFailure,
    ParkedEvent, PendingEvent, RelayLease, Store, StoreError, SweptEvents, UnitOfWork,
};
use gamification_domain::{CommunityId, MemberKey, UserId};
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

/// How many events are looked at in one statement.
const LOOKED_AT_ONCE: i64 = 5_000;

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
    struct EventKeyRow: Written {
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
    /// An event that was given up.
    struct ParkedEventRow: Read {
        event_id: Uuid => delivery_failures::event_id,
        channel: String => channels::name,
        community_id: Uuid => delivery_failures::community_id,
        member_id: Uuid => delivery_failures::member_id,
        failures: i32 => delivery_failures::failures,
        attempted_at: OffsetDateTime => delivery_failures::attempted_at,
        retry_at: OffsetDateTime => delivery_failures::retry_at,
        parked_at: Option<OffsetDateTime> => delivery_failures::parked_at,
        cause: String => delivery_failures::cause,
    }
}

record! {
    /// What a channel has to deliver.
    struct BacklogRow: Read {
        channel: String => channels::name,
        pending: i64 => Plain<BigInt>,
        oldest: Option<OffsetDateTime> => OrNull<outbox::created_at>,
    }
}

record! {
    /// What retention has looked at, and deleted.
    struct DeletedEventsRow: Read {
        deleted: i64 => Plain<BigInt>,
        looked_at: i64 => Plain<BigInt>,
        last: Option<i64> => OrNull<outbox::sequence>,
        is_all_old: bool => Plain<Bool>,
    }
}

record! {
    /// What was looked at, and is to be delivered once more.
    struct DeliveredAgainRow: Read {
        again: i64 => Plain<BigInt>,
        looked_at: i64 => Plain<BigInt>,
        last: Option<i64> => OrNull<outbox::sequence>,
    }
}

record! {
    /// The channel of a delivery.
    struct DeliveryRow: Read {
        channel_id: i32 => deliveries::channel_id,
    }
}

record! {
    /// An event that was looked at, and whether it is to be delivered once more.
    struct EventSinceRow: Read {
        community_id: Uuid => outbox::community_id,
        event_id: Uuid => outbox::event_id,
        sequence: i64 => outbox::sequence,
        is_meant: bool => Plain<Bool>,
    }
}

record! {
    /// An event that is locked.
    struct LockedEventRow: Read & Written {
        community_id: Uuid => outbox::community_id,
        event_id: Uuid => outbox::event_id,
        member_id: Uuid => outbox::member_id,
        sequence: i64 => outbox::sequence,
    }
}

statements! {
    /// The lease of a channel, if it is there and no other relay has it.
    struct AcquireLease { class: i32 => Plain<Integer>, channel: String => channels::name } -> LeaseRow
    = "SELECT pg_try_advisory_lock(:class, id) AS is_acquired FROM channels WHERE name = :channel";

    /// What is next is chosen before any event is read, and each event is read by its key (`OFFSET 0` keeps PostgreSQL from
    /// joining whole tables): the next page costs the same whether hundreds or millions of events wait.
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
             AND NOT EXISTS (
                 SELECT FROM :busy WHERE busy.community_id = d.community_id AND busy.member_id = d.member_id)
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

    /// What is old and still to be delivered is passed over: its members wait, and those of others need not.
    ///
    /// `channels` is read so that no channel is being registered meanwhile, which would have to deliver what is deleted.
    struct DeleteEvents {
        before: OffsetDateTime => outbox::created_at,
        after: i64 => outbox::sequence,
        limit: i64 => Plain<BigInt>,
    } -> DeletedEventsRow
    = "WITH looked_at AS (
           SELECT community_id, event_id, sequence, created_at < :before AS is_old
           FROM outbox WHERE sequence > :after ORDER BY sequence LIMIT :limit),
       young AS (SELECT MIN(sequence) AS first FROM looked_at WHERE NOT is_old),
       deleted AS (
           DELETE FROM outbox AS o USING looked_at AS l, young
           WHERE o.community_id = l.community_id AND o.event_id = l.event_id
             AND (young.first IS NULL OR l.sequence < young.first)
             AND NOT EXISTS (
                 SELECT FROM deliveries AS d {{JOIN channels AS c ON c.id = d.channel_id
                 WHERE d.community_id = l.community_id AND d.event_id = l.event_id}}[[
                 WHERE d.community_id = o.community_id AND d.event_id = o.event_id
                   AND d.channel_id IN (SELECT id FROM channels)]])
           RETURNING 1)
       SELECT (SELECT COUNT(*) FROM deleted) AS deleted, COUNT(*) AS looked_at, MAX(sequence) AS last,
              COALESCE(BOOL_AND(is_old), true) AS is_all_old
       FROM looked_at";

    /// What the channel has to deliver anyway stays as it is. Events are locked against a sweep, which may rename them.
    struct DeliverAgain {
        channel: String => channels::name,
        since: OffsetDateTime => outbox::created_at,
        after: i64 => outbox::sequence,
        limit: i64 => Plain<BigInt>,
    } -> DeliveredAgainRow
    = "WITH looked_at AS (
           SELECT community_id, event_id, sequence, created_at >= :since AS is_meant
           FROM outbox WHERE sequence > :after ORDER BY sequence LIMIT :limit),
       locked AS MATERIALIZED (
           SELECT o.community_id, o.event_id, o.member_id, o.sequence
           FROM looked_at AS l
           JOIN outbox AS o USING (community_id, event_id)
           WHERE l.is_meant
           ORDER BY o.community_id, o.event_id FOR SHARE OF o),
       again AS (
           INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
           SELECT l.community_id, l.event_id, c.id AS channel_id, l.member_id, l.sequence
           FROM locked AS l CROSS JOIN (SELECT id FROM channels WHERE name = :channel) AS c
           ORDER BY l.community_id, l.event_id, channel_id
           ON CONFLICT (community_id, event_id, channel_id) DO NOTHING
           RETURNING 1)
       SELECT (SELECT COUNT(*) FROM again) AS again, COUNT(*) AS looked_at, MAX(sequence) AS last FROM looked_at";

    /// The first part of [`DeliverAgain`] in a distributed database, where a statement that locks goes to one shard.
    struct SelectEventsSince {
        since: OffsetDateTime => outbox::created_at,
        after: i64 => outbox::sequence,
        limit: i64 => Plain<BigInt>,
    } -> EventSinceRow
    = "SELECT community_id, event_id, sequence, created_at >= :since AS is_meant
       FROM outbox WHERE sequence > :after ORDER BY sequence LIMIT :limit";

    /// The second, for the events of one shard: against a sweep, which may rename them.
    struct LockEvents { event: Rows<EventKeyRow> } -> LockedEventRow
    = "SELECT o.community_id, o.event_id, o.member_id, o.sequence
       FROM :event
       JOIN outbox AS o USING (community_id, event_id)
       WHERE o.community_id = ANY (:event.community_id)
       ORDER BY o.community_id, o.event_id FOR SHARE OF o";

    /// The last, for all.
    struct InsertDeliveriesAgain { channel_id: i32 => channels::id, new: Rows<LockedEventRow> } -> DeliveryRow
    = "INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
       SELECT new.community_id, new.event_id, :channel_id::integer AS channel_id, new.member_id, new.sequence
       FROM :new
       ORDER BY new.community_id, new.event_id, channel_id
       ON CONFLICT (community_id, event_id, channel_id) DO NOTHING
       RETURNING channel_id";

    struct SelectBacklogs {} -> BacklogRow
    = "SELECT c.name AS channel, {{(SELECT COUNT(*) FROM deliveries AS d WHERE d.channel_id = c.id) AS pending}}[[
              COALESCE(waiting.number, 0) AS pending]],
              oldest.created_at AS oldest
       FROM channels AS c
       {{LEFT JOIN LATERAL (
           SELECT o.created_at
           FROM deliveries AS d JOIN outbox AS o ON o.community_id = d.community_id AND o.event_id = d.event_id
           WHERE d.channel_id = c.id ORDER BY d.sequence LIMIT 1) AS oldest ON true}}[[
       LEFT JOIN (
           SELECT channel_id, COUNT(*) AS number, MIN(sequence) AS first FROM deliveries GROUP BY channel_id) AS waiting
           ON waiting.channel_id = c.id
       LEFT JOIN (
           SELECT sequence, created_at FROM outbox
           WHERE sequence IN (SELECT MIN(sequence) FROM deliveries GROUP BY channel_id)) AS oldest
           ON oldest.sequence = waiting.first]]
       ORDER BY c.name";

    struct SelectParkedEvents { limit: i64 => Plain<BigInt> } -> ParkedEventRow
    = "SELECT f.event_id, c.name AS channel, f.community_id, f.member_id, f.failures, f.attempted_at, f.retry_at,
              f.parked_at, f.cause
       FROM delivery_failures AS f JOIN channels AS c ON c.id = f.channel_id
       WHERE f.parked_at IS NOT NULL ORDER BY f.parked_at, f.event_id, c.name LIMIT :limit";
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
        let key = [community_id, member_id];
        let failures = u32::try_from(failures).map_err(misread!(delivery_failures::failures, key))?;
        let failure = DeliveryFailure { failures, attempted_at, retry_at, parked_at, cause };
        Ok(Self {
            id: event_id,
            channel: channel.parse().map_err(misread!(channels::name, key))?,
            member: (CommunityId::new(community_id), UserId::new(member_id)),
            failure,
        })
    }
}

impl TryFrom<BacklogRow> for ChannelBacklog {
    type Error = StoreError;

    fn try_from(row: BacklogRow) -> Result<Self, StoreError> {
        let BacklogRow { channel, pending, oldest } = row;
        let pending = u64::try_from(pending).map_err(corrupt)?;
        Ok(Self { channel: channel.parse().map_err(misread!(channels::name, []))?, pending, oldest })
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

    async fn delete_events(&self, after: i64, before: OffsetDateTime) -> Result<SweptEvents, StoreError> {
        let delete = DeleteEvents { before, after, limit: LOOKED_AT_ONCE };
        let Some(row) = self.store.row(delete).await? else {
            return Ok(SweptEvents { number: 0, next: None });
        };
        let DeletedEventsRow { deleted, looked_at, last, is_all_old } = row;
        Ok(SweptEvents {
            number: u64::try_from(deleted).map_err(corrupt)?,
            next: last.filter(|_| is_all_old && looked_at == LOOKED_AT_ONCE),
        })
    }

    async fn deliver_again(
        &self,
        channel: &ChannelName,
        after: i64,
        since: OffsetDateTime,
    ) -> Result<SweptEvents, StoreError> {
        if self.store.is_distributed().await? {
            return self.deliver_again_by_shard(channel, after, since).await;
        }
        let again = DeliverAgain { channel: text(channel), since, after, limit: LOOKED_AT_ONCE };
        let Some(DeliveredAgainRow { again, looked_at, last }) = self.store.row(again).await? else {
            return Ok(SweptEvents { number: 0, next: None });
        };
        let number = u64::try_from(again).map_err(corrupt)?;
        Ok(SweptEvents { number, next: last.filter(|_| looked_at == LOOKED_AT_ONCE) })
    }

    async fn backlogs(&self) -> Result<Vec<ChannelBacklog>, StoreError> {
        self.store.read(SelectBacklogs {}).await
    }

    async fn parked_events(&self, limit: usize) -> Result<Vec<ParkedEvent>, StoreError> {
        self.store.read(SelectParkedEvents { limit: i64::try_from(limit).map_err(corrupt)? }).await
    }

    async fn release_parked(&self) -> Result<u64, StoreError> {
        let parked = delivery_failures::table.filter(delivery_failures::parked_at.is_not_null());
        let released = self.store.execute(diesel::delete(parked)).await?;
        u64::try_from(released).map_err(corrupt)
    }
}

impl PgDeliveries {
    /// [`DeliverAgain`] in parts.
    #[expect(clippy::disallowed_methods, reason = "some statements instead of one, where machines are many")]
    async fn deliver_again_by_shard(
        &self,
        channel: &ChannelName,
        after: i64,
        since: OffsetDateTime,
    ) -> Result<SweptEvents, StoreError> {
        let select = SelectEventsSince { since, after, limit: LOOKED_AT_ONCE };
        let mut session = self.store.session().await?;
        let looked_at = sending::rows(&mut session, true, select).await;
        session.give_back();
        let looked_at = looked_at?;
        let is_full = i64::try_from(looked_at.len()) == Ok(LOOKED_AT_ONCE);
        let next = looked_at.last().filter(|_| is_full).map(|event| event.sequence);
        let meant = looked_at.into_iter().filter(|event| event.is_meant);
        let meant: Vec<(CommunityId, Uuid)> =
            meant.map(|event| (CommunityId::new(event.community_id), event.event_id)).collect();
        let communities: BTreeSet<CommunityId> =
            meant.iter().map(|(community_id, _)| *community_id).collect();
        let partitions = self.store.partitions(&communities).await?;
        let mut tx = self.store.begin().await?;
        let Some(channel_id) = channel_id(&mut tx, channel).await? else {
            tx.rollback().await?;
            return Ok(SweptEvents { number: 0, next: None });
        };
        let mut by_shard: BTreeMap<_, Vec<(CommunityId, Uuid)>> = BTreeMap::new();
        for event in meant {
            by_shard.entry(partitions.get(&event.0)).or_default().push(event);
        }
        let mut locked = Vec::new();
        for events in by_shard.into_values() {
            locked.extend(tx.rows(LockEvents { event: events.as_slice().into() }).await?);
        }
        locked.sort_unstable_by_key(|event: &LockedEventRow| (event.community_id, event.event_id));
        let again = tx.rows(InsertDeliveriesAgain { channel_id, new: locked.into_iter().collect() }).await?;
        tx.commit().await?;
        let again = again.into_iter().filter(|DeliveryRow { channel_id: of }| *of == channel_id);
        Ok(SweptEvents { number: u64::try_from(again.count()).map_err(corrupt)?, next })
    }
}

/// The number of a channel. From here to the end of the transaction it is neither registered nor forgotten by another.
async fn channel_id(tx: &mut PgTx, channel: &ChannelName) -> Result<Option<i32>, StoreError> {
    tx.first(channels::table.filter(channels::name.eq(text(channel))).select(channels::id)).await
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
        let mut session = self.session().await?;
        let announced = session.batch_execute(&format!("NOTIFY {COMMITS}")).await;
        session.give_back();
        announced.map_err(store_error)
    }
}
