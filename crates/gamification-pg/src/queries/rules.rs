//! Reads of rules, of what their caps would take, and of who changed rules and levels.

use diesel::sql_types::{BigInt, Integer, Nullable};
use gamification_app::{
    Reader,
    ports::{
        BesideOwn, CapsLookedAt, CommunityView, ConfigurationHistoryQueries, ConfigurationVersion, OverCaps,
        RuleQueries, StoreError, VersionRange,
    },
};
use gamification_domain::{
    CommunityId, CommunityRules, LevelConfiguration, LevelConfigurationId, Points, SourceRule, UserId,
};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CommunityViewRow, community_view};
use crate::{
    PgStore,
    error::{corrupt, misread},
    json::Json,
    known_levels::{KnownLevels, levels_unless_known},
    repositories::{LevelConfigurationRow, StoredRulesRow, first_id_recorded},
    schema::{configuration_versions, level_configurations, member_points, point_transactions},
    statement::{OrNull, Plain, Records, Rows, record, statements},
};

record! {
    /// A version of levels or rules.
    struct VersionRow: Read {
        version: i32 => configuration_versions::version,
        content: Json<Value> => configuration_versions::content,
        changed_by: Option<Uuid> => configuration_versions::changed_by,
        changed_at: OffsetDateTime => configuration_versions::changed_at,
    }
}

record! {
    /// Since when a community has had the first version of both.
    struct FirstVersionRow: Read {
        id: Uuid => level_configurations::id,
        created_at: OffsetDateTime => level_configurations::created_at,
    }
}

record! {
    /// The caps of a rule.
    struct CapsRow: Written {
        source: String => point_transactions::source,
        daily_cap: Option<i32> => Plain<Nullable<Integer>>,
        per_pair_daily_cap: Option<i32> => Plain<Nullable<Integer>>,
    }
}

record! {
    /// What was earned by a source, and what of it is beyond caps; the source is `NULL` for how many were looked at.
    struct OverCapsRow: Read {
        source: Option<String> => OrNull<point_transactions::source>,
        earned: i64 => Plain<BigInt>,
        over: i64 => Plain<BigInt>,
        members: i64 => Plain<BigInt>,
    }
}

/// A page of the versions of one kind, with what the first one is.
macro_rules! versions {
    () => {
        community_view!(
            "SELECT v.version, v.content, v.changed_by, v.changed_at FROM configuration_versions AS v
             WHERE v.community_id = :community_id AND v.kind = :kind AND v.version < :before
             ORDER BY v.version DESC LIMIT :limit",
            "SELECT l.id, l.created_at FROM level_configurations AS l WHERE l.community_id = :community_id"
        )
    };
}

statements! {
    struct SelectRules {
        community_id: Uuid => level_configurations::community_id,
        caller_id: Option<Uuid> => OrNull<member_points::user_id>,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
    } -> (CommunityViewRow, Records<StoredRulesRow>)
    = community_view!(
        "SELECT l.rules, l.rules_version FROM level_configurations AS l WHERE l.community_id = :community_id"
    );

    struct SelectVersions {
        community_id: Uuid => configuration_versions::community_id,
        caller_id: Option<Uuid> => OrNull<member_points::user_id>,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
        kind: String => configuration_versions::kind,
        before: i32 => configuration_versions::version,
        limit: i64 => Plain<BigInt>,
    } -> (CommunityViewRow, Records<VersionRow>, Records<FirstVersionRow>)
    = versions!();

    /// What happened since a moment was recorded since then: each member's entries are one range of an index. What no cap
    /// limits is left out of `LEAST`, as NULL is.
    struct SelectOverCaps {
        caps: Rows<CapsRow>,
        community_id: Uuid => point_transactions::community_id,
        first_entry: Uuid => point_transactions::id,
        since: OffsetDateTime => point_transactions::occurred_at,
        limit: i64 => Plain<BigInt>,
    } -> OverCapsRow
    = "WITH looked_at AS MATERIALIZED (
           SELECT m.id
           FROM leaderboard_entries AS e
           JOIN member_points AS m ON m.community_id = e.community_id AND m.user_id = e.user_id
           WHERE e.community_id = :community_id AND e.is_listed
           ORDER BY -GREATEST(e.thirty_day, 0), e.sort_name, e.user_id LIMIT :limit),
       pairs AS (
           SELECT looked_at.id, t.source, (t.occurred_at AT TIME ZONE 'UTC')::date AS day, t.actor_id,
                  SUM(t.points) AS points
           FROM looked_at
           CROSS JOIN LATERAL (
               SELECT t.source, t.occurred_at, t.actor_id, t.points FROM point_transactions AS t
               WHERE t.community_id = :community_id AND t.member_points_id = looked_at.id
                 AND t.id >= :first_entry AND t.occurred_at >= :since AND t.points > 0 OFFSET 0) AS t
           GROUP BY looked_at.id, t.source, day, t.actor_id),
       days AS (
           SELECT pairs.id, pairs.source, SUM(pairs.points) AS earned,
                  LEAST(SUM(LEAST(pairs.points, caps.per_pair_daily_cap)), MIN(caps.daily_cap)) AS within
           FROM pairs
           JOIN :caps USING (source)
           GROUP BY pairs.id, pairs.source, pairs.day)
       SELECT source, SUM(earned)::bigint AS earned, SUM(earned - within)::bigint AS over,
              COUNT(DISTINCT id) FILTER (WHERE earned > within) AS members
       FROM days GROUP BY source
       UNION ALL
       SELECT NULL, 0::bigint, 0::bigint, COUNT(*) FROM looked_at";
}

