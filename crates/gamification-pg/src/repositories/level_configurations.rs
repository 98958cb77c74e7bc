//! The levels of communities.

use std::collections::HashSet;

use diesel::{ExpressionMethods, QueryDsl};
use gamification_app::ports::{BoxedError, LevelConfigurationRepository, StoreError};
use gamification_domain::{
    CommunityConfiguration, CommunityId, LevelConfiguration, LevelConfigurationId, LevelDraft, UserId,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgTx,
    error::{corrupt, misread},
    json::Json,
    repositories::community_rules::StoredRulesRow,
    schema::{configuration_versions, level_configurations},
    statement::{Nested, NotNull, Rows, record, statements},
};

record! {
    /// The key of a configuration.
    pub(super) struct LevelConfigurationKeyRow: Written {
        community_id: Uuid => level_configurations::community_id,
    }
}

record! {
    /// A configuration.
    pub(crate) struct LevelConfigurationRow: Read & Written {
        community_id: Uuid => level_configurations::community_id,
        id: Uuid => level_configurations::id,
        levels: Json<Vec<StoredLevel>> => level_configurations::levels,
        version: i32 => level_configurations::version,
    }
}

record! {
    /// A configuration, and what the ids of erased users are hashed with.
    pub(super) struct KeyedLevelConfigurationRow: Read {
        erasure_key: Option<Vec<u8>> => level_configurations::erasure_key,
        configuration: LevelConfigurationRow => Nested<LevelConfigurationRow>,
    }
}

statements! {
    /// Waits for a change of levels or rules that is being committed, and gives what is after it.
    struct LockConfigurationsShared { wanted: Rows<LevelConfigurationKeyRow> } -> ConfigurationRow
    = "SELECT c.erasure_key, c.community_id, c.id, c.levels, c.version, c.rules, c.rules_version
       FROM level_configurations AS c
       JOIN :wanted USING (community_id)
       ORDER BY c.community_id FOR SHARE OF c";

    pub(super) struct InsertLevelConfigurations {
        new: Rows<LevelConfigurationRow>,
        now: OffsetDateTime => level_configurations::created_at,
    } = "INSERT INTO level_configurations (community_id, id, levels, version, created_at, updated_at)
         SELECT new.community_id, new.id, new.levels, new.version, :now, :now
         FROM :new
         ORDER BY new.community_id
         ON CONFLICT (community_id) DO NOTHING";

    struct UpdateLevelConfiguration {
        community_id: Uuid => level_configurations::community_id,
        levels: Json<Vec<StoredLevel>> => level_configurations::levels,
        version: i32 => level_configurations::version,
        now: OffsetDateTime => level_configurations::updated_at,
    } = "UPDATE level_configurations SET levels = :levels, version = :version, updated_at = :now
         WHERE community_id = :community_id";

    struct InsertLevelsVersion {
        community_id: Uuid => configuration_versions::community_id,
        version: i32 => configuration_versions::version,
        content: Json<Vec<StoredLevel>> => configuration_versions::content,
        changed_by: Uuid => NotNull<configuration_versions::changed_by>,
        now: OffsetDateTime => configuration_versions::changed_at,
    } = "INSERT INTO configuration_versions (community_id, kind, version, content, changed_by, changed_at)
         VALUES (:community_id, 'levels', :version, :content, :changed_by, :now)";
}

record! {
    /// All that awards are judged by.
    struct ConfigurationRow: Read {
        levels: KeyedLevelConfigurationRow => Nested<KeyedLevelConfigurationRow>,
        rules: StoredRulesRow => Nested<StoredRulesRow>,
    }
}

/// An entry of the column `levels`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredLevel {
    level: u8,
    name: String,
    threshold: i32,
}

fn stored_levels(configuration: &LevelConfiguration) -> Json<Vec<StoredLevel>> {
    let levels = configuration.levels().iter().map(|definition| StoredLevel {
        level: definition.level().get(),
        name: definition.name().as_str().to_owned(),
        threshold: definition.threshold().get(),
    });
    Json::new(levels.collect())
}

fn stored_version(configuration: &LevelConfiguration) -> Result<i32, StoreError> {
    i32::try_from(configuration.version()).map_err(corrupt)
}

