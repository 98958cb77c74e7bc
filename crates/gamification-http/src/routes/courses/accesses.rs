//! `GET /api/communities/{community_id}/courses/access`: the whole course list, with its locks.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{CourseGate, Queries, Store},
    queries::{CourseAccesses, get_course_accesses},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{access::CourseAccessView, learner::learner};
use crate::{
    auth::ReadBy,
    conditional,
    deadline::within_deadline,
    openapi::{CommunityParameter, IfNoneMatch, NotModified, ReadProblems},
    path::{self, CommunityPath},
    problem::Problem,
    state::Api,
};

/// A member's access to courses, by course id.
#[derive(Serialize, ToSchema)]
#[schema(as = CourseAccesses)]
pub(in crate::routes) struct CourseAccessesView {
    /// The courses that the community lists, or those of them that were asked for
    courses: Vec<ListedCourseAccessView>,
}

/// Whether the caller gets into one of several courses.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedCourseAccess)]
struct ListedCourseAccessView {
    /// The course, by its id on the platform
    course_id: Uuid,
    /// The title that the platform told of it; `null` where it told none
    #[schema(required)]
    title: Option<String>,
    #[serde(flatten)]
    access: CourseAccessView,
}

/// A member's access to every course of the community
#[utoipa::path(
    get, path = "/api/communities/{community_id}/courses/access", tag = "courses", operation_id = "course_accesses",
    params(
        CommunityParameter,
        ("course_ids" = Option<Vec<Uuid>>, Query, description = "Narrows to these courses, with commas between them",
         style = Form, explode = false, min_items = 1, max_items = 200),
        ("user_id" = Option<Uuid>, Query, description = "The member whose access it is: for services. A user may name themselves only"),
        IfNoneMatch
    ),
    responses(
        (status = 200, description = "The decisions, by course id", body = CourseAccessesView,
         headers(("ETag" = String, description = "Serves `If-None-Match`"))),
        NotModified, ReadProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    ReadBy(reader): ReadBy,
    path: CommunityPath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let asked = path::ids(&request, "course_ids")?;
    let learner = learner(&request, reader)?;
    let get = get_course_accesses(&api.store, path.community_id, learner, asked.as_deref());
    let CourseAccesses { levels, courses } = within_deadline(get).await?;
    let view = |(CourseGate { course_id, title, .. }, access)| ListedCourseAccessView {
        course_id: course_id.as_uuid(),
        title: title.map(|title| title.as_str().to_owned()),
        access: CourseAccessView::new(access, &levels),
    };
    let courses = courses.into_iter().map(view).collect();
    conditional::answer(&request, None, &CourseAccessesView { courses })
}
