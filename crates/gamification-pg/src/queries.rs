//! Reads: one round trip each, what the caller may see included.

use diesel::{ExpressionMethods, QueryDsl};
use gamification_app::ports::{
    BesideOwn, CommunityView, CourseGate, CourseQueries, LevelQueries, MemberQueries, Membership,
    MembershipQueries, RecalculationQueries, SchemaQueries, StoreError,
};
use gamification_domain::{
    CommunityId, CourseId, LevelDistribution, LevelNumber, MemberKey, MemberStanding, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgStore,
    error::{corrupt, misread, store_error},
    known_levels::{KnownLevels, LevelsRow, levels_unless_known},
    migrations::{applied_version, newest_version},
    repositories::{LevelCountRow, membership, membership_of, select_role, standing},
    schema::{
        community_members, course_level_requirements, courses, level_configurations, level_counts,
        member_points, recalculations,
    },
    statement::{Nested, OrNull, Records, record, statements},
};

record! {
    /// How the caller stands.
    struct OwnRow: Read {
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
    }
}

record! {
    /// The start of a read: the levels of a community that is known, and the caller in it. Every known community has
    /// levels, and everybody it ever had has points.
    struct CommunityViewRow: Read {
        role: Option<String> => OrNull<community_members::role>,
        own: Option<OwnRow> => OrNull<Nested<OwnRow>>,
        levels: LevelsRow => Nested<LevelsRow>,
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
            "SELECT caller.role, own.total_points, own.current_level,
                    ",
            levels_unless_known!(":known_version", ":known_at"),
            ", answers.*
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
    struct SelectLevelDistribution {
        community_id: Uuid => level_counts::community_id,
        caller_id: Uuid => member_points::user_id,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
    } -> (CommunityViewRow, Records<LevelCountRow>)
    = community_view!(
        "SELECT c.community_id, c.level, c.members FROM level_counts AS c WHERE c.community_id = :community_id"
    );

    struct SelectCourseGates {
        community_id: Uuid => courses::community_id,
        caller_id: Uuid => member_points::user_id,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
        course_ids: Vec<Uuid> => [courses::course_id],
    } -> (CommunityViewRow, Records<CourseGateRow>)
    = community_view!(course_gates!("AND c.course_id = ANY (:course_ids)"));

    struct SelectAllCourseGates {
        community_id: Uuid => courses::community_id,
        caller_id: Uuid => member_points::user_id,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
    } -> (CommunityViewRow, Records<CourseGateRow>)
    = community_view!(course_gates!(""));
}

impl PgStore {
    /// What was asked for, as the caller may see it, with what was `known` of the levels when it was asked for.
    fn view<T>(
        &self,
        CommunityViewRow { role, own, levels }: CommunityViewRow,
        caller_id: Uuid,
        known: Option<KnownLevels>,
        asked: T,
    ) -> Result<CommunityView<BesideOwn<T>>, StoreError> {
        let key = [levels.community_id, caller_id];
        let own = own.map(|OwnRow { total_points, current_level }| {
            standing(UserId::new(caller_id), (total_points, current_level), &key)
        });
        Ok(CommunityView {
            membership: membership(key, role)?,
            levels: self.levels().resolve(levels, known)?,
            asked: BesideOwn { own: own.transpose()?, asked },
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
    async fn member_standings(
        &self,
        caller: MemberKey,
        users: &[UserId],
    ) -> Result<Option<CommunityView<Vec<MemberStanding>>>, StoreError> {
        self.lookups().member_standings(caller, users.to_vec()).await
    }
}

impl LevelQueries for PgStore {
    async fn level_distribution(
        &self,
        (community_id, caller_id): MemberKey,
    ) -> Result<Option<CommunityView<BesideOwn<LevelDistribution>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let (community_id, caller_id) = (community_id.as_uuid(), caller_id.as_uuid());
        let select = SelectLevelDistribution { community_id, caller_id, known_version, known_at };
        let Some((view, counts)) = self.row(select).await? else { return Ok(None) };
        let mut distribution = LevelDistribution::default();
        for LevelCountRow { community_id, level, members } in counts {
            let key = [community_id];
            let level = LevelNumber::new(i64::from(level)).map_err(misread!(level_counts::level, key))?;
            distribution.set(level, u32::try_from(members).map_err(misread!(level_counts::members, key))?);
        }
        self.view(view, caller_id, known, distribution).map(Some)
    }
}

impl CourseQueries for PgStore {
    async fn course_gates(
        &self,
        (community_id, caller_id): MemberKey,
        courses: Option<&[CourseId]>,
    ) -> Result<Option<CommunityView<BesideOwn<Vec<CourseGate>>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let (community_id, caller_id) = (community_id.as_uuid(), caller_id.as_uuid());
        let row = match courses {
            Some(courses) => {
                let course_ids = courses.iter().map(|course| course.as_uuid()).collect();
                let select =
                    SelectCourseGates { community_id, caller_id, known_version, known_at, course_ids };
                self.row(select).await?
            }
            None => {
                self.row(SelectAllCourseGates { community_id, caller_id, known_version, known_at }).await?
            }
        };
        let Some((view, gates)) = row else { return Ok(None) };
        let gates: Result<Vec<CourseGate>, StoreError> =
            gates.into_iter().map(|gate| gate.in_community(community_id)).collect();
        self.view(view, caller_id, known, gates?).map(Some)
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
