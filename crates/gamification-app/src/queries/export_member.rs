//! A member takes along what is stored about them; an admin or a service does it for them.

use gamification_domain::{CommunityId, Leaderboard, UserId};

use super::{MemberLevel, ReadError, get_point_history};
use crate::{
    Reader, access,
    ports::{
        BesideOwn, Board, BoardMember, BoardPart, CommunityView, GivenLike, GivenLikes, HistoryEntry,
        HistoryOrder, HistoryPosition, HistoryRange, LikePosition, PageSize, Queries, StoredMembership,
        StoredProfile,
    },
};

/// How many likes of the community are looked at for one part.
const LIKES: i64 = 5_000;

/// What an export begins with.
#[derive(Clone, Debug)]
pub struct ExportedMember {
    /// The member, their points and their level, by the thresholds of now.
    pub member: MemberLevel,
    /// What the directory has of them; `None` for a user who earned points and was never in it.
    pub membership: Option<StoredMembership>,
    /// Their place on each board that they have one on.
    pub places: Vec<ExportedPlace>,
}

/// A member's place on a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportedPlace {
    /// The board that the place is on.
    pub leaderboard: Leaderboard,
    /// Their rank: from 1, each given once.
    pub rank: u64,
    /// The points of the board's window, 0 or more.
    pub points: i64,
}

/// A further part of an export.
#[derive(Clone, Debug)]
pub enum ExportPart {
    /// The next entries of their ledger, oldest first.
    Entries(Vec<HistoryEntry>),
    /// The next likes that they gave, behind all entries; maybe none, although others follow. There is one such part at least.
    Likes(Vec<GivenLike>),
}

/// An export under way. It holds nothing of what it gave, and no connection between its parts.
#[derive(Debug)]
pub struct MemberExport<Q> {
    queries: Q,
    community_id: CommunityId,
    reader: Reader,
    user_id: UserId,
    next: Next,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    Entries(Option<HistoryPosition>),
    Likes(Option<LikePosition>),
    End,
}

/// Begins an export of what is stored about a member, for themselves, an admin, or a service.
///
/// # Errors
/// [`ReadError`], the first that applies.
pub async fn export_member<Q: Queries>(
    queries: Q,
    community_id: CommunityId,
    reader: Reader,
    user_id: UserId,
) -> Result<(ExportedMember, MemberExport<Q>), ReadError> {
    let view = queries.stored_profile(community_id, reader, user_id).await?;
    let CommunityView { levels, asked, .. } = access::own_or_admin(reader, user_id, view)?;
    let StoredProfile { standing, membership } = asked.ok_or(ReadError::MemberNotFound)?;
    let member = MemberLevel::of(standing, &levels);
    let around = BoardPart::Around(user_id, 0);
    let boards = queries.leaderboards(community_id, reader, &Leaderboard::ALL, &around).await?;
    let CommunityView { asked: BesideOwn { asked: boards, .. }, .. } = access::reader(reader, boards)?;
    let places = boards.boards.into_iter().filter_map(|board| place(board, user_id)).collect();
    let next = Next::Entries(None);
    let export = MemberExport { queries, community_id, reader, user_id, next };
    Ok((ExportedMember { member, membership, places }, export))
}

/// Where a member is on a board; who is hidden is told it where they read themselves.
fn place(
    Board { leaderboard, members, own, total_members: _ }: Board,
    user_id: UserId,
) -> Option<ExportedPlace> {
    let member = members.into_iter().chain(own).find(|member| member.place.user_id == user_id)?;
    let BoardMember { rank, place, .. } = member;
    Some(ExportedPlace { leaderboard, rank, points: place.points })
}

impl<Q: Queries> MemberExport<Q> {
    /// The next part; `None` at the end.
    ///
    /// # Errors
    /// [`ReadError`], also where the reader may not read any more, or the member was erased meanwhile.
    pub async fn next(&mut self) -> Result<Option<ExportPart>, ReadError> {
        match self.next {
            Next::Entries(after) => self.entries(after).await.map(Some),
            Next::Likes(after) => self.likes(after).await.map(Some),
            Next::End => Ok(None),
        }
    }

    async fn entries(&mut self, after: Option<HistoryPosition>) -> Result<ExportPart, ReadError> {
        let (order, size) = (HistoryOrder::OldestFirst, PageSize::MAX);
        let range = HistoryRange { after, order, source: None, size };
        let history =
            get_point_history(&self.queries, self.community_id, self.reader, self.user_id, range).await?;
        self.next = history.page.next.map_or(Next::Likes(None), |next| Next::Entries(Some(next)));
        Ok(ExportPart::Entries(history.page.entries))
    }

    async fn likes(&mut self, after: Option<LikePosition>) -> Result<ExportPart, ReadError> {
        let GivenLikes { likes, next } =
            self.queries.likes_given((self.community_id, self.user_id), after, LIKES).await?;
        self.next = next.map_or(Next::End, |next| Next::Likes(Some(next)));
        Ok(ExportPart::Likes(likes))
    }
}
