//! `PUT /api/communities/{community_id}/levels`: an admin names the levels and sets their thresholds.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use gamification_app::{
    Clock, IdGenerator, Reader,
    commands::{LevelsUpdate, UpdateLevelsError, update_levels},
    ports::{Queries, Store},
    queries::get_levels,
};
use gamification_domain::{
    LevelConfiguration, LevelDraft, LevelField, LevelMistakes, LevelNameError, LevelPlace, LevelProblem,
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::get::{LevelsView, view};
use crate::{
    auth::User,
    conditional::{self, expected_versions},
    openapi::{CommunityParameter, LevelsUpdateProblems},
    path::CommunityPath,
    problem::{FieldCode, FieldError, Problem},
    routes::settings::{items, read_as_admin, unknown_fields, whole_number},
    state::Api,
};

/// The nine levels as they shall be.
// Read by hand, so that all mistakes are told at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LevelsUpdate)]
#[expect(dead_code, reason = "it is a description")]
pub(in crate::routes) struct LevelsUpdateBody {
    /// All nine, in any order
    #[schema(min_items = 9, max_items = 9, inline)]
    levels: Vec<LevelUpdateBody>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LevelUpdate, example = json!({"level": 1, "name": "Beginner", "threshold": 0}))]
#[expect(dead_code, reason = "it is a description")]
struct LevelUpdateBody {
    /// The number of the level, 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// Plain text of up to 30 characters; tags are stripped, white space is collapsed. Unique, whatever the case
    name: String,
    /// The points that reach it: 0 for level 1, and more for each further level
    #[schema(minimum = 0)]
    threshold: i32,
}

/// Names the levels and sets their thresholds
///
/// For admins. All nine at once; all mistakes are told at once. They count for every read and award at once; answers when
/// every member was leveled up to where they put them, or after two seconds with 202. No level falls.
#[utoipa::path(
    put, path = "/api/communities/{community_id}/levels", tag = "levels", operation_id = "update_levels",
    params(
        CommunityParameter,
        ("If-Match" = Option<String>, Header, description = "The ETag of the levels that the change is based on"),
    ),
    request_body = LevelsUpdateBody,
    responses(
        (status = 200, description = "The levels as they are now", body = LevelsView,
         headers(("ETag" = String, description = "Serves `If-Match` and `If-None-Match`"))),
        (status = 202, description = "The levels as they are now; members are still being leveled up", body = LevelsView,
         headers(("ETag" = String, description = "Serves `If-Match` and `If-None-Match`"))),
        LevelsUpdateProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    user: User,
    path: CommunityPath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = (path.community_id, user.id);
    let (body, deadline) = read_as_admin(&api.store, caller, &request, payload).await?;
    let update =
        LevelsUpdate { drafts: drafts(&body)?, expected_versions: expected_versions(request.headers()) };
    deadline.keep(update_levels(&api.store, &api.system, caller, &update)).await?;
    let levels = deadline.keep(get_levels(&api.store, path.community_id, Reader::User(user.id))).await?;
    let mut answer = conditional::answer(&request, Some(levels.configuration.version()), &view(&levels))?;
    if levels.recalculation.is_some() {
        *answer.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(answer)
}

/// Understands a body, or reports all its mistakes at once.
pub(super) fn drafts(body: &Value) -> Result<Vec<LevelDraft>, Problem> {
    let levels =
        items(body, "levels", "Levels", "A level").map_err(|error| Problem::validation(vec![error]))?;
    let mut errors = Vec::new();
    let unknown = body.as_object().into_iter().flat_map(|body| unknown_fields(body, &["levels"], "#"));
    errors.extend(unknown);
    let mut drafts = Vec::with_capacity(levels.len());
    for (index, level) in levels.iter().enumerate() {
        errors.extend(unknown_fields(level, &["level", "name", "threshold"], &format!("#/levels/{index}")));
        drafts.push(LevelDraft {
            level: level.get("level").and_then(whole_number),
            name: level.get("name").and_then(Value::as_str).map(ToOwned::to_owned),
            threshold: level.get("threshold").and_then(whole_number),
        });
    }
    if let Err(mistakes) = LevelConfiguration::validate(&drafts) {
        errors.extend(field_errors(&mistakes));
    }
    if errors.is_empty() { Ok(drafts) } else { Err(Problem::validation(errors)) }
}

pub(super) fn field_errors(mistakes: &LevelMistakes) -> Vec<FieldError> {
    let pointer = |place| match place {
        LevelPlace::List => "#/levels".to_owned(),
        LevelPlace::Field { index, field } => {
            let field = match field {
                LevelField::Level => "level",
                LevelField::Name => "name",
                LevelField::Threshold => "threshold",
            };
            format!("#/levels/{index}/{field}")
        }
    };
    let mistakes = mistakes.as_slice().iter();
    mistakes
        .map(|mistake| {
            FieldError::new(pointer(mistake.place), field_code(&mistake.problem), mistake.to_string())
        })
        .collect()
}

const fn field_code(problem: &LevelProblem) -> FieldCode {
    match problem {
        LevelProblem::Missing { .. } | LevelProblem::Name(LevelNameError::Required) => FieldCode::Required,
        LevelProblem::NotALevel { .. }
        | LevelProblem::ThresholdNotANumber
        | LevelProblem::FirstThresholdNotZero { .. }
        | LevelProblem::Name(LevelNameError::InvisibleCharacter { .. } | LevelNameError::NestedTooDeeply) => {
            FieldCode::Invalid
        }
        LevelProblem::Repeated { .. } => FieldCode::Repeated,
        LevelProblem::Name(LevelNameError::TooLong { .. }) => FieldCode::TooLong,
        LevelProblem::NameNotUnique => FieldCode::NotUnique,
        LevelProblem::SecondThresholdTooLow { .. } => FieldCode::TooLow,
        LevelProblem::ThresholdsNotIncreasing { .. } => FieldCode::NotIncreasing,
        LevelProblem::ThresholdTooLarge { .. } => FieldCode::TooLarge,
    }
}

impl From<UpdateLevelsError> for Problem {
    fn from(error: UpdateLevelsError) -> Self {
        match error {
            UpdateLevelsError::AccessDenied(denied) => denied.into(),
            UpdateLevelsError::Invalid(mistakes) => Self::validation(field_errors(&mistakes)),
            UpdateLevelsError::Stale => Self::precondition_failed(error.to_string()),
            UpdateLevelsError::Recalculating => Self::recalculating(error.to_string()),
            UpdateLevelsError::Store(error) => error.into(),
        }
    }
}
