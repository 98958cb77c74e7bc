//! `GET /api/communities/{community_id}/leaderboards`: the best of each board.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{Queries, Store},
    queries::{RankedBoards, RankedMembers, get_leaderboards},
};
use gamification_domain::Leaderboard;
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

/// The best of each board, as of a moment.
#[derive(Serialize, ToSchema)]
#[schema(as = Leaderboards)]
pub(in crate::routes) struct LeaderboardsView<'a> {
    #[serde(flatten)]
    boards: &'a BoardsView,
    /// Whatever was committed before is in the boards
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    last_updated: OffsetDateTime,
}

/// The best of each board.
#[derive(Serialize, ToSchema)]
#[schema(as = LeaderboardsByWindow)]
struct BoardsView {
    /// The board by the points of the last 168 hours
    #[schema(required, value_type = BoardView)]
    seven_day: Option<BoardView>,
    /// The board by the points of the last 720 hours
    #[schema(required, value_type = BoardView)]
    thirty_day: Option<BoardView>,
    /// The board by all points
    #[schema(required, value_type = BoardView)]
    all_time: Option<BoardView>,
}

/// The best of a board.
#[derive(Serialize, ToSchema)]
#[schema(as = LeaderboardTop)]
struct BoardView {
    /// The first members, by rank
    #[schema(max_items = 10)]
    entries: Vec<EntryView>,
    /// The caller's own entry when it is not among the entries; `null` for services, and until boards know a new member
    #[schema(required)]
    your_rank: Option<EntryView>,
    /// How many members the board has
    #[schema(minimum = 0)]
    total_members: u64,
}

impl From<RankedMembers> for BoardView {
    fn from(board: RankedMembers) -> Self {
        let RankedMembers { leaderboard: _, entries, own, total_members, next: _ } = board;
        Self {
            entries: entries.into_iter().map(Into::into).collect(),
            your_rank: own.map(Into::into),
            total_members,
        }
    }
}

impl From<Vec<RankedMembers>> for BoardsView {
    fn from(boards: Vec<RankedMembers>) -> Self {
        let mut view = Self { seven_day: None, thirty_day: None, all_time: None };
        for board in boards {
            let place = match board.leaderboard {
                Leaderboard::SevenDay => &mut view.seven_day,
                Leaderboard::ThirtyDay => &mut view.thirty_day,
                Leaderboard::AllTime => &mut view.all_time,
            };
            *place = Some(board.into());
        }
        view
    }
}

/// The best ten of each board, and one's own rank
///
/// Boards follow what happens within a second or two, and a window's old end by the second.
/// The `ETag` is over the boards alone: 304 says that no place has changed.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/leaderboards", tag = "leaderboards", operation_id = "leaderboards",
    params(CommunityParameter, IfNoneMatch),
    responses(
        (status = 200, description = "The boards", body = LeaderboardsView,
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
    let found = within_deadline(get_leaderboards(&api.store, path.community_id, reader)).await?;
    let RankedBoards { boards, last_updated } = found;
    let boards = BoardsView::from(boards);
    conditional::answer_as_of_a_moment(&request, &LeaderboardsView { boards: &boards, last_updated }, &boards)
}
