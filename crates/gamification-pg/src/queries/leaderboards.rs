//! Reads of leaderboards.

use diesel::sql_types::{BigInt, Bool, Text};
use gamification_app::{
    Reader,
    ports::{
        BesideOwn, Board, BoardMember, BoardPart, BoardPlace, Boards, CommunityView, LEADERBOARD_LAYOUT,
        LeaderboardQueries, Statistics, StoreError,
    },
};
use gamification_domain::{CommunityId, DirectoryText, Leaderboard, SortName, UserId, WindowStarts};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{CommunityViewRow, community_view};
use crate::{
    PgStore,
    error::{corrupt, misread},
    known_levels::{KnownLevels, levels_unless_known},
    repositories::standing,
    schema::{
        community_members, leaderboard_entries, leaderboard_progress, leaderboard_sections,
        level_configurations, member_points, point_transactions,
    },
    statement::{NotNull, OrNull, Plain, Records, record, statements},
};

record! {
    /// How far boards have come, and how many members one of them has.
    struct BoardRow: Read {
        board: Option<String> => OrNull<leaderboard_sections::board>,
        members: Option<i64> => OrNull<Plain<BigInt>>,
        complete_until: Option<OffsetDateTime> => leaderboard_progress::complete_until,
    }
}

record! {
    /// A member on a board.
    struct BoardMemberRow: Read {
        board: String => Plain<Text>,
        rank: i64 => Plain<BigInt>,
        is_own: bool => Plain<Bool>,
        points: i64 => Plain<BigInt>,
        sort_name: Vec<u8> => leaderboard_entries::sort_name,
        user_id: Uuid => leaderboard_entries::user_id,
        display_name: Option<String> => community_members::display_name,
        avatar_url: Option<String> => community_members::avatar_url,
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
    }
}

record! {
    /// Whether the boards have something to catch up with.
    struct BehindRow: Read {
        is_behind: bool => Plain<Bool>,
    }
}

record! {
    /// How far the boards have come, and whether that shows already that they have something to catch up with.
    struct PositionRow: Read {
        xid: Option<i64> => leaderboard_progress::xid,
        seven_day_start: Option<OffsetDateTime> => leaderboard_progress::seven_day_start,
        thirty_day_start: Option<OffsetDateTime> => leaderboard_progress::thirty_day_start,
        is_behind: bool => Plain<Bool>,
    }
}

/// The place of an entry `e` in the order of a board.
macro_rules! place {
    ($board:literal) => {
        concat!("(-GREATEST(e.", $board, ", 0), e.sort_name, e.user_id)")
    };
}

