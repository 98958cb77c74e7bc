//! The ledger, and the counts of levels that follow from it.

use std::collections::BTreeSet;

use diesel::{
    Queryable,
    sql_types::{Array, BigInt, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{LedgerRepository, StoreError};
use gamification_domain::{
    AwardedKeys, CommunityId, EntryCause, LevelCountChange, OnceOnlyKey, OnceScope, PointSource,
    PointTransaction, SourceId, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Texts, Uuids};
use crate::{
    PgTx,
    error::{corrupt, store_error},
    statement::statement,
};

statement! {
    SelectAwardedKeys {
        community_ids: Vec<Uuid> => Uuids,
        sources: Vec<String> => Texts,
        source_ids: Vec<Uuid> => Uuids,
        once_per: Vec<Uuid> => Uuids,
    } -> (SqlUuid, Text, SqlUuid, SqlUuid)
    "SELECT t.community_id, t.source, t.source_id, t.once_per
     FROM UNNEST(?, ?, ?, ?) AS wanted (community_id, source, source_id, once_per)
     JOIN point_transactions AS t USING (community_id, source, source_id, once_per)
     WHERE t.once_per IS NOT NULL"
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
        once_per: Vec<Option<Uuid>> => Array<Nullable<SqlUuid>>,
    } -> ()
    "INSERT INTO point_transactions
         (community_id, id, member_points_id, points, source, source_id, actor_id, event_id, occurred_at, created_at,
          once_per)
     SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
}

statement! {
    ChangeLevelCounts {
        community_ids: Vec<Uuid> => Uuids,
        levels: Vec<i16> => Array<SmallInt>,
        members: Vec<i64> => Array<BigInt>,
    } -> ()
    "UPDATE level_counts AS c SET members = c.members + change.members
     FROM UNNEST(?, ?, ?) AS change (community_id, level, members)
     WHERE c.community_id = change.community_id AND c.level = change.level"
}

statement! {
    EnsureLevelCounts { community_ids: Vec<Uuid> => Uuids, levels: Vec<i16> => Array<SmallInt> } -> ()
    "INSERT INTO level_counts (community_id, level, members)
     SELECT new.community_id, new.level, 0 FROM UNNEST(?, ?) AS new (community_id, level)
     ORDER BY new.community_id, new.level
     ON CONFLICT (community_id, level) DO NOTHING"
}

statement! {
    LockLevelCounts { community_ids: Vec<Uuid> => Uuids, levels: Vec<i16> => Array<SmallInt> } -> (SmallInt,)
    "SELECT c.level FROM level_counts AS c
     JOIN UNNEST(?, ?) AS wanted (community_id, level) USING (community_id, level)
     ORDER BY c.community_id, c.level FOR NO KEY UPDATE OF c"
}

#[derive(Queryable)]
struct AwardedKeyRow {
    community_id: Uuid,
    source: String,
    source_id: Uuid,
    once_per: Uuid,
}

impl TryFrom<AwardedKeyRow> for OnceOnlyKey {
    type Error = StoreError;

    fn try_from(row: AwardedKeyRow) -> Result<Self, StoreError> {
        let AwardedKeyRow { community_id, source, source_id, once_per } = row;
        let source: PointSource = source.parse().map_err(corrupt)?;
        Ok(Self {
            community_id: CommunityId::new(community_id),
            source,
            source_id: SourceId::new(source_id),
            scope: once_scope(once_per),
        })
    }
}

/// How the column `once_per` says a scope.
fn once_per(scope: OnceScope) -> Uuid {
    match scope {
        OnceScope::Content => Uuid::nil(),
        OnceScope::Member(user_id) => user_id.as_uuid(),
    }
}

fn once_scope(once_per: Uuid) -> OnceScope {
    if once_per.is_nil() { OnceScope::Content } else { OnceScope::Member(UserId::new(once_per)) }
}

impl LedgerRepository for PgTx {
    async fn awarded_keys(&mut self, keys: &BTreeSet<OnceOnlyKey>) -> Result<AwardedKeys, StoreError> {
        if keys.is_empty() {
            return Ok(AwardedKeys::default());
        }
        let mut select = SelectAwardedKeys {
            community_ids: Vec::with_capacity(keys.len()),
            sources: Vec::with_capacity(keys.len()),
            source_ids: Vec::with_capacity(keys.len()),
            once_per: Vec::with_capacity(keys.len()),
        };
        for OnceOnlyKey { community_id, source, source_id, scope } in keys {
            select.community_ids.push(community_id.as_uuid());
            select.sources.push(source.as_str().to_owned());
            select.source_ids.push(source_id.as_uuid());
            select.once_per.push(once_per(*scope));
        }
        let rows: Vec<AwardedKeyRow> = select.load(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(OnceOnlyKey::try_from).collect()
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
            once_per: Vec::with_capacity(count),
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
                cause: EntryCause::Fact(event_id),
                once_scope,
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
            insert.once_per.push(once_scope.map(once_per));
        }
        insert.execute(self.connection()).await.map(drop).map_err(store_error)
    }

    async fn change_level_counts(&mut self, changes: &[LevelCountChange]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let community_ids: Vec<Uuid> = changes.iter().map(|change| change.community_id.as_uuid()).collect();
        let levels: Vec<i16> = changes.iter().map(|change| i16::from(change.level.get())).collect();
        let members = changes.iter().map(|change| change.members).collect();
        let ensure = EnsureLevelCounts { community_ids: community_ids.clone(), levels: levels.clone() };
        ensure.execute(self.connection()).await.map_err(store_error)?;
        let lock = LockLevelCounts { community_ids: community_ids.clone(), levels: levels.clone() };
        lock.execute(self.connection()).await.map_err(store_error)?;
        let change = ChangeLevelCounts { community_ids, levels, members };
        change.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}
