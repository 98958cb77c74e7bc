//! The projection of leaderboards: entries by member, and sections of boards.

use std::collections::BTreeSet;

use diesel::sql_types::{BigInt, Bool, Integer};
use gamification_app::ports::{
    CommunityRange, DirectoryMember, EntryChange, LEADERBOARD_LAYOUT, LeaderboardProgress,
    LeaderboardRepository, LeaderboardStep, LockedLeaderboards, StoreError, TransactionNumber, WindowSums,
};
use gamification_domain::{CommunityId, DirectoryText, MemberKey, UserId, WindowStarts};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    PgTx,
    error::{corrupt, misread},
    schema::{
        community_members, leaderboard_entries, leaderboard_progress, leaderboard_sections,
        point_transactions,
    },
    statement::{NotNull, OrNull, Plain, Rows, record, statements},
};

/// A section with more members is divided: its members are counted for each rank in it.
const MAX_SECTION: i64 = 2_000;

/// Nobody waits for this work: a step may take longer than a request, and what a crash of the database takes away is done
/// again from where the boards were.
const PROJECTION_SESSION: &str = "
    SET LOCAL statement_timeout = '10min';
    SET LOCAL synchronous_commit = off;
";

/// The whole ledger is summed at once, as an audit does it.
const BUILD_SESSION: &str = "
    SET LOCAL statement_timeout = '1h';
    SET LOCAL work_mem = '64MB';
    SET LOCAL plan_cache_mode = auto;
    SET LOCAL enable_seqscan = on;
    SET LOCAL enable_hashjoin = on;
";

/// Ends the settings of [`BUILD_SESSION`] but for those that do no harm.
const AFTER_BUILD: &str = "
    SET LOCAL plan_cache_mode = force_generic_plan;
    SET LOCAL enable_seqscan = off;
    SET LOCAL enable_hashjoin = off;
";

record! {
    /// How far the boards have come, and which transactions there are.
    struct ProgressRow: Read {
        is_ours: bool => Plain<Bool>,
        xid: Option<i64> => leaderboard_progress::xid,
        seven_day_start: Option<OffsetDateTime> => leaderboard_progress::seven_day_start,
        thirty_day_start: Option<OffsetDateTime> => leaderboard_progress::thirty_day_start,
        complete_until: Option<OffsetDateTime> => leaderboard_progress::complete_until,
        next_xid: Option<i64> => leaderboard_progress::next_xid,
        next_complete_until: Option<OffsetDateTime> => leaderboard_progress::next_complete_until,
        all_ended: i64 => Plain<BigInt>,
        none_begun: i64 => Plain<BigInt>,
    }
}

record! {
    /// How far a step goes.
    struct StepRow: Read {
        until: i64 => Plain<BigInt>,
        seven_day_until: OffsetDateTime => point_transactions::occurred_at,
        thirty_day_until: OffsetDateTime => point_transactions::occurred_at,
    }
}

record! {
    /// What a member's windows gain or lose.
    struct EarnedRow: Read {
        community_id: Uuid => leaderboard_entries::community_id,
        user_id: Uuid => leaderboard_entries::user_id,
        seven_day: i64 => leaderboard_entries::seven_day,
        thirty_day: i64 => leaderboard_entries::thirty_day,
        all_time: i64 => leaderboard_entries::all_time,
    }
}

record! {
    /// A member as boards need them.
    struct DirectoryMemberRow: Read {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        display_name: Option<String> => community_members::display_name,
        is_present: bool => community_members::is_present,
        is_listed: bool => community_members::is_listed,
    }
}

record! {
    /// How an entry changes.
    struct EntryChangeRow: Written {
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
    struct CommunityKeyRow: Read & Written {
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
                    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS all_ended,
                    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS none_begun
             FROM leaderboard_progress AS p CROSS JOIN pg_control_system() AS system
             WHERE p.is_only ",
            $lock
        )
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
    struct TryLockProgress { layout: i32 => Plain<Integer> } -> ProgressRow
    = lock_progress!("FOR UPDATE OF p SKIP LOCKED");

    struct LockProgress { layout: i32 => Plain<Integer> } -> ProgressRow
    = lock_progress!("FOR UPDATE OF p");

    struct SelectStep {
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
    struct SelectEarned {
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