impl From<&SourceRule> for CapsRow {
    fn from(SourceRule { source, points: _, daily_cap, per_pair_daily_cap }: &SourceRule) -> Self {
        Self {
            source: source.as_str().to_owned(),
            daily_cap: daily_cap.map(Points::get),
            per_pair_daily_cap: per_pair_daily_cap.map(Points::get),
        }
    }
}

/// How many members, and of which source they earned more than caps leave: of none where they were looked at.
impl TryFrom<OverCapsRow> for (u64, Option<OverCaps>) {
    type Error = StoreError;

    fn try_from(OverCapsRow { source, earned, over, members }: OverCapsRow) -> Result<Self, StoreError> {
        let number = |number: i64| u64::try_from(number).map_err(corrupt);
        let (earned, over, members) = (number(earned)?, number(over)?, number(members)?);
        let source = source.map(|source| source.parse()).transpose();
        let source = source.map_err(misread!(point_transactions::source, []))?;
        Ok((members, source.map(|source| OverCaps { source, earned, over, members })))
    }
}

impl RuleQueries for PgStore {
    async fn community_rules(
        &self,
        community_id: CommunityId,
        reader: Reader,
    ) -> Result<Option<CommunityView<CommunityRules>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let caller_id = reader.user_id().map(UserId::as_uuid);
        let select = SelectRules { community_id: community_id.as_uuid(), caller_id, known_version, known_at };
        let Some((view, rules)) = self.row(select).await? else { return Ok(None) };
        let rules = rules.into_iter().next().ok_or_else(|| corrupt("a known community has no rules"))?;
        let CommunityView { membership, levels, asked: BesideOwn { own: _, asked } } =
            self.view(view, caller_id, known, rules.of_community(community_id)?)?;
        Ok(Some(CommunityView { membership, levels, asked }))
    }

    async fn over_caps(
        &self,
        community_id: CommunityId,
        rules: &[SourceRule],
        since: OffsetDateTime,
        most_members: u32,
    ) -> Result<CapsLookedAt, StoreError> {
        let select = SelectOverCaps {
            caps: rules.into(),
            community_id: community_id.as_uuid(),
            first_entry: first_id_recorded(since),
            since,
            limit: i64::from(most_members),
        };
        let rows: Vec<(u64, Option<OverCaps>)> = self.read(select).await?;
        Ok(CapsLookedAt {
            members: rows.iter().filter(|(_, of)| of.is_none()).map(|(members, _)| members).sum(),
            sources: rows.into_iter().filter_map(|(_, of)| of).collect(),
        })
    }
}

impl ConfigurationHistoryQueries for PgStore {
    async fn rules_versions(
        &self,
        community_id: CommunityId,
        reader: Reader,
        range: VersionRange,
    ) -> Result<Option<CommunityView<Vec<ConfigurationVersion<CommunityRules>>>>, StoreError> {
        let content = |_, version, content: Json<Value>| {
            StoredRulesRow::new(version, content.typed()).of_community(community_id)
        };
        let first = |_| CommunityRules::default_for(community_id);
        self.versions("rules", community_id, reader, range, content, first).await
    }

    async fn levels_versions(
        &self,
        community_id: CommunityId,
        reader: Reader,
        range: VersionRange,
    ) -> Result<Option<CommunityView<Vec<ConfigurationVersion<LevelConfiguration>>>>, StoreError> {
        let content = |id, version, content: Json<Value>| {
            let levels = content.typed();
            let community_id = community_id.as_uuid();
            LevelConfigurationRow { community_id, id, levels, version }.try_into()
        };
        let first = |id| LevelConfiguration::default_for(LevelConfigurationId::new(id), community_id);
        self.versions("levels", community_id, reader, range, content, first).await
    }
}

impl PgStore {
    /// Versions of one kind, newest first, and the first of all behind them where there is room.
    async fn versions<T>(
        &self,
        kind: &str,
        community_id: CommunityId,
        reader: Reader,
        VersionRange { before, size }: VersionRange,
        content: impl Fn(Uuid, i32, Json<Value>) -> Result<T, StoreError>,
        first: impl FnOnce(Uuid) -> T,
    ) -> Result<Option<CommunityView<Vec<ConfigurationVersion<T>>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let caller_id = reader.user_id().map(UserId::as_uuid);
        let before = before.map_or(i32::MAX, |before| i32::try_from(before).unwrap_or(i32::MAX));
        let select = SelectVersions {
            community_id: community_id.as_uuid(),
            caller_id,
            known_version,
            known_at,
            kind: kind.to_owned(),
            before,
            limit: i64::from(size.get()),
        };
        let Some((view, rows, beginnings)) = self.row(select).await? else { return Ok(None) };
        let FirstVersionRow { id, created_at } =
            beginnings.into_iter().next().ok_or_else(|| corrupt("a known community has no levels"))?;
        let mut versions = Vec::new();
        for VersionRow { version, content: stored, changed_by, changed_at } in rows {
            let (content, changed_by) = (content(id, version, stored)?, changed_by.map(UserId::new));
            versions.push(ConfigurationVersion { content, changed_by, changed_at });
        }
        if before > 1 && versions.len() < usize::from(size.get()) {
            versions.push(ConfigurationVersion {
                content: first(id),
                changed_by: None,
                changed_at: created_at,
            });
        }
        let CommunityView { membership, levels, asked: BesideOwn { own: _, asked } } =
            self.view(view, caller_id, known, versions)?;
        Ok(Some(CommunityView { membership, levels, asked }))
    }
}
