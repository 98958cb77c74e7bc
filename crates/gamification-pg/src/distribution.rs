//! Tables that Citus has distributed over many machines, by community.
//!
//! The program is the same on one PostgreSQL and on Citus; where a statement needs other words there, its text has a part
//! for them (see [`statements!`](crate::statement)), and where it needs several statements, both stand side by side. A
//! database is distributed once `communities` is.
//!
//! A statement that locks goes to one shard, and a transaction that writes is cheap as long as it does. So facts are
//! recorded by shard: it is the partition of the ports.

use std::{
    collections::{BTreeSet, HashMap},
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use diesel::{
    QueryResult, QueryableByName,
    dsl::sql,
    result::Error as DieselError,
    sql_types::{BigInt, Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use gamification_app::ports::{Partition, StoreError};
use gamification_domain::CommunityId;
use lru::LruCache;
use uuid::Uuid;

use crate::{
    PgStore,
    error::{SEVERAL_SHARDS, corrupt, store_error},
    schema::communities,
    statement::{Plain, record, statements},
};

/// Of how many communities the shard is remembered, the last used ones: some ten bytes each.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(65_536).expect("it is not 0");

record! {
    /// The shard of a community.
    struct ShardRow: Read {
        community_id: Uuid => communities::community_id,
        shard: i64 => Plain<BigInt>,
    }
}

statements! {
    /// Of any community, whether it is known or not. The server that is asked knows by itself.
    struct SelectShards { communities: Vec<Uuid> => [communities::community_id] } -> ShardRow
    = "SELECT asked.community_id,
              {{0::bigint}}[[get_shard_id_for_distribution_column('communities', asked.community_id)]] AS shard
       FROM UNNEST(:communities) AS asked (community_id)";
}

/// Whether a database is distributed, and where its communities are.
#[derive(Clone, Default)]
pub(crate) struct Distribution(Arc<State>);

#[derive(Default)]
struct State {
    /// Asked when the first connection is opened; it does not change while servers run.
    is_distributed: OnceLock<bool>,
    /// Empty as long as nobody has asked.
    shards: Mutex<Option<LruCache<CommunityId, Partition>>>,
}

impl Distribution {
    pub(crate) fn is_known(&self) -> bool {
        self.0.is_distributed.get().is_some()
    }

    /// `false` also as long as nobody has asked.
    pub(crate) fn is_distributed(&self) -> bool {
        self.0.is_distributed.get().copied().unwrap_or(false)
    }

    /// Asks, where that was not done.
    pub(crate) async fn ask(&self, connection: &mut AsyncPgConnection) -> QueryResult<()> {
        if self.0.is_distributed.get().is_none() {
            let is_distributed = is_distributed(connection).await?;
            let _ = self.0.is_distributed.set(is_distributed);
        }
        Ok(())
    }

    /// The error of a statement. Where it says that communities are in several shards which were in one, all that is
    /// remembered is forgotten: a shard was split.
    pub(crate) fn error(&self, error: DieselError) -> StoreError {
        if let DieselError::DatabaseError(_, information) = &error
            && information.message().starts_with(SEVERAL_SHARDS)
        {
            *self.shards() = None;
        }
        store_error(error)
    }

    fn shards(&self) -> MutexGuard<'_, Option<LruCache<CommunityId, Partition>>> {
        self.0.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, communities: &BTreeSet<CommunityId>) -> HashMap<CommunityId, Partition> {
        let mut shards = self.shards();
        let Some(shards) = shards.as_mut() else { return HashMap::new() };
        communities
            .iter()
            .filter_map(|community_id| Some((*community_id, *shards.get(community_id)?)))
            .collect()
    }

    fn remember(&self, found: &[(CommunityId, Partition)]) {
        let mut shards = self.shards();
        let shards = shards.get_or_insert_with(|| LruCache::new(CAPACITY));
        for (community_id, partition) in found {
            shards.put(*community_id, *partition);
        }
    }
}

impl PgStore {
    /// In which shard each of some communities is.
    pub(crate) async fn shards(
        &self,
        communities: &BTreeSet<CommunityId>,
    ) -> Result<HashMap<CommunityId, Partition>, StoreError> {
        let mut known = self.distribution().known(communities);
        let unknown: Vec<Uuid> = communities
            .iter()
            .filter(|community_id| !known.contains_key(community_id))
            .map(|community_id| community_id.as_uuid())
            .collect();
        if !unknown.is_empty() {
            let found: Vec<(CommunityId, Partition)> =
                self.read(SelectShards { communities: unknown }).await?;
            self.distribution().remember(&found);
            known.extend(found);
        }
        Ok(known)
    }
}

impl TryFrom<ShardRow> for (CommunityId, Partition) {
    type Error = StoreError;

    fn try_from(ShardRow { community_id, shard }: ShardRow) -> Result<Self, StoreError> {
        Ok((CommunityId::new(community_id), Partition(u64::try_from(shard).map_err(corrupt)?)))
    }
}

/// Whether the database has Citus.
pub(crate) async fn has_citus(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let catalog = sql::<Bool>("to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL");
    diesel::select(catalog).get_result(connection).await
}

/// Whether `communities` is distributed.
pub(crate) async fn is_distributed(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    // Without Citus there is no catalog of it, which may not even be named then.
    if !has_citus(connection).await? {
        return Ok(false);
    }
    let is_known = sql::<Bool>(
        "EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('communities') AND partmethod = 'h')",
    );
    diesel::select(is_known).get_result(connection).await
}

/// A table by its name.
#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Our own tables that have a community, `communities` first: all others lie where it lies. (Shards are tables, too, on
/// the machine where they are.)
const TABLES: &str = "
    SELECT c.relname::text AS name, c.oid AS id
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'community_id' AND NOT a.attisdropped
    WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind = 'r' AND NOT relation_is_a_known_shard(c.oid)
    ORDER BY c.relname <> 'communities', c.relname";

/// Distributes the tables that are not, with their rows; gives their names.
pub(crate) async fn distribute_tables(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    let local = format!(
        "SELECT t.name FROM ({TABLES}) AS t
         WHERE NOT EXISTS (SELECT FROM pg_dist_partition AS p WHERE p.logicalrelid = t.id)"
    );
    let tables: Vec<Table> = diesel::sql_query(local).load(connection).await?;
    let mut distributed = Vec::new();
    for Table { name } in tables {
        let beside = if name == "communities" { "none" } else { "communities" };
        let distribute = diesel::sql_query(
            "SELECT create_distributed_table(quote_ident($1), 'community_id', colocate_with => $2)::text",
        );
        distribute.bind::<Text, _>(&name).bind::<Text, _>(beside).execute(connection).await?;
        distributed.push(name);
    }
    Ok(distributed)
}

/// Gives the room back that rows had on the machine they were moved away from. Nobody sees them any more.
pub(crate) async fn free_local_rows(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let tables: Vec<Table> = diesel::sql_query(TABLES).load(connection).await?;
    for Table { name } in tables {
        let free = diesel::sql_query(
            "SELECT truncate_local_data_after_distributing_table(quote_ident($1)::regclass)::text",
        );
        free.bind::<Text, _>(&name).execute(connection).await?;
    }
    Ok(())
}
