//! A member or a service looks at leaderboards.

use gamification_domain::{CommunityId, Leaderboard, LevelConfiguration, LevelNumber, UserId, shown_name};
use time::OffsetDateTime;

use crate::{
    Reader, access,
    ports::{BesideOwn, Board, BoardMember, BoardPart, BoardPlace, CommunityView, Queries, StoreError},
    queries::ReadError,
};

/// How many members each board of the overview shows.
const OVERVIEW: usize = 10;

/// How many members the widget shows.
const WIDGET: usize = 5;

/// A member on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedMember {
    /// From 1; unique and consecutive among those who are on the board.
    pub rank: u64,
    /// The member, by their id on the platform.
    pub user_id: UserId,
    /// The name that is shown of them.
    pub display_name: String,
    /// Where their picture is, where the platform told it.
    pub avatar_url: Option<String>,
    /// The highest level they ever reached, by the thresholds of now.
    pub level: LevelNumber,
    /// The points of the board's window, 0 or more.
    pub points: i64,
}

/// Some members of a board, by rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedMembers {
    /// The board that they are members of.
    pub leaderboard: Leaderboard,
    /// Members who follow one another.
    pub entries: Vec<RankedMember>,
    /// The reader's own entry when they are not among the entries; none for services.
    pub own: Option<RankedMember>,
    /// How many members the board has.
    pub total_members: u64,
    /// Where the next page begins, when there is one.
    pub next: Option<BoardPlace>,
}

/// Boards as of a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedBoards {
    /// Those that were asked for, in order.
    pub boards: Vec<RankedMembers>,
    /// What was committed before this moment is in them.
    pub last_updated: OffsetDateTime,
}

/// Gives the best ten of each board, and where the reader is.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_leaderboards(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
) -> Result<RankedBoards, ReadError> {
    read(queries, community_id, reader, &Leaderboard::ALL, &BoardPart::Top(OVERVIEW)).await
}

/// Gives the best five of the last thirty days.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn get_leaderboard_widget(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
) -> Result<RankedBoards, ReadError> {
    read(queries, community_id, reader, &[Leaderboard::ThirtyDay], &BoardPart::Top(WIDGET)).await
}

/// Gives a part of a board: a page of it, or the surroundings of a member.
///
/// # Errors
/// [`ReadError`], the first that applies; a member who is asked for and not on the board is not found.
pub async fn get_leaderboard(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
    leaderboard: Leaderboard,
    part: &BoardPart,
) -> Result<RankedBoards, ReadError> {
    let boards = read(queries, community_id, reader, &[leaderboard], part).await?;
    let is_there = |user_id: &UserId| {
        boards.boards.iter().flat_map(|board| &board.entries).any(|entry| entry.user_id == *user_id)
    };
    match part {
        BoardPart::Around(user_id, _) if !is_there(user_id) => Err(ReadError::MemberNotFound),
        BoardPart::Around(..) | BoardPart::Top(_) | BoardPart::After(..) => Ok(boards),
    }
}

async fn read(
    queries: &impl Queries,
    community_id: CommunityId,
    reader: Reader,
    boards: &[Leaderboard],
    part: &BoardPart,
) -> Result<RankedBoards, ReadError> {
    let view = queries.leaderboards(community_id, reader, boards, part).await?;
    let CommunityView { levels, asked: BesideOwn { asked: found, .. }, .. } = access::reader(reader, view)?;
    let last_updated = found.complete_until.ok_or_else(being_built)?;
    let boards = found.boards.into_iter().map(|board| ranked(board, part, &levels)).collect();
    Ok(RankedBoards { boards, last_updated })
}

/// After an upgrade, until the first build is done.
fn being_built() -> StoreError {
    StoreError::Unavailable("the leaderboards are being built".into())
}

fn ranked(board: Board, part: &BoardPart, levels: &LevelConfiguration) -> RankedMembers {
    let Board { leaderboard, members, own, total_members } = board;
    // Fewer than were asked for is no sign of the end: who was erased a moment ago still takes a place.
    let goes_on = matches!(part, BoardPart::Top(_) | BoardPart::After(..));
    let next =
        members.last().filter(|last| goes_on && last.rank < total_members).map(|last| last.place.clone());
    let own = own.filter(|own| members.iter().all(|member| member.place.user_id != own.place.user_id));
    let member = |member: BoardMember| ranked_member(member, levels);
    RankedMembers {
        leaderboard,
        own: own.map(member),
        entries: members.into_iter().map(member).collect(),
        total_members,
        next,
    }
}

fn ranked_member(member: BoardMember, levels: &LevelConfiguration) -> RankedMember {
    let BoardMember { rank, place, display_name, avatar_url, standing } = member;
    RankedMember {
        rank,
        user_id: place.user_id,
        display_name: shown_name(display_name.as_ref()).to_owned(),
        avatar_url: avatar_url.map(|url| url.as_str().to_owned()),
        level: standing.level_under(levels),
        points: place.points,
    }
}
