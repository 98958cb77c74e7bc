//! What audits read of communities, and of members one by one.

use diesel::sql_types::{BigInt, Bool, Uuid as SqlUuid};
use gamification_domain::MemberKey;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    schema::{community_members, leaderboard_entries, leaderboard_progress, member_points},
    statement::{Nested, OrNull, Plain, Rows, record, statements},
};

record! {
    /// A community of any table.
    pub(super) struct CommunityRow: Read {
        community_id: Uuid => Plain<SqlUuid>,
    }
}

record! {
    /// The key of a member.
    pub(super) struct MemberKeyRow: Written {
        community_id: Uuid => member_points::community_id,
        user_id: Uuid => member_points::user_id,
    }
}

record! {
    /// A member's entry on leaderboards, with what it is derived from.
    pub(super) struct LeaderboardEntryRow: Read {
        has_boards: bool => Plain<Bool>,
        noted_seven_day: i64 => leaderboard_entries::seven_day,
        noted_thirty_day: i64 => leaderboard_entries::thirty_day,
        noted_all_time: i64 => leaderboard_entries::all_time,
        noted_is_listed: bool => leaderboard_entries::is_listed,
        noted_sort_name: Vec<u8> => leaderboard_entries::sort_name,
        due_seven_day: i64 => Plain<BigInt>,
        due_thirty_day: i64 => Plain<BigInt>,
        due_all_time: i64 => Plain<BigInt>,
        is_directory_older: bool => Plain<Bool>,
        is_listed: Option<bool> => OrNull<community_members::is_listed>,
        role: Option<String> => OrNull<community_members::role>,
        exclude_admins: bool => Plain<Bool>,
    }
}

record! {
    /// A member's points, with what they are derived from.
    pub(super) struct MemberRow: Read {
        community_id: Uuid => member_points::community_id,
        user_id: Uuid => member_points::user_id,
        total_points: i32 => member_points::total_points,
        current_level: i16 => member_points::current_level,
        is_present: bool => member_points::is_present,
        is_present_in_directory: bool => community_members::is_present,
        ledger_points: i64 => Plain<BigInt>,
        ledger_entries: i64 => Plain<BigInt>,
        display_name: Option<String> => community_members::display_name,
        search_name: Option<String> => community_members::search_name,
        leaderboard: LeaderboardEntryRow => Nested<LeaderboardEntryRow>,
    }
}

record! {
    /// How far boards have come.
    pub(super) struct BoardsRow: Read {
        xid: Option<i64> => leaderboard_progress::xid,
        seven_day_start: Option<OffsetDateTime> => leaderboard_progress::seven_day_start,
        thirty_day_start: Option<OffsetDateTime> => leaderboard_progress::thirty_day_start,
    }
}

record! {
    /// What a member's derived values come from.
    pub(super) struct SourceOfTruthRow: Read {
        user_id: Uuid => member_points::user_id,
        ledger_points: i64 => Plain<BigInt>,
        is_present: bool => community_members::is_present,
    }
}

impl From<&MemberKey> for MemberKeyRow {
    fn from((community_id, user_id): &MemberKey) -> Self {
        Self { community_id: community_id.as_uuid(), user_id: user_id.as_uuid() }
    }
}

/// The first community of any table whose id is `$comparison` another.
macro_rules! nearest_community {
    ($comparison:literal) => {
        concat!(
            "LEAST((SELECT community_id FROM communities WHERE community_id ", $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM community_members WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM level_configurations WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM member_points WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM like_switches WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM level_counts WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM outbox WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1), (SELECT community_id FROM deliveries WHERE community_id ",
            $comparison,
            " ORDER BY community_id LIMIT 1))"
        )
    };
}

/// The next communities that a table has something of, for databases whose machines are all asked at once.
macro_rules! next_communities {
    ($table:literal) => {
        concat!(
            "(SELECT DISTINCT community_id FROM ",
            $table,
            " WHERE community_id >= :first ORDER BY community_id LIMIT :limit)"
        )
    };
}

