//! The outbox as retention and operators see it.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{
    ExpressionMethods, QueryDsl,
    sql_types::{BigInt, Bool},
};
use gamification_app::ports::{
    ChannelBacklog, ChannelName, DeliveryFailure, OutboxUpkeep, ParkedEvent, Store, StoreError, SweptEvents,
    UnitOfWork,
};
use gamification_domain::{CommunityId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgStore,
    deliveries::{DeliveryRow, EventKeyRow, channel_id, text},
    error::{corrupt, misread},
    schema::{channels, delivery_failures, outbox},
    sending,
    statement::{OrNull, Plain, Rows, record, statements},
};

/// How many events are looked at in one statement.
const LOOKED_AT_ONCE: i64 = 5_000;

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

impl OutboxUpkeep for PgStore {
    async fn delete_events(&self, after: i64, before: OffsetDateTime) -> Result<SweptEvents, StoreError> {
        let delete = DeleteEvents { before, after, limit: LOOKED_AT_ONCE };
        let Some(row) = self.row(delete).await? else {
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
        if self.is_distributed().await? {
            return self.deliver_again_by_shard(channel, after, since).await;
        }
        let again = DeliverAgain { channel: text(channel), since, after, limit: LOOKED_AT_ONCE };
        let Some(DeliveredAgainRow { again, looked_at, last }) = self.row(again).await? else {
            return Ok(SweptEvents { number: 0, next: None });
        };
        let number = u64::try_from(again).map_err(corrupt)?;
        Ok(SweptEvents { number, next: last.filter(|_| looked_at == LOOKED_AT_ONCE) })
    }

    async fn backlogs(&self) -> Result<Vec<ChannelBacklog>, StoreError> {
        self.read(SelectBacklogs {}).await
    }

    async fn parked_events(&self, limit: usize) -> Result<Vec<ParkedEvent>, StoreError> {
        self.read(SelectParkedEvents { limit: i64::try_from(limit).map_err(corrupt)? }).await
    }

    async fn release_parked(&self) -> Result<u64, StoreError> {
        let parked = delivery_failures::table.filter(delivery_failures::parked_at.is_not_null());
        let released = self.execute(diesel::delete(parked)).await?;
        u64::try_from(released).map_err(corrupt)
    }
}

impl PgStore {
    /// [`DeliverAgain`] in parts.
    #[expect(clippy::disallowed_methods, reason = "some statements instead of one, where machines are many")]
    async fn deliver_again_by_shard(
        &self,
        channel: &ChannelName,
        after: i64,
        since: OffsetDateTime,
    ) -> Result<SweptEvents, StoreError> {
        let select = SelectEventsSince { since, after, limit: LOOKED_AT_ONCE };
        let mut session = self.session().await?;
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
        let partitions = self.partitions(&communities).await?;
        let mut tx = self.begin().await?;
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
