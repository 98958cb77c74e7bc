//! `GET /api/communities/{community_id}/courses/{course_id}/level-requirement`: the level a course asks for.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::get_course_level_requirement,
};
use gamification_domain::{CourseId, LevelNumber};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::User,
    deadline::within_deadline,
    openapi::{CommunityParameter, CourseParameter, ReadProblems},
    path::CoursePath,
    problem::Problem,
    state::Api,
};

/// The lowest level that a course lets in.
#[derive(Serialize, ToSchema)]
#[schema(as = CourseLevelRequirement, example = json!({
    "course_id": "0192f0c1-5c1e-7f4e-8f4b-000000000c05", "minimum_level": 3
}))]
pub(in crate::routes) struct CourseLevelRequirementView {
    /// The course, by its id on the platform
    course_id: Uuid,
    /// The lowest level that gets in, 1 to 9; `null` when the course is open to all
    #[schema(required, minimum = 1, maximum = 9)]
    minimum_level: Option<u8>,
}

pub(super) fn answer(course_id: CourseId, minimum_level: Option<LevelNumber>) -> HttpResponse {
    let view = CourseLevelRequirementView {
        course_id: course_id.as_uuid(),
        minimum_level: minimum_level.map(LevelNumber::get),
    };
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(view)
}

/// The level that a course asks for
///
/// For admins; others ask for their access, which says the same of one course.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/courses/{course_id}/level-requirement", tag = "courses", operation_id = "course_level_requirement",
    params(CommunityParameter, CourseParameter),
    responses((status = 200, description = "The requirement", body = CourseLevelRequirementView), ReadProblems),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    user: User,
    path: CoursePath,
    api: Data<Api<S, E>>,
) -> Result<HttpResponse, Problem> {
    let CoursePath { community_id, course_id } = path;
    let get = get_course_level_requirement(&api.store, (community_id, user.id), course_id);
    Ok(answer(course_id, within_deadline(get).await?))
}
