//! `GET /api/communities/{community_id}/levels`: the level grid.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, ETAG},
    web::Data,
};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::{Levels, get_levels},
};
use gamification_domain::{LevelDefinition, LevelDistribution};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::User,
    deadline::within_deadline,
    openapi::{CommunityParameter, ReadProblems},
    path::CommunityPath,
    problem::Problem,
    state::Api,
};

/// The nine levels of a community, and where the caller is.
#[derive(Serialize, ToSchema)]
#[schema(as = Levels)]
pub(in crate::routes) struct LevelsView {
    #[schema(min_items = 9, max_items = 9)]
    levels: Vec<LevelView>,
    /// 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    current_user_level: u8,
}

/// A level, and the share of the present members at it.
#[derive(Serialize, ToSchema)]
#[schema(as = Level, example = json!({"level": 1, "name": "Student", "threshold": 0, "member_percentage": 50.0}))]
struct LevelView {
    /// 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    #[schema(min_length = 1, max_length = 30)]
    name: String,
    /// The points that reach it
    #[schema(minimum = 0)]
    threshold: i32,
    /// In percent, with one decimal
    #[schema(minimum = 0, maximum = 100)]
    member_percentage: f64,
}

impl LevelView {
    fn new(definition: &LevelDefinition, distribution: &LevelDistribution) -> Self {
        Self {
            level: definition.level().get(),
            name: definition.name().as_str().to_owned(),
            threshold: definition.threshold().get(),
            member_percentage: distribution.percentage(definition.level()),
        }
    }
}

/// The levels, with the tag that names the version of their names and thresholds.
pub(super) fn answer(levels: Levels) -> HttpResponse {
    let Levels { configuration, distribution, current_user_level } = levels;
    let view = LevelsView {
        levels: configuration.levels().iter().map(|level| LevelView::new(level, &distribution)).collect(),
        current_user_level: current_user_level.get(),
    };
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ETAG, format!("\"{}\"", configuration.version())))
        .json(view)
}

/// Names, thresholds and distribution of the levels
///
/// The `ETag` names the version of names and thresholds; it serves `If-Match`.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/levels", tag = "levels", operation_id = "levels",
    params(CommunityParameter),
    responses(
        (status = 200, description = "The levels", body = LevelsView,
         headers(("ETag" = String, description = "Version of names and thresholds"))),
        ReadProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    user: User,
    path: CommunityPath,
    api: Data<Api<S, E>>,
) -> Result<HttpResponse, Problem> {
    let levels = within_deadline(get_levels(&api.store, (path.community_id, user.id))).await?;
    Ok(answer(levels))
}