/// One board: the part around a place, and the caller. (That it is not asked for is nothing that Citus may know before it has
/// sent the statement: a table that is not read then would be in no shard.) Ranks are counted by sections: the members of those before, and in
/// the own one those before. Of that as many entries are read as it has members: PostgreSQL ends a range of rows that
/// compare by several columns at another value of the first one only, and all who have no points are equal in that.
macro_rules! board {
    ($board:literal) => {
        concat!(
            "SELECT '", $board, "' AS board, part.rank, at.is_own, part.points, part.sort_name, part.user_id
             FROM (
                 SELECT CASE WHEN e.user_id IS NULL THEN :place ELSE -GREATEST(e.", $board, ", 0) END AS place,
                        COALESCE(e.sort_name, :sort_name) AS sort_name, COALESCE(e.user_id, :user_id) AS user_id,
                        false AS is_own
                 FROM (VALUES (:community_id)) AS asked (community_id)
                 LEFT JOIN leaderboard_entries AS e
                     ON e.community_id = asked.community_id AND e.user_id = [[COALESCE(]]:around[[, '00000000-0000-0000-0000-000000000000'::uuid)]] AND e.is_listed
                 UNION ALL
                 SELECT -GREATEST(e.", $board, ", 0), e.sort_name, e.user_id, true
                 FROM leaderboard_entries AS e WHERE e.community_id = :community_id AND e.user_id = [[COALESCE(]]:caller_id[[, '00000000-0000-0000-0000-000000000000'::uuid)]]) AS at
             CROSS JOIN LATERAL (
                 SELECT s.place, s.sort_name, s.user_id, s.members FROM leaderboard_sections AS s
                 WHERE s.community_id = :community_id AND s.board = '", $board, "'
                   AND (s.place, s.sort_name, s.user_id) <= (at.place, at.sort_name, at.user_id)
                 ORDER BY s.place DESC, s.sort_name DESC, s.user_id DESC LIMIT 1) AS own_section
             CROSS JOIN LATERAL (
                 SELECT COALESCE(SUM(s.members), 0)::bigint AS members FROM leaderboard_sections AS s
                 WHERE s.community_id = :community_id AND s.board = '", $board, "'
                   AND (s.place, s.sort_name, s.user_id)
                       < (own_section.place, own_section.sort_name, own_section.user_id)) AS sections_before
             CROSS JOIN LATERAL (
                 SELECT COUNT(*) FILTER (
                     WHERE (e.place, e.sort_name, e.user_id) < (at.place, at.sort_name, at.user_id)) AS members
                 FROM (
                     SELECT -GREATEST(e.", $board, ", 0) AS place, e.sort_name, e.user_id FROM leaderboard_entries AS e
                     WHERE e.community_id = :community_id AND e.is_listed
                       AND ", place!($board), " >= (own_section.place, own_section.sort_name, own_section.user_id)
                     ORDER BY -GREATEST(e.", $board, ", 0), e.sort_name, e.user_id LIMIT own_section.members) AS e
                 ) AS members_before
             CROSS JOIN LATERAL (SELECT sections_before.members + members_before.members AS members) AS before
             CROSS JOIN LATERAL (
                 SELECT before.members + 1 AS rank, -at.place AS points, at.sort_name, at.user_id WHERE at.is_own
                 UNION ALL
                 (SELECT before.members + row_number() OVER (ORDER BY -GREATEST(e.", $board, ", 0), e.sort_name, e.user_id),
                         GREATEST(e.", $board, ", 0), e.sort_name, e.user_id
                  FROM leaderboard_entries AS e
                  WHERE NOT at.is_own AND e.community_id = :community_id AND e.is_listed
                    AND ", place!($board), " >= (at.place, at.sort_name, at.user_id)
                  ORDER BY -GREATEST(e.", $board, ", 0), e.sort_name, e.user_id LIMIT :behind)
                 UNION ALL
                 (SELECT before.members + 1
                             - row_number() OVER (ORDER BY -GREATEST(e.", $board, ", 0) DESC, e.sort_name DESC, e.user_id DESC),
                         GREATEST(e.", $board, ", 0), e.sort_name, e.user_id
                  FROM leaderboard_entries AS e
                  WHERE NOT at.is_own AND e.community_id = :community_id AND e.is_listed
                    AND ", place!($board), " < (at.place, at.sort_name, at.user_id)
                  ORDER BY -GREATEST(e.", $board, ", 0) DESC, e.sort_name DESC, e.user_id DESC LIMIT :before)
             ) AS part
             WHERE {{'", $board, "'}}[[CASE WHEN at.user_id IS NULL THEN '' ELSE '", $board, "' END]] = ANY (:boards)"
        )
    };
}

