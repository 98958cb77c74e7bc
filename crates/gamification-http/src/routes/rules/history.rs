//! `GET /api/communities/{community_id}/rules/history`: who changed the rules, and when.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{ConfigurationVersion, Queries, Store},
    queries::{Versions, get_rules_history},
};
use gamification_domain::{CommunityRules, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::get::RuleView;
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

/// Versions of the rules, newest first.
#[derive(Serialize, ToSchema)]
#[schema(as = RulesHistory)]
pub(in crate::routes) struct RulesHistoryView {
    /// The versions, newest first
    #[schema(max_items = 100)]
    versions: Vec<RulesVersionView>,
    /// Where the next part begins; `null` at the end
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A version of the rules.
#[derive(Serialize, ToSchema)]
#[schema(as = RulesVersion)]
struct RulesVersionView {
    /// The number of the version, from 1
    #[schema(minimum = 1)]
    version: u32,
    /// The admin who made it; `null` for the defaults
    #[schema(required)]
    changed_by: Option<Uuid>,
    /// When it came into force
    #[schema(format = DateTime)]
    changed_at: String,
    /// A rule for each source
    rules: Vec<RuleView>,
    /// Whether admins are left out of leaderboards
    exclude_admins: bool,
}

impl From<ConfigurationVersion<CommunityRules>> for RulesVersionView {
    fn from(version: ConfigurationVersion<CommunityRules>) -> Self {
        let ConfigurationVersion { content, changed_by, changed_at } = version;
        Self {
            version: content.version(),
            changed_by: changed_by.map(UserId::as_uuid),
            changed_at: rfc3339(changed_at),
            rules: content.rules().map(RuleView::from).collect(),
            exclude_admins: content.excludes_admins(),
        }
    }
}

/// Who changed the rules, and when
///
/// For admins and services. Every version, newest first; the first are the defaults.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/rules/history", tag = "rules", operation_id = "rules_history",
    params(CommunityParameter, VersionParameters, IfNoneMatch),
    responses(
        (status = 200, description = "Versions, newest first", body = RulesHistoryView,
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
    let get = get_rules_history(&api.store, path.community_id, reader, versions::range(&request)?);
    let Versions { versions, next } = within_deadline(get).await?;
    let view = RulesHistoryView {
        versions: versions.into_iter().map(RulesVersionView::from).collect(),
        next_cursor: next.map(versions::cursor),
    };
    conditional::answer(&request, None, &view)
}