    struct SelectMembersOfStep {
        since: i64 => NotNull<community_members::xid>,
        until: i64 => NotNull<community_members::xid>,
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        limit: i64 => Plain<BigInt>,
    } -> DirectoryMemberRow
    = "SELECT m.community_id, m.user_id, m.display_name, m.is_present, m.is_listed
       FROM community_members AS m
       WHERE m.xid >= :since AND m.xid < :until AND (m.community_id, m.user_id) >= (:community_id, :user_id)
       ORDER BY m.community_id, m.user_id LIMIT :limit";

    struct SelectDirectoryMembers {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        last: Uuid => community_members::community_id,
        limit: i64 => Plain<BigInt>,
    } -> DirectoryMemberRow
    = "SELECT m.community_id, m.user_id, m.display_name, m.is_present, m.is_listed
       FROM community_members AS m
       WHERE (m.community_id, m.user_id) >= (:community_id, :user_id) AND m.community_id <= :last
       ORDER BY m.community_id, m.user_id LIMIT :limit";

    /// The first section of each board, which begins before everybody.
    struct EnsureSections { new: Rows<CommunityKeyRow> }
    = "INSERT INTO leaderboard_sections (community_id, board, place, sort_name, user_id, members)
       SELECT new.community_id, first.board, first.place, first.sort_name, first.user_id, 0
       FROM :new
       CROSS JOIN (
           SELECT board, -9223372036854775808 AS place, ''::bytea AS sort_name,
                  '00000000-0000-0000-0000-000000000000'::uuid AS user_id
           FROM (VALUES ('seven_day'), ('thirty_day'), ('all_time')) AS boards (board)) AS first
       ORDER BY new.community_id, first.board, first.place, first.sort_name, first.user_id
       ON CONFLICT (community_id, board, place, sort_name, user_id) DO NOTHING";

    /// Entries, and the members of the sections that they leave and come to.
    struct ChangeEntries { change: Rows<EntryChangeRow> }
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
               ON e.community_id = change.community_id AND e.user_id = change.user_id),
       saved AS (
           INSERT INTO leaderboard_entries
               (community_id, user_id, sort_name, is_listed, seven_day, thirty_day, all_time)
           SELECT community_id, user_id, sort_name, is_listed, seven_day, thirty_day, all_time FROM changed
           ORDER BY community_id, user_id
           ON CONFLICT (community_id, user_id) DO UPDATE SET
               sort_name = excluded.sort_name, is_listed = excluded.is_listed, seven_day = excluded.seven_day,
               thirty_day = excluded.thirty_day, all_time = excluded.all_time),
       moves AS (
           SELECT community_id, board, place, sort_name, user_id, SUM(members) AS members
           FROM (
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
               WHERE c.is_listed) AS ends
           GROUP BY community_id, board, place, sort_name, user_id HAVING SUM(members) <> 0),
       section_changes AS (
           SELECT s.community_id, s.board, s.place, s.sort_name, s.user_id, SUM(moves.members)::bigint AS members
           FROM moves
           CROSS JOIN LATERAL (
               SELECT * FROM leaderboard_sections AS section
               WHERE section.community_id = moves.community_id AND section.board = moves.board
                 AND (section.place, section.sort_name, section.user_id) <= (moves.place, moves.sort_name, moves.user_id)
               ORDER BY section.place DESC, section.sort_name DESC, section.user_id DESC LIMIT 1) AS s
           GROUP BY s.community_id, s.board, s.place, s.sort_name, s.user_id HAVING SUM(moves.members) <> 0)
       UPDATE leaderboard_sections AS s SET members = s.members + c.members
       FROM section_changes AS c
       WHERE s.community_id = c.community_id AND s.board = c.board AND s.place = c.place
         AND s.sort_name = c.sort_name AND s.user_id = c.user_id";

    /// Each section that is too large in halves; gives the communities where there was one.
    struct DivideSections {
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
               AND s.sort_name = d.sort_name AND s.user_id = d.user_id),
         second_halves AS (
             INSERT INTO leaderboard_sections (community_id, board, place, sort_name, user_id, members)
             SELECT community_id, board, middle_place, middle_sort_name, middle_user_id, members - members / 2
             FROM divided)
         SELECT DISTINCT community_id FROM divided"
    );

