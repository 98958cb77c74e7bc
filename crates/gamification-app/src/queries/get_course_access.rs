//! A member, or a gateway on their behalf, asks which courses are open to them.

use gamification_domain::{CourseAccess, CourseId, LevelConfiguration, MemberKey};

use crate::{
    access::{self, AccessDenied},
    ports::{CommunityView, CourseGate, Queries, StoreError},
};

/// The caller's access to courses.
#[derive(Clone, Debug)]
pub struct CourseAccesses {
    /// The community's levels, for their names.
    pub levels: LevelConfiguration,
    /// Each course that the community lists, and the decision.
    pub courses: Vec<(CourseId, CourseAccess)>,
}

/// Why there is nothing to tell, in the order it is checked.
#[derive(Debug, thiserror::Error)]
pub enum GetCourseAccessError {
    /// The caller may not.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The community does not list this course.
    #[error("Course not found")]
    CourseNotFound,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Decides about one course.
///
/// # Errors
/// [`GetCourseAccessError`], the first that applies.
#[tracing::instrument(
    name = "gamification.check_course_access", skip_all,
    fields(community_id = %caller.0, user_id = %caller.1, %course_id, has_access = tracing::field::Empty)
)]
pub async fn get_course_access(
    queries: &impl Queries,
    caller: MemberKey,
    course_id: CourseId,
) -> Result<(CourseAccess, LevelConfiguration), GetCourseAccessError> {
    let CourseAccesses { levels, courses } = decide(queries, caller, Some(&[course_id])).await?;
    let (_, access) = courses.into_iter().next().ok_or(GetCourseAccessError::CourseNotFound)?;
    tracing::Span::current().record("has_access", access.has_access());
    Ok((access, levels))
}

/// Decides about all courses of the community, or those of `courses`, by id; courses that it does not list are left out.
///
/// # Errors
/// [`GetCourseAccessError`], the first that applies.
#[tracing::instrument(
    name = "gamification.check_course_access", skip_all, fields(community_id = %caller.0, user_id = %caller.1)
)]
pub async fn get_course_accesses(
    queries: &impl Queries,
    caller: MemberKey,
    courses: Option<&[CourseId]>,
) -> Result<CourseAccesses, GetCourseAccessError> {
    decide(queries, caller, courses).await
}

async fn decide(
    queries: &impl Queries,
    caller: MemberKey,
    courses: Option<&[CourseId]>,
) -> Result<CourseAccesses, GetCourseAccessError> {
    let (own, view) = access::member(queries.course_gates(caller, courses).await?)?;
    let CommunityView { levels, asked, .. } = view;
    let level = own.level_under(&levels);
    let decide =
        |CourseGate { course_id, minimum_level }| (course_id, CourseAccess::decide(minimum_level, level));
    Ok(CourseAccesses { levels, courses: asked.into_iter().map(decide).collect() })
}