impl From<CommunityId> for LevelConfigurationKeyRow {
    fn from(community_id: CommunityId) -> Self {
        Self { community_id: community_id.as_uuid() }
    }
}

impl TryFrom<&LevelConfiguration> for LevelConfigurationRow {
    type Error = StoreError;

    fn try_from(configuration: &LevelConfiguration) -> Result<Self, StoreError> {
        Ok(Self {
            community_id: configuration.community_id().as_uuid(),
            id: configuration.id().as_uuid(),
            levels: stored_levels(configuration),
            version: stored_version(configuration)?,
        })
    }
}

impl TryFrom<LevelConfigurationRow> for LevelConfiguration {
    type Error = StoreError;

    fn try_from(row: LevelConfigurationRow) -> Result<Self, StoreError> {
        let LevelConfigurationRow { community_id, id, levels, version } = row;
        let key = [community_id];
        let version = u32::try_from(version).map_err(misread!(level_configurations::version, key))?;
        let levels = level_drafts(levels).map_err(misread!(level_configurations::levels, key))?;
        let (id, community_id) = (LevelConfigurationId::new(id), CommunityId::new(community_id));
        Self::restore(id, community_id, version, &levels).map_err(misread!(level_configurations::levels, key))
    }
}

fn level_drafts(levels: Json<Vec<StoredLevel>>) -> Result<Vec<LevelDraft>, BoxedError> {
    let draft = |StoredLevel { level, name, threshold }| {
        LevelDraft::new(i64::from(level), name, i64::from(threshold))
    };
    Ok(levels.understood()?.into_iter().map(draft).collect())
}

impl LevelConfigurationRepository for PgTx {
    async fn lock_configurations_shared(
        &mut self,
        defaults: &[LevelConfiguration],
        now: OffsetDateTime,
    ) -> Result<Vec<CommunityConfiguration>, StoreError> {
        let mut found = self.share(defaults).await?;
        let known: HashSet<CommunityId> = found.iter().map(|found| found.levels.community_id()).collect();
        let missing = || defaults.iter().filter(|default| !known.contains(&default.community_id()));
        let new = missing().map(LevelConfigurationRow::try_from).collect::<Result<Rows<_>, _>>()?;
        self.run(InsertLevelConfigurations { new, now });
        // Another transaction may have been first, so what counts is what is there now.
        found.extend(self.share(missing()).await?);
        Ok(found)
    }

    async fn lock_level_configuration(
        &mut self,
        community_id: CommunityId,
    ) -> Result<Option<LevelConfiguration>, StoreError> {
        let configuration = level_configurations::table
            .filter(level_configurations::community_id.eq(community_id.as_uuid()))
            .select((
                level_configurations::community_id,
                level_configurations::id,
                level_configurations::levels,
                level_configurations::version,
            ))
            .for_no_key_update();
        let row: Option<LevelConfigurationRow> = self.first(configuration).await?;
        row.map(LevelConfiguration::try_from).transpose()
    }

    async fn save_level_configuration(
        &mut self,
        configuration: &LevelConfiguration,
        changed_by: UserId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let update = UpdateLevelConfiguration {
            community_id: configuration.community_id().as_uuid(),
            levels: stored_levels(configuration),
            version: stored_version(configuration)?,
            now,
        };
        self.run(update);
        self.run(InsertLevelsVersion {
            community_id: configuration.community_id().as_uuid(),
            version: stored_version(configuration)?,
            content: stored_levels(configuration),
            changed_by: changed_by.as_uuid(),
            now,
        });
        Ok(())
    }
}

impl PgTx {
    async fn share(
        &mut self,
        wanted: impl IntoIterator<Item = &LevelConfiguration>,
    ) -> Result<Vec<CommunityConfiguration>, StoreError> {
        let wanted = wanted.into_iter().map(LevelConfiguration::community_id).collect();
        let rows = self.rows(LockConfigurationsShared { wanted }).await?;
        let configuration = |ConfigurationRow { levels, rules }| {
            let levels = self.learn_erasure_key(levels)?;
            Ok(CommunityConfiguration { rules: rules.of_community(levels.community_id())?, levels })
        };
        rows.into_iter().map(configuration).collect()
    }
}
