//! `POST /api/communities/{community_id}/rules/preview`: what caps would have taken away.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CACHE_CONTROL,
    web::{Data, Payload},
};
use gamification_app::{
    Clock, IdGenerator,
    ports::{OverCaps, Queries, Store},
    queries::{PREVIEWED, PreviewRulesError, RulesPreview, preview_rules},
};
use gamification_domain::SourceRule;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{RulesUpdateBody, draft, field_errors},
    get::RuleView,
};
use crate::{
    auth::User,
    openapi::{CommunityParameter, SettingsProblems},
    path::CommunityPath,
    problem::Problem,
    routes::settings::read_as_admin,
    state::Api,
};

/// What the caps of rules would have taken of what was earned in the last days.
#[derive(Serialize, ToSchema)]
#[schema(as = RulesPreview)]
pub(in crate::routes) struct RulesPreviewView {
    /// How many days were looked at: 30
    #[schema(minimum = 30, maximum = 30)]
    days: i64,
    /// How many members were looked at, those who earned the most: at most 20,000
    #[schema(minimum = 0)]
    members: u64,
    /// A rule for each source
    rules: Vec<PreviewedRuleView>,
}

/// A rule as it would be, and what it would have done. Other points than now make no difference to it.
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewedRule, example = json!({
    "source": "post_liked", "points": 1, "daily_cap": 20, "per_pair_daily_cap": 3,
    "earned": 4120, "over_cap": 310, "members_over_cap": 12
}))]
struct PreviewedRuleView {
    #[serde(flatten)]
    #[schema(inline)]
    rule: RuleView,
    /// The points that were earned by it
    #[schema(minimum = 0)]
    earned: u64,
    /// How many of them are beyond the caps
    #[schema(minimum = 0)]
    over_cap: u64,
    /// How many members earned some that are
    #[schema(minimum = 0)]
    members_over_cap: u64,
}

impl From<(SourceRule, OverCaps)> for PreviewedRuleView {
    fn from((rule, OverCaps { source: _, earned, over, members }): (SourceRule, OverCaps)) -> Self {
        Self { rule: rule.into(), earned, over_cap: over, members_over_cap: members }
    }
}

/// What caps would have taken away
///
/// For admins. Takes the body of a change, and changes nothing: how much of what was earned in the last 30 days is beyond
/// the caps.
#[utoipa::path(
    post, path = "/api/communities/{community_id}/rules/preview", tag = "rules", operation_id = "preview_rules",
    params(CommunityParameter),
    request_body = RulesUpdateBody,
    responses((status = 200, description = "What they would have done", body = RulesPreviewView), SettingsProblems),
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
    let preview = deadline.keep(preview_rules(&api.store, &api.system, caller, &draft(&body)?)).await?;
    let RulesPreview { since: _, members, rules } = preview;
    let view = RulesPreviewView {
        days: PREVIEWED.whole_days(),
        members,
        rules: rules.into_iter().map(PreviewedRuleView::from).collect(),
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(view))
}

impl From<PreviewRulesError> for Problem {
    fn from(error: PreviewRulesError) -> Self {
        match error {
            PreviewRulesError::AccessDenied(denied) => denied.into(),
            PreviewRulesError::Invalid(mistakes) => Self::validation(field_errors(&mistakes)),
            PreviewRulesError::Store(error) => error.into(),
        }
    }
}
