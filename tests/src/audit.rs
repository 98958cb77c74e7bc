//! The invariants, checked by plain SQL that shares nothing with the write path.

use tokio_postgres::Client;

use crate::citus::copy_tables;

/// Each with a query that finds what breaks it.
const INVARIANTS: [(&str, &str); 15] = [
    (
        "a total is the sum of the member's transactions",
        "SELECT m.id::text FROM member_points m
         LEFT JOIN point_transactions t ON t.community_id = m.community_id AND t.member_points_id = m.id
         GROUP BY m.community_id, m.id HAVING m.total_points <> COALESCE(SUM(t.points), 0)",
    ),
    (
        "a level is at least what the points reach",
        "SELECT m.id::text FROM member_points m JOIN level_configurations c USING (community_id)
         WHERE m.current_level < (
             SELECT MAX((l ->> 'level')::int) FROM jsonb_array_elements(c.levels) l
             WHERE (l ->> 'threshold')::int <= m.total_points)",
    ),
    (
        "every source is one whose rule of once this audit knows",
        "SELECT id::text FROM point_transactions
         WHERE source NOT IN ('post_created', 'comment_created', 'lesson_completed', 'post_liked', 'comment_liked',
                              'manual_adjustment')",
    ),
    (
        "a post and a comment are awarded once",
        "SELECT source_id::text FROM point_transactions WHERE source IN ('post_created', 'comment_created')
         GROUP BY community_id, source, source_id HAVING COUNT(*) > 1",
    ),
    (
        "a lesson is awarded once for each member",
        "SELECT source_id::text FROM point_transactions WHERE source = 'lesson_completed'
         GROUP BY community_id, member_points_id, source_id HAVING COUNT(*) > 1",
    ),
    (
        "a like holds the points that its switch says while it stands, and none otherwise, with the author that it names",
        "SELECT t.source_id::text
         FROM (SELECT community_id, member_points_id, source, source_id, actor_id, SUM(points) AS points
               FROM point_transactions WHERE source IN ('post_liked', 'comment_liked') GROUP BY 1, 2, 3, 4, 5) t
         JOIN member_points m ON m.community_id = t.community_id AND m.id = t.member_points_id
         FULL JOIN like_switches s ON s.community_id = t.community_id AND s.content_kind || '_liked' = t.source
             AND s.content_id = t.source_id AND s.liker_id = t.actor_id AND s.author_id = m.user_id
         WHERE COALESCE(t.points, 0) < COALESCE(CASE WHEN s.author_id IS NOT NULL THEN s.points END, 0)
            OR (COALESCE(t.points, 0) > COALESCE(CASE WHEN s.author_id IS NOT NULL THEN s.points END, 0)
                AND t.member_points_id NOT IN (
                    SELECT member_points_id FROM point_transactions WHERE requested_points < 0))",
    ),
    (
        "an award is worth what the version of the rules says that it names, and its caps hold",
        "WITH rules AS (
             SELECT v.community_id, v.version, r ->> 'source' AS source, (r ->> 'points')::int AS worth,
                    (r ->> 'daily_cap')::int AS daily_cap, (r ->> 'per_pair_daily_cap')::int AS pair_cap
             FROM configuration_versions v CROSS JOIN jsonb_array_elements(v.content -> 'rules') r
             WHERE v.kind = 'rules'
             UNION ALL
             SELECT c.community_id, 1, d.source, d.worth, NULL, NULL FROM level_configurations c
             CROSS JOIN (VALUES ('post_created', 2), ('comment_created', 1), ('post_liked', 1), ('comment_liked', 1),
                                ('lesson_completed', 5)) d (source, worth)),
         entries AS (
             SELECT t.*, SUM(GREATEST(t.points, 0)) OVER (that_day ORDER BY t.id) AS that_day,
                    SUM(GREATEST(t.points, 0)) OVER (of_pair ORDER BY t.id) AS of_pair
             FROM point_transactions t WHERE t.source <> 'manual_adjustment' AND t.event_id <> 'fill' -- of a test
             WINDOW that_day AS (PARTITION BY t.community_id, t.member_points_id, t.source,
                                 (t.occurred_at AT TIME ZONE 'UTC')::date),
                    of_pair AS (PARTITION BY t.community_id, t.member_points_id, t.source,
                                (t.occurred_at AT TIME ZONE 'UTC')::date, t.actor_id))
         SELECT t.id::text FROM entries t
         LEFT JOIN rules r ON r.community_id = t.community_id AND r.version = t.rules_version AND r.source = t.source
         WHERE r.worth IS NULL
            OR (t.points >= 0 AND COALESCE(t.requested_points, t.points) <> r.worth)
            OR (t.points > 0 AND (t.that_day > r.daily_cap
                OR (t.of_pair > r.pair_cap AND t.actor_id <> '00000000-0000-0000-0000-000000000000')))
            OR (t.points >= 0 AND t.points < r.worth
                AND NOT COALESCE(t.that_day >= r.daily_cap, false) AND NOT COALESCE(t.of_pair >= r.pair_cap, false))",
    ),
    (
        "each transaction is told once, in the member's order, with the total after it",
        "WITH ledger AS (
             SELECT m.community_id, m.user_id, COUNT(*) AS lines, SUM(t.points) AS points
             FROM member_points m
             JOIN point_transactions t ON t.community_id = m.community_id AND t.member_points_id = m.id
             WHERE t.points <> 0 GROUP BY 1, 2),
         told AS (
             SELECT community_id, member_id AS user_id, payload, event_type, (payload ->> 'new_total')::int AS new_total,
                    SUM(CASE event_type WHEN 'PointsAwarded' THEN 1 ELSE -1 END * (payload ->> 'points')::int)
                        OVER (PARTITION BY community_id, member_id ORDER BY sequence) AS running
             FROM outbox WHERE event_type IN ('PointsAwarded', 'PointsDeducted'))
         SELECT 'running total of ' || user_id FROM told WHERE running <> new_total
         UNION ALL
         SELECT 'number of lines of ' || COALESCE(l.user_id, t.user_id)
         FROM ledger l
         FULL JOIN (SELECT community_id, user_id, COUNT(*) AS lines FROM told GROUP BY 1, 2) t
             USING (community_id, user_id)
         WHERE l.lines IS DISTINCT FROM t.lines",
    ),
    (
        "level-ups form a chain from level 1 to the member's level",
        "WITH told AS (
             SELECT community_id, member_id, (payload ->> 'old_level')::int AS old_level,
                    (payload ->> 'new_level')::int AS new_level,
                    LAG((payload ->> 'new_level')::int, 1, 1)
                        OVER (PARTITION BY community_id, member_id ORDER BY sequence) AS before
             FROM outbox WHERE event_type = 'MemberLeveledUp')
         SELECT 'gap at ' || member_id FROM told WHERE old_level <> before OR new_level <= old_level
         UNION ALL
         SELECT 'end of ' || m.user_id FROM member_points m
         LEFT JOIN (SELECT community_id, member_id, MAX(new_level) AS level FROM told GROUP BY 1, 2) t
             ON t.community_id = m.community_id AND t.member_id = m.user_id
         WHERE m.current_level <> COALESCE(t.level, 1)",
    ),
    (
        "what a channel has to deliver of a member is every kept event from some place on",
        "SELECT first.member_id || ' through ' || first.channel_id
         FROM (SELECT community_id, member_id, channel_id, MIN(sequence) AS sequence
               FROM deliveries GROUP BY 1, 2, 3) first
         JOIN (SELECT community_id, member_id, sequence, event_id, NULL::int AS channel_id FROM outbox
               UNION ALL
               SELECT community_id, member_id, sequence, event_id, channel_id FROM deliveries) found
             ON found.community_id = first.community_id AND found.member_id = first.member_id
                 AND found.sequence >= first.sequence
                 AND COALESCE(found.channel_id, first.channel_id) = first.channel_id
         GROUP BY first.community_id, first.member_id, first.channel_id, found.event_id, found.sequence
         HAVING COUNT(*) <> 2",
    ),
    (
        "a level's count is the number of present members at it",
        "SELECT community_id || ' at ' || level
         FROM (SELECT community_id, current_level AS level, COUNT(*) AS members FROM member_points
               JOIN community_members USING (community_id, user_id)
               WHERE community_members.is_present GROUP BY 1, 2) there
         FULL JOIN level_counts counted USING (community_id, level)
         WHERE COALESCE(there.members, 0) <> COALESCE(counted.members, 0)",
    ),
    (
        "no recalculation is left behind, and presence is the same in both places",
        "SELECT community_id::text FROM recalculations
         UNION ALL
         SELECT user_id::text FROM member_points p LEFT JOIN community_members m USING (community_id, user_id)
         WHERE p.is_present <> COALESCE(m.is_present, false)",
    ),
    (
        "a board's sums are those of the ledger, and who is on it is present and not hidden, as of the moment it is of",
        "SELECT COALESCE(e.user_id, due.user_id)::text
         FROM leaderboard_progress b
         CROSS JOIN LATERAL (
             SELECT m.community_id, m.user_id, SUM(t.points) AS all_time,
                    COALESCE(SUM(t.points) FILTER (WHERE t.occurred_at >= b.seven_day_start), 0) AS seven_day,
                    COALESCE(SUM(t.points) FILTER (WHERE t.occurred_at >= b.thirty_day_start), 0) AS thirty_day
             FROM point_transactions t JOIN member_points m ON m.community_id = t.community_id AND m.id = t.member_points_id
             WHERE COALESCE(t.xid, 0) < b.xid GROUP BY 1, 2) due
         FULL JOIN leaderboard_entries e ON e.community_id = due.community_id AND e.user_id = due.user_id
         WHERE (COALESCE(due.seven_day, 0), COALESCE(due.thirty_day, 0), COALESCE(due.all_time, 0))
             <> (COALESCE(e.seven_day, 0), COALESCE(e.thirty_day, 0), COALESCE(e.all_time, 0))
         UNION ALL
         SELECT m.user_id::text FROM leaderboard_progress b CROSS JOIN community_members m
         LEFT JOIN leaderboard_entries e ON e.community_id = m.community_id AND e.user_id = m.user_id
         JOIN level_configurations c ON c.community_id = m.community_id
         WHERE COALESCE(m.xid, 0) < b.xid
           AND (m.is_present AND m.is_listed
                AND NOT (m.role = 'ADMIN' AND COALESCE((c.rules ->> 'exclude_admins')::boolean, false)))
               <> COALESCE(e.is_listed, false)",
    ),
    (
        "the sections of a board hold everybody who is on it, once",
        "SELECT e.community_id::text || ' ' || s.board
         FROM (SELECT community_id, COUNT(*) AS members FROM leaderboard_entries WHERE is_listed GROUP BY 1) e
         FULL JOIN (SELECT community_id, board, SUM(members) AS members FROM leaderboard_sections GROUP BY 1, 2) s
             ON s.community_id = e.community_id
         WHERE COALESCE(e.members, 0) <> COALESCE(s.members, 0)",
    ),
    (
        "everybody whom a community had has points, and every known community has levels",
        "SELECT user_id::text FROM community_members LEFT JOIN member_points USING (community_id, user_id)
         WHERE presence_change IS NOT NULL AND id IS NULL
         UNION ALL
         SELECT community_id::text FROM communities LEFT JOIN level_configurations USING (community_id) WHERE id IS NULL",
    ),
];

