//! An admin looks at what a course asks for.

use gamification_domain::{CourseId, LevelNumber, MemberKey};

use crate::{access, ports::Queries, queries::ReadError};

/// Gives the lowest level that a course lets in; `None` when it is open to all.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_course_level_requirement(
    queries: &impl Queries,
    caller: MemberKey,
    course_id: CourseId,
) -> Result<Option<LevelNumber>, ReadError> {
    let gates = access::admin_view(queries.course_gates(caller, Some(&[course_id])).await?)?;
    gates.asked.first().map(|gate| gate.minimum_level).ok_or(ReadError::CourseNotFound)
}
