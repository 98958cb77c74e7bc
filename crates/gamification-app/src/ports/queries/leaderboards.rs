//! Reads of leaderboards.

use std::future::Future;

use gamification_domain::{
    CommunityId, DirectoryText, Leaderboard, MemberStanding, SortName, UserId, WindowStarts,
};
use time::OffsetDateTime;

use super::{BesideOwn, CommunityView};
use crate::{Reader, ports::StoreError};

/// A place in the order of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardPlace {
    /// The points of the window, 0 or more.
    pub points: i64,
    /// The sort key of the name, which decides among those with equal points.
    pub sort_name: SortName,
    /// What decides among those with one name.
    pub user_id: UserId,
}

/// Which part of a board is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoardPart {
    /// So many from the top.
    Top(usize),
    /// So many behind a place.
    After(BoardPlace, usize),
    /// A member on the board, with so many before them and so many behind.
    Around(UserId, usize),
}

/// A member on a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardMember {
    /// The rank: from 1, consecutive, each given once.
    pub rank: u64,
    /// Their place, which a next page begins behind.
    pub place: BoardPlace,
    /// The name that is shown of them, where the platform told one.
    pub display_name: Option<DirectoryText>,
    /// The address of their picture, where the platform told one.
    pub avatar_url: Option<DirectoryText>,
    /// Their points of all time, and their level as it was last judged.
    pub standing: MemberStanding,
}

/// Boards of a community, as one read found them.
#[derive(Clone, Debug)]
pub struct Boards {
    /// Those that were asked for, in order, each with the members of its part.
    pub boards: Vec<Board>,
    /// All that was committed before this moment is in them; `None` while they have never been built.
    pub complete_until: Option<OffsetDateTime>,
}

/// A part of a board, the reader's own entry, and the number of all.
#[derive(Clone, Debug)]
pub struct Board {
    /// The board that it is a part of.
    pub leaderboard: Leaderboard,
    /// The members of the part that was asked for, by rank.
    pub members: Vec<BoardMember>,
    /// The reader, and the rank that they have or would have; `None` for services, and for who has no entry.
    pub own: Option<BoardMember>,
    /// How many members the board has.
    pub total_members: u64,
}

impl Board {
    /// A board of which nothing was found yet.
    #[must_use]
    pub const fn new(leaderboard: Leaderboard) -> Self {
        Self { leaderboard, members: Vec::new(), own: None, total_members: 0 }
    }
}

/// Reads of boards, and of whether they are behind the ledger.
pub trait LeaderboardQueries: Send + Sync + 'static {
    /// The same part of each of some boards; `None` when the community is not known.
    fn leaderboards(
        &self,
        community_id: CommunityId,
        reader: Reader,
        boards: &[Leaderboard],
        part: &BoardPart,
    ) -> impl Future<Output = Result<Option<CommunityView<BesideOwn<Boards>>>, StoreError>> + Send;

    /// Whether anything waits to be projected at a moment, or no process has projected boards since `idle_since`.
    fn leaderboards_are_behind(
        &self,
        starts: WindowStarts,
        idle_since: OffsetDateTime,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}
