//! The levels that courses ask for.

use std::future::Future;

use gamification_domain::{CourseKey, CourseLevelRequirement};
use time::OffsetDateTime;

use super::StoreError;

/// Course level requirements: at most one for each course.
pub trait CourseLevelRequirementRepository: Send {
    /// Writes a requirement in place of an earlier one.
    fn put_course_level_requirement(
        &mut self,
        requirement: &CourseLevelRequirement,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes a requirement, if there is one.
    fn delete_course_level_requirement(
        &mut self,
        course: CourseKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
