//! The statements of audits, and what they give.

use diesel::sql_types::{BigInt, Bool, Text, Uuid as SqlUuid};
use gamification_domain::{CommentId, Content, MemberKey, OncePer, PointSource, PostId};
use uuid::Uuid;

use crate::{
    schema::{
        channels, community_members, deliveries, leaderboard_entries, leaderboard_sections, level_counts,
        like_switches, member_points, outbox, point_transactions,
    },
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
        is_listed: Option<bool> => OrNull<community_members::is_listed>,
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
    /// A section of a board whose number of members is off.
    pub(super) struct WrongSectionRow: Read {
        community_id: Uuid => leaderboard_sections::community_id,
        board: String => leaderboard_sections::board,
        noted: i64 => leaderboard_sections::members,
        counted: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// A count of present members that is off.
    pub(super) struct WrongLevelCountRow: Read {
        community_id: Uuid => level_counts::community_id,
        level: i16 => level_counts::level,
        noted: i64 => Plain<BigInt>,
        counted: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// How often a source is awarded, by its rule.
    pub(super) struct RuleRow: Written {
        source: String => point_transactions::source,
        per_member: bool => Plain<Bool>,
    }
}

record! {
    /// What a like of one kind of content earns while its switch stands.
    pub(super) struct LikedKindRow: Written {
        source: String => point_transactions::source,
        content_kind: String => like_switches::content_kind,
        points: i32 => point_transactions::points,
    }
}

record! {
    /// An award that was made too often, or with a wrong scope.
    pub(super) struct RepeatedAwardRow: Read {
        community_id: Uuid => point_transactions::community_id,
        source: String => point_transactions::source,
        source_id: Uuid => point_transactions::source_id,
        due: Uuid => Plain<SqlUuid>,
        awards: i64 => Plain<BigInt>,
        wrong_scopes: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// A like whose points are not what its switch says.
    pub(super) struct WrongLikeRow: Read {
        community_id: Uuid => point_transactions::community_id,
        source: String => point_transactions::source,
        content_id: Uuid => like_switches::content_id,
        liker_id: Uuid => like_switches::liker_id,
        author_id: Uuid => member_points::user_id,
        held: i64 => Plain<BigInt>,
        due: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// A member of the directory without a record of points.
    pub(super) struct MemberWithoutPointsRow: Read {
        community_id: Uuid => community_members::community_id,
        user_id: Uuid => community_members::user_id,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// An event that contradicts another, or the member it is about.
    pub(super) struct BrokenEventRow: Read {
        community_id: Uuid => outbox::community_id,
        member_id: Uuid => outbox::member_id,
        sequence: i64 => outbox::sequence,
        event_type: String => outbox::event_type,
        before: Option<String> => OrNull<Plain<Text>>,
        after: Option<String> => OrNull<Plain<Text>>,
        previous: Option<String> => OrNull<Plain<Text>>,
        now: Option<String> => OrNull<Plain<Text>>,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// A channel whose deliveries of a member's events are not all there, or not all there should be.
    pub(super) struct DeliveryGapRow: Read {
        community_id: Uuid => deliveries::community_id,
        member_id: Uuid => deliveries::member_id,
        channel: Option<String> => OrNull<channels::name>,
        noted: i64 => Plain<BigInt>,
        kept: i64 => Plain<BigInt>,
        due: i64 => Plain<BigInt>,
        count: i64 => Plain<BigInt>,
    }
}

record! {
    /// The level that a member was last announced to be at.
    pub(super) struct AnnouncedLevelRow: Read {
        community_id: Uuid => outbox::community_id,
        member_id: Uuid => outbox::member_id,
        level: i64 => Plain<BigInt>,
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

impl RuleRow {
    /// The rules of the sources that are awarded once.
    pub(super) fn once_only() -> Rows<Self> {
        let rule = |source: PointSource| {
            let per_member = match source.rule().once_per {
                OncePer::Content => false,
                OncePer::Member => true,
                OncePer::SwitchOn => return None,
            };
            Some(Self { source: source.as_str().to_owned(), per_member })
        };
        PointSource::ALL.into_iter().filter_map(rule).collect()
    }
}

impl LikedKindRow {
    /// The rules of the sources that a switch turns on and off.
    pub(super) fn all() -> Rows<Self> {
        let (post, comment) = (PostId::new(Uuid::nil()), CommentId::new(Uuid::nil()));
        let kinds = [("post", Content::Post(post)), ("comment", Content::Comment(comment))];
        let row = |(content_kind, content): (&str, Content)| {
            let source = content.liked_source();
            let (source, points) = (source.as_str().to_owned(), source.rule().points.get());
            Self { source, content_kind: content_kind.to_owned(), points }
        };
        kinds.into_iter().map(row).collect()
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

/// The sections of a board, each with the members that are counted in it.
macro_rules! counted_section {
    ($board:literal) => {
        concat!(
            "SELECT s.community_id, s.board::text AS board, s.members, (
                 SELECT COUNT(*) FROM leaderboard_entries AS e
                 WHERE e.community_id = s.community_id AND e.is_listed
                   AND (-GREATEST(e.",
            $board,
            ", 0), e.sort_name, e.user_id) >= (s.place, s.sort_name, s.user_id)
                   AND (s.next_place IS NULL OR (-GREATEST(e.",
            $board,
            ", 0), e.sort_name, e.user_id)
                       < (s.next_place, s.next_sort_name, s.next_user_id))) AS counted
             FROM sections AS s WHERE s.board = '",
            $board,
            "'"
        )
    };
}

/// A number in an event's payload, whatever else may stand there.
macro_rules! payload_number {
    ($field:literal) => {
        concat!(
            "CASE WHEN jsonb_typeof(payload -> '",
            $field,
            "') = 'number' THEN (payload ->> '",
            $field,
            "')::numeric END"
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

    pub(super) struct SelectMembers {
        community_id: Uuid => member_points::community_id,
        user_id: Uuid => member_points::user_id,
        last_community_id: Uuid => member_points::community_id,
        limit: i64 => Plain<BigInt>,
    } -> MemberRow
    = "SELECT m.community_id, m.user_id, m.total_points, m.current_level, m.is_present,
              COALESCE(directory.is_present, false) AS is_present_in_directory, ledger.ledger_points,
              ledger.ledger_entries, directory.display_name, directory.search_name,
              boards.xid IS NOT NULL AS has_boards,
              COALESCE(e.seven_day, 0) AS noted_seven_day, COALESCE(e.thirty_day, 0) AS noted_thirty_day,
              COALESCE(e.all_time, 0) AS noted_all_time, COALESCE(e.is_listed, false) AS noted_is_listed,
              COALESCE(e.sort_name, ''::bytea) AS noted_sort_name, ledger.due_seven_day, ledger.due_thirty_day,
              ledger.due_all_time,
              CASE WHEN directory.user_id IS NULL THEN false
                   WHEN directory.xid IS NULL OR directory.xid < boards.xid
                       THEN directory.is_present AND directory.is_listed END AS is_listed
       FROM (SELECT * FROM member_points
             WHERE (community_id, user_id) >= (:community_id, :user_id) AND community_id <= :last_community_id
             ORDER BY community_id, user_id LIMIT :limit) AS m
       LEFT JOIN leaderboard_progress AS boards ON boards.is_only
       LEFT JOIN community_members AS directory
           ON directory.community_id = m.community_id AND directory.user_id = m.user_id
       LEFT JOIN leaderboard_entries AS e ON e.community_id = m.community_id AND e.user_id = m.user_id
       CROSS JOIN LATERAL (
           SELECT COALESCE(SUM(t.points), 0)::bigint AS ledger_points, COUNT(*) AS ledger_entries,
                  COALESCE(SUM(t.points) FILTER (WHERE t.occurred_at >= boards.seven_day_start
                      AND (t.xid IS NULL OR t.xid < boards.xid)), 0)::bigint AS due_seven_day,
                  COALESCE(SUM(t.points) FILTER (WHERE t.occurred_at >= boards.thirty_day_start
                      AND (t.xid IS NULL OR t.xid < boards.xid)), 0)::bigint AS due_thirty_day,
                  COALESCE(SUM(t.points) FILTER (WHERE t.xid IS NULL OR t.xid < boards.xid), 0)::bigint AS due_all_time
           FROM point_transactions AS t
           WHERE t.community_id = m.community_id AND t.member_points_id = m.id) AS ledger
       ORDER BY m.community_id, m.user_id";

    /// Each section beside the members from its first place to that of the next; and boards without a first section.
    pub(super) struct SelectWrongSections {
        first: Uuid => leaderboard_sections::community_id,
        last: Uuid => leaderboard_sections::community_id,
        limit: i64 => Plain<BigInt>,
    } -> WrongSectionRow
    = concat!(
        "WITH sections AS (
             SELECT *, LEAD(place) OVER board AS next_place, LEAD(sort_name) OVER board AS next_sort_name,
                    LEAD(user_id) OVER board AS next_user_id
             FROM leaderboard_sections WHERE community_id BETWEEN :first AND :last
             WINDOW board AS (PARTITION BY community_id, board ORDER BY place, sort_name, user_id)),
         counted AS (
             ", counted_section!("seven_day"), " UNION ALL ", counted_section!("thirty_day"), " UNION ALL ",
             counted_section!("all_time"), " UNION ALL
             SELECT e.community_id, boards.board, 0, COUNT(*)
             FROM leaderboard_entries AS e
             CROSS JOIN (VALUES ('seven_day'), ('thirty_day'), ('all_time')) AS boards (board)
             WHERE e.community_id BETWEEN :first AND :last AND e.is_listed AND NOT EXISTS (
                 SELECT FROM leaderboard_sections AS s
                 WHERE s.community_id = e.community_id AND s.board = boards.board AND s.place = -9223372036854775808)
             GROUP BY e.community_id, boards.board)
         SELECT community_id, board, members AS noted, counted, COUNT(*) OVER () AS count
         FROM counted WHERE members <> counted ORDER BY community_id, board LIMIT :limit"
    );

    pub(super) struct SelectWrongLevelCounts {
        first: Uuid => member_points::community_id,
        last: Uuid => member_points::community_id,
        limit: i64 => Plain<BigInt>,
    } -> WrongLevelCountRow
    = "WITH both_counts AS (
           SELECT community_id, current_level AS level, 0 AS noted, COUNT(*) AS counted
           FROM member_points
           WHERE community_id BETWEEN :first AND :last AND is_present GROUP BY community_id, current_level
           UNION ALL
           SELECT community_id, level, members, 0 FROM level_counts WHERE community_id BETWEEN :first AND :last)
       SELECT community_id, level, SUM(noted)::bigint AS noted, SUM(counted)::bigint AS counted,
              COUNT(*) OVER () AS count
       FROM both_counts GROUP BY community_id, level HAVING SUM(noted) <> SUM(counted)
       ORDER BY community_id, level LIMIT :limit";

    /// Groups awards by the scope that the rules give them, and not by the one that is noted: an award that was noted
    /// with another scope is found, too.
    pub(super) struct SelectRepeatedAwards {
        rule: Rows<RuleRow>,
        first: Uuid => point_transactions::community_id,
        last: Uuid => point_transactions::community_id,
        limit: i64 => Plain<BigInt>,
    } -> RepeatedAwardRow
    = "WITH awards AS (
           SELECT t.community_id, t.source, t.source_id, t.once_per AS noted,
                  CASE WHEN rule.per_member THEN m.user_id ELSE '00000000-0000-0000-0000-000000000000'::uuid END AS due
           FROM :rule
           JOIN point_transactions AS t USING (source)
           JOIN member_points AS m ON m.community_id = t.community_id AND m.id = t.member_points_id
           WHERE t.community_id BETWEEN :first AND :last AND (t.points > 0 OR t.requested_points IS NOT NULL))
       SELECT community_id, source, source_id, due, COUNT(*) AS awards,
              COUNT(*) FILTER (WHERE noted IS DISTINCT FROM due) AS wrong_scopes, COUNT(*) OVER () AS count
       FROM awards GROUP BY community_id, source, source_id, due
       HAVING COUNT(*) > 1 OR COUNT(*) FILTER (WHERE noted IS DISTINCT FROM due) > 0
       ORDER BY community_id, source, source_id, due LIMIT :limit";

    /// Both sides in one heap: a line of the ledger is what is held, a switch that stands is what is due. Where an adjustment
    /// has taken points from the author, the point of a like may have been among them, and nothing was left to take back.
    pub(super) struct SelectWrongLikes {
        liked: Rows<LikedKindRow>,
        first: Uuid => point_transactions::community_id,
        last: Uuid => point_transactions::community_id,
        limit: i64 => Plain<BigInt>,
    } -> WrongLikeRow
    = "WITH liked_kinds AS (SELECT liked.source, liked.content_kind, liked.points FROM :liked),
       heap AS (
           SELECT t.community_id, liked_kinds.source, t.source_id AS content_id, t.actor_id AS liker_id, m.user_id AS author_id,
                  t.points AS held, 0 AS due
           FROM liked_kinds
           JOIN point_transactions AS t USING (source)
           JOIN member_points AS m ON m.community_id = t.community_id AND m.id = t.member_points_id
           WHERE t.community_id BETWEEN :first AND :last
           UNION ALL
           SELECT s.community_id, liked_kinds.source, s.content_id, s.liker_id, s.author_id, 0, liked_kinds.points
           FROM liked_kinds
           JOIN like_switches AS s USING (content_kind)
           WHERE s.community_id BETWEEN :first AND :last AND s.author_id IS NOT NULL)
       SELECT community_id, source, content_id, liker_id, author_id, SUM(held)::bigint AS held,
              SUM(due)::bigint AS due, COUNT(*) OVER () AS count
       FROM heap GROUP BY community_id, source, content_id, liker_id, author_id
       HAVING SUM(held) < SUM(due) OR (SUM(held) > SUM(due) AND NOT EXISTS (
           SELECT FROM member_points AS a
           JOIN point_transactions AS t ON t.community_id = a.community_id AND t.member_points_id = a.id
           WHERE a.community_id = heap.community_id AND a.user_id = heap.author_id AND t.requested_points < 0))
       ORDER BY community_id, source, content_id, liker_id, author_id LIMIT :limit";

    pub(super) struct SelectMembersWithoutPoints {
        first: Uuid => community_members::community_id,
        last: Uuid => community_members::community_id,
        limit: i64 => Plain<BigInt>,
    } -> MemberWithoutPointsRow
    = "SELECT d.community_id, d.user_id, COUNT(*) OVER () AS count
       FROM community_members AS d
       WHERE d.community_id BETWEEN :first AND :last AND (d.presence_change IS NOT NULL OR d.is_present)
         AND NOT EXISTS (SELECT FROM member_points AS p
                         WHERE p.community_id = d.community_id AND p.user_id = d.user_id)
       ORDER BY d.community_id, d.user_id LIMIT :limit";

    /// Totals and levels are two chains for each member; each event says where it comes from and where it leads. Payloads
    /// are taken apart once, before they are sorted, and only the newest event of a chain asks for its member.
    pub(super) struct SelectBrokenEvents {
        first: Uuid => outbox::community_id,
        last: Uuid => outbox::community_id,
        limit: i64 => Plain<BigInt>,
    } -> BrokenEventRow
    = concat!(
        "WITH numbers AS MATERIALIZED (
             SELECT community_id, member_id, sequence, event_type, event_type = 'MemberLeveledUp' AS is_level,
                    ", payload_number!("points"), " AS points,
                    ", payload_number!("new_total"), " AS new_total,
                    ", payload_number!("old_level"), " AS old_level,
                    ", payload_number!("new_level"), " AS new_level
             FROM outbox
             WHERE community_id BETWEEN :first AND :last
               AND event_type IN ('PointsAwarded', 'PointsDeducted', 'MemberLeveledUp')),
         steps AS (
             SELECT community_id, member_id, sequence, event_type, is_level,
                    CASE event_type WHEN 'PointsAwarded' THEN new_total - points
                                    WHEN 'PointsDeducted' THEN new_total + points
                                    ELSE old_level END AS before,
                    CASE WHEN is_level THEN new_level ELSE new_total END AS after,
                    CASE WHEN is_level THEN new_level > old_level ELSE points > 0 END AS is_allowed
             FROM numbers),
         chains AS (
             SELECT *, LAG(sequence) OVER chain AS previous_sequence, LAG(after) OVER chain AS previous,
                    LEAD(sequence) OVER chain IS NULL AS is_newest
             FROM steps WINDOW chain AS (PARTITION BY community_id, member_id, is_level ORDER BY sequence)),
         judged AS (
             SELECT *, CASE WHEN is_newest THEN (
                        SELECT CASE WHEN is_level THEN m.current_level ELSE m.total_points END
                        FROM member_points AS m
                        WHERE m.community_id = chains.community_id AND m.user_id = chains.member_id) END AS now
             FROM chains)
         SELECT community_id, member_id, sequence, event_type, before::text AS before, after::text AS after,
                CASE WHEN previous_sequence IS NOT NULL THEN COALESCE(previous::text, 'nothing') END AS previous,
                CASE WHEN is_newest THEN COALESCE(now::text, 'nothing') END AS now, COUNT(*) OVER () AS count
         FROM judged
         WHERE is_allowed IS NOT TRUE OR before IS NULL OR after IS NULL OR previous_sequence = sequence
            OR (previous_sequence IS NOT NULL AND before IS DISTINCT FROM previous)
            OR (is_newest AND after IS DISTINCT FROM now)
         ORDER BY community_id, member_id, sequence LIMIT :limit"
    );

    /// Both sides of what should be one and the same: the deliveries that are noted, and the events from the first of them
    /// on.
    pub(super) struct SelectDeliveryGaps {
        first: Uuid => deliveries::community_id,
        last: Uuid => deliveries::community_id,
        limit: i64 => Plain<BigInt>,
    } -> DeliveryGapRow
    = "WITH noted AS (
           SELECT community_id, member_id, channel_id, MIN(sequence) AS first, COUNT(*) AS deliveries
           FROM deliveries WHERE community_id BETWEEN :first AND :last GROUP BY community_id, member_id, channel_id),
       compared AS (
           SELECT n.community_id, n.member_id, n.channel_id, n.deliveries,
                  COUNT(d.event_id) AS kept, COUNT(o.event_id) AS due
           FROM noted AS n
           LEFT JOIN outbox AS o
               ON o.community_id = n.community_id AND o.member_id = n.member_id AND o.sequence >= n.first
           LEFT JOIN deliveries AS d
               ON d.community_id = o.community_id AND d.event_id = o.event_id AND d.channel_id = n.channel_id
               AND d.member_id = o.member_id AND d.sequence = o.sequence
           GROUP BY n.community_id, n.member_id, n.channel_id, n.deliveries)
       SELECT community_id, member_id, channels.name AS channel, deliveries AS noted, kept, due,
              COUNT(*) OVER () AS count
       FROM compared LEFT JOIN channels ON channels.id = compared.channel_id
       WHERE deliveries <> due OR kept <> due OR channels.id IS NULL
       ORDER BY community_id, member_id, channel_id LIMIT :limit";

    pub(super) struct SelectAnnouncedLevels { asked: Rows<MemberKeyRow> } -> AnnouncedLevelRow
    = concat!(
        "SELECT DISTINCT ON (community_id, member_id) community_id, member_id, level::bigint AS level
         FROM (SELECT o.community_id, o.member_id, o.sequence, ", payload_number!("new_level"), " AS level
               FROM :asked
               JOIN outbox AS o ON o.community_id = asked.community_id AND o.member_id = asked.user_id
               WHERE o.event_type = 'MemberLeveledUp') AS announced
         WHERE level BETWEEN 1 AND 9
         ORDER BY community_id, member_id, sequence DESC"
    );

    pub(super) struct SelectSourcesOfTruth { asked: Rows<MemberKeyRow> } -> SourceOfTruthRow
    = "SELECT m.user_id, ledger.points AS ledger_points, COALESCE(directory.is_present, false) AS is_present
       FROM :asked
       JOIN member_points AS m USING (community_id, user_id)
       LEFT JOIN community_members AS directory
           ON directory.community_id = m.community_id AND directory.user_id = m.user_id
       CROSS JOIN LATERAL (
           SELECT COALESCE(SUM(t.points), 0)::bigint AS points FROM point_transactions AS t
           WHERE t.community_id = m.community_id AND t.member_points_id = m.id) AS ledger";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn likes_are_audited_for_every_source_that_a_switch_turns_on_and_off() {
        let audited: Rows<LikedKindRow> = LikedKindRow::all();
        let audited: BTreeSet<&str> = audited.as_slice().iter().map(|row| row.source.as_str()).collect();
        let switched =
            PointSource::ALL.into_iter().filter(|source| source.rule().once_per == OncePer::SwitchOn);
        assert_eq!(audited, switched.map(PointSource::as_str).collect());
    }
}
