//! `GET /api/communities/{community_id}/leaderboards/{leaderboard}`: a board page by page, or around a member.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use gamification_app::{
    Clock, IdGenerator,
    ports::{BoardPart, BoardPlace, Queries, Store},
    queries::{RankedBoards, RankedMembers, get_leaderboard},
};
use gamification_domain::{Leaderboard, SortName, UserId};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::entry::EntryView;
use crate::{
    auth::ReadBy,
    conditional, cursor,
    deadline::within_deadline,
    openapi::{CommunityParameter, IfNoneMatch, LeaderboardParameter, NotModified, ReadProblems},
    path::{LeaderboardPath, number, parameter},
    problem::Problem,
    state::Api,
};

/// How many members a page has unless the request says.
const PAGE: usize = 20;

/// How many members are shown on either side of one, unless the request says.
const RADIUS: usize = 5;

/// Part of a board, as of a moment.
#[derive(Serialize, ToSchema)]
#[schema(as = Leaderboard)]
pub(in crate::routes) struct LeaderboardView<'a> {
    #[serde(flatten)]
    part: &'a PartView,
    /// Whatever was committed before is in the board
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    last_updated: OffsetDateTime,
}

/// Some members of a board, and where the caller is on it.
#[derive(Serialize, ToSchema)]
#[schema(as = LeaderboardPart)]
struct PartView {
    /// Members who follow one another, by rank
    entries: Vec<EntryView>,
    /// The caller's own entry when it is not among the entries; `null` for services, and until boards know a new member
    #[schema(required)]
    your_rank: Option<EntryView>,
    /// How many members the board has
    #[schema(minimum = 0)]
    total_members: u64,
    /// What `cursor` must be for the next page; `null` at the end, and around a member
    #[schema(required)]
    next_cursor: Option<String>,
}

impl From<RankedMembers> for PartView {
    fn from(board: RankedMembers) -> Self {
        let RankedMembers { leaderboard, entries, own, total_members, next } = board;
        Self {
            entries: entries.into_iter().map(Into::into).collect(),
            your_rank: own.map(Into::into),
            total_members,
            next_cursor: next.map(|place| cursor::write(&written(leaderboard, &place))),
        }
    }
}

/// A place in bytes: the first letter of the board's name, points, user, name.
fn written(board: Leaderboard, BoardPlace { points, sort_name, user_id }: &BoardPlace) -> Vec<u8> {
    let mut bytes: Vec<u8> = board.as_str().bytes().take(1).collect();
    bytes.extend(points.to_be_bytes());
    bytes.extend(user_id.as_uuid().into_bytes());
    bytes.extend(sort_name.as_bytes());
    bytes
}

/// The place on a board that bytes encode; `None` when they can't be ours, or are of another board.
fn understood(board: Leaderboard, bytes: &[u8]) -> Option<BoardPlace> {
    let (initial, bytes) = bytes.split_first()?;
    if !board.as_str().as_bytes().starts_with(&[*initial]) {
        return None;
    }
    let (points, bytes) = bytes.split_first_chunk()?;
    let (user_id, sort_name) = bytes.split_first_chunk()?;
    (sort_name.len() <= SortName::MAX_LENGTH).then(|| BoardPlace {
        points: i64::from_be_bytes(*points),
        sort_name: SortName::restore(sort_name.to_owned()),
        user_id: UserId::new(Uuid::from_bytes(*user_id)),
    })
}

fn part(request: &HttpRequest, board: Leaderboard) -> Result<BoardPart, Problem> {
    let limit = number(request, "limit", 1..=100)?;
    let after = cursor::read(request, |bytes| understood(board, bytes))?;
    let radius = number(request, "radius", 1..=25)?;
    let Some(around) = parameter(request, "around") else {
        if radius.is_some() {
            return Err(Problem::bad_request("radius goes with around"));
        }
        let limit = limit.unwrap_or(PAGE);
        return Ok(after.map_or(BoardPart::Top(limit), |place| BoardPart::After(place, limit)));
    };
    let user_id = around.parse().map_err(|_| Problem::bad_request("around must be a UUID"))?;
    if limit.is_some() || after.is_some() {
        return Err(Problem::bad_request("around goes with radius, not with limit or cursor"));
    }
    Ok(BoardPart::Around(user_id, radius.unwrap_or(RADIUS)))
}

/// A board page by page, or around a member
///
/// Pages continue behind the last member of the one before, as the board is by then.
#[utoipa::path(
    get, path = "/api/communities/{community_id}/leaderboards/{leaderboard}", tag = "leaderboards",
    operation_id = "leaderboard",
    params(
        CommunityParameter, LeaderboardParameter,
        ("limit" = Option<u32>, Query, description = "How many members a page has; 20 unless said", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page before"),
        ("around" = Option<Uuid>, Query, description = "A member on the board, to see their surroundings instead of a page"),
        ("radius" = Option<u32>, Query, description = "How many members on either side of `around`; 5 unless said", minimum = 1, maximum = 25),
        IfNoneMatch
    ),
    responses(
        (status = 200, description = "Part of the board", body = LeaderboardView,
         headers(("ETag" = String, description = "Serves `If-None-Match`"))),
        NotModified, ReadProblems
    ),
    security(("bearer" = []))
)]
pub(in crate::routes) async fn handle<S: Store + Queries, E: Clock + IdGenerator>(
    ReadBy(reader): ReadBy,
    path: LeaderboardPath,
    api: Data<Api<S, E>>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let LeaderboardPath { community_id, leaderboard } = path;
    let part = part(&request, leaderboard)?;
    let read = get_leaderboard(&api.store, community_id, reader, leaderboard, &part);
    let RankedBoards { boards, last_updated } = within_deadline(read).await?;
    let board = boards.into_iter().next().ok_or_else(Problem::internal)?;
    let part = PartView::from(board);
    conditional::answer_as_of_a_moment(&request, &LeaderboardView { part: &part, last_updated }, &part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_understood_as_it_was_written_and_nothing_else_is() {
        let place = BoardPlace {
            points: 45,
            sort_name: SortName::of(None),
            user_id: UserId::new(Uuid::from_u128(7)),
        };
        for board in Leaderboard::ALL {
            for other in Leaderboard::ALL {
                let expected = (other == board).then(|| place.clone());
                assert_eq!(understood(other, &written(board, &place)), expected);
            }
            assert_eq!(understood(board, &written(board, &place)[..24]), None, "too short");
            let endless = BoardPlace { sort_name: SortName::restore(vec![1; 256]), ..place.clone() };
            assert_eq!(understood(board, &written(board, &endless)), None, "longer than any key");
        }
    }
}
