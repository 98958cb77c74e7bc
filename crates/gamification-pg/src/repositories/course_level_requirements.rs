//! The levels that courses ask for.

use diesel::sql_types::{SmallInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use gamification_app::ports::{CourseLevelRequirementRepository, StoreError};
use gamification_domain::{CourseKey, CourseLevelRequirement};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{PgTx, error::store_error, statement::statement};

statement! {
    UpsertCourseLevelRequirement {
        community_id: Uuid => SqlUuid,
        id: Uuid => SqlUuid,
        course_id: Uuid => SqlUuid,
        minimum_level: i16 => SmallInt,
        created_at: OffsetDateTime => Timestamptz,
        updated_at: OffsetDateTime => Timestamptz,
    } -> ()
    "INSERT INTO course_level_requirements (community_id, id, course_id, minimum_level, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (community_id, course_id)
     DO UPDATE SET minimum_level = EXCLUDED.minimum_level, updated_at = EXCLUDED.updated_at"
}

statement! {
    DeleteCourseLevelRequirement { community_id: Uuid => SqlUuid, course_id: Uuid => SqlUuid } -> ()
    "DELETE FROM course_level_requirements WHERE community_id = ? AND course_id = ?"
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
            created_at: now,
            updated_at: now,
        };
        upsert.execute(self.connection()).await.map(drop).map_err(store_error)
    }

    async fn delete_course_level_requirement(
        &mut self,
        (community_id, course_id): CourseKey,
    ) -> Result<(), StoreError> {
        let delete = DeleteCourseLevelRequirement {
            community_id: community_id.as_uuid(),
            course_id: course_id.as_uuid(),
        };
        delete.execute(self.connection()).await.map(drop).map_err(store_error)
    }
}
