//! `GET /api/communities/{community_id}/leaderboards/widget`: the best of the last month, beside other things.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::{RankedBoards, get_leaderboard_widget},
};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::entry::EntryView;
use crate::{
    auth::ReadBy,
    conditional,
    deadline::within_deadline,
    openapi::{CommunityParameter, IfNoneMatch, NotModified, ReadProblems},
    path::CommunityPath,
    problem::Problem,
    state::Api,
};

/// The best five of the last 720 hours.
#[derive(Serialize, ToSchema)]
#[schema(as = LeaderboardWidget)]
pub(in crate::routes) struct WidgetView<'a> {
    #[schema(max_items = 5)]
    entries: &'a [EntryView],
    /// Whatever was committed before is in the board
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    last_updated: OffsetDateTime,
}

/// The best five of the last 720 hours
#[utoipa::path(
    get, path = "/api/communities/{community_id}/leaderboards/widget", tag = "leaderboards",
    operation_id = "leaderboard_widget",
    params(CommunityParameter, IfNoneMatch),
    responses(
        (status = 200, description = "The best five", body = WidgetView,
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
    let found = within_deadline(get_leaderboard_widget(&api.store, path.community_id, reader)).await?;
    let RankedBoards { boards, last_updated } = found;
    let entries: Vec<EntryView> =
        boards.into_iter().flat_map(|board| board.entries).map(Into::into).collect();
    conditional::answer_as_of_a_moment(&request, &WidgetView { entries: &entries, last_updated }, &entries)
}
