//! The rules of communities.

use std::collections::BTreeSet;

use diesel::{ExpressionMethods, QueryDsl};
use gamification_app::ports::{CommunityRulesRepository, StoreError};
use gamification_domain::{
    CommunityId, CommunityRules, CountedSince, PointSource, Points, Role, SourceRule, StandingRule, UserId,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgTx,
    error::{corrupt, misread},
    json::Json,
    schema::{community_members, configuration_versions, level_configurations},
    statement::{NotNull, record, statements},
};

record! {
    /// The rules beside a community's levels.
    pub(crate) struct StoredRulesRow: Read {
        rules: Option<Json<StoredRules>> => level_configurations::rules,
        rules_version: i32 => level_configurations::rules_version,
    }
}

record! {
    struct AdminRow: Read {
        user_id: Uuid => community_members::user_id,
    }
}

statements! {
    struct UpdateCommunityRules {
        community_id: Uuid => level_configurations::community_id,
        rules: Json<StoredRules> => NotNull<level_configurations::rules>,
        version: i32 => level_configurations::rules_version,
    } = "UPDATE level_configurations SET rules = :rules, rules_version = :version
         WHERE community_id = :community_id";

    /// The default of `xid` is the transaction that writes: leaderboards follow from it.
    struct TouchAdmins {
        community_id: Uuid => community_members::community_id,
        role: String => community_members::role,
    } -> AdminRow
    = "WITH admins AS (
             SELECT m.user_id FROM community_members AS m
             WHERE m.community_id = :community_id AND m.role = :role AND m.is_present
             ORDER BY m.user_id FOR NO KEY UPDATE OF m)
         UPDATE community_members AS m SET xid = DEFAULT
         FROM admins WHERE m.community_id = :community_id AND m.user_id = admins.user_id
         RETURNING m.user_id";

    struct InsertRulesVersion {
        community_id: Uuid => configuration_versions::community_id,
        version: i32 => configuration_versions::version,
        content: Json<StoredRules> => configuration_versions::content,
        changed_by: Uuid => NotNull<configuration_versions::changed_by>,
        now: OffsetDateTime => configuration_versions::changed_at,
    } = "INSERT INTO configuration_versions (community_id, kind, version, content, changed_by, changed_at)
         VALUES (:community_id, 'rules', :version, :content, :changed_by, :now)";
}

/// What the column `rules` holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRules {
    rules: Vec<StoredRule>,
    exclude_admins: bool,
}

#[cfg(test)]
impl crate::statement::checks::Sample for StoredRules {
    fn sample() -> Self {
        Self { rules: Vec::new(), exclude_admins: false }
    }
}

/// The rule of a source.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct StoredRule {
    source: PointSource,
    points: Points,
    daily_cap: Option<Points>,
    per_pair_daily_cap: Option<Points>,
    daily_since: Option<StoredSince>,
    per_pair_since: Option<StoredSince>,
}

/// Since when a cap has been counted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct StoredSince {
    version: u32,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

impl From<CountedSince> for StoredSince {
    fn from(CountedSince { version, at }: CountedSince) -> Self {
        Self { version, at }
    }
}

impl From<StoredSince> for CountedSince {
    fn from(StoredSince { version, at }: StoredSince) -> Self {
        Self { version, at }
    }
}

impl From<&StandingRule> for StoredRule {
    fn from(StandingRule { rule, daily_since, per_pair_since }: &StandingRule) -> Self {
        let SourceRule { source, points, daily_cap, per_pair_daily_cap } = *rule;
        Self {
            source,
            points,
            daily_cap,
            per_pair_daily_cap,
            daily_since: daily_since.map(Into::into),
            per_pair_since: per_pair_since.map(Into::into),
        }
    }
}

impl From<StoredRule> for StandingRule {
    fn from(stored: StoredRule) -> Self {
        let StoredRule { source, points, daily_cap, per_pair_daily_cap, daily_since, per_pair_since } =
            stored;
        Self {
            rule: SourceRule { source, points, daily_cap, per_pair_daily_cap },
            daily_since: daily_since.map(Into::into),
            per_pair_since: per_pair_since.map(Into::into),
        }
    }
}

impl StoredRulesRow {
    /// The rules of a version.
    pub(crate) const fn new(rules_version: i32, rules: Json<StoredRules>) -> Self {
        Self { rules: Some(rules), rules_version }
    }

    /// The rules of a community; the defaults where it has none of its own.
    pub(crate) fn of_community(self, community_id: CommunityId) -> Result<CommunityRules, StoreError> {
        let Self { rules, rules_version } = self;
        match rules {
            None => Ok(CommunityRules::default_for(community_id)),
            Some(rules) => restore(community_id, rules_version, rules),
        }
    }
}

/// Rules as they were stored.
fn restore(
    community_id: CommunityId,
    version: i32,
    rules: Json<StoredRules>,
) -> Result<CommunityRules, StoreError> {
    let key = [community_id.as_uuid()];
    let version = u32::try_from(version).map_err(misread!(level_configurations::rules_version, key))?;
    let StoredRules { rules, exclude_admins } =
        rules.understood().map_err(misread!(level_configurations::rules, key))?;
    let rules: Vec<StandingRule> = rules.into_iter().map(StandingRule::from).collect();
    CommunityRules::restore(community_id, version, &rules, exclude_admins)
        .map_err(misread!(level_configurations::rules, key))
}

fn stored(rules: &CommunityRules) -> Json<StoredRules> {
    Json::new(StoredRules {
        rules: rules.standing_rules().iter().map(StoredRule::from).collect(),
        exclude_admins: rules.excludes_admins(),
    })
}

impl CommunityRulesRepository for PgTx {
    async fn excludes_admins(&mut self, community_id: CommunityId) -> Result<bool, StoreError> {
        let rules = level_configurations::table
            .filter(level_configurations::community_id.eq(community_id.as_uuid()))
            .select((level_configurations::rules, level_configurations::rules_version));
        let row: Option<StoredRulesRow> = self.first(rules).await?;
        let rules = row.map(|row| row.of_community(community_id)).transpose()?;
        Ok(rules.is_some_and(|rules| rules.excludes_admins()))
    }

    async fn touch_admins(&mut self, community_id: CommunityId) -> Result<BTreeSet<UserId>, StoreError> {
        let role = Role::Admin.as_str().to_owned();
        let touched = self.rows(TouchAdmins { community_id: community_id.as_uuid(), role }).await?;
        Ok(touched.into_iter().map(|AdminRow { user_id }| UserId::new(user_id)).collect())
    }

    async fn admins(&mut self, community_id: CommunityId) -> Result<BTreeSet<UserId>, StoreError> {
        let admins = community_members::table
            .filter(community_members::community_id.eq(community_id.as_uuid()))
            .filter(community_members::role.eq(Role::Admin.as_str()))
            .filter(community_members::is_present)
            .select(community_members::user_id);
        let admins: Vec<Uuid> = self.load(admins).await?;
        Ok(admins.into_iter().map(UserId::new).collect())
    }

    async fn save_community_rules(
        &mut self,
        rules: &CommunityRules,
        changed_by: UserId,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let community_id = rules.community_id().as_uuid();
        let version = i32::try_from(rules.version()).map_err(corrupt)?;
        self.run(UpdateCommunityRules { community_id, rules: stored(rules), version });
        let changed_by = changed_by.as_uuid();
        self.run(InsertRulesVersion { community_id, version, content: stored(rules), changed_by, now });
        Ok(())
    }
}
