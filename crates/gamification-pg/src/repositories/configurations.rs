//! The levels of communities.

use std::collections::{BTreeSet, HashSet};

use diesel::sql_types::Integer;
use gamification_app::ports::{BoxedError, ConfigurationLock, ConfigurationRepository, StoreError};
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
    sending::Gives,
    statement::{Nested, NotNull, Plain, Rows, Select, Sent, record, statements},
};

record! {
    /// The key of a configuration.
    pub(super) struct LevelConfigurationKeyRow: Written {
        community_id: Uuid => level_configurations::community_id,
    }
}

record! {
    pub(crate) struct LevelConfigurationRow: Read & Written {
        community_id: Uuid => level_configurations::community_id,
        id: Uuid => level_configurations::id,
        levels: Json<Vec<StoredLevel>> => level_configurations::levels,
        version: i32 => level_configurations::version,
    }
}

record! {
    /// A turn at the configurations of some communities.
    pub(super) struct TurnRow: Written {
        turn: i32 => Plain<Integer>,
    }
}

record! {
    /// A configuration, and what the ids of erased users are hashed with.
    pub(super) struct KeyedLevelConfigurationRow: Read {
        erasure_key: Option<Vec<u8>> => level_configurations::erasure_key,
        configuration: LevelConfigurationRow => Nested<LevelConfigurationRow>,
    }
}

record! {
    /// All that awards are judged by.
    pub(super) struct ConfigurationRow: Read {
        levels: KeyedLevelConfigurationRow => Nested<KeyedLevelConfigurationRow>,
        rules: StoredRulesRow => Nested<StoredRulesRow>,
    }
}

