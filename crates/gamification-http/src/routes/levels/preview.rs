//! `POST /api/communities/{community_id}/levels/preview`: what other levels would do.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CACHE_CONTROL,
    web::{Data, Payload},
};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::{LevelsPreview, PreviewLevelsError, PreviewedLevelUp, preview_levels},
};
use gamification_domain::LevelDefinition;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::update::{LevelsUpdateBody, drafts, field_errors};
use crate::{
    auth::User,
    openapi::{CommunityParameter, SettingsProblems},
    path::CommunityPath,
    problem::Problem,
    routes::settings::read_as_admin,
    state::Api,
};

/// What a list of levels would do.
#[derive(Serialize, ToSchema)]
#[schema(as = LevelsPreview)]
pub(in crate::routes) struct LevelsPreviewView {
    /// All nine, lowest first
    #[schema(min_items = 9, max_items = 9)]
    levels: Vec<PreviewedLevelView>,
    /// How many present members would reach a higher level
    #[schema(minimum = 0)]
    level_up_count: u64,
    /// Some of them, those with the highest new level first
    #[schema(max_items = 30)]
    level_ups: Vec<PreviewedLevelUpView>,
}

/// A level as it would be, and the present members at it now and then.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewedLevel, example = json!({
    "level": 2, "name": "Practitioner", "threshold": 10, "members_now": 120, "members_then": 80
}))]
struct PreviewedLevelView {
    /// The number of the level, 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// Its name, after the change
    #[schema(min_length = 1, max_length = 30)]
    name: String,
    /// The points that reach it, after the change
    #[schema(minimum = 0)]
    threshold: i32,
    /// The present members who have the level now
    #[schema(minimum = 0)]
    members_now: u32,
    /// The present members who would have it after the change
    #[schema(minimum = 0)]
    members_then: u32,
}

/// A member who would reach a higher level.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewedLevelUp, example = json!({
    "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada", "display_name": "Ada", "level_now": 2, "level_then": 3
}))]
struct PreviewedLevelUpView {
    /// The member, by their id on the platform
    user_id: Uuid,
    /// The name that the platform told of them; `null` where it told none
    #[schema(required)]
    display_name: Option<String>,
    /// Their level now, 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    level_now: u8,
    /// The level that they would reach, 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    level_then: u8,
}

impl From<LevelsPreview> for LevelsPreviewView {
    fn from(preview: LevelsPreview) -> Self {
        let LevelsPreview { configuration, before, after, level_ups, named } = preview;
        let level = |level: &LevelDefinition| PreviewedLevelView {
            level: level.level().get(),
            name: level.name().as_str().to_owned(),
            threshold: level.threshold().get(),
            members_now: before.at(level.level()),
            members_then: after.at(level.level()),
        };
        let level_up = |PreviewedLevelUp { user_id, display_name, level, new_level }| PreviewedLevelUpView {
            user_id: user_id.as_uuid(),
            display_name: display_name.map(|name| name.as_str().to_owned()),
            level_now: level.get(),
            level_then: new_level.get(),
        };
        Self {
            levels: configuration.levels().iter().map(level).collect(),
            level_up_count: level_ups,
            level_ups: named.into_iter().map(level_up).collect(),
        }
    }
}

/// What other levels would do
///
/// For admins. Takes the body of a change, and changes nothing: how many members each level has and would have, and who
/// would reach a higher one.
#[utoipa::path(
    post, path = "/api/communities/{community_id}/levels/preview", tag = "levels", operation_id = "preview_levels",
    params(CommunityParameter),
    request_body = LevelsUpdateBody,
    responses((status = 200, description = "What they would do", body = LevelsPreviewView), SettingsProblems),
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
    let preview = deadline.keep(preview_levels(&api.store, caller, &drafts(&body)?)).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(LevelsPreviewView::from(preview)))
}

impl From<PreviewLevelsError> for Problem {
    fn from(error: PreviewLevelsError) -> Self {
        match error {
            PreviewLevelsError::AccessDenied(denied) => denied.into(),
            PreviewLevelsError::Invalid(mistakes) => Self::validation(field_errors(&mistakes)),
            PreviewLevelsError::Store(error) => error.into(),
        }
    }
}
