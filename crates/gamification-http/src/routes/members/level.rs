//! `GET /api/communities/{community_id}/members/{user_id}/level`: a member looks at a profile.

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::{MemberLevel, get_member_level},
};
use gamification_domain::Points;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    auth::User,
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
    "points_to_next_level": 15, "is_max_level": false
}))]
pub(in crate::routes) struct MemberLevelView {
    user_id: Uuid,
    /// 1 to 9
    #[schema(minimum = 1, maximum = 9)]
    level: u8,
    level_name: String,
    #[schema(minimum = 0)]
    total_points: i32,
    /// A number on one's own record below level 9, else `null`
    #[schema(required, minimum = 0)]
    points_to_next_level: Option<i32>,
    is_max_level: bool,
}

impl From<MemberLevel> for MemberLevelView {
    fn from(member: MemberLevel) -> Self {
        let MemberLevel { user_id, level, level_name, total_points, points_to_next_level } = member;
        Self {
            user_id: user_id.as_uuid(),
            level: level.get(),
            level_name: level_name.into(),
            total_points: total_points.get(),
            points_to_next_level: points_to_next_level.map(Points::get),
            is_max_level: level.is_max(),
        }
    }
}

/// A member's points and level
///
/// For every member of the community. A member who left is still shown.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/members/{user_id}/level", tag = "levels", operation_id = "member_level",
    params(CommunityParameter, UserParameter),
    responses((status = 200, description = "Points and level", body = MemberLevelView), ReadProblems),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    user: User,
    path: MemberPath,
    api: Data<Api<S, E>>,
) -> Result<HttpResponse, Problem> {
    let MemberPath { community_id, user_id } = path;
    let member = within_deadline(get_member_level(&api.store, (community_id, user.id), user_id)).await?;
    // Personal, and stale with the next award.
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(MemberLevelView::from(member)))
}
