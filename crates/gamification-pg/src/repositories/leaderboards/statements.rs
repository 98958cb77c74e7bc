//! The statements of the projection of leaderboards, and what they give.

use diesel::sql_types::{BigInt, Bool, Integer, Timestamptz};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    schema::{
        community_members, leaderboard_entries, leaderboard_progress, leaderboard_sections,
        point_transactions,
    },
    statement::{NotNull, OrNull, Plain, Rows, record, statements},
};

record! {
    /// How far the boards have come, and which transactions there are.
    pub(super) struct ProgressRow: Read {
        is_ours: bool => Plain<Bool>,
        xid: Option<i64> => leaderboard_progress::xid,
        seven_day_start: Option<OffsetDateTime> => leaderboard_progress::seven_day_start,
        thirty_day_start: Option<OffsetDateTime> => leaderboard_progress::thirty_day_start,
        complete_until: Option<OffsetDateTime> => leaderboard_progress::complete_until,
        next_xid: Option<i64> => leaderboard_progress::next_xid,
        next_complete_until: Option<OffsetDateTime> => leaderboard_progress::next_complete_until,
        all_ended: i64 => Plain<BigInt>,
        none_begun: i64 => Plain<BigInt>,
        now: OffsetDateTime => Plain<Timestamptz>,
    }
}

record! {
    /// The oldest transaction that has not ended everywhere.
    pub(super) struct UndecidedRow: Read {
        is_known: bool => Plain<Bool>,
        oldest: Option<i64> => OrNull<Plain<BigInt>>,
    }
}

record! {
    /// How far a step goes.
    pub(super) struct StepRow: Read {
        until: i64 => Plain<BigInt>,
        seven_day_until: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_until: OffsetDateTime => point_transactions::occurred_at,
    }
}

record! {
    /// What a member's windows gain or lose.
    pub(super) struct EarnedRow: Read {
        community_id: Uuid => leaderboard_entries::community_id,
        user_id: Uuid => leaderboard_entries::user_id,
        seven_day: i64 => leaderboard_entries::seven_day,
        thirty_day: i64 => leaderboard_entries::thirty_day,
        all_time: i64 => leaderboard_entries::all_time,
    }
}

record! {
    /// A member as boards need them.
    pub(super) struct DirectoryMemberRow: Read {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        display_name: Option<String> => community_members::display_name,
        is_present: bool => community_members::is_present,
        is_listed: bool => community_members::is_listed,
        role: String => community_members::role,
        exclude_admins: bool => Plain<Bool>,
    }
}

record! {
    pub(super) struct EntryChangeRow: Written {
        community_id: Uuid => leaderboard_entries::community_id,
        user_id: Uuid => leaderboard_entries::user_id,
        sort_name: Option<Vec<u8>> => OrNull<leaderboard_entries::sort_name>,
        is_listed: Option<bool> => OrNull<leaderboard_entries::is_listed>,
        seven_day: i64 => leaderboard_entries::seven_day,
        thirty_day: i64 => leaderboard_entries::thirty_day,
        all_time: i64 => leaderboard_entries::all_time,
    }
}

record! {
    /// A community that has boards.
    pub(super) struct CommunityKeyRow: Read & Written {
        community_id: Uuid => leaderboard_sections::community_id,
    }
}

/// The progress, locked. Numbers of transactions mean nothing in another installation of PostgreSQL, where a backup may have
/// been restored, and boards of another layout are of no use.
macro_rules! lock_progress {
    ($lock:literal) => {
        concat!(
            "SELECT COALESCE(p.layout = :layout AND p.system_identifier = system.system_identifier, false) AS is_ours,
                    p.xid, p.seven_day_start, p.thirty_day_start, p.complete_until, p.next_xid, p.next_complete_until,
                    pg_snapshot_xmin(pg_current_snapshot())::text::bigint[[ - ", still_committing!(), "]] AS all_ended,
                    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS none_begun, now() AS now
             FROM leaderboard_progress AS p CROSS JOIN pg_control_system() AS system
             WHERE p.is_only ",
            $lock
        )
    };
}

/// By how many numbers the oldest transaction is behind the moment of the statement whose shards are still committing: in a
/// distributed database a transaction has ended before they have, and gives its locks back after them. (`pg_locks` is read
/// after that moment, and has 32 of the 64 bits of a number.)
macro_rules! still_committing {
    () => {
        "COALESCE((
             SELECT MAX(l.behind) FROM (
                 SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - transactionid::text::bigint)
                        & 4294967295 AS behind
                 FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted) AS l
             WHERE l.behind < 2147483648), 0)"
    };
}

