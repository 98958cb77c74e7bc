//! `GET /api/communities/{community_id}/members/levels?user_ids=a,b,…`: the badges of a feed.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::{Badge, get_badges},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::ReadBy,
    conditional,
    deadline::within_deadline,
    openapi::{CommunityParameter, IfNoneMatch, NotModified, ReadProblems},
    path::{self, CommunityPath},
    problem::Problem,
    state::Api,
};

/// Badges, in the order asked.
#[derive(Serialize, ToSchema)]
#[schema(as = Badges)]
pub(in crate::routes) struct BadgesView {
    /// The badges, without users whom the community never had
    members: Vec<BadgeView>,
}

/// The level of a member, as it is shown on their avatar.
#[derive(Serialize, ToSchema)]
#[schema(as = Badge, example = json!({
    "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada", "level": 3, "level_name": "Builder"
}))]
struct BadgeView {
    /// The member, by their id on the platform
    user_id: Uuid,
    /// The level they have reached, 1 to 9: a level once reached stays
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// The name of that level in the community, 1 to 30 characters
    level_name: String,
}

impl From<Badge> for BadgeView {
    fn from(badge: Badge) -> Self {
        let Badge { user_id, level, level_name } = badge;
        Self { user_id: user_id.as_uuid(), level: level.get(), level_name: level_name.into() }
    }
}

/// Up to 200 badges at once
///
/// Users whom the community never had are left out.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/members/levels", tag = "levels", operation_id = "badges",
    params(
        CommunityParameter,
        ("user_ids" = Vec<Uuid>, Query, description = "Users, with commas between them", style = Form, explode = false,
         min_items = 1, max_items = 200),
        IfNoneMatch
    ),
    responses(
        (status = 200, description = "Badges, in the order asked", body = BadgesView,
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
    let users =
        path::ids(&request, "user_ids")?.ok_or_else(|| Problem::bad_request("user_ids is missing"))?;
    let badges = within_deadline(get_badges(&api.store, path.community_id, reader, &users)).await?;
    let members = badges.into_iter().map(BadgeView::from).collect();
    conditional::answer(&request, None, &BadgesView { members })
}
