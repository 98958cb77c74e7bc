//! `GET /api/communities/{community_id}/levels`: the level grid.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, RecalculationProgress, Store},
    queries::{Levels, get_levels},
};
use gamification_domain::{LevelDefinition, LevelDistribution, Role};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type, schema::SchemaType},
};

use crate::{
    auth::ReadBy,
    conditional,
    deadline::within_deadline,
    openapi::{CommunityParameter, IfNoneMatch, NotModified, ReadProblems},
    path::CommunityPath,
    problem::Problem,
    state::Api,
};

/// The nine levels of a community, and where the caller is.
#[derive(Serialize, ToSchema)]
#[schema(as = Levels)]
pub(in crate::routes) struct LevelsView {
    /// All nine, lowest first
    #[schema(min_items = 9, max_items = 9)]
    levels: Vec<LevelView>,
    /// The level that the caller has reached, 1 to 9; `null` for services
    #[schema(required, minimum = 1, maximum = 9)]
    current_user_level: Option<u8>,
    /// The caller's role; `null` for services
    #[schema(required, schema_with = role)]
    current_user_role: Option<&'static str>,
    /// Whether members are still being leveled up after a change of thresholds; what is shown is right meanwhile
    recalculating: bool,
    /// How far that has come, until it is over
    #[serde(skip_serializing_if = "Option::is_none")]
    recalculation: Option<RecalculationView>,
}

/// How many members were looked at, of how many.
#[derive(Serialize, ToSchema)]
#[schema(as = Recalculation, example = json!({"done": 312_000, "of": 1_000_000}))]
struct RecalculationView {
    /// The members that were looked at
    #[schema(minimum = 0)]
    done: u64,
    /// The members that there were when it began
    #[schema(minimum = 0)]
    of: u64,
}

fn role() -> impl Into<RefOr<Schema>> {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(Role::ALL.map(Role::as_str).map(Some).into_iter().chain([None])))
        .description(Some("The caller's role; `null` for services"))
}

/// A level, and the share of the present members at it.
#[derive(Serialize, ToSchema)]
#[schema(as = Level, example = json!({"level": 1, "name": "Student", "threshold": 0, "member_percentage": 50.0}))]
struct LevelView {
    /// The number of the level, 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// The name of the level in the community
    #[schema(min_length = 1, max_length = 30)]
    name: String,
    /// The points that reach it, 0 for level 1
    #[schema(minimum = 0)]
    threshold: i32,
    /// The share of the present members at this level, in percent with one decimal
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

/// What is shown of levels.
pub(super) fn view(levels: &Levels) -> LevelsView {
    let Levels { configuration, distribution, recalculation, own } = levels;
    LevelsView {
        levels: configuration.levels().iter().map(|level| LevelView::new(level, distribution)).collect(),
        current_user_level: own.map(|(level, _)| level.get()),
        current_user_role: own.map(|(_, role)| role.as_str()),
        recalculating: recalculation.is_some(),
        recalculation: recalculation.map(|RecalculationProgress { done, of }| RecalculationView { done, of }),
    }
}

/// Names, thresholds and distribution of the levels
///
/// The `ETag` is the version of names and thresholds, a dot, and a hash of the answer: `If-Match` looks at the version,
/// `If-None-Match` at all of it.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/levels", tag = "levels", operation_id = "levels",
    params(CommunityParameter, IfNoneMatch),
    responses(
        (status = 200, description = "The levels", body = LevelsView,
         headers(("ETag" = String, description = "Serves `If-Match` and `If-None-Match`"))),
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
    let levels = within_deadline(get_levels(&api.store, path.community_id, reader)).await?;
    conditional::answer(&request, Some(levels.configuration.version()), &view(&levels))
}