/// Members, with what `$boards` says of how far boards have come.
macro_rules! members {
    ($boards:literal) => {
        concat!(
            "SELECT m.community_id, m.user_id, m.total_points, m.current_level, m.is_present,
              COALESCE(directory.is_present, false) AS is_present_in_directory, ledger.ledger_points,
              ledger.ledger_entries, directory.display_name, directory.search_name,
              boards.xid IS NOT NULL AS has_boards,
              COALESCE(e.seven_day, 0) + COALESCE(former.seven_day, 0) AS noted_seven_day,
              COALESCE(e.thirty_day, 0) + COALESCE(former.thirty_day, 0) AS noted_thirty_day,
              COALESCE(e.all_time, 0) + COALESCE(former.all_time, 0) AS noted_all_time, COALESCE(e.is_listed, false) AS noted_is_listed,
              COALESCE(e.sort_name, ''::bytea) AS noted_sort_name, ledger.due_seven_day, ledger.due_thirty_day,
              ledger.due_all_time,
              COALESCE(directory.xid < boards.xid, true) AS is_directory_older, directory.is_listed,
              directory.role, COALESCE((c.rules ->> 'exclude_admins')::boolean, false) AS exclude_admins
       FROM (SELECT * FROM member_points
             WHERE (community_id, user_id) >= (:community_id, :user_id) AND community_id <= :last_community_id[[
               AND community_id = :community_id]]
             ORDER BY community_id, user_id LIMIT :limit) AS m
       LEFT JOIN ", $boards, "
       LEFT JOIN community_members AS directory
           ON directory.community_id = m.community_id AND directory.user_id = m.user_id[[ AND directory.community_id = :community_id]]
       LEFT JOIN level_configurations AS c ON c.community_id = m.community_id[[ AND c.community_id = :community_id]]
       LEFT JOIN leaderboard_entries AS e ON e.community_id = m.community_id AND e.user_id = m.user_id[[ AND e.community_id = :community_id]]
       LEFT JOIN erasures AS erased
           ON erased.community_id = m.community_id AND erased.member_points_id = m.id[[ AND erased.community_id = :community_id]]
       LEFT JOIN leaderboard_entries AS former
           ON former.community_id = erased.community_id AND former.user_id = erased.user_id[[ AND former.community_id = :community_id]]
       CROSS JOIN LATERAL (
           SELECT COALESCE(SUM(t.points), 0)::bigint AS ledger_points, COUNT(*) AS ledger_entries,
                  COALESCE(SUM(t.points) FILTER (WHERE t.occurred_at >= boards.seven_day_start
                      AND (t.xid IS NULL OR t.xid < boards.xid)), 0)::bigint AS due_seven_day,
                  COALESCE(SUM(t.points) FILTER (WHERE t.occurred_at >= boards.thirty_day_start
                      AND (t.xid IS NULL OR t.xid < boards.xid)), 0)::bigint AS due_thirty_day,
                  COALESCE(SUM(t.points) FILTER (WHERE t.xid IS NULL OR t.xid < boards.xid), 0)::bigint AS due_all_time
           FROM point_transactions AS t
           WHERE t.community_id = m.community_id AND t.member_points_id = m.id[[ AND t.community_id = :community_id]]) AS ledger
       ORDER BY m.community_id, m.user_id"
        )
    };
}

statements! {
    /// Jumps from community to community through the indexes, whatever the number of rows between. (A line of the ledger
    /// can't be without its member.)
    pub(super) struct SelectCommunities { first: Uuid => Plain<SqlUuid>, limit: i64 => Plain<BigInt> } -> CommunityRow
    = concat!(
        "WITH RECURSIVE known (community_id) AS (
             SELECT ", nearest_community!(">= :first"), "
             UNION ALL
             SELECT ", nearest_community!("> known.community_id"), " FROM known WHERE known.community_id IS NOT NULL)
         SELECT community_id FROM known WHERE community_id IS NOT NULL LIMIT :limit"
    );

    /// The same of a distributed database, whose machines are asked at once.
    pub(super) struct SelectNextCommunities { first: Uuid => Plain<SqlUuid>, limit: i64 => Plain<BigInt> } -> CommunityRow
    = concat!(
        "SELECT community_id FROM (", next_communities!("communities"), " UNION ", next_communities!("community_members"),
        " UNION ", next_communities!("level_configurations"), " UNION ", next_communities!("member_points"),
        " UNION ", next_communities!("like_switches"), " UNION ", next_communities!("level_counts"),
        " UNION ", next_communities!("outbox"), " UNION ", next_communities!("deliveries"), ") AS known
         ORDER BY community_id LIMIT :limit"
    );

    /// Until a sweep has been, an erased member's entry on boards is still under the id that they had.
    pub(super) struct SelectMembers {
        community_id: Uuid => member_points::community_id,
        user_id: Uuid => member_points::user_id,
        last_community_id: Uuid => member_points::community_id,
        limit: i64 => Plain<BigInt>,
    } -> MemberRow
    = members!("leaderboard_progress AS boards ON boards.is_only");

    /// The boards, kept from going on.
    pub(super) struct ShareBoards {} -> BoardsRow
    = "SELECT xid, seven_day_start, thirty_day_start FROM leaderboard_progress WHERE is_only FOR SHARE";

    /// [`SelectMembers`] in a distributed database, which reads no table there that belongs to no community.
    pub(super) struct SelectMembersBesideBoards {
        community_id: Uuid => member_points::community_id,
        user_id: Uuid => member_points::user_id,
        last_community_id: Uuid => member_points::community_id,
        limit: i64 => Plain<BigInt>,
        xid: Option<i64> => leaderboard_progress::xid,
        seven_day_start: Option<OffsetDateTime> => leaderboard_progress::seven_day_start,
        thirty_day_start: Option<OffsetDateTime> => leaderboard_progress::thirty_day_start,
    } -> MemberRow
    = members!(
        "(VALUES (:xid::bigint, :seven_day_start::timestamptz, :thirty_day_start::timestamptz)) AS boards (xid, seven_day_start, thirty_day_start) ON true"
    );

    pub(super) struct SelectSourcesOfTruth { asked: Rows<MemberKeyRow> } -> SourceOfTruthRow
    = "SELECT m.user_id, ledger.points AS ledger_points, COALESCE(directory.is_present, false) AS is_present
       FROM :asked
       JOIN member_points AS m USING (community_id, user_id)
       LEFT JOIN community_members AS directory
           ON directory.community_id = m.community_id AND directory.user_id = m.user_id
       CROSS JOIN LATERAL (
           SELECT COALESCE(SUM(t.points), 0)::bigint AS points FROM point_transactions AS t
           WHERE t.community_id = m.community_id AND t.member_points_id = m.id[[
             AND t.community_id = ANY (:asked.communities)]]) AS ledger[[
       WHERE m.community_id = ANY (:asked.communities)]]";
}