/// Until a sweep has replaced it, the id of an erased user means the pseudonym: tables are looked at through it. Views of the
/// session come before tables of the same name.
const SEEN_THROUGH_PSEUDONYMS: &str = "
    CREATE TEMP VIEW point_transactions AS
        SELECT t.community_id, t.id, t.member_points_id, t.points, t.source, t.source_id, t.event_id, t.occurred_at, t.xid,
               t.requested_points, t.rules_version,
               COALESCE(x.pseudonym, t.actor_id) AS actor_id
        FROM public.point_transactions t
        LEFT JOIN erasures x ON x.community_id = t.community_id AND x.user_id = t.actor_id;
    CREATE TEMP VIEW like_switches AS
        SELECT s.community_id, s.content_kind, s.content_id, COALESCE(liker.pseudonym, s.liker_id) AS liker_id,
               COALESCE(author.pseudonym, s.author_id) AS author_id, s.points
        FROM public.like_switches s
        LEFT JOIN erasures liker ON liker.community_id = s.community_id AND liker.user_id = s.liker_id
        LEFT JOIN erasures author ON author.community_id = s.community_id AND author.user_id = s.author_id;
    CREATE TEMP VIEW outbox AS
        SELECT o.community_id, o.event_id, o.sequence, o.event_type, o.payload,
               COALESCE(x.pseudonym, o.member_id) AS member_id
        FROM public.outbox o LEFT JOIN erasures x ON x.community_id = o.community_id AND x.user_id = o.member_id;
    CREATE TEMP VIEW deliveries AS
        SELECT d.community_id, d.event_id, d.sequence, d.channel_id, COALESCE(x.pseudonym, d.member_id) AS member_id
        FROM public.deliveries d LEFT JOIN erasures x ON x.community_id = d.community_id AND x.user_id = d.member_id;
    CREATE TEMP VIEW leaderboard_entries AS
        SELECT e.community_id, COALESCE(x.pseudonym, e.user_id) AS user_id, BOOL_OR(e.is_listed) AS is_listed,
               SUM(e.seven_day) AS seven_day, SUM(e.thirty_day) AS thirty_day, SUM(e.all_time) AS all_time
        FROM public.leaderboard_entries e
        LEFT JOIN erasures x ON x.community_id = e.community_id AND x.user_id = e.user_id GROUP BY 1, 2;
