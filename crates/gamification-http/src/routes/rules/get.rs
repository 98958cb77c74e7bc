//! `GET /api/communities/{community_id}/rules`: what members earn points by.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::get_rules,
};
use gamification_domain::{CommunityRules, PointSource, SourceRule};
use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
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

/// The rules of a community.
#[derive(Serialize, ToSchema)]
#[schema(as = Rules)]
pub(in crate::routes) struct RulesView {
    /// How often they were changed, counted from 1
    #[schema(minimum = 1)]
    version: u32,
    /// A rule for each source
    rules: Vec<RuleView>,
    /// Whether admins are left out of leaderboards
    exclude_admins: bool,
}

/// What a source is worth, and how much of it counts on a day (of UTC, by when it happened).
#[derive(Serialize, ToSchema)]
#[schema(as = Rule, example = json!({"source": "post_liked", "points": 1, "daily_cap": 20, "per_pair_daily_cap": 3}))]
pub(super) struct RuleView {
    #[schema(schema_with = source)]
    source: &'static str,
    /// The points of one award
    #[schema(minimum = 0, maximum = 1000)]
    points: i32,
    /// The most a member can earn from it on a day; `null` for no limit
    #[schema(required, minimum = 0)]
    daily_cap: Option<i32>,
    /// Of likes: the most a member can earn on a day from one liker; `null` for no limit
    #[schema(required, minimum = 0)]
    per_pair_daily_cap: Option<i32>,
}

/// The schema of a source that has a rule.
pub(super) fn source() -> impl Into<RefOr<Schema>> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(PointSource::earned().map(PointSource::as_str)))
        .description(Some("What is worth that"))
}

impl From<SourceRule> for RuleView {
    fn from(SourceRule { source, points, daily_cap, per_pair_daily_cap }: SourceRule) -> Self {
        Self {
            source: source.as_str(),
            points: points.get(),
            daily_cap: daily_cap.map(Into::into),
            per_pair_daily_cap: per_pair_daily_cap.map(Into::into),
        }
    }
}

impl From<&CommunityRules> for RulesView {
    fn from(rules: &CommunityRules) -> Self {
        Self {
            version: rules.version(),
            rules: rules.rules().map(RuleView::from).collect(),
            exclude_admins: rules.excludes_admins(),
        }
    }
}

/// What members earn points by
///
/// For admins and services. The `ETag` begins with the version, which `If-Match` looks at.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/rules", tag = "rules", operation_id = "rules",
    params(CommunityParameter, IfNoneMatch),
    responses(
        (status = 200, description = "The rules", body = RulesView,
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
    let rules = within_deadline(get_rules(&api.store, path.community_id, reader)).await?;
    conditional::answer(&request, Some(rules.version()), &RulesView::from(&rules))
}
