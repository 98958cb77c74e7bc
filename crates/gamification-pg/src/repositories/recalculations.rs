//! Changes of levels, and lifting members after them.

use diesel::{
    OptionalExtension, Queryable,
    sql_types::{Array, BigInt, Bool, Integer, SmallInt, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{LevelUp, LevelUps, RecalculationRepository, StoreError};
use gamification_domain::{CommunityId, LevelBand, LevelConfiguration, LevelNumber, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Texts, Uuids};
use crate::{
    PgTx,
    error::{corrupt, store_error},
    statement::statement,
};

statement! {
    SelectRecalculation { community_id: Uuid => SqlUuid } -> (Bool,)
    "SELECT EXISTS (SELECT FROM recalculations WHERE community_id = ?)"
}

statement! {
    InsertRecalculation {
        community_id: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        next_user_id: Uuid => SqlUuid,
        created_at: OffsetDateTime => Timestamptz,
        updated_at: OffsetDateTime => Timestamptz,
    } -> ()
    "INSERT INTO recalculations (community_id, id, next_user_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?)"
}

statement! {
    LockRecalculation { community_id: Uuid => SqlUuid } -> (SqlUuid,)
    "SELECT next_user_id FROM recalculations WHERE community_id = ? FOR NO KEY UPDATE"
}

statement! {
    UpdateRecalculation {
        next_user_id: Uuid => SqlUuid,
        now: OffsetDateTime => Timestamptz,
        community_id: Uuid => SqlUuid,
    } -> ()
    "UPDATE recalculations SET next_user_id = ?, updated_at = ? WHERE community_id = ?"
}

statement! {
    DeleteRecalculation { community_id: Uuid => SqlUuid } -> ()
    "DELETE FROM recalculations WHERE community_id = ?"
}

statement! {
    /// The last member of a chunk that is full; no row when the chunk is the last one.
    SelectLastOfChunk {
        community_id: Uuid => SqlUuid,
        first: Uuid => SqlUuid,
        others: i64 => BigInt,
    } -> (SqlUuid,)
    "SELECT user_id FROM member_points WHERE community_id = ? AND user_id >= ? ORDER BY user_id OFFSET ? LIMIT 1"
}

statement! {
    /// Lifts the members of a chunk who are below their band, and tells every registered channel of each; gives who rose from where to where, and
    /// whether they count in the distribution.
    ///
    /// A member whose points change while their row is waited for is looked at anew; whoever changed them has judged
    /// them by the new thresholds anyway.
    LevelUpMembers {
        now: OffsetDateTime => Timestamptz,
        levels: Vec<i16> => Array<SmallInt>,
        names: Vec<String> => Texts,
        lowest: Vec<i32> => Array<Integer>,
        highest: Vec<i32> => Array<Integer>,
        community_id: Uuid => SqlUuid,
        first: Uuid => SqlUuid,
        last: Uuid => SqlUuid,
        event_ids: Vec<Uuid> => Uuids,
    } -> (SqlUuid, SmallInt, SmallInt, Bool)
    "WITH t (now) AS (VALUES (?)),
     risen AS (
         SELECT m.community_id, m.id, m.user_id, m.is_present, m.current_level AS old_level,
                band.level AS new_level, band.name
         FROM UNNEST(?, ?, ?, ?) AS band (level, name, lowest, highest)
         JOIN member_points AS m
             ON m.total_points BETWEEN band.lowest AND band.highest AND m.current_level < band.level
         WHERE m.community_id = ? AND m.user_id BETWEEN ? AND ?
         ORDER BY m.user_id FOR NO KEY UPDATE OF m),
     numbered AS (SELECT *, row_number() OVER (ORDER BY user_id) AS position FROM risen),
     told AS (
         INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
         SELECT n.community_id, event.id, n.user_id, 'MemberLeveledUp',
                jsonb_build_object('member_id', n.user_id, 'community_id', n.community_id, 'old_level', n.old_level,
                                   'new_level', n.new_level, 'new_level_name', n.name),
                t.now
         FROM t, numbered AS n JOIN UNNEST(?) WITH ORDINALITY AS event (id, position) USING (position)
         RETURNING community_id, event_id, member_id, sequence),
     owed AS (
         INSERT INTO deliveries (community_id, event_id, channel_id, member_id, sequence)
         SELECT told.community_id, told.event_id, channels.id, told.member_id, told.sequence
         FROM told CROSS JOIN channels),
     lifted AS (
         UPDATE member_points AS m SET current_level = risen.new_level, updated_at = t.now
         FROM t, risen
         WHERE m.community_id = risen.community_id AND m.id = risen.id)
     SELECT user_id, old_level, new_level, is_present FROM risen"
}

#[derive(Queryable)]
struct LevelUpRow {
    user_id: Uuid,
    old_level: i16,
    new_level: i16,
    is_present: bool,
}

impl TryFrom<LevelUpRow> for LevelUp {
    type Error = StoreError;

    fn try_from(row: LevelUpRow) -> Result<Self, StoreError> {
        let LevelUpRow { user_id, old_level, new_level, is_present } = row;
        let level = |number| LevelNumber::new(i64::from(number)).map_err(corrupt);
        Ok(Self {
            user_id: UserId::new(user_id),
            old_level: level(old_level)?,
            new_level: level(new_level)?,
            is_present,
        })
    }
}

impl RecalculationRepository for PgTx {
    async fn is_recalculating(&mut self, community_id: CommunityId) -> Result<bool, StoreError> {
        let select = SelectRecalculation { community_id: community_id.as_uuid() };
        let (exists,): (bool,) = select.get_result(self.connection()).await.map_err(store_error)?;
        Ok(exists)
    }

    async fn insert_recalculation(
        &mut self,
        community_id: CommunityId,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let insert = InsertRecalculation {
            community_id: community_id.as_uuid(),
            id,
            next_user_id: Uuid::nil(),
            created_at: now,
            updated_at: now,
        };
        insert.execute(self.connection()).await.map(drop).map_err(store_error)
    }

    async fn lock_recalculation(&mut self, community_id: CommunityId) -> Result<Option<UserId>, StoreError> {
        let lock = LockRecalculation { community_id: community_id.as_uuid() };
        let next: Option<(Uuid,)> =
            lock.get_result(self.connection()).await.optional().map_err(store_error)?;
        Ok(next.map(|(user_id,)| UserId::new(user_id)))
    }

    async fn level_up_members(
        &mut self,
        levels: &LevelConfiguration,
        first: UserId,
        event_ids: Vec<Uuid>,
        now: OffsetDateTime,
    ) -> Result<LevelUps, StoreError> {
        let community_id = levels.community_id();
        let others = i64::try_from(event_ids.len().saturating_sub(1)).map_err(corrupt)?;
        let select =
            SelectLastOfChunk { community_id: community_id.as_uuid(), first: first.as_uuid(), others };
        let last: Option<(Uuid,)> =
            select.get_result(self.connection()).await.optional().map_err(store_error)?;
        let mut lift = LevelUpMembers {
            now,
            levels: Vec::new(),
            names: Vec::new(),
            lowest: Vec::new(),
            highest: Vec::new(),
            community_id: community_id.as_uuid(),
            first: first.as_uuid(),
            last: last.map_or(Uuid::max(), |(user_id,)| user_id),
            event_ids,
        };
        for LevelBand { definition, lowest, highest } in levels.bands() {
            lift.levels.push(i16::from(definition.level().get()));
            lift.names.push(definition.name().as_str().to_owned());
            lift.lowest.push(lowest.get());
            lift.highest.push(highest.get());
        }
        self.has_events();
        let rows: Vec<LevelUpRow> = lift.load(self.connection()).await.map_err(store_error)?;
        // The next one after the last, by the order of UUIDs; nobody comes after the greatest of all.
        let next = last.and_then(|(user_id,)| user_id.as_u128().checked_add(1));
        Ok(LevelUps {
            level_ups: rows.into_iter().map(LevelUp::try_from).collect::<Result<_, _>>()?,
            next: next.map(|next| UserId::new(Uuid::from_u128(next))),
        })
    }

    async fn save_recalculation(
        &mut self,
        community_id: CommunityId,
        next: UserId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update =
            UpdateRecalculation { next_user_id: next.as_uuid(), now, community_id: community_id.as_uuid() };
        update.execute(self.connection()).await.map(drop).map_err(store_error)
    }

    async fn delete_recalculation(&mut self, community_id: CommunityId) -> Result<(), StoreError> {
        let delete = DeleteRecalculation { community_id: community_id.as_uuid() };
        delete.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}
