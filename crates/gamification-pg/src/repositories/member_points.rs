//! Members' totals and levels, and the ledger behind them.

use std::collections::BTreeSet;

use diesel::{
    Queryable,
    sql_types::{Array, Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{MemberPointsRepository, StoreError};
use gamification_domain::{
    AwardedKeys, CommunityId, LevelNumber, MemberKey, MemberPoints, MemberPointsId, OnceOnlyKey, PointSource,
    PointTransaction, Points, SourceId, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Texts, Uuids, member_columns};
use crate::{
    PgTx,
    error::{corrupt, store_error},
    statement::statement,
};

statement! {
    /// Comes before the lock, always: a transaction that holds rows waits for no one else's new row. The other way
    /// round, two batches that each miss a member whom the other has could wait for one another.
    EnsureMemberPoints {
        community_ids: Vec<Uuid> => Uuids,
        user_ids: Vec<Uuid> => Uuids,
        ids: Vec<Uuid> => Uuids,
        totals: Vec<i32> => Array<Integer>,
        levels: Vec<i16> => Array<SmallInt>,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "INSERT INTO member_points (community_id, user_id, id, total_points, current_level, created_at, updated_at)
     SELECT new.community_id, new.user_id, new.id, new.total_points, new.current_level, t.now, t.now
     FROM UNNEST(?, ?, ?, ?, ?) AS new (community_id, user_id, id, total_points, current_level),
         (VALUES (?)) AS t (now)
     ORDER BY new.community_id, new.user_id
     ON CONFLICT (community_id, user_id) DO NOTHING"
}

statement! {
    LockMemberPoints { community_ids: Vec<Uuid> => Uuids, user_ids: Vec<Uuid> => Uuids }
    -> (SqlUuid, SqlUuid, SqlUuid, Integer, SmallInt, Bool)
    "SELECT m.id, m.community_id, m.user_id, m.total_points, m.current_level, m.is_present
     FROM member_points AS m
     JOIN UNNEST(?, ?) AS wanted (community_id, user_id) USING (community_id, user_id)
     ORDER BY m.community_id, m.user_id FOR NO KEY UPDATE OF m"
}

statement! {
    SelectAwardedContents {
        community_ids: Vec<Uuid> => Uuids,
        sources: Vec<String> => Texts,
        source_ids: Vec<Uuid> => Uuids,
    } -> (SqlUuid, Text, SqlUuid, Nullable<SqlUuid>)
    "SELECT t.community_id, t.source, t.source_id, NULL::uuid
     FROM UNNEST(?, ?, ?) AS wanted (community_id, source, source_id)
     JOIN point_transactions AS t USING (community_id, source, source_id)
     WHERE t.source IN ('post_created', 'comment_created')"
}

statement! {
    SelectAwardedLessons {
        community_ids: Vec<Uuid> => Uuids,
        user_ids: Vec<Uuid> => Uuids,
        source_ids: Vec<Uuid> => Uuids,
    } -> (SqlUuid, Text, SqlUuid, Nullable<SqlUuid>)
    "SELECT t.community_id, t.source, t.source_id, m.user_id
     FROM UNNEST(?, ?, ?) AS wanted (community_id, user_id, source_id)
     JOIN member_points AS m USING (community_id, user_id)
     JOIN point_transactions AS t
         ON t.community_id = m.community_id AND t.member_points_id = m.id AND t.source_id = wanted.source_id
     WHERE t.source = 'lesson_completed'"
}

statement! {
    UpdateMemberPoints {
        community_ids: Vec<Uuid> => Uuids,
        ids: Vec<Uuid> => Uuids,
        totals: Vec<i32> => Array<Integer>,
        levels: Vec<i16> => Array<SmallInt>,
        presences: Vec<bool> => Array<Bool>,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "UPDATE member_points AS m
     SET total_points = new.total_points, current_level = new.current_level, is_present = new.is_present,
         updated_at = t.now
     FROM UNNEST(?, ?, ?, ?, ?) AS new (community_id, id, total_points, current_level, is_present),
         (VALUES (?)) AS t (now)
     WHERE m.community_id = new.community_id AND m.id = new.id"
}

statement! {
    InsertPointTransactions {
        community_ids: Vec<Uuid> => Uuids,
        ids: Vec<Uuid> => Uuids,
        member_points_ids: Vec<Uuid> => Uuids,
        points: Vec<i32> => Array<Integer>,
        sources: Vec<String> => Texts,
        source_ids: Vec<Uuid> => Uuids,
        actor_ids: Vec<Uuid> => Uuids,
        event_ids: Vec<String> => Texts,
        occurred: Vec<OffsetDateTime> => Array<Timestamptz>,
        created: Vec<OffsetDateTime> => Array<Timestamptz>,
    } -> ()
    "INSERT INTO point_transactions
         (community_id, id, member_points_id, points, source, source_id, actor_id, event_id, occurred_at, created_at)
     SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
}

#[derive(Queryable)]
pub(crate) struct MemberPointsRow {
    pub(crate) id: Uuid,
    pub(crate) community_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) total_points: i32,
    pub(crate) current_level: i16,
    pub(crate) is_present: bool,
}

impl TryFrom<MemberPointsRow> for MemberPoints {
    type Error = StoreError;

    fn try_from(row: MemberPointsRow) -> Result<Self, StoreError> {
        let MemberPointsRow { id, community_id, user_id, total_points, current_level, is_present } = row;
        Ok(Self::restore(
            MemberPointsId::new(id),
            CommunityId::new(community_id),
            UserId::new(user_id),
            Points::new(i64::from(total_points)).map_err(corrupt)?,
            LevelNumber::new(i64::from(current_level)).map_err(corrupt)?,
            is_present,
        ))
    }
}

#[derive(Queryable)]
struct AwardedKeyRow {
    community_id: Uuid,
    source: String,
    source_id: Uuid,
    user_id: Option<Uuid>,
}

impl TryFrom<AwardedKeyRow> for OnceOnlyKey {
    type Error = StoreError;

    fn try_from(row: AwardedKeyRow) -> Result<Self, StoreError> {
        let AwardedKeyRow { community_id, source, source_id, user_id } = row;
        let source: PointSource = source.parse().map_err(corrupt)?;
        Ok(Self {
            community_id: CommunityId::new(community_id),
            source,
            source_id: SourceId::new(source_id),
            user_id: user_id.map(UserId::new),
        })
    }
}

impl MemberPointsRepository for PgTx {
    async fn lock_member_points(
        &mut self,
        members: &BTreeSet<MemberKey>,
        new: impl Fn(MemberKey) -> MemberPoints + Send,
        now: OffsetDateTime,
    ) -> Result<Vec<MemberPoints>, StoreError> {
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let (community_ids, user_ids) = member_columns(members);
        let fresh: Vec<MemberPoints> = members.iter().copied().map(new).collect();
        let ensure = EnsureMemberPoints {
            community_ids: community_ids.clone(),
            user_ids: user_ids.clone(),
            ids: fresh.iter().map(|member| member.id().as_uuid()).collect(),
            totals: fresh.iter().map(|member| member.total_points().get()).collect(),
            levels: fresh.iter().map(|member| i16::from(member.current_level().get())).collect(),
            now,
        };
        ensure.execute(self.connection()).await.map_err(store_error)?;
        let lock = LockMemberPoints { community_ids, user_ids };
        let rows: Vec<MemberPointsRow> = lock.load(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(MemberPoints::try_from).collect()
    }

    async fn awarded_keys(&mut self, keys: &BTreeSet<OnceOnlyKey>) -> Result<AwardedKeys, StoreError> {
        let mut contents =
            SelectAwardedContents { community_ids: Vec::new(), sources: Vec::new(), source_ids: Vec::new() };
        let mut lessons =
            SelectAwardedLessons { community_ids: Vec::new(), user_ids: Vec::new(), source_ids: Vec::new() };
        for OnceOnlyKey { community_id, source, source_id, user_id } in keys {
            if let Some(user_id) = user_id {
                lessons.community_ids.push(community_id.as_uuid());
                lessons.user_ids.push(user_id.as_uuid());
                lessons.source_ids.push(source_id.as_uuid());
            } else {
                contents.community_ids.push(community_id.as_uuid());
                contents.sources.push(source.as_str().to_owned());
                contents.source_ids.push(source_id.as_uuid());
            }
        }
        let mut rows: Vec<AwardedKeyRow> = Vec::new();
        if !contents.community_ids.is_empty() {
            rows.extend(contents.load::<AwardedKeyRow>(self.connection()).await.map_err(store_error)?);
        }
        if !lessons.community_ids.is_empty() {
            rows.extend(lessons.load::<AwardedKeyRow>(self.connection()).await.map_err(store_error)?);
        }
        rows.into_iter().map(OnceOnlyKey::try_from).collect()
    }

    async fn save_member_points(
        &mut self,
        members: &[MemberPoints],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        if members.is_empty() {
            return Ok(());
        }
        let update = UpdateMemberPoints {
            community_ids: members.iter().map(|member| member.community_id().as_uuid()).collect(),
            ids: members.iter().map(|member| member.id().as_uuid()).collect(),
            totals: members.iter().map(|member| member.total_points().get()).collect(),
            levels: members.iter().map(|member| i16::from(member.current_level().get())).collect(),
            presences: members.iter().map(MemberPoints::is_present).collect(),
            now,
        };
        update.execute(self.connection()).await.map(drop).map_err(store_error)
    }

    async fn append_transactions(&mut self, transactions: &[PointTransaction]) -> Result<(), StoreError> {
        if transactions.is_empty() {
            return Ok(());
        }
        let count = transactions.len();
        let mut insert = InsertPointTransactions {
            community_ids: Vec::with_capacity(count),
            ids: Vec::with_capacity(count),
            member_points_ids: Vec::with_capacity(count),
            points: Vec::with_capacity(count),
            sources: Vec::with_capacity(count),
            source_ids: Vec::with_capacity(count),
            actor_ids: Vec::with_capacity(count),
            event_ids: Vec::with_capacity(count),
            occurred: Vec::with_capacity(count),
            created: Vec::with_capacity(count),
        };
        for transaction in transactions {
            let PointTransaction {
                id,
                community_id,
                member_points_id,
                change,
                source,
                source_id,
                actor_id,
                event_id,
                occurred_at,
                created_at,
            } = transaction;
            insert.community_ids.push(community_id.as_uuid());
            insert.ids.push(id.as_uuid());
            insert.member_points_ids.push(member_points_id.as_uuid());
            insert.points.push(change.signed());
            insert.sources.push(source.as_str().to_owned());
            insert.source_ids.push(source_id.as_uuid());
            insert.actor_ids.push(actor_id.as_uuid());
            insert.event_ids.push(event_id.as_str().to_owned());
            insert.occurred.push(*occurred_at);
            insert.created.push(*created_at);
        }
        insert.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}