/// Locks configurations, in the order of their communities, once `$take_turn` has taken the [turns](turn_of) of these.
///
/// PostgreSQL lets shared locks of a row in past a transaction that waits for an exclusive one: awards that follow one
/// another closely would keep every change out. Advisory locks are granted in the order in which they are asked for: who
/// changes a configuration holds its turn alone, so that awards that come later wait behind the change. Only the rows'
/// locks exclude; turns are for fairness.
///
/// How many turns there are is known before the first row is, so all are taken before any row is locked.
macro_rules! lock_configurations {
    ($take_turn:literal, $mode:literal) => {
        concat!(
            "SELECT c.erasure_key, c.community_id, c.id, c.levels, c.version, c.rules, c.rules_version
             FROM (SELECT COUNT(",
            $take_turn,
            "(:class, turns.turn)) FROM :turns) AS taken
             CROSS JOIN level_configurations AS c
             JOIN :wanted USING (community_id)[[
             WHERE c.community_id = ANY (:wanted.communities)]]
             ORDER BY c.community_id ",
            $mode,
            " OF c"
        )
    };
}

statements! {
    /// Waits for a change of levels or rules that came first, and gives what is after it.
    pub(super) struct LockConfigurationsShared {
        class: i32 => Plain<Integer>,
        turns: Rows<TurnRow>,
        wanted: Rows<LevelConfigurationKeyRow>,
    } -> ConfigurationRow
    = lock_configurations!("pg_advisory_xact_lock_shared", "FOR SHARE");

    /// Waits for awards and changes that came first.
    pub(super) struct LockConfigurations {
        class: i32 => Plain<Integer>,
        turns: Rows<TurnRow>,
        wanted: Rows<LevelConfigurationKeyRow>,
    } -> ConfigurationRow
    = lock_configurations!("pg_advisory_xact_lock", "FOR NO KEY UPDATE");

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

/// Half of the advisory locks that are turns at configurations; the other half is the turn. ("turn" in ASCII; locks of two
/// halves never meet those of one number.)
const TURN_LOCK: i32 = 0x7475_726e;

/// How many turns there are. Communities share them, since a batch of a thousand communities, sent by each connection of
/// each server, would otherwise fill the database's table of locks, which has room for some thousands.
const TURNS: u8 = 64;

/// The turns at some communities' configurations, each once, in the order in which they are taken.
fn turns_of(communities: &[CommunityId]) -> Rows<TurnRow> {
    let turns: BTreeSet<u8> = communities.iter().map(turn_of).collect();
    turns.into_iter().collect()
}

/// The last byte of an id is random in each version of UUIDs that has randomness.
fn turn_of(community_id: &CommunityId) -> u8 {
    let [.., last] = community_id.as_uuid().into_bytes();
    last % TURNS
}

impl From<u8> for TurnRow {
    fn from(turn: u8) -> Self {
        Self { turn: turn.into() }
    }
}

impl From<&[CommunityId]> for LockConfigurationsShared {
    fn from(communities: &[CommunityId]) -> Self {
        let (turns, wanted) = (turns_of(communities), communities.iter().copied().collect());
        Self { class: TURN_LOCK, turns, wanted }
    }
}

impl From<&[CommunityId]> for LockConfigurations {
    fn from(communities: &[CommunityId]) -> Self {
        let (turns, wanted) = (turns_of(communities), communities.iter().copied().collect());
        Self { class: TURN_LOCK, turns, wanted }
    }
}

impl ConfigurationRepository for PgTx {
    async fn lock_configurations(
        &mut self,
        lock: ConfigurationLock,
        defaults: &[LevelConfiguration],
        now: OffsetDateTime,
    ) -> Result<Vec<CommunityConfiguration>, StoreError> {
        match lock {
            ConfigurationLock::Shared => self.lock_or_insert::<LockConfigurationsShared>(defaults, now).await,
            ConfigurationLock::Exclusive => self.lock_or_insert::<LockConfigurations>(defaults, now).await,
        }
    }

    async fn lock_configuration(
        &mut self,
        community_id: CommunityId,
    ) -> Result<Option<CommunityConfiguration>, StoreError> {
        let mut found = self.lock_by::<LockConfigurations>(&[community_id]).await?;
        Ok(found.pop())
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
    /// The levels and rules of communities, locked by a statement; inserted where a community has none.
    async fn lock_or_insert<S>(
        &mut self,
        defaults: &[LevelConfiguration],
        now: OffsetDateTime,
    ) -> Result<Vec<CommunityConfiguration>, StoreError>
    where
        S: for<'a> From<&'a [CommunityId]> + Select<Row = ConfigurationRow>,
        Sent<S>: Gives<ConfigurationRow>,
    {
        let communities: Vec<CommunityId> = defaults.iter().map(LevelConfiguration::community_id).collect();
        let mut found = self.lock_by::<S>(&communities).await?;
        let known: HashSet<CommunityId> = found.iter().map(|found| found.levels.community_id()).collect();
        let missing: Vec<&LevelConfiguration> =
            defaults.iter().filter(|default| !known.contains(&default.community_id())).collect();
        let new = missing.iter().copied().map(LevelConfigurationRow::try_from).collect::<Result<_, _>>()?;
        self.run(InsertLevelConfigurations { new, now });
        // Another transaction may have been first, so what counts is what is there now.
        let missing: Vec<CommunityId> = missing.into_iter().map(LevelConfiguration::community_id).collect();
        found.extend(self.lock_by::<S>(&missing).await?);
        Ok(found)
    }

    async fn lock_by<S>(
        &mut self,
        communities: &[CommunityId],
    ) -> Result<Vec<CommunityConfiguration>, StoreError>
    where
        S: for<'a> From<&'a [CommunityId]> + Select<Row = ConfigurationRow>,
        Sent<S>: Gives<ConfigurationRow>,
    {
        let rows = self.rows(S::from(communities)).await?;
        self.configurations(rows)
    }

    /// What locked rows say; takes note of the keys that ids of erased users are hashed with.
    pub(super) fn configurations(
        &mut self,
        rows: Vec<ConfigurationRow>,
    ) -> Result<Vec<CommunityConfiguration>, StoreError> {
        let configuration = |ConfigurationRow { levels, rules }| {
            let levels = self.learn_erasure_key(levels)?;
            Ok(CommunityConfiguration { rules: rules.of_community(levels.community_id())?, levels })
        };
        rows.into_iter().map(configuration).collect()
    }
}
