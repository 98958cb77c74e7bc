//! `PUT /api/communities/{community_id}/rules`: an admin says what members earn points by.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use gamification_app::{
    Clock, IdGenerator, Reader,
    commands::{RulesUpdate, UpdateRulesError, update_rules},
    ports::{Queries, Store},
    queries::get_rules,
};

use super::{
    body::{RulesUpdateBody, draft, field_errors},
    get::RulesView,
};
use crate::{
    auth::User,
    conditional::{self, expected_versions},
    openapi::{CommunityParameter, RulesUpdateProblems},
    path::CommunityPath,
    problem::Problem,
    routes::settings::read_as_admin,
    state::Api,
};

/// Says what members earn points by
///
/// For admins. The rules of all sources at once; all mistakes are told at once. They count for what is recorded from then
/// on: nothing earned before changes, and a like is taken back at what it gave.
#[utoipa::path(
    put, path = "/api/communities/{community_id}/rules", tag = "rules", operation_id = "update_rules",
    params(
        CommunityParameter,
        ("If-Match" = Option<String>, Header, description = "The ETag of the rules that the change is based on"),
    ),
    request_body = RulesUpdateBody,
    responses(
        (status = 200, description = "The rules as they are now", body = RulesView,
         headers(("ETag" = String, description = "Serves `If-Match` and `If-None-Match`"))),
        RulesUpdateProblems
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
        RulesUpdate { draft: draft(&body)?, expected_versions: expected_versions(request.headers()) };
    deadline.keep(update_rules(&api.store, &api.system, caller, &update)).await?;
    let rules = deadline.keep(get_rules(&api.store, path.community_id, Reader::User(user.id))).await?;
    conditional::answer(&request, Some(rules.version()), &RulesView::from(&rules))
}

impl From<UpdateRulesError> for Problem {
    fn from(error: UpdateRulesError) -> Self {
        match error {
            UpdateRulesError::AccessDenied(denied) => denied.into(),
            UpdateRulesError::Invalid(mistakes) => Self::validation(field_errors(&mistakes)),
            UpdateRulesError::Stale => Self::precondition_failed(error.to_string()),
            UpdateRulesError::Store(error) => error.into(),
        }
    }
}
