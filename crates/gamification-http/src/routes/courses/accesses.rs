//! `GET /api/communities/{community_id}/courses/access`: the whole course list, with its locks.

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::{CourseAccesses, get_course_accesses},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::access::CourseAccessView;
use crate::{
    auth::User,
    deadline::within_deadline,
    openapi::{CommunityParameter, ReadProblems},
    path::{self, CommunityPath},
    problem::Problem,
    state::Api,
};

/// The caller's access to courses, by course id.
#[derive(Serialize, ToSchema)]
#[schema(as = CourseAccesses)]
pub(in crate::routes) struct CourseAccessesView {
    courses: Vec<ListedCourseAccessView>,
}

/// Whether the caller gets into one of several courses.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedCourseAccess)]
struct ListedCourseAccessView {
    course_id: Uuid,
    #[serde(flatten)]
    access: CourseAccessView,
}

/// The caller's access to every course of the community
#[utoipa::path(
    get, path = "/api/communities/{community_id}/courses/access", tag = "courses", operation_id = "course_accesses",
    params(
        CommunityParameter,
        ("course_ids" = Option<Vec<Uuid>>, Query, description = "Narrows to these courses, with commas between them",
         style = Form, explode = false, min_items = 1, max_items = 200)
    ),
    responses((status = 200, description = "The decisions, by course id", body = CourseAccessesView), ReadProblems),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    user: User,
    path: CommunityPath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let asked = path::ids(&request, "course_ids")?;
    let caller = (path.community_id, user.id);
    let CourseAccesses { levels, courses } =
        within_deadline(get_course_accesses(&api.store, caller, asked.as_deref())).await?;
    let view = |(course_id, access): (gamification_domain::CourseId, _)| ListedCourseAccessView {
        course_id: course_id.as_uuid(),
        access: CourseAccessView::new(access, &levels),
    };
    let courses = courses.into_iter().map(view).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(CourseAccessesView { courses }))
}
