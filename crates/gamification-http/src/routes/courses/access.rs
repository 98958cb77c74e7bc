//! `GET /api/communities/{community_id}/courses/{course_id}/access`: may the caller enter?

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::get_course_access,
};
use gamification_domain::{CourseAccess, LevelConfiguration, LevelNumber};
use serde::Serialize;
use utoipa::ToSchema;

use super::learner::learner;
use crate::{
    auth::ReadBy,
    deadline::within_deadline,
    openapi::{CommunityParameter, CourseAccessProblems, CourseParameter},
    path::{self, CoursePath},
    problem::Problem,
    state::Api,
};

/// Whether a member gets into a course, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = CourseAccess, example = json!({
    "has_access": false, "required_level": 3, "required_level_name": "Builder", "current_level": 2
}))]
pub(in crate::routes) struct CourseAccessView {
    /// Whether the level that the member has reached is enough
    has_access: bool,
    /// The lowest level that the course lets in, 1 to 9; `null` when the course is open to all
    #[schema(required, minimum = 1, maximum = 9)]
    required_level: Option<u8>,
    /// The name of that level; `null` when the course is open to all
    #[schema(required)]
    required_level_name: Option<String>,
    /// The level that the member has reached, 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    current_level: u8,
}

impl CourseAccessView {
    pub(super) fn new(access: CourseAccess, levels: &LevelConfiguration) -> Self {
        let required = access.required_level();
        let name = |level| levels.definition(level).name().as_str().to_owned();
        Self {
            has_access: access.has_access(),
            required_level: required.map(LevelNumber::get),
            required_level_name: required.map(name),
            current_level: access.current_level().get(),
        }
    }
}

/// Whether a member gets into a course
///
/// With `enforce=true` an answer of 403 says no, for gateways that look at the status only.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/courses/{course_id}/access", tag = "courses", operation_id = "course_access",
    params(
        CommunityParameter, CourseParameter,
        ("enforce" = Option<bool>, Query, description = "Answer 403 instead of `has_access: false`"),
        ("user_id" = Option<uuid::Uuid>, Query, description = "The member whose access it is: for services. A user may name themselves only")
    ),
    responses((status = 200, description = "The decision", body = CourseAccessView), CourseAccessProblems),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    ReadBy(reader): ReadBy,
    path: CoursePath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let enforce = match path::parameter(&request, "enforce").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::bad_request("enforce must be true or false")),
    };
    let learner = learner(&request, reader)?;
    let CoursePath { community_id, course_id } = path;
    let (access, levels) =
        within_deadline(get_course_access(&api.store, community_id, learner, course_id)).await?;
    match Problem::insufficient_level(&access, &levels).filter(|_| enforce) {
        Some(problem) => Err(problem),
        None => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(CourseAccessView::new(access, &levels))),
    }
}
