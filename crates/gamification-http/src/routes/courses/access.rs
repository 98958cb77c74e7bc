//! `GET /api/communities/{community_id}/courses/{course_id}/access`: may the caller enter?

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL};
use gamification_app::{
    Environment,
    ports::{Queries, Store},
    queries::{GetCourseAccessError, get_course_access},
};
use gamification_domain::{CourseAccess, LevelConfiguration, LevelNumber};
use serde::Serialize;

use crate::{
    auth::User,
    deadline::within_deadline,
    path::{self, CoursePath},
    problem::Problem,
};

#[derive(Serialize)]
pub(super) struct CourseAccessView {
    has_access: bool,
    required_level: Option<u8>,
    required_level_name: Option<String>,
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

pub(crate) async fn access<S: Store + Queries, E: Environment>(
    user: User<S, E>,
    path: CoursePath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let enforce = match path::parameter(&request, "enforce").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::bad_request("enforce must be true or false")),
    };
    let CoursePath { community_id, course_id } = path;
    let (access, levels) =
        within_deadline(get_course_access(&user.store, (community_id, user.id), course_id)).await?;
    match access.unlock_message(&levels).filter(|_| enforce) {
        Some(message) => Err(Problem::insufficient_level(message)),
        None => Ok(HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .json(CourseAccessView::new(access, &levels))),
    }
}

impl From<GetCourseAccessError> for Problem {
    fn from(error: GetCourseAccessError) -> Self {
        match error {
            GetCourseAccessError::Denied(denied) => denied.into(),
            GetCourseAccessError::CourseNotFound => Self::not_found(error.to_string()),
            GetCourseAccessError::Store(error) => error.into(),
        }
    }
}