statements! {
    struct SelectBoards {
        community_id: Uuid => leaderboard_entries::community_id,
        caller_id: Option<Uuid> => OrNull<member_points::user_id>,
        known_version: Option<i32> => OrNull<level_configurations::version>,
        known_at: Option<OffsetDateTime> => OrNull<level_configurations::updated_at>,
        boards: Vec<String> => [leaderboard_sections::board],
        around: Option<Uuid> => OrNull<leaderboard_entries::user_id>,
        place: i64 => leaderboard_sections::place,
        sort_name: Vec<u8> => leaderboard_entries::sort_name,
        user_id: Uuid => leaderboard_entries::user_id,
        before: i64 => Plain<BigInt>,
        behind: i64 => Plain<BigInt>,
    } -> (CommunityViewRow, Records<BoardRow>, Records<BoardMemberRow>)
    = community_view!(
        "SELECT s.board, s.members, p.complete_until
         FROM {{leaderboard_progress AS p}}[[(VALUES (NULL::timestamptz, true)) AS p (complete_until, is_only)]]
         LEFT JOIN (
             SELECT b.board, SUM(b.members)::bigint AS members FROM leaderboard_sections AS b
             WHERE b.community_id = :community_id AND b.board = ANY (:boards) GROUP BY b.board) AS s ON true
         WHERE p.is_only",
        concat!(
            "SELECT b.board, b.rank, b.is_own, b.points, b.sort_name, b.user_id, m.display_name, m.avatar_url,
                    p.total_points, p.current_level
             FROM (", board!("seven_day"), " UNION ALL ", board!("thirty_day"), " UNION ALL ", board!("all_time"), ") AS b
             JOIN member_points AS p ON p.community_id = :community_id AND p.user_id = b.user_id
             LEFT JOIN community_members AS m ON m.community_id = :community_id AND m.user_id = b.user_id"
        )
    );

    struct SelectIsBehind {
        layout: i32 => NotNull<leaderboard_progress::layout>,
        seven_day_start: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_start: OffsetDateTime => point_transactions::occurred_at,
        idle_since: OffsetDateTime => NotNull<leaderboard_progress::complete_until>,
    } -> BehindRow
    = "SELECT p.xid IS NULL OR p.layout IS DISTINCT FROM :layout OR p.complete_until < :idle_since
              OR p.system_identifier IS DISTINCT FROM (SELECT system_identifier FROM pg_control_system())
              OR p.xid > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
              OR EXISTS (SELECT FROM point_transactions AS t WHERE t.xid >= p.xid)
              OR EXISTS (SELECT FROM community_members AS m WHERE m.xid >= p.xid)
              OR EXISTS (SELECT FROM point_transactions AS t
                         WHERE t.occurred_at >= p.seven_day_start AND t.occurred_at < :seven_day_start)
              OR EXISTS (SELECT FROM point_transactions AS t
                         WHERE t.occurred_at >= p.thirty_day_start AND t.occurred_at < :thirty_day_start) AS is_behind
       FROM leaderboard_progress AS p WHERE p.is_only";

    /// The first half of [`SelectIsBehind`] in a distributed database: what the machine that coordinates knows.
    struct SelectPosition {
        layout: i32 => NotNull<leaderboard_progress::layout>,
        idle_since: OffsetDateTime => NotNull<leaderboard_progress::complete_until>,
    } -> PositionRow
    = "SELECT p.xid, p.seven_day_start, p.thirty_day_start,
              p.xid IS NULL OR p.layout IS DISTINCT FROM :layout OR p.complete_until < :idle_since
              OR p.system_identifier IS DISTINCT FROM (SELECT system_identifier FROM pg_control_system())
              OR p.xid > pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS is_behind
       FROM leaderboard_progress AS p WHERE p.is_only";

    /// The second half, for the machines that have the rows.
    struct SelectHasMore {
        xid: i64 => NotNull<leaderboard_progress::xid>,
        seven_day_since: OffsetDateTime => point_transactions::occurred_at,
        seven_day_start: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_since: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_start: OffsetDateTime => point_transactions::occurred_at,
    } -> BehindRow
    = "SELECT EXISTS (SELECT 1 FROM point_transactions AS t WHERE t.xid >= :xid LIMIT 1)
              OR EXISTS (SELECT 1 FROM community_members AS m WHERE m.xid >= :xid LIMIT 1)
              OR EXISTS (SELECT 1 FROM point_transactions AS t
                         WHERE t.occurred_at >= :seven_day_since AND t.occurred_at < :seven_day_start LIMIT 1)
              OR EXISTS (SELECT 1 FROM point_transactions AS t
                         WHERE t.occurred_at >= :thirty_day_since AND t.occurred_at < :thirty_day_start LIMIT 1) AS is_behind";
}

impl BoardMemberRow {
    /// The board that it is of, whether it is the caller's, and the member.
    fn understood(self, community_id: Uuid) -> Result<(Leaderboard, bool, BoardMember), StoreError> {
        let Self {
            board,
            rank,
            is_own,
            points,
            sort_name,
            user_id,
            display_name,
            avatar_url,
            total_points,
            current_level,
        } = self;
        let key = [community_id, user_id];
        let text = |text: Option<String>| text.map(|text| DirectoryText::parse(&text)).transpose();
        let user_id = UserId::new(user_id);
        let member = BoardMember {
            rank: u64::try_from(rank).map_err(corrupt)?,
            place: BoardPlace { points, sort_name: SortName::restore(sort_name), user_id },
            display_name: text(display_name).map_err(misread!(community_members::display_name, key))?,
            avatar_url: text(avatar_url).map_err(misread!(community_members::avatar_url, key))?,
            standing: standing(user_id, (total_points, current_level), &key)?,
        };
        Ok((board.parse().map_err(misread!(leaderboard_sections::board, key))?, is_own, member))
    }
}

/// What a part is in the statement: around whom, the place where there is nobody to be around, and how many before it and
/// from it on.
struct Bounds {
    around: Option<Uuid>,
    place: i64,
    sort_name: Vec<u8>,
    user_id: Uuid,
    before: usize,
    behind: usize,
}

impl From<&BoardPart> for Bounds {
    fn from(part: &BoardPart) -> Self {
        let top = |behind| Self {
            around: None,
            place: i64::MIN,
            sort_name: Vec::new(),
            user_id: Uuid::nil(),
            before: 0,
            behind,
        };
        match part {
            BoardPart::Top(limit) => top(*limit),
            BoardPart::After(BoardPlace { points, sort_name, user_id }, limit) => {
                // From the next user id on; nobody has the greatest of all.
                let next = user_id.as_uuid().as_u128().saturating_add(1);
                Self {
                    place: points.saturating_neg(),
                    sort_name: sort_name.as_bytes().to_owned(),
                    user_id: Uuid::from_u128(next),
                    ..top(*limit)
                }
            }
            BoardPart::Around(user_id, radius) => Self {
                around: Some(user_id.as_uuid()),
                before: *radius,
                // With nobody to be around, nothing lies behind the last place.
                place: i64::MAX,
                ..top(radius + 1)
            },
        }
    }
}