/// The number of the transaction that a row of `$table` has which is `:limit` rows behind the first of the step.
macro_rules! far_enough {
    ($table:literal) => {
        concat!(
            "(SELECT xid FROM ",
            $table,
            " WHERE xid >= :since AND xid < :aim ORDER BY xid OFFSET :limit LIMIT 1)"
        )
    };
}

/// Where a window begins after the step: at its aim, unless too many rows leave it until then.
macro_rules! window_moves {
    ($since:literal, $aim:literal) => {
        concat!(
            "LEAST(",
            $aim,
            ", GREATEST(",
            $since,
            "::timestamptz + interval '1 microsecond', COALESCE(
                 (SELECT occurred_at FROM point_transactions WHERE occurred_at >= ",
            $since,
            " AND occurred_at < ",
            $aim,
            " ORDER BY occurred_at OFFSET :limit LIMIT 1), ",
            $aim,
            ")))"
        )
    };
}

/// The sections of a board that are divided, and the member whom the second half begins with.
macro_rules! divided {
    ($board:literal) => {
        concat!(
            "SELECT s.community_id, s.board, s.place, s.sort_name, s.user_id, s.members, middle.place AS middle_place,
                    middle.sort_name AS middle_sort_name, middle.user_id AS middle_user_id
             FROM leaderboard_sections AS s
             CROSS JOIN LATERAL (
                 SELECT -GREATEST(e.", $board, ", 0) AS place, e.sort_name, e.user_id
                 FROM leaderboard_entries AS e
                 WHERE e.community_id = s.community_id AND e.is_listed
                   AND (-GREATEST(e.", $board, ", 0), e.sort_name, e.user_id) >= (s.place, s.sort_name, s.user_id)
                 ORDER BY (-GREATEST(e.", $board, ", 0)), e.sort_name, e.user_id OFFSET s.members / 2 LIMIT 1) AS middle
             WHERE s.community_id = ANY (:communities) AND s.board = '", $board, "' AND s.members > :max"
        )
    };
}

statements! {
    pub(super) struct TryLockProgress { layout: i32 => Plain<Integer> } -> ProgressRow
    = lock_progress!("FOR UPDATE OF p SKIP LOCKED");

    pub(super) struct LockProgress { layout: i32 => Plain<Integer> } -> ProgressRow
    = lock_progress!("FOR UPDATE OF p");

    /// The oldest transaction that has ended and whose part on another machine is still to be committed: in a moment, or where
    /// a machine failed meanwhile, when Citus looks after it. Whether that is known: each machine must have answered.
    ///
    /// Citus notes in the transaction itself under which names it was prepared elsewhere; the note's `xmin` has 32 of the 64 bits
    /// of the transaction's number. Plain PostgreSQL prepares nothing.
    pub(super) struct SelectUndecided {} -> UndecidedRow
    = "{{SELECT true AS is_known, NULL::bigint AS oldest}}[[
       SELECT COALESCE(BOOL_AND(machine.success), true) AS is_known,
              MIN(newest.xid - ((newest.xid - noted.xmin::text::bigint) & 4294967295)) AS oldest
       FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xid) AS newest
       CROSS JOIN run_command_on_workers(
           'SELECT string_agg(gid, '' '') FROM pg_prepared_xacts WHERE database = current_database()') AS machine
       LEFT JOIN pg_dist_transaction AS noted ON noted.gid = ANY (string_to_array(machine.result, ' '))]]";

    pub(super) struct SelectStep {
        since: i64 => NotNull<point_transactions::xid>,
        aim: i64 => NotNull<point_transactions::xid>,
        seven_day_since: OffsetDateTime => point_transactions::occurred_at,
        seven_day_aim: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_since: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_aim: OffsetDateTime => point_transactions::occurred_at,
        limit: i64 => Plain<BigInt>,
    } -> StepRow
    = concat!(
        "SELECT LEAST(:aim, GREATEST(:since::bigint + 1, LEAST(
                    COALESCE(", far_enough!("point_transactions"), ", :aim),
                    COALESCE(", far_enough!("community_members"), ", :aim)))) AS until,
                ", window_moves!(":seven_day_since", ":seven_day_aim"), " AS seven_day_until,
                ", window_moves!(":thirty_day_since", ":thirty_day_aim"), " AS thirty_day_until"
    );

    /// What transactions of the step wrote, and what leaves a window of all that was in it before. (What is both is in no
    /// window.)
    pub(super) struct SelectEarned {
        since: i64 => NotNull<point_transactions::xid>,
        until: i64 => NotNull<point_transactions::xid>,
        seven_day_since: OffsetDateTime => point_transactions::occurred_at,
        seven_day_until: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_since: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_until: OffsetDateTime => point_transactions::occurred_at,
    } -> EarnedRow
    = "SELECT m.community_id, m.user_id, t.seven_day, t.thirty_day, t.all_time
       FROM (
           SELECT community_id, member_points_id, SUM(seven_day)::bigint AS seven_day,
                  SUM(thirty_day)::bigint AS thirty_day, SUM(all_time)::bigint AS all_time
           FROM (
               SELECT community_id, member_points_id,
                      CASE WHEN occurred_at >= :seven_day_until THEN points ELSE 0 END AS seven_day,
                      CASE WHEN occurred_at >= :thirty_day_until THEN points ELSE 0 END AS thirty_day, points AS all_time
               FROM point_transactions WHERE xid >= :since AND xid < :until
               UNION ALL
               SELECT community_id, member_points_id, -points, 0, 0 FROM point_transactions
               WHERE occurred_at >= :seven_day_since AND occurred_at < :seven_day_until
                 AND (xid IS NULL OR xid < :since)
               UNION ALL
               SELECT community_id, member_points_id, 0, -points, 0 FROM point_transactions
               WHERE occurred_at >= :thirty_day_since AND occurred_at < :thirty_day_until
                 AND (xid IS NULL OR xid < :since)) AS entries
           GROUP BY community_id, member_points_id
           HAVING SUM(seven_day) <> 0 OR SUM(thirty_day) <> 0 OR SUM(all_time) <> 0) AS t
       JOIN member_points AS m ON m.community_id = t.community_id AND m.id = t.member_points_id";

    pub(super) struct SelectMembersOfStep {
        since: i64 => NotNull<community_members::xid>,
        until: i64 => NotNull<community_members::xid>,
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        limit: i64 => Plain<BigInt>,
    } -> DirectoryMemberRow
    = "SELECT m.community_id, m.user_id, m.display_name, m.is_present, m.is_listed, m.role,
              COALESCE((c.rules ->> 'exclude_admins')::boolean, false) AS exclude_admins
       FROM community_members AS m
       LEFT JOIN level_configurations AS c ON c.community_id = m.community_id
       WHERE m.xid >= :since AND m.xid < :until AND (m.community_id, m.user_id) >= (:community_id, :user_id)
       ORDER BY m.community_id, m.user_id LIMIT :limit";

    pub(super) struct SelectDirectoryMembers {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        last: Uuid => community_members::community_id,
        limit: i64 => Plain<BigInt>,
    } -> DirectoryMemberRow
    = "SELECT m.community_id, m.user_id, m.display_name, m.is_present, m.is_listed, m.role,
              COALESCE((c.rules ->> 'exclude_admins')::boolean, false) AS exclude_admins
       FROM community_members AS m
       LEFT JOIN level_configurations AS c ON c.community_id = m.community_id
       WHERE (m.community_id, m.user_id) >= (:community_id, :user_id) AND m.community_id <= :last
       ORDER BY m.community_id, m.user_id LIMIT :limit";

    /// The first section of each board, which begins before everybody.
    pub(super) struct EnsureSections { new: Rows<CommunityKeyRow> }
    = "INSERT INTO leaderboard_sections (community_id, board, place, sort_name, user_id, members)
       SELECT new.community_id, first.board, first.place, first.sort_name, first.user_id, 0
       FROM :new
       CROSS JOIN (
           SELECT board, -9223372036854775808 AS place, ''::bytea AS sort_name,
                  '00000000-0000-0000-0000-000000000000'::uuid AS user_id
           FROM (VALUES ('seven_day'), ('thirty_day'), ('all_time')) AS boards (board)) AS first
       ORDER BY new.community_id, first.board, first.place, first.sort_name, first.user_id
       ON CONFLICT (community_id, board, place, sort_name, user_id) DO NOTHING";

    /// Entries, and the members of the sections that they leave and come to. A board is scanned in its order, sections
    /// and changed places together: to look up the section of each place costs several times as much. (A section never
    /// counts below 0: one that was off already, which an audit finds, does not hold up the boards of all.)
    pub(super) struct ChangeEntries { change: Rows<EntryChangeRow> }
    = "WITH changed AS MATERIALIZED (
           SELECT change.community_id, change.user_id,
                  COALESCE(e.is_listed, false) AS was_listed, e.sort_name AS old_sort_name,
                  e.seven_day AS old_seven_day, e.thirty_day AS old_thirty_day, e.all_time AS old_all_time,
                  COALESCE(change.is_listed, e.is_listed, false) AS is_listed,
                  COALESCE(change.sort_name, e.sort_name, ''::bytea) AS sort_name,
                  COALESCE(e.seven_day, 0) + change.seven_day AS seven_day,
                  COALESCE(e.thirty_day, 0) + change.thirty_day AS thirty_day,
                  COALESCE(e.all_time, 0) + change.all_time AS all_time
           FROM :change
           LEFT JOIN leaderboard_entries AS e
               ON e.community_id = change.community_id AND e.user_id = change.user_id[[
               AND e.community_id = ANY (:change.communities)]]),
       saved AS (
           INSERT INTO leaderboard_entries
               (community_id, user_id, sort_name, is_listed, seven_day, thirty_day, all_time)
           SELECT community_id, user_id, sort_name, is_listed, seven_day, thirty_day, all_time FROM changed
           ORDER BY community_id, user_id
           ON CONFLICT (community_id, user_id) DO UPDATE SET
               sort_name = excluded.sort_name, is_listed = excluded.is_listed, seven_day = excluded.seven_day,
               thirty_day = excluded.thirty_day, all_time = excluded.all_time),
       ends AS (
           SELECT c.community_id, was.board, -GREATEST(was.points, 0) AS place, c.old_sort_name AS sort_name,
                  c.user_id, -1 AS members
           FROM changed AS c
           CROSS JOIN LATERAL (VALUES ('seven_day', c.old_seven_day), ('thirty_day', c.old_thirty_day),
                                      ('all_time', c.old_all_time)) AS was (board, points)
           WHERE c.was_listed
           UNION ALL
           SELECT c.community_id, is_now.board, -GREATEST(is_now.points, 0), c.sort_name, c.user_id, 1
           FROM changed AS c
           CROSS JOIN LATERAL (VALUES ('seven_day', c.seven_day), ('thirty_day', c.thirty_day),
                                      ('all_time', c.all_time)) AS is_now (board, points)
           WHERE c.is_listed),
       numbered AS (
           SELECT community_id, board, place, sort_name, user_id, members, is_section,
                  COUNT(*) FILTER (WHERE is_section) OVER (
                      PARTITION BY community_id, board ORDER BY place, sort_name, user_id, is_section DESC
                      ROWS UNBOUNDED PRECEDING) AS section
           FROM (
               SELECT s.community_id, s.board, s.place, s.sort_name, s.user_id, 0 AS members, true AS is_section
               FROM (SELECT DISTINCT community_id FROM changed) AS community
               JOIN leaderboard_sections AS s ON s.community_id = community.community_id
               UNION ALL
               SELECT community_id, board, place, sort_name, user_id, members, false FROM ends) AS board),
       section_changes AS (
           SELECT community_id, board, SUM(members)::bigint AS members,
                  (ARRAY_AGG(place) FILTER (WHERE is_section))[1] AS place,
                  (ARRAY_AGG(sort_name) FILTER (WHERE is_section))[1] AS sort_name,
                  (ARRAY_AGG(user_id) FILTER (WHERE is_section))[1] AS user_id
           FROM numbered GROUP BY community_id, board, section HAVING SUM(members) <> 0)
       UPDATE leaderboard_sections AS s SET members = GREATEST(s.members + c.members, 0)
       FROM section_changes AS c
       WHERE s.community_id = c.community_id AND s.board = c.board AND s.place = c.place
         AND s.sort_name = c.sort_name AND s.user_id = c.user_id[[
         AND s.community_id = ANY (:change.communities)]]";

    /// Each section that is too large in halves; gives the communities where there was one.
    pub(super) struct DivideSections {
        communities: Vec<Uuid> => [leaderboard_sections::community_id],
        max: i64 => leaderboard_sections::members,
    } -> CommunityKeyRow
    = concat!(
        "WITH divided AS MATERIALIZED (
             ", divided!("seven_day"), " UNION ALL ", divided!("thirty_day"), " UNION ALL ", divided!("all_time"), "),
         first_halves AS (
             UPDATE leaderboard_sections AS s SET members = d.members / 2
             FROM divided AS d
             WHERE s.community_id = d.community_id AND s.board = d.board AND s.place = d.place
               AND s.sort_name = d.sort_name AND s.user_id = d.user_id[[
               AND s.community_id = ANY (:communities)]]),
         second_halves AS (
             INSERT INTO leaderboard_sections (community_id, board, place, sort_name, user_id, members)
             SELECT community_id, board, middle_place, middle_sort_name, middle_user_id, members - members / 2
             FROM divided)
         SELECT DISTINCT community_id FROM divided"
    );

    /// Neighbours that are small together become one; the first section begins before everybody and is never the second.
    pub(super) struct MergeSections {
        communities: Vec<Uuid> => [leaderboard_sections::community_id],
        max: i64 => leaderboard_sections::members,
    } = "WITH ordered AS (
             SELECT community_id, board, place, sort_name, user_id, members, ROW_NUMBER() OVER board AS number,
                    LAG(place) OVER board AS first_place, LAG(sort_name) OVER board AS first_sort_name,
                    LAG(user_id) OVER board AS first_user_id, LAG(members) OVER board AS first_members
             FROM leaderboard_sections
             WHERE community_id = ANY (:communities)
             WINDOW board AS (PARTITION BY community_id, board ORDER BY place, sort_name, user_id)),
         merged AS MATERIALIZED (
             SELECT * FROM ordered WHERE number % 2 = 0 AND first_members + members <= :max),
         second AS (
             DELETE FROM leaderboard_sections AS s USING merged AS m
             WHERE s.community_id = m.community_id AND s.board = m.board AND s.place = m.place
               AND s.sort_name = m.sort_name AND s.user_id = m.user_id[[ AND s.community_id = ANY (:communities)]])
         UPDATE leaderboard_sections AS s SET members = s.members + m.members
         FROM merged AS m
         WHERE s.community_id = m.community_id AND s.board = m.board AND s.place = m.first_place
           AND s.sort_name = m.first_sort_name AND s.user_id = m.first_user_id[[
           AND s.community_id = ANY (:communities)]]";

    pub(super) struct DeleteEntries {
        first: Uuid => leaderboard_entries::community_id,
        last: Uuid => leaderboard_entries::community_id,
    } = "WITH sections AS (DELETE FROM leaderboard_sections WHERE community_id BETWEEN :first AND :last)
         DELETE FROM leaderboard_entries WHERE community_id BETWEEN :first AND :last";

    /// A restored backup has numbers of another installation, which may still be to come in this one: as if its rows had none,
    /// they are in the boards from the first build on. (What a transaction of this installation writes meanwhile is as well.)
    pub(super) struct ForgetNumbersToCome {}
    = "WITH members AS (
           UPDATE community_members SET xid = NULL
           WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
       UPDATE point_transactions SET xid = NULL
       WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint";

    pub(super) struct InsertEntries {
        first: Uuid => leaderboard_entries::community_id,
        last: Uuid => leaderboard_entries::community_id,
        position: i64 => NotNull<point_transactions::xid>,
        seven_day_start: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_start: OffsetDateTime => point_transactions::occurred_at,
    } = "INSERT INTO leaderboard_entries
             (community_id, user_id, sort_name, is_listed, seven_day, thirty_day, all_time)
         SELECT m.community_id, m.user_id, ''::bytea, false, t.seven_day, t.thirty_day, t.all_time
         FROM (
             SELECT community_id, member_points_id,
                    COALESCE(SUM(points) FILTER (WHERE occurred_at >= :seven_day_start), 0) AS seven_day,
                    COALESCE(SUM(points) FILTER (WHERE occurred_at >= :thirty_day_start), 0) AS thirty_day,
                    SUM(points) AS all_time
             FROM point_transactions
             WHERE community_id BETWEEN :first AND :last AND (xid IS NULL OR xid < :position)
             GROUP BY community_id, member_points_id) AS t
         JOIN member_points AS m ON m.community_id = t.community_id AND m.id = t.member_points_id";

    pub(super) struct SaveProgress {
        xid: i64 => NotNull<leaderboard_progress::xid>,
        seven_day_start: OffsetDateTime => NotNull<leaderboard_progress::seven_day_start>,
        thirty_day_start: OffsetDateTime => NotNull<leaderboard_progress::thirty_day_start>,
        complete_until: OffsetDateTime => NotNull<leaderboard_progress::complete_until>,
        next_xid: Option<i64> => leaderboard_progress::next_xid,
        next_complete_until: Option<OffsetDateTime> => leaderboard_progress::next_complete_until,
        layout: i32 => NotNull<leaderboard_progress::layout>,
    } = "UPDATE leaderboard_progress
         SET xid = :xid, seven_day_start = :seven_day_start, thirty_day_start = :thirty_day_start,
             complete_until = :complete_until, next_xid = :next_xid, next_complete_until = :next_complete_until,
             layout = :layout, system_identifier = (SELECT system_identifier FROM pg_control_system())
         WHERE is_only";
}
