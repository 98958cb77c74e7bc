//! An admin looks at what a course asks for.

use gamification_domain::{CourseId, LevelNumber, MemberKey};

use crate::{
    access,
    ports::{Membership, Queries},
    queries::GetCourseAccessError,
};

/// Gives the lowest level that a course lets in; `None` when it is open to all.
///
/// # Errors
/// [`GetCourseAccessError`], the first that applies.
pub async fn get_course_level_requirement(
    queries: &impl Queries,
    caller: MemberKey,
    course_id: CourseId,
) -> Result<Option<LevelNumber>, GetCourseAccessError> {
    let view = queries.course_gates(caller, Some(&[course_id])).await?;
    access::admin(view.as_ref().map_or(Membership::CommunityUnknown, |view| view.membership))?;
    let gates = view.map(|view| view.asked).unwrap_or_default();
    gates.first().map(|gate| gate.minimum_level).ok_or(GetCourseAccessError::CourseNotFound)
}
