//! A member, or a gateway on their behalf, asks which courses are open to them.

use std::sync::Arc;

use gamification_domain::{CourseAccess, CourseId, LevelConfiguration, MemberKey};

use crate::{
    access,
    ports::{CourseGate, Queries},
    queries::ReadError,
};

/// The caller's access to courses.
#[derive(Clone, Debug)]
pub struct CourseAccesses {
    /// The community's levels, for their names.
    pub levels: Arc<LevelConfiguration>,
    /// Each course that the community lists, and the decision.
    pub courses: Vec<(CourseId, CourseAccess)>,
}

/// Decides about one course.
///
/// # Errors
/// [`ReadError`], the first that applies.
#[tracing::instrument(
    name = "gamification.check_course_access", skip_all,
    fields(community_id = %caller.0, user_id = %caller.1, %course_id, has_access = tracing::field::Empty)
)]
pub async fn get_course_access(
    queries: &impl Queries,
    caller: MemberKey,
    course_id: CourseId,
) -> Result<(CourseAccess, Arc<LevelConfiguration>), ReadError> {
    let CourseAccesses { levels, courses } = decide(queries, caller, Some(&[course_id])).await?;
    let (_, access) = courses.into_iter().next().ok_or(ReadError::CourseNotFound)?;
    tracing::Span::current().record("has_access", access.has_access());
    Ok((access, levels))
}

/// Decides about all courses of the community, or those of `courses`, by id; courses that it does not list are left out.
///
/// # Errors
/// [`ReadError`], the first that applies.
#[tracing::instrument(
    name = "gamification.check_course_access", skip_all, fields(community_id = %caller.0, user_id = %caller.1)
)]
pub async fn get_course_accesses(
    queries: &impl Queries,
    caller: MemberKey,
    courses: Option<&[CourseId]>,
) -> Result<CourseAccesses, ReadError> {
    decide(queries, caller, courses).await
}

async fn decide(
    queries: &impl Queries,
    caller: MemberKey,
    courses: Option<&[CourseId]>,
) -> Result<CourseAccesses, ReadError> {
    let (own, levels, gates) = access::member_beside_own(queries.course_gates(caller, courses).await?)?;
    let level = own.level_under(&levels);
    let decide =
        |CourseGate { course_id, minimum_level }| (course_id, CourseAccess::decide(minimum_level, level));
    Ok(CourseAccesses { levels, courses: gates.into_iter().map(decide).collect() })
}
