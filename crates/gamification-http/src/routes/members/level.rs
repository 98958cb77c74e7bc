//! `GET /api/communities/{community_id}/members/{user_id}/level`: a member looks at a profile.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::{LevelProgress, MemberLevel, NextLevel, get_member_level},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::ReadBy,
    deadline::within_deadline,
    openapi::{CommunityParameter, ReadProblems, UserParameter},
    path::MemberPath,
    problem::Problem,
    state::Api,
};

/// A member's points and level.
#[derive(Serialize, ToSchema)]
#[schema(as = MemberLevel, example = json!({
    "user_id": "0192f0c1-5c1e-7f4e-8f4b-000000000ada", "level": 3, "level_name": "Builder", "total_points": 45,
    "level_threshold": 30, "next_level_threshold": 60, "points_to_next_level": 15, "is_max_level": false
}))]
pub(in crate::routes) struct MemberLevelView {
    /// The member, by their id on the platform
    user_id: Uuid,
    /// The level they have reached, 1 to 9: a level once reached stays
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    /// The name of that level in the community, 1 to 30 characters
    level_name: String,
    /// The sum of their ledger, 0 or more
    #[schema(minimum = 0)]
    total_points: i32,
    /// The points that reach the level: a number on one's own record and for services, else `null`
    #[schema(required, minimum = 0)]
    level_threshold: Option<i32>,
    /// The points that reach the next level: a number on one's own record and for services, below level 9; else `null`
    #[schema(required, minimum = 0)]
    next_level_threshold: Option<i32>,
    /// How many of them are still to be earned, where they are shown
    #[schema(required, minimum = 0)]
    points_to_next_level: Option<i32>,
    /// Whether the level is the highest, 9
    is_max_level: bool,
}

impl From<MemberLevel> for MemberLevelView {
    fn from(member: MemberLevel) -> Self {
        let MemberLevel { user_id, level, level_name, total_points, progress } = member;
        let next = progress.and_then(|LevelProgress { next, .. }| next);
        Self {
            user_id: user_id.as_uuid(),
            level: level.get(),
            level_name: level_name.into(),
            total_points: total_points.get(),
            level_threshold: progress.map(|progress| progress.level_threshold.get()),
            next_level_threshold: next.map(|NextLevel { threshold, .. }| threshold.get()),
            points_to_next_level: next.map(|NextLevel { points_to_go, .. }| points_to_go.get()),
            is_max_level: level.is_max(),
        }
    }
}

/// A member's points and level
///
/// For every member of the community, and for services. A member who left is still shown.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/members/{user_id}/level", tag = "levels", operation_id = "member_level",
    params(CommunityParameter, UserParameter),
    responses((status = 200, description = "Points and level", body = MemberLevelView), ReadProblems),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    ReadBy(reader): ReadBy,
    path: MemberPath,
    api: Data<Api<S, E>>,
) -> Result<HttpResponse, Problem> {
    let MemberPath { community_id, user_id } = path;
    let member = within_deadline(get_member_level(&api.store, community_id, reader, user_id)).await?;
    // Personal, and stale with the next award.
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(MemberLevelView::from(member)))
}