";

/// What breaks an invariant; nothing, when the database holds what it should.
pub async fn audit(client: &Client) -> Vec<String> {
    let has_schema = "SELECT to_regclass('recalculations') IS NOT NULL";
    if !client.query_one(has_schema, &[]).await.expect(has_schema).get::<_, bool>(0) {
        return Vec::new();
    }
    let has_erasures = "SELECT to_regclass('erasures') IS NOT NULL";
    let has_erasures: bool = client.query_one(has_erasures, &[]).await.expect(has_erasures).get(0);
    client.batch_execute("BEGIN").await.expect("a transaction");
    let schema = copy_tables(client).await;
    let views = if has_erasures { SEEN_THROUGH_PSEUDONYMS } else { "" };
    let views = views.replace("public.", &format!("{schema}."));
    client.batch_execute(&views).await.expect("views of the session");
    let mut findings = Vec::new();
    for (invariant, query) in INVARIANTS {
        let rows = client.query(query, &[]).await.unwrap_or_else(|error| panic!("{invariant}: {error:?}"));
        findings.extend(
            rows.iter()
                .map(|row| format!("{invariant}: {}", row.get::<_, Option<String>>(0).unwrap_or_default())),
        );
    }
    client.batch_execute("ROLLBACK").await.expect("the session goes on without the views");
    findings
}