fn limit(number: usize) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(corrupt)
}

/// Whether the member is there around whom a part is.
fn has_whom_it_is_around(found: &Boards, part: &BoardPart) -> bool {
    let BoardPart::Around(user_id, _) = part else { return true };
    found.boards.iter().all(|board| board.members.iter().any(|member| member.place.user_id == *user_id))
}

impl LeaderboardQueries for PgStore {
    async fn leaderboards(
        &self,
        community_id: CommunityId,
        reader: Reader,
        boards: &[Leaderboard],
        part: &BoardPart,
    ) -> Result<Option<CommunityView<BesideOwn<Boards>>>, StoreError> {
        let read = |store| Self::select_boards(store, community_id, reader, boards, part);
        let is_found = |BesideOwn { asked, own: _ }: &BesideOwn<Boards>| {
            asked.complete_until.is_some() && has_whom_it_is_around(asked, part)
        };
        self.read_nearby(reader, read, is_found).await
    }

    async fn leaderboards_are_behind(
        &self,
        starts: WindowStarts,
        idle_since: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        if self.is_distributed().await? {
            return self.distributed_leaderboards_are_behind(starts, idle_since).await;
        }
        let WindowStarts { seven_day, thirty_day } = starts;
        let select = SelectIsBehind {
            layout: LEADERBOARD_LAYOUT,
            seven_day_start: seven_day,
            thirty_day_start: thirty_day,
            idle_since,
        };
        Ok(self.row(select).await?.is_some_and(|BehindRow { is_behind }| is_behind))
    }
}

impl PgStore {
    async fn distributed_leaderboards_are_behind(
        &self,
        starts: WindowStarts,
        idle_since: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let select = SelectPosition { layout: LEADERBOARD_LAYOUT, idle_since };
        let Some(PositionRow { xid, seven_day_start, thirty_day_start, is_behind }) =
            self.row(select).await?
        else {
            return Ok(false);
        };
        let (Some(xid), Some(seven_day_since), Some(thirty_day_since)) =
            (xid.filter(|_| !is_behind), seven_day_start, thirty_day_start)
        else {
            return Ok(true);
        };
        let select = SelectHasMore {
            xid,
            seven_day_since,
            seven_day_start: starts.seven_day,
            thirty_day_since,
            thirty_day_start: starts.thirty_day,
        };
        Ok(self.row(select).await?.is_some_and(|BehindRow { is_behind }| is_behind))
    }

    async fn select_boards(
        &self,
        community_id: CommunityId,
        reader: Reader,
        boards: &[Leaderboard],
        part: &BoardPart,
    ) -> Result<Option<CommunityView<BesideOwn<Boards>>>, StoreError> {
        let known = self.levels().known(community_id);
        let (known_version, known_at) = KnownLevels::version(known.as_ref());
        let (community_id, caller_id) = (community_id.as_uuid(), reader.user_id().map(UserId::as_uuid));
        // In a distributed database no statement reads this table together with those of a community. Until this moment at
        // least the boards are complete that are read then.
        let complete_until = match self.is_distributed().await? {
            true => self.leaderboards_complete_until().await?,
            false => None,
        };
        let Bounds { around, place, sort_name, user_id, before, behind } = part.into();
        let select = SelectBoards {
            community_id,
            caller_id,
            known_version,
            known_at,
            boards: boards.iter().map(|board| board.as_str().to_owned()).collect(),
            around,
            place,
            sort_name,
            user_id,
            before: limit(before)?,
            behind: limit(behind)?,
        };
        let Some((view, board_rows, members)) = self.row(select).await? else { return Ok(None) };
        let mut found = Boards { boards: boards.iter().copied().map(Board::new).collect(), complete_until };
        for BoardRow { board, members, complete_until } in board_rows {
            found.complete_until = found.complete_until.or(complete_until);
            let total = u64::try_from(members.unwrap_or_default()).map_err(corrupt)?;
            let of = found.boards.iter_mut().find(|of| Some(of.leaderboard.as_str()) == board.as_deref());
            if let Some(of) = of {
                of.total_members = total;
            }
        }
        for row in members {
            let (board, is_own, member) = row.understood(community_id)?;
            let Some(of) = found.boards.iter_mut().find(|of| of.leaderboard == board) else { continue };
            if is_own {
                of.own = Some(member);
            } else {
                of.members.push(member);
            }
        }
        for board in &mut found.boards {
            board.members.sort_by_key(|member| member.rank);
        }
        self.view(view, caller_id, known, found).map(Some)
    }
}
