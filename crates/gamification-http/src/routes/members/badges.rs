//! `GET /api/communities/{community_id}/members/levels?user_ids=a,b,…`: the badges of a feed.

use actix_web::{HttpRequest, HttpResponse, http::header::CACHE_CONTROL};
use gamification_app::{
    Environment,
    ports::{Queries, Store},
    queries::{Badge, GetBadgesError, get_badges},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    auth::User,
    deadline::within_deadline,
    path::{self, CommunityPath},
    problem::Problem,
};

#[derive(Serialize)]
struct BadgesView {
    members: Vec<BadgeView>,
}

#[derive(Serialize)]
struct BadgeView {
    user_id: Uuid,
    level: u8,
    level_name: String,
}

impl From<Badge> for BadgeView {
    fn from(badge: Badge) -> Self {
        let Badge { user_id, level, level_name } = badge;
        Self { user_id: user_id.as_uuid(), level: level.get(), level_name: level_name.into() }
    }
}

pub(crate) async fn badges<S: Store + Queries, E: Environment>(
    user: User<S, E>,
    path: CommunityPath,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let users =
        path::ids(&request, "user_ids")?.ok_or_else(|| Problem::bad_request("user_ids is missing"))?;
    let badges = within_deadline(get_badges(&user.store, (path.community_id, user.id), &users)).await?;
    let members = badges.into_iter().map(BadgeView::from).collect();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(BadgesView { members }))
}

impl From<GetBadgesError> for Problem {
    fn from(error: GetBadgesError) -> Self {
        match error {
            GetBadgesError::Denied(denied) => denied.into(),
            GetBadgesError::Store(error) => error.into(),
        }
    }
}
