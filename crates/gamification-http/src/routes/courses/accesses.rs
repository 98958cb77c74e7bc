//! `GET /api/communities/{community_id}/courses/access`: the whole course list, with its locks.

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL};
use gamification_app::{
    Environment,
    ports::{Queries, Store},
    queries::{CourseAccesses, get_course_accesses},
};
use serde::Serialize;
use uuid::Uuid;

use super::access::CourseAccessView;
use crate::{
    auth::User,
    deadline::within_deadline,
    path::{self, CommunityPath},
    problem::Problem,
};

#[derive(Serialize)]
struct CourseAccessesView {
    courses: Vec<ListedCourseAccessView>,
}

#[derive(Serialize)]
struct ListedCourseAccessView {
    course_id: Uuid,
    #[serde(flatten)]
    access: CourseAccessView,
}

pub(crate) async fn accesses<S: Store + Queries, E: Environment>(
    user: User<S, E>,
    path: CommunityPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let asked = path::ids(&request, "course_ids")?;
    let caller = (path.community_id, user.id);
    let CourseAccesses { levels, courses } =
        within_deadline(get_course_accesses(&user.store, caller, asked.as_deref())).await?;
    let view = |(course_id, access): (gamification_domain::CourseId, _)| ListedCourseAccessView {
        course_id: course_id.as_uuid(),
        access: CourseAccessView::new(access, &levels),
    };
    let courses = courses.into_iter().map(view).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(CourseAccessesView { courses }))
}