    /// What lies in a section that nobody is in belongs to the one before; the first is never removed.
    struct DeleteEmptySections { communities: Vec<Uuid> => [leaderboard_sections::community_id] }
    = "DELETE FROM leaderboard_sections
       WHERE community_id = ANY (:communities) AND members = 0 AND place > -9223372036854775808";

    struct DeleteEntries {
        first: Uuid => leaderboard_entries::community_id,
        last: Uuid => leaderboard_entries::community_id,
    } = "WITH sections AS (DELETE FROM leaderboard_sections WHERE community_id BETWEEN :first AND :last)
         DELETE FROM leaderboard_entries WHERE community_id BETWEEN :first AND :last";

    /// A restored backup has numbers of another installation, which may still be to come in this one: as if its rows had none,
    /// they are in the boards from the first build on. (What a transaction of this installation writes meanwhile is as well.)
    struct ForgetNumbersToCome {}
    = "WITH members AS (
           UPDATE community_members SET xid = NULL
           WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
       UPDATE point_transactions SET xid = NULL
       WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint";

    struct InsertEntries {
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

    struct SaveProgress {
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

impl ProgressRow {
    /// Where there are boards at all. A number that no transaction has had yet is of another installation.
    fn progress(&self) -> Option<LeaderboardProgress> {
        let position = self.xid.filter(|xid| self.is_ours && *xid <= self.none_begun)?;
        Some(LeaderboardProgress {
            position: TransactionNumber(position),
            starts: WindowStarts { seven_day: self.seven_day_start?, thirty_day: self.thirty_day_start? },
            complete_until: self.complete_until?,
            next_complete: self.next_xid.map(TransactionNumber).zip(self.next_complete_until),
        })
    }
}

impl From<ProgressRow> for LockedLeaderboards {
    fn from(row: ProgressRow) -> Self {
        Self {
            progress: row.progress(),
            all_ended: TransactionNumber(row.all_ended),
            none_begun: TransactionNumber(row.none_begun),
        }
    }
}

impl From<EarnedRow> for (MemberKey, WindowSums) {
    fn from(EarnedRow { community_id, user_id, seven_day, thirty_day, all_time }: EarnedRow) -> Self {
        let key = (CommunityId::new(community_id), UserId::new(user_id));
        (key, WindowSums { seven_day, thirty_day, all_time })
    }
}

impl TryFrom<DirectoryMemberRow> for DirectoryMember {
    type Error = StoreError;

    fn try_from(row: DirectoryMemberRow) -> Result<Self, StoreError> {
        let DirectoryMemberRow { community_id, user_id, display_name, is_present, is_listed } = row;
        let display_name = display_name.map(|name| DirectoryText::parse(&name)).transpose();
        Ok(Self {
            key: (CommunityId::new(community_id), UserId::new(user_id)),
            display_name: display_name
                .map_err(misread!(community_members::display_name, [community_id, user_id]))?,
            is_listed: is_present && is_listed,
        })
    }
}

impl From<&EntryChange> for EntryChangeRow {
    fn from(EntryChange { key: (community_id, user_id), sums, listing }: &EntryChange) -> Self {
        let WindowSums { seven_day, thirty_day, all_time } = *sums;
        Self {
            community_id: community_id.as_uuid(),
            user_id: user_id.as_uuid(),
            sort_name: listing.as_ref().map(|(sort_name, _)| sort_name.as_bytes().to_owned()),
            is_listed: listing.as_ref().map(|(_, is_listed)| *is_listed),
            seven_day,
            thirty_day,
            all_time,
        }
    }
}

impl From<CommunityId> for CommunityKeyRow {
    fn from(community_id: CommunityId) -> Self {
        Self { community_id: community_id.as_uuid() }
    }
}

impl LeaderboardRepository for PgTx {
    async fn try_lock_leaderboards(&mut self) -> Result<Option<LockedLeaderboards>, StoreError> {
        self.batch_later(PROJECTION_SESSION);
        let locked = self.row(TryLockProgress { layout: LEADERBOARD_LAYOUT }).await?;
        Ok(locked.map(Into::into))
    }

    async fn lock_leaderboards(&mut self) -> Result<LockedLeaderboards, StoreError> {
        self.batch_later(PROJECTION_SESSION);
        let locked = self.row(LockProgress { layout: LEADERBOARD_LAYOUT }).await?;
        locked.map(Into::into).ok_or_else(|| corrupt("leaderboard_progress has no row"))
    }

