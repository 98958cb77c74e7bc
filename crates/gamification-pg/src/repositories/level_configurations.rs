//! The levels of communities.

use std::collections::HashSet;

use diesel::{
    OptionalExtension, Queryable,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types::{Array, Integer, Jsonb, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{LevelConfigurationRepository, StoreError};
use gamification_domain::{CommunityId, LevelConfiguration, LevelConfigurationId, LevelDraft};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Uuids;
use crate::{
    PgTx,
    error::{corrupt, store_error},
    statement::statement,
};

statement! {
    /// Waits for a change of thresholds that is being committed, and gives the thresholds after it.
    LockLevelConfigurationsShared { community_ids: Vec<Uuid> => Uuids } -> (SqlUuid, SqlUuid, Jsonb, Integer)
    "SELECT id, community_id, levels, version FROM level_configurations WHERE community_id = ANY (?)
     ORDER BY community_id FOR SHARE"
}

statement! {
    InsertLevelConfigurations {
        community_ids: Vec<Uuid> => Uuids,
        ids: Vec<Uuid> => Uuids,
        levels: Vec<StoredLevels> => Array<Jsonb>,
        versions: Vec<i32> => Array<Integer>,
        now: OffsetDateTime => Timestamptz,
    } -> ()
    "INSERT INTO level_configurations (community_id, id, levels, version, created_at, updated_at)
     SELECT new.community_id, new.id, new.levels, new.version, t.now, t.now
     FROM UNNEST(?, ?, ?, ?) AS new (community_id, id, levels, version), (VALUES (?)) AS t (now)
     ORDER BY new.community_id
     ON CONFLICT (community_id) DO NOTHING"
}

statement! {
    LockLevelConfiguration { community_id: Uuid => SqlUuid } -> (SqlUuid, SqlUuid, Jsonb, Integer)
    "SELECT id, community_id, levels, version FROM level_configurations WHERE community_id = ? FOR NO KEY UPDATE"
}

statement! {
    UpdateLevelConfiguration {
        levels: StoredLevels => Jsonb,
        version: i32 => Integer,
        now: OffsetDateTime => Timestamptz,
        community_id: Uuid => SqlUuid,
    } -> ()
    "UPDATE level_configurations SET levels = ?, version = ?, updated_at = ? WHERE community_id = ?"
}

/// The column `levels`.
#[derive(Debug, Serialize, Deserialize, FromSqlRow, AsExpression)]
#[diesel(sql_type = Jsonb)]
pub(crate) struct StoredLevels(Vec<StoredLevel>);

#[derive(Debug, Serialize, Deserialize)]
struct StoredLevel {
    level: u8,
    name: String,
    threshold: i32,
}

impl ToSql<Jsonb, Pg> for StoredLevels {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let json = serde_json::to_value(self)?;
        <serde_json::Value as ToSql<Jsonb, Pg>>::to_sql(&json, &mut out.reborrow())
    }
}

impl FromSql<Jsonb, Pg> for StoredLevels {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        let json = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(bytes)?;
        Ok(serde_json::from_value(json)?)
    }
}

impl From<&LevelConfiguration> for StoredLevels {
    fn from(configuration: &LevelConfiguration) -> Self {
        let levels = configuration.levels().iter().map(|definition| StoredLevel {
            level: definition.level().get(),
            name: definition.name().as_str().to_owned(),
            threshold: definition.threshold().get(),
        });
        Self(levels.collect())
    }
}

#[derive(Queryable)]
pub(super) struct LevelConfigurationRow {
    id: Uuid,
    community_id: Uuid,
    levels: StoredLevels,
    version: i32,
}

impl TryFrom<LevelConfigurationRow> for LevelConfiguration {
    type Error = StoreError;

    fn try_from(row: LevelConfigurationRow) -> Result<Self, StoreError> {
        let LevelConfigurationRow { id, community_id, levels, version } = row;
        level_configuration(id, community_id, levels, version)
    }
}

pub(crate) fn level_configuration(
    id: Uuid,
    community_id: Uuid,
    StoredLevels(levels): StoredLevels,
    version: i32,
) -> Result<LevelConfiguration, StoreError> {
    let drafts: Vec<LevelDraft> = levels
        .into_iter()
        .map(|StoredLevel { level, name, threshold }| {
            LevelDraft::new(i64::from(level), name, i64::from(threshold))
        })
        .collect();
    let version = u32::try_from(version).map_err(corrupt)?;
    LevelConfiguration::restore(
        LevelConfigurationId::new(id),
        CommunityId::new(community_id),
        version,
        &drafts,
    )
    .map_err(corrupt)
}

impl LevelConfigurationRepository for PgTx {
    async fn lock_level_configurations_shared(
        &mut self,
        defaults: &[LevelConfiguration],
        now: OffsetDateTime,
    ) -> Result<Vec<LevelConfiguration>, StoreError> {
        let mut found = self.share(defaults.iter().map(LevelConfiguration::community_id)).await?;
        let known: HashSet<CommunityId> = found.iter().map(LevelConfiguration::community_id).collect();
        let missing: Vec<&LevelConfiguration> =
            defaults.iter().filter(|default| !known.contains(&default.community_id())).collect();
        if !missing.is_empty() {
            self.insert(&missing, now).await?;
            // Another transaction may have been first, so what counts is what is there now.
            found.extend(self.share(missing.iter().map(|default| default.community_id())).await?);
        }
        Ok(found)
    }

    async fn lock_level_configuration(
        &mut self,
        community_id: CommunityId,
    ) -> Result<Option<LevelConfiguration>, StoreError> {
        let lock = LockLevelConfiguration { community_id: community_id.as_uuid() };
        let row: Option<LevelConfigurationRow> =
            lock.get_result(self.connection()).await.optional().map_err(store_error)?;
        row.map(LevelConfiguration::try_from).transpose()
    }

    async fn save_level_configuration(
        &mut self,
        configuration: &LevelConfiguration,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = UpdateLevelConfiguration {
            levels: StoredLevels::from(configuration),
            version: i32::try_from(configuration.version()).map_err(corrupt)?,
            now,
            community_id: configuration.community_id().as_uuid(),
        };
        update.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}

impl PgTx {
    async fn share(
        &mut self,
        communities: impl Iterator<Item = CommunityId>,
    ) -> Result<Vec<LevelConfiguration>, StoreError> {
        let community_ids: Vec<Uuid> = communities.map(CommunityId::as_uuid).collect();
        if community_ids.is_empty() {
            return Ok(Vec::new());
        }
        let share = LockLevelConfigurationsShared { community_ids };
        let rows: Vec<LevelConfigurationRow> = share.load(self.connection()).await.map_err(store_error)?;
        rows.into_iter().map(LevelConfiguration::try_from).collect()
    }

    async fn insert(
        &mut self,
        configurations: &[&LevelConfiguration],
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut insert = InsertLevelConfigurations {
            community_ids: Vec::with_capacity(configurations.len()),
            ids: Vec::with_capacity(configurations.len()),
            levels: Vec::with_capacity(configurations.len()),
            versions: Vec::with_capacity(configurations.len()),
            now,
        };
        for configuration in configurations {
            insert.community_ids.push(configuration.community_id().as_uuid());
            insert.ids.push(configuration.id().as_uuid());
            insert.levels.push(StoredLevels::from(*configuration));
            insert.versions.push(i32::try_from(configuration.version()).map_err(corrupt)?);
        }
        insert.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}
