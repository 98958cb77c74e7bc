//! Reads: one round trip each, what the caller may see included.

use diesel::{ExpressionMethods, QueryDsl};
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
    error::{corrupt, misread, store_error},
    migrations::{applied_version, newest_version},
    repositories::{
        LevelConfigurationRow, LevelCountRow, MemberPointsRow, membership, membership_of, select_role,
    },
    schema::{
        community_members, course_level_requirements, courses, level_counts, member_points, recalculations,
    },
    statement::{Nested, OrNull, Records, record, statements},
};

record! {
    /// A member's points. The community is known; to send it with each member would cost time.
    struct MemberRow: Read {
        id: Uuid => member_points::id,
        user_id: Uuid => member_points::user_id,
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
        is_present: bool => member_points::is_present,
    }
}

record! {
    /// The start of every read: the levels of a community that is known, and the caller in it. Every known community has
    /// levels, and everybody it ever had has points.
    struct CommunityViewRow: Read {
        role: Option<String> => OrNull<community_members::role>,
        own: Option<MemberRow> => OrNull<Nested<MemberRow>>,
        levels: LevelConfigurationRow => Nested<LevelConfigurationRow>,
    }
}

record! {
    /// A course, and the level that it asks for.
    struct CourseGateRow: Read {
        course_id: Uuid => courses::course_id,
        minimum_level: Option<i16> => OrNull<course_level_requirements::minimum_level>,
    }
}

