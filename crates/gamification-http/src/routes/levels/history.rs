//! `GET /api/communities/{community_id}/levels/history`: who changed the levels, and when.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{ConfigurationVersion, Queries, Store},
    queries::{Versions, get_levels_history},
};
use gamification_domain::{LevelConfiguration, LevelDefinition, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::ReadBy,
    conditional,
    deadline::within_deadline,
    openapi::{CommunityParameter, IfNoneMatch, NotModified, ReadProblems},
    path::CommunityPath,
    problem::Problem,
    routes::versions::{self, VersionParameters, rfc3339},
    state::Api,
};

/// Versions of the levels, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = LevelsHistory)]
pub(in crate::routes) struct LevelsHistoryView {
    /// The versions, newest first
    #[schema(max_items = 100)]
    versions: Vec<LevelsVersionView>,
    /// Where the next part begins; `null` at the end
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A version of the levels.
#[derive(Serialize, ToSchema)]
#[schema(as = LevelsVersion)]
struct LevelsVersionView {
    /// The number of the version, from 1
    #[schema(minimum = 1)]
    version: u32,
    /// The admin who made it; `null` for the defaults, and where it was not noted
    #[schema(required)]
    changed_by: Option<Uuid>,
    /// When it came into force
    #[schema(format = DateTime)]
    changed_at: String,
    /// All nine, lowest first
    #[schema(min_items = 9, max_items = 9)]
    levels: Vec<LevelOfVersionView>,
}

/// A level as it was.
#[derive(Serialize, ToSchema)]
#[schema(as = LevelOfVersion, example = json!({"level": 2, "name": "Practitioner", "threshold": 10}))]
struct LevelOfVersionView {
    /// The number of the level, 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// The name of the level in that version
    #[schema(min_length = 1, max_length = 30)]
    name: String,
    /// The points that reached it
    #[schema(minimum = 0)]
    threshold: i32,
}

impl From<&LevelDefinition> for LevelOfVersionView {
    fn from(level: &LevelDefinition) -> Self {
        Self {
            level: level.level().get(),
            name: level.name().as_str().to_owned(),
            threshold: level.threshold().get(),
        }
    }
}

impl From<ConfigurationVersion<LevelConfiguration>> for LevelsVersionView {
    fn from(version: ConfigurationVersion<LevelConfiguration>) -> Self {
        let ConfigurationVersion { content, changed_by, changed_at } = version;
        Self {
            version: content.version(),
            changed_by: changed_by.map(UserId::as_uuid),
            changed_at: rfc3339(changed_at),
            levels: content.levels().iter().map(LevelOfVersionView::from).collect(),
        }
    }
}

/// Who changed the levels, and when
///
/// For admins and services. Every version that was noted, newest first; version 1 are the defaults.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/levels/history", tag = "levels", operation_id = "levels_history",
    params(CommunityParameter, VersionParameters, IfNoneMatch),
    responses(
        (status = 200, description = "Versions, newest first", body = LevelsHistoryView,
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
    let get = get_levels_history(&api.store, path.community_id, reader, versions::range(&request)?);
    let Versions { versions, next } = within_deadline(get).await?;
    let view = LevelsHistoryView {
        versions: versions.into_iter().map(LevelsVersionView::from).collect(),
        next_cursor: next.map(versions::cursor),
    };
    conditional::answer(&request, None, &view)
}
