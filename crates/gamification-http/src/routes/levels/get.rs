//! `GET /api/communities/{community_id}/levels`: the level grid.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, ETAG},
};
use gamification_app::{
    Environment,
    ports::{Queries, Store},
    queries::{GetLevelsError, Levels, get_levels},
};
use gamification_domain::{LevelDefinition, LevelDistribution};
use serde::Serialize;

use crate::{auth::User, deadline::within_deadline, path::CommunityPath, problem::Problem};

#[derive(Serialize)]
struct LevelsView {
    levels: Vec<LevelView>,
    current_user_level: u8,
}

#[derive(Serialize)]
struct LevelView {
    level: u8,
    name: String,
    threshold: i32,
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

pub(crate) async fn get<S: Store + Queries, E: Environment>(
    user: User<S, E>,
    path: CommunityPath,
) -> Result<HttpResponse, Problem> {
    let levels = within_deadline(get_levels(&user.store, (path.community_id, user.id))).await?;
    Ok(answer(levels))
}

impl From<GetLevelsError> for Problem {
    fn from(error: GetLevelsError) -> Self {
        match error {
            GetLevelsError::Denied(denied) => denied.into(),
            GetLevelsError::Store(error) => error.into(),
        }
    }
}