/// A [`CommunityViewRow`] with the records that a subselect answers; no row when the community is not known.
macro_rules! community_view {
    ($answer:expr) => {
        concat!(
            "SELECT caller.role, own.id, own.user_id, own.total_points, own.current_level, own.is_present,
                    levels.community_id, levels.id, levels.levels, levels.version, answers.*
             FROM communities AS known
             JOIN level_configurations AS levels ON levels.community_id = :community_id
             LEFT JOIN community_members AS caller
                 ON caller.community_id = :community_id AND caller.user_id = :caller_id AND caller.is_present
             LEFT JOIN member_points AS own
                 ON own.community_id = :community_id AND own.user_id = :caller_id
             CROSS JOIN LATERAL (SELECT array_agg(answer) FROM (",
            $answer,
            ") AS answer) AS answers
             WHERE known.community_id = :community_id"
        )
    };
}

/// The listed courses of the community with what they ask for; `$which` narrows them.
macro_rules! course_gates {
    ($which:literal) => {
        concat!(
            "SELECT c.course_id, r.minimum_level
             FROM courses AS c
             LEFT JOIN course_level_requirements AS r
                 ON r.community_id = c.community_id AND r.course_id = c.course_id
             WHERE c.community_id = :community_id AND c.is_listed ",
            $which,
            " ORDER BY c.course_id"
        )
    };
}

statements! {
    struct SelectMemberPoints {
        community_id: Uuid => member_points::community_id,
        caller_id: Uuid => member_points::user_id,
        user_ids: Vec<Uuid> => [member_points::user_id],
    } -> (CommunityViewRow, Records<MemberRow>)
    = community_view!(
        "SELECT p.id, p.user_id, p.total_points, p.current_level, p.is_present
         FROM member_points AS p
         JOIN community_members AS m ON m.community_id = p.community_id AND m.user_id = p.user_id
         WHERE p.community_id = :community_id AND p.user_id = ANY (:user_ids) AND m.presence_change IS NOT NULL"
    );

    struct SelectLevelDistribution {
        community_id: Uuid => level_counts::community_id,
        caller_id: Uuid => member_points::user_id,
    } -> (CommunityViewRow, Records<LevelCountRow>)
    = community_view!(
        "SELECT c.community_id, c.level, c.members FROM level_counts AS c WHERE c.community_id = :community_id"
    );

    struct SelectCourseGates {
        community_id: Uuid => courses::community_id,
        caller_id: Uuid => member_points::user_id,
        course_ids: Vec<Uuid> => [courses::course_id],
    } -> (CommunityViewRow, Records<CourseGateRow>)
    = community_view!(course_gates!("AND c.course_id = ANY (:course_ids)"));

    struct SelectAllCourseGates {
        community_id: Uuid => courses::community_id,
        caller_id: Uuid => member_points::user_id,
    } -> (CommunityViewRow, Records<CourseGateRow>)
    = community_view!(course_gates!(""));
}

impl MemberRow {
    fn in_community(self, community_id: Uuid) -> Result<MemberPoints, StoreError> {
        let Self { id, user_id, total_points, current_level, is_present } = self;
        let row = MemberPointsRow { community_id, id, user_id, total_points, current_level, is_present };
        row.try_into()
    }
}

impl CommunityViewRow {
    fn with<T>(self, caller: Uuid, asked: T) -> Result<CommunityView<T>, StoreError> {
        let Self { role, own, levels } = self;
        let key = [levels.community_id, caller];
        Ok(CommunityView {
            membership: membership(key, role)?,
            own: own.map(|own| own.in_community(levels.community_id)).transpose()?,
            levels: levels.try_into()?,
            asked,
        })
    }
}

impl CourseGateRow {
    fn in_community(self, community_id: Uuid) -> Result<CourseGate, StoreError> {
        let Self { course_id, minimum_level } = self;
        let key = [community_id, course_id];
        let minimum_level = minimum_level.map(|level| LevelNumber::new(i64::from(level))).transpose();
        Ok(CourseGate {
            course_id: CourseId::new(course_id),
            minimum_level: minimum_level.map_err(misread!(course_level_requirements::minimum_level, key))?,
        })
    }
}

impl MembershipQueries for PgStore {
    async fn membership(&self, user: MemberKey) -> Result<Option<Membership>, StoreError> {
        membership_of(user, self.first(select_role(user)).await?)
    }
}

impl MemberQueries for PgStore {
    async fn member_points(
        &self,
        (community_id, caller_id): MemberKey,
        users: &[UserId],
    ) -> Result<Option<CommunityView<Vec<MemberPoints>>>, StoreError> {
        let (community_id, caller_id) = (community_id.as_uuid(), caller_id.as_uuid());
        let user_ids = users.iter().map(|user| user.as_uuid()).collect();
        let select = SelectMemberPoints { community_id, caller_id, user_ids };
        let Some((view, members)) = self.row(select).await? else { return Ok(None) };
        let members: Result<Vec<MemberPoints>, StoreError> =
            members.into_iter().map(|member| member.in_community(community_id)).collect();
        view.with(caller_id, members?).map(Some)
    }
}

impl LevelQueries for PgStore {
    async fn level_distribution(
        &self,
        (community_id, caller_id): MemberKey,
    ) -> Result<Option<CommunityView<LevelDistribution>>, StoreError> {
        let (community_id, caller_id) = (community_id.as_uuid(), caller_id.as_uuid());
        let select = SelectLevelDistribution { community_id, caller_id };
        let Some((view, counts)) = self.row(select).await? else { return Ok(None) };
        let mut distribution = LevelDistribution::default();
        for LevelCountRow { community_id, level, members } in counts {
            let key = [community_id];
            let level = LevelNumber::new(i64::from(level)).map_err(misread!(level_counts::level, key))?;
            distribution.set(level, u32::try_from(members).map_err(misread!(level_counts::members, key))?);
        }
        view.with(caller_id, distribution).map(Some)
    }
}

impl CourseQueries for PgStore {
    async fn course_gates(
        &self,
        (community_id, caller_id): MemberKey,
        courses: Option<&[CourseId]>,
    ) -> Result<Option<CommunityView<Vec<CourseGate>>>, StoreError> {
        let (community_id, caller_id) = (community_id.as_uuid(), caller_id.as_uuid());
        let row = match courses {
            Some(courses) => {
                let course_ids = courses.iter().map(|course| course.as_uuid()).collect();
                self.row(SelectCourseGates { community_id, caller_id, course_ids }).await?
            }
            None => self.row(SelectAllCourseGates { community_id, caller_id }).await?,
        };
        let Some((view, gates)) = row else { return Ok(None) };
        let gates: Result<Vec<CourseGate>, StoreError> =
            gates.into_iter().map(|gate| gate.in_community(community_id)).collect();
        view.with(caller_id, gates?).map(Some)
    }
}

impl RecalculationQueries for PgStore {
    async fn idle_recalculations(&self, idle_since: OffsetDateTime) -> Result<Vec<CommunityId>, StoreError> {
        let idle = recalculations::table
            .filter(recalculations::updated_at.le(idle_since))
            .select(recalculations::community_id);
        let communities: Vec<Uuid> = self.load(idle).await?;
        Ok(communities.into_iter().map(CommunityId::new).collect())
    }
}

impl SchemaQueries for PgStore {
    async fn schema_is_current(&self) -> Result<bool, StoreError> {
        let mut connection = self.connection().await?;
        let applied = applied_version(&mut connection).await.map_err(store_error)?;
        Ok(is_current(applied.as_deref(), &newest_version().map_err(corrupt)?))
    }
}

/// A newer schema is fine: a server of the next version may have migrated while this one still runs.
fn is_current(applied: Option<&str>, newest: &str) -> bool {
    applied >= Some(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_current_when_it_is_at_least_the_one_that_was_built_in() {
        assert!(is_current(Some("2026-11-24-000011"), "2026-11-24-000011"));
        assert!(is_current(Some("2026-12-01-000012"), "2026-11-24-000011"), "of the next version");
        assert!(!is_current(Some("2026-11-22-000010"), "2026-11-24-000011"), "of the version before");
        assert!(!is_current(None, "2026-11-24-000011"), "an empty database");
    }
}
