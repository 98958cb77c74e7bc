//! Reads: one round trip each, what the caller may see included.

use diesel::{
    OptionalExtension, Queryable,
    sql_types::{
        Array, BigInt, Bool, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
    },
};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{
    CommunityView, CourseGate, CourseQueries, LevelQueries, MemberQueries, Membership, MembershipQueries,
    RecalculationQueries, SchemaQueries, StoreError,
};
use gamification_domain::{
    CommunityId, CourseId, LevelDistribution, LevelNumber, MemberKey, MemberPoints, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgStore,
    error::{corrupt, store_error},
    migrations::{applied_version, newest_version},
    repositories::{MemberPointsRow, StoredLevels, level_configuration, membership},
    statement::statement,
};

/// The start of every read: the community, its levels, and the caller in it. No row: the community is not known. Every
/// known community has levels, and everybody it ever had has points.
macro_rules! community_view {
    ($asked:expr) => {
        concat!(
            "SELECT asked.community_id, caller.role, own.id, own.user_id, own.total_points, own.current_level,
                    own.is_present, levels.id, levels.levels, levels.version, answer.*
             FROM (VALUES (?, ?)) AS asked (community_id, caller_id)
             JOIN communities USING (community_id)
             JOIN level_configurations AS levels USING (community_id)
             LEFT JOIN community_members AS caller
                 ON caller.community_id = asked.community_id AND caller.user_id = asked.caller_id
                 AND caller.is_present
             LEFT JOIN member_points AS own
                 ON own.community_id = asked.community_id AND own.user_id = asked.caller_id
             CROSS JOIN LATERAL (",
            $asked,
            ") AS answer"
        )
    };
}

macro_rules! view_statement {
    ($(#[$doc:meta])* $name:ident { $($parameter:ident: $rust:ty => $sql:ty),* $(,)? } -> ($($row:ty),*) $text:expr) => {
        statement! {
            $(#[$doc])*
            $name {
                community_id: Uuid => SqlUuid,
                caller_id: Uuid => SqlUuid,
                $($parameter: $rust => $sql),*
            } -> (
                SqlUuid, Nullable<Text>, Nullable<SqlUuid>, Nullable<SqlUuid>, Nullable<Integer>, Nullable<SmallInt>,
                Nullable<Bool>, SqlUuid, Jsonb, Integer, $($row),*
            )
            community_view!($text)
        }
    };
}

view_statement! {
    SelectMemberPoints { user_ids: Vec<Uuid> => Array<SqlUuid> }
    -> (Array<SqlUuid>, Array<SqlUuid>, Array<Integer>, Array<SmallInt>, Array<Bool>)
    "SELECT COALESCE(array_agg(p.id), '{}'), COALESCE(array_agg(p.user_id), '{}'),
            COALESCE(array_agg(p.total_points), '{}'), COALESCE(array_agg(p.current_level), '{}'),
            COALESCE(array_agg(p.is_present), '{}')
     FROM member_points AS p
     JOIN community_members AS m ON m.community_id = p.community_id AND m.user_id = p.user_id
     WHERE p.community_id = asked.community_id AND p.user_id = ANY (?) AND m.presence_change IS NOT NULL"
}

view_statement! {
    SelectLevelDistribution {} -> (Array<SmallInt>, Array<BigInt>)
    "SELECT COALESCE(array_agg(c.level), '{}'), COALESCE(array_agg(c.members), '{}')
     FROM level_counts AS c WHERE c.community_id = asked.community_id"
}

/// The listed courses of the community with what they ask for; `$which` narrows them.
macro_rules! course_gates {
    ($which:literal) => {
        concat!(
            "SELECT COALESCE(array_agg(c.course_id ORDER BY c.course_id), '{}'),
                    COALESCE(array_agg(r.minimum_level ORDER BY c.course_id), '{}')
             FROM courses AS c
             LEFT JOIN course_level_requirements AS r
                 ON r.community_id = c.community_id AND r.course_id = c.course_id
             WHERE c.community_id = asked.community_id AND c.is_listed ",
            $which
        )
    };
}

view_statement! {
    SelectCourseGates { course_ids: Vec<Uuid> => Array<SqlUuid> } -> (Array<SqlUuid>, Array<Nullable<SmallInt>>)
    course_gates!("AND c.course_id = ANY (?)")
}

view_statement! {
    SelectAllCourseGates {} -> (Array<SqlUuid>, Array<Nullable<SmallInt>>)
    course_gates!("")
}

statement! {
    SelectIdleRecalculations { idle_since: OffsetDateTime => Timestamptz } -> (SqlUuid,)
    "SELECT community_id FROM recalculations WHERE updated_at <= ?"
}

/// What every read starts with.
struct ViewRow {
    community_id: Uuid,
    caller_role: Option<String>,
    own: Option<MemberPointsRow>,
    level_configuration_id: Uuid,
    levels: StoredLevels,
    version: i32,
}

/// The ten columns of a [`ViewRow`] before the columns of the answer.
macro_rules! view_row {
    ($name:ident { $($column:ident: $rust:ty),+ }) => {
        #[derive(Queryable)]
        struct $name {
            community_id: Uuid,
            caller_role: Option<String>,
            own_id: Option<Uuid>,
            own_user_id: Option<Uuid>,
            own_total_points: Option<i32>,
            own_current_level: Option<i16>,
            own_is_present: Option<bool>,
            level_configuration_id: Uuid,
            levels: StoredLevels,
            version: i32,
            $($column: $rust),+
        }

        impl $name {
            fn split(self) -> (ViewRow, ($($rust,)+)) {
                let own = || {
                    Some(MemberPointsRow {
                        id: self.own_id?,
                        community_id: self.community_id,
                        user_id: self.own_user_id?,
                        total_points: self.own_total_points?,
                        current_level: self.own_current_level?,
                        is_present: self.own_is_present?,
                    })
                };
                let own = own();
                let Self { community_id, caller_role, level_configuration_id, levels, version, $($column,)+ .. } = self;
                (ViewRow { community_id, caller_role, own, level_configuration_id, levels, version }, ($($column,)+))
            }
        }
    };
}

view_row!(MemberPointsViewRow {
    ids: Vec<Uuid>,
    user_ids: Vec<Uuid>,
    totals: Vec<i32>,
    member_levels: Vec<i16>,
    presences: Vec<bool>
});
view_row!(LevelDistributionViewRow { distribution_levels: Vec<i16>, members: Vec<i64> });
view_row!(CourseGatesViewRow { course_ids: Vec<Uuid>, minimum_levels: Vec<Option<i16>> });

impl ViewRow {
    fn with<T>(self, asked: T) -> Result<CommunityView<T>, StoreError> {
        let Self { community_id, caller_role, own, level_configuration_id, levels, version } = self;
        Ok(CommunityView {
            role: caller_role.map(|role| role.parse().map_err(corrupt)).transpose()?,
            own: own.map(MemberPoints::try_from).transpose()?,
            levels: level_configuration(level_configuration_id, community_id, levels, version)?,
            asked,
        })
    }
}

impl MembershipQueries for PgStore {
    async fn membership(&self, user: MemberKey) -> Result<Membership, StoreError> {
        let mut connection = self.connection().await?;
        membership(&mut connection, user).await
    }
}

impl MemberQueries for PgStore {
    async fn member_points(
        &self,
        (community_id, caller_id): MemberKey,
        users: &[UserId],
    ) -> Result<Option<CommunityView<Vec<MemberPoints>>>, StoreError> {
        let select = SelectMemberPoints {
            community_id: community_id.as_uuid(),
            caller_id: caller_id.as_uuid(),
            user_ids: users.iter().map(|user| user.as_uuid()).collect(),
        };
        let mut connection = self.connection().await?;
        let row: Option<MemberPointsViewRow> =
            select.get_result(&mut *connection).await.optional().map_err(store_error)?;
        let Some((view, (ids, user_ids, totals, levels, presences))) = row.map(MemberPointsViewRow::split)
        else {
            return Ok(None);
        };
        let columns = ids.into_iter().zip(user_ids).zip(totals).zip(levels).zip(presences);
        let member = |((((id, user_id), total_points), current_level), is_present)| {
            let community_id = view.community_id;
            MemberPoints::try_from(MemberPointsRow {
                id,
                community_id,
                user_id,
                total_points,
                current_level,
                is_present,
            })
        };
        let members = columns.map(member).collect::<Result<Vec<_>, _>>()?;
        view.with(members).map(Some)
    }
}

impl LevelQueries for PgStore {
    async fn level_distribution(
        &self,
        (community_id, caller_id): MemberKey,
    ) -> Result<Option<CommunityView<LevelDistribution>>, StoreError> {
        let select =
            SelectLevelDistribution { community_id: community_id.as_uuid(), caller_id: caller_id.as_uuid() };
        let mut connection = self.connection().await?;
        let row: Option<LevelDistributionViewRow> =
            select.get_result(&mut *connection).await.optional().map_err(store_error)?;
        let Some((view, (levels, members))) = row.map(LevelDistributionViewRow::split) else {
            return Ok(None);
        };
        let mut distribution = LevelDistribution::default();
        for (level, members) in levels.into_iter().zip(members) {
            let level = LevelNumber::new(i64::from(level)).map_err(corrupt)?;
            distribution.set(level, u32::try_from(members).map_err(corrupt)?);
        }
        view.with(distribution).map(Some)
    }
}

impl CourseQueries for PgStore {
    async fn course_gates(
        &self,
        (community_id, caller_id): MemberKey,
        courses: Option<&[CourseId]>,
    ) -> Result<Option<CommunityView<Vec<CourseGate>>>, StoreError> {
        let (community_id, caller_id) = (community_id.as_uuid(), caller_id.as_uuid());
        let mut connection = self.connection().await?;
        let row = match courses {
            Some(courses) => {
                let course_ids = courses.iter().map(|course| course.as_uuid()).collect();
                SelectCourseGates { community_id, caller_id, course_ids }.get_result(&mut *connection).await
            }
            None => SelectAllCourseGates { community_id, caller_id }.get_result(&mut *connection).await,
        };
        let row: Option<CourseGatesViewRow> = row.optional().map_err(store_error)?;
        let Some((view, (course_ids, minimum_levels))) = row.map(CourseGatesViewRow::split) else {
            return Ok(None);
        };
        let gate = |(course_id, minimum_level): (Uuid, Option<i16>)| {
            let minimum_level =
                minimum_level.map(|level| LevelNumber::new(i64::from(level)).map_err(corrupt));
            Ok(CourseGate { course_id: CourseId::new(course_id), minimum_level: minimum_level.transpose()? })
        };
        let gates =
            course_ids.into_iter().zip(minimum_levels).map(gate).collect::<Result<Vec<_>, StoreError>>()?;
        view.with(gates).map(Some)
    }
}

impl RecalculationQueries for PgStore {
    async fn idle_recalculations(&self, idle_since: OffsetDateTime) -> Result<Vec<CommunityId>, StoreError> {
        let mut connection = self.connection().await?;
        let select = SelectIdleRecalculations { idle_since };
        let rows: Vec<(Uuid,)> = select.load(&mut *connection).await.map_err(store_error)?;
        Ok(rows.into_iter().map(|(community_id,)| CommunityId::new(community_id)).collect())
    }
}

impl SchemaQueries for PgStore {
    async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let applied = applied_version(&mut connection).await.map_err(store_error)?;
        // A newer one is fine: a server of the next version may have migrated while this one still runs.
        Ok(applied >= Some(newest_version().map_err(corrupt)?))
    }
}
