//! Reads: one round trip each, what the caller may see included.

use diesel::OptionalExtension;
use diesel::{
    Queryable,
    sql_types::{Bool, Integer, Jsonb, Nullable, SmallInt, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{MemberLevelRecord, Queries, StoreError};
use gamification_domain::{CommunityId, Role, UserId};
use uuid::Uuid;

use crate::{
    PgStore,
    error::{corrupt, store_error},
    migrations::{applied_version, newest_version},
    repositories::{StoredLevels, level_configuration, member_points},
    statement::statement,
};

statement! {
    /// No row: the community is not known. Every known community has a level configuration, and everybody it ever had
    /// has points.
    SelectMemberLevel {
        community_id: Uuid => SqlUuid,
        caller_id: Uuid => SqlUuid,
        user_id: Uuid => SqlUuid,
    } -> (
        SqlUuid, Nullable<Text>, Bool, Nullable<SqlUuid>, Nullable<Integer>, Nullable<SmallInt>,
        SqlUuid, Jsonb, Integer,
    )
    "SELECT c.community_id, caller.role, member.presence_change IS NOT NULL,
            points.id, points.total_points, points.current_level, levels.id, levels.levels, levels.version
     FROM (VALUES (?, ?, ?)) AS asked (community_id, caller_id, user_id)
     JOIN communities AS c USING (community_id)
     JOIN level_configurations AS levels USING (community_id)
     LEFT JOIN community_members AS caller
         ON caller.community_id = asked.community_id AND caller.user_id = asked.caller_id AND caller.is_present
     LEFT JOIN community_members AS member
         ON member.community_id = asked.community_id AND member.user_id = asked.user_id
     LEFT JOIN member_points AS points
         ON points.community_id = asked.community_id AND points.user_id = asked.user_id"
}

#[derive(Queryable)]
struct MemberLevelRow {
    community_id: Uuid,
    caller_role: Option<String>,
    was_member: bool,
    member_points_id: Option<Uuid>,
    total_points: Option<i32>,
    current_level: Option<i16>,
    level_configuration_id: Uuid,
    levels: StoredLevels,
    version: i32,
}

impl MemberLevelRow {
    fn into_record(self, asked_for: UserId) -> Result<MemberLevelRecord, StoreError> {
        let Self {
            community_id,
            caller_role,
            was_member,
            member_points_id,
            total_points,
            current_level,
            level_configuration_id,
            levels,
            version,
        } = self;
        let member = match (was_member, member_points_id, total_points, current_level) {
            (true, Some(id), Some(total), Some(level)) => {
                Some(member_points(id, community_id, asked_for.as_uuid(), total, level)?)
            }
            _ => None,
        };
        Ok(MemberLevelRecord {
            caller_role: caller_role.map(|role| role.parse::<Role>().map_err(corrupt)).transpose()?,
            member,
            levels: level_configuration(level_configuration_id, community_id, levels, version)?,
        })
    }
}

impl Queries for PgStore {
    async fn member_level(
        &self,
        community_id: CommunityId,
        caller_id: UserId,
        user_id: UserId,
    ) -> Result<Option<MemberLevelRecord>, StoreError> {
        let select = SelectMemberLevel {
            community_id: community_id.as_uuid(),
            caller_id: caller_id.as_uuid(),
            user_id: user_id.as_uuid(),
        };
        let mut connection = self.connection().await?;
        let row: Option<MemberLevelRow> =
            select.get_result(&mut *connection).await.optional().map_err(store_error)?;
        row.map(|row| row.into_record(user_id)).transpose()
    }

    async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let applied = applied_version(&mut connection).await.map_err(store_error)?;
        // A newer one is fine: a server of the next version may have migrated while this one still runs.
        Ok(applied >= Some(newest_version().map_err(corrupt)?))
    }
}
