//! `PUT /api/communities/{community_id}/courses/{course_id}/level-requirement`: an admin sets the level a course asks for.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use gamification_app::{
    Clock, IdGenerator,
    commands::{SetCourseLevelRequirementError, set_course_level_requirement},
    ports::{Queries, Store},
};
use gamification_domain::LevelNumber;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::level_requirement::{CourseLevelRequirementView, answer};
use crate::{
    auth::User,
    openapi::{CommunityParameter, CourseParameter, SettingsProblems},
    path::CoursePath,
    problem::{FieldCode, FieldError, Problem},
    routes::settings::{read_as_admin, unknown_fields, whole_number},
    state::Api,
};

/// The lowest level that a course shall let in.
// Read by hand, so that all mistakes are told at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CourseLevelRequirementUpdate, example = json!({"minimum_level": 3}))]
#[expect(dead_code, reason = "it is a description")]
pub(in crate::routes) struct CourseLevelRequirementBody {
    /// The lowest level that gets in, 1 to 9; `null` opens the course to all
    #[schema(required, minimum = 1, maximum = 9)]
    minimum_level: Option<u8>,
}

/// Sets the level that a course asks for, or opens it to all
///
/// For admins. It counts from the next look at the course on.
#[utoipa::path(
    put, path = "/api/communities/{community_id}/courses/{course_id}/level-requirement", tag = "courses", operation_id = "set_course_level_requirement",
    params(CommunityParameter, CourseParameter),
    request_body = CourseLevelRequirementBody,
    responses(
        (status = 200, description = "The requirement as it is now", body = CourseLevelRequirementView),
        SettingsProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    user: User,
    path: CoursePath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let CoursePath { community_id, course_id } = path;
    let caller = (community_id, user.id);
    let (body, deadline) = read_as_admin(&api.store, caller, &request, payload).await?;
    let minimum_level = minimum_level(&body).map_err(Problem::validation)?;
    let set = set_course_level_requirement(&api.store, &api.system, caller, course_id, minimum_level);
    deadline.keep(set).await?;
    Ok(answer(course_id, minimum_level))
}

/// The field itself must be there, so that a misspelt one opens nothing.
fn minimum_level(body: &Value) -> Result<Option<LevelNumber>, Vec<FieldError>> {
    let Value::Object(body) = body else {
        return Err(vec![FieldError::new("#", FieldCode::Invalid, "The body must be a JSON object")]);
    };
    let mut errors = unknown_fields(body, &["minimum_level"], "#");
    let minimum_level = match body.get("minimum_level") {
        Some(Value::Null) => Ok(None),
        Some(value) => whole_number(value)
            .and_then(|number| LevelNumber::new(number).ok())
            .map(Some)
            .ok_or((FieldCode::Invalid, "Minimum level must be a number from 1 to 9, or null")),
        None => Err((FieldCode::Required, "Minimum level is required")),
    };
    match minimum_level {
        Ok(minimum_level) if errors.is_empty() => Ok(minimum_level),
        Ok(_) => Err(errors),
        Err((code, detail)) => {
            errors.insert(0, FieldError::new("#/minimum_level", code, detail));
            Err(errors)
        }
    }
}

impl From<SetCourseLevelRequirementError> for Problem {
    fn from(error: SetCourseLevelRequirementError) -> Self {
        match error {
            SetCourseLevelRequirementError::AccessDenied(denied) => denied.into(),
            SetCourseLevelRequirementError::CourseNotFound => Self::not_found(error.to_string()),
            SetCourseLevelRequirementError::Store(error) => error.into(),
        }
    }
}
