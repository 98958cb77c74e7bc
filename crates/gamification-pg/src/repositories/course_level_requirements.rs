//! The levels that courses ask for.

use diesel::{ExpressionMethods, QueryDsl};
use gamification_app::ports::{CourseLevelRequirementRepository, StoreError};
use gamification_domain::{CourseKey, CourseLevelRequirement};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{PgTx, schema::course_level_requirements, statement::statements};

statements! {
    struct UpsertCourseLevelRequirement {
        community_id: Uuid => course_level_requirements::community_id,
        id: Uuid => course_level_requirements::id,
        course_id: Uuid => course_level_requirements::course_id,
        minimum_level: i16 => course_level_requirements::minimum_level,
        now: OffsetDateTime => course_level_requirements::created_at,
    } = "INSERT INTO course_level_requirements (community_id, id, course_id, minimum_level, created_at, updated_at)
         VALUES (:community_id, :id, :course_id, :minimum_level, :now, :now)
         ON CONFLICT (community_id, course_id)
         DO UPDATE SET minimum_level = EXCLUDED.minimum_level, updated_at = EXCLUDED.updated_at";
}

impl CourseLevelRequirementRepository for PgTx {
    async fn put_course_level_requirement(
        &mut self,
        requirement: &CourseLevelRequirement,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let CourseLevelRequirement { id, community_id, course_id, minimum_level } = requirement;
        let upsert = UpsertCourseLevelRequirement {
            community_id: community_id.as_uuid(),
            id: id.as_uuid(),
            course_id: course_id.as_uuid(),
            minimum_level: i16::from(minimum_level.get()),
            now,
        };
        self.run(upsert);
        Ok(())
    }

    async fn delete_course_level_requirement(
        &mut self,
        (community_id, course_id): CourseKey,
    ) -> Result<(), StoreError> {
        let requirement = course_level_requirements::table
            .filter(course_level_requirements::community_id.eq(community_id.as_uuid()))
            .filter(course_level_requirements::course_id.eq(course_id.as_uuid()));
        self.execute(diesel::delete(requirement));
        Ok(())
    }
}
