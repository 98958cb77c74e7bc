//! Members' totals and levels.

use diesel::{
    Queryable,
    sql_types::{Array, Bool, Integer, SmallInt, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{Repository, StoreError};
use gamification_domain::{CommunityId, LevelNumber, MemberPoints, MemberPointsId, Points, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Uuids, keys, member_columns};
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

impl Repository<MemberPoints> for PgTx {
    async fn lock(
        &mut self,
        wanted: &[MemberPoints],
        now: OffsetDateTime,
    ) -> Result<Vec<MemberPoints>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (community_ids, user_ids) = member_columns(&keys(wanted));
        let ensure = EnsureMemberPoints {
            community_ids: wanted.iter().map(|member| member.community_id().as_uuid()).collect(),
            user_ids: wanted.iter().map(|member| member.user_id().as_uuid()).collect(),
            ids: wanted.iter().map(|member| member.id().as_uuid()).collect(),
            totals: wanted.iter().map(|member| member.total_points().get()).collect(),
            levels: wanted.iter().map(|member| i16::from(member.current_level().get())).collect(),
            now,
        };
        ensure.execute(self.connection()).await.map_err(store_error)?;
        let lock = LockMemberPoints { community_ids, user_ids };
        let rows: Vec<MemberPointsRow> = lock.load(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(MemberPoints::try_from).collect()
    }

    async fn save(&mut self, changed: &[MemberPoints], now: OffsetDateTime) -> Result<(), StoreError> {
        if changed.is_empty() {
            return Ok(());
        }
        let update = UpdateMemberPoints {
            community_ids: changed.iter().map(|member| member.community_id().as_uuid()).collect(),
            ids: changed.iter().map(|member| member.id().as_uuid()).collect(),
            totals: changed.iter().map(|member| member.total_points().get()).collect(),
            levels: changed.iter().map(|member| i16::from(member.current_level().get())).collect(),
            presences: changed.iter().map(MemberPoints::is_present).collect(),
            now,
        };
        update.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}