    async fn next_leaderboard_step(
        &mut self,
        aim: LeaderboardStep,
        limit: i64,
    ) -> Result<LeaderboardStep, StoreError> {
        let LeaderboardStep { transactions: (since, until), starts: (before, after) } = aim;
        let select = SelectStep {
            since: since.0,
            aim: until.0,
            seven_day_since: before.seven_day,
            seven_day_aim: after.seven_day,
            thirty_day_since: before.thirty_day,
            thirty_day_aim: after.thirty_day,
            limit,
        };
        let row = self.row(select).await?.ok_or_else(|| corrupt("a step has no end"))?;
        let StepRow { until, seven_day_until, thirty_day_until } = row;
        let after = WindowStarts { seven_day: seven_day_until, thirty_day: thirty_day_until };
        Ok(LeaderboardStep { transactions: (since, TransactionNumber(until)), starts: (before, after) })
    }

    async fn earned_in_step(
        &mut self,
        step: LeaderboardStep,
    ) -> Result<Vec<(MemberKey, WindowSums)>, StoreError> {
        let LeaderboardStep { transactions: (since, until), starts: (before, after) } = step;
        let select = SelectEarned {
            since: since.0,
            until: until.0,
            seven_day_since: before.seven_day,
            seven_day_until: after.seven_day,
            thirty_day_since: before.thirty_day,
            thirty_day_until: after.thirty_day,
        };
        Ok(self.rows(select).await?.into_iter().map(Into::into).collect())
    }

    async fn members_in_step(
        &mut self,
        step: LeaderboardStep,
        (community_id, user_id): MemberKey,
        limit: i64,
    ) -> Result<Vec<DirectoryMember>, StoreError> {
        let (since, until) = step.transactions;
        let (community_id, user_id) = (community_id.as_uuid(), user_id.as_uuid());
        let select = SelectMembersOfStep { since: since.0, until: until.0, community_id, user_id, limit };
        self.read(select).await
    }

    async fn change_leaderboard_entries(&mut self, changes: &[EntryChange]) -> Result<(), StoreError> {
        let communities: BTreeSet<CommunityId> = changes.iter().map(|change| change.key.0).collect();
        let ids: Vec<Uuid> = communities.iter().map(|community| community.as_uuid()).collect();
        self.run(EnsureSections { new: communities.into_iter().collect() });
        self.run(ChangeEntries { change: changes.into() });
        let mut to_divide = ids.clone();
        while !to_divide.is_empty() {
            let divided = self.rows(DivideSections { communities: to_divide, max: MAX_SECTION }).await?;
            to_divide = divided.into_iter().map(|CommunityKeyRow { community_id }| community_id).collect();
        }
        self.run(DeleteEmptySections { communities: ids });
        Ok(())
    }

    async fn reset_leaderboards(
        &mut self,
        (first, last): CommunityRange,
        position: TransactionNumber,
        starts: WindowStarts,
    ) -> Result<(), StoreError> {
        let (first, last) = (first.as_uuid(), last.as_uuid());
        self.batch_later(BUILD_SESSION);
        self.run(ForgetNumbersToCome {});
        self.run(DeleteEntries { first, last });
        self.run(InsertEntries {
            first,
            last,
            position: position.0,
            seven_day_start: starts.seven_day,
            thirty_day_start: starts.thirty_day,
        });
        self.batch(AFTER_BUILD).await
    }

    async fn directory_members(
        &mut self,
        (community_id, user_id): MemberKey,
        last: CommunityId,
        limit: i64,
    ) -> Result<Vec<DirectoryMember>, StoreError> {
        let select = SelectDirectoryMembers {
            community_id: community_id.as_uuid(),
            user_id: user_id.as_uuid(),
            last: last.as_uuid(),
            limit,
        };
        self.read(select).await
    }

    async fn save_leaderboard_progress(&mut self, progress: &LeaderboardProgress) -> Result<(), StoreError> {
        let LeaderboardProgress { position, starts, complete_until, next_complete } = *progress;
        self.run(SaveProgress {
            xid: position.0,
            seven_day_start: starts.seven_day,
            thirty_day_start: starts.thirty_day,
            complete_until,
            next_xid: next_complete.map(|(number, _)| number.0),
            next_complete_until: next_complete.map(|(_, moment)| moment),
            layout: LEADERBOARD_LAYOUT,
        });
        Ok(())
    }
}
