//! A member, or a gateway on their behalf, asks which courses are open to them.

use std::sync::Arc;

use gamification_domain::{CommunityId, CourseAccess, CourseId, LevelConfiguration, UserId};

use crate::{
    AccessDenied,
    ports::{BesideOwn, CommunityView, CourseGate, Membership, Queries},
    queries::ReadError,
};

/// A member's access to courses.
#[derive(Clone, Debug)]
pub struct CourseAccesses {
    /// The community's levels, for their names.
    pub levels: Arc<LevelConfiguration>,
    /// Each course that the community lists, with its gate, and the decision.
    pub courses: Vec<(CourseGate, CourseAccess)>,
}

/// Whose access is asked for, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learner {
    /// A user asks about themselves.
    Own(UserId),
    /// A service asks about a member.
    Of(UserId),
}

impl Learner {
    const fn user_id(self) -> UserId {
        match self {
            Self::Own(user_id) | Self::Of(user_id) => user_id,
        }
    }

    /// Why there is no decision about who is not a member.
    const fn not_a_member(self) -> ReadError {
        match self {
            Self::Own(_) => ReadError::AccessDenied(AccessDenied::NotAMember),
            Self::Of(_) => ReadError::MemberNotFound,
        }
    }
}

/// Decides about one course.
///
/// # Errors
/// [`ReadError`], the first that applies.
#[tracing::instrument(
    name = "gamification.check_course_access", skip_all,
    fields(%community_id, user_id = %learner.user_id(), %course_id, has_access = tracing::field::Empty)
)]
pub async fn get_course_access(
    queries: &impl Queries,
    community_id: CommunityId,
    learner: Learner,
    course_id: CourseId,
) -> Result<(CourseAccess, Arc<LevelConfiguration>), ReadError> {
    let CourseAccesses { levels, courses } =
        decide(queries, community_id, learner, Some(&[course_id])).await?;
    let (_, access) = courses.into_iter().next().ok_or(ReadError::CourseNotFound)?;
    tracing::Span::current().record("has_access", access.has_access());
    Ok((access, levels))
}

/// Decides about all courses of the community, or those of `courses`, by id; courses that it does not list are left out.
///
/// # Errors
/// [`ReadError`], the first that applies.
#[tracing::instrument(
    name = "gamification.check_course_access", skip_all, fields(%community_id, user_id = %learner.user_id())
)]
pub async fn get_course_accesses(
    queries: &impl Queries,
    community_id: CommunityId,
    learner: Learner,
    courses: Option<&[CourseId]>,
) -> Result<CourseAccesses, ReadError> {
    decide(queries, community_id, learner, courses).await
}

async fn decide(
    queries: &impl Queries,
    community_id: CommunityId,
    learner: Learner,
    courses: Option<&[CourseId]>,
) -> Result<CourseAccesses, ReadError> {
    let view = queries.course_gates((community_id, learner.user_id()), courses).await?;
    let CommunityView { membership, levels, asked } = view.ok_or(AccessDenied::CommunityNotFound)?;
    // Every member has points, from the moment they join.
    let (Membership::Member(_), BesideOwn { own: Some(own), asked: gates }) = (membership, asked) else {
        return Err(learner.not_a_member());
    };
    let level = own.level_under(&levels);
    let decide = |gate: CourseGate| {
        let access = CourseAccess::decide(gate.minimum_level, level);
        (gate, access)
    };
    Ok(CourseAccesses { levels, courses: gates.into_iter().map(decide).collect() })
}
