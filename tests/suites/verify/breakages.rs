//! What is broken behind the service's back, one at a time: each is named, and repaired where that can be.

use std::collections::BTreeSet;

use gamification_app::audit::Invariant;

use super::{History, verify};

/// What is broken, by which statement; how the finding begins (after the community) and ends.
struct Breakage {
    sql: &'static str,
    finding: (&'static str, &'static str),
}

/// Where only values are broken that are derived from others.
const DERIVED: [Breakage; 19] = [
    Breakage {
        sql: "UPDATE member_points SET total_points = total_points + 100 WHERE user_id = $ada AND community_id = $community",
        finding: ("total", "found 114, expected 14"),
    },
    Breakage {
        sql: "UPDATE member_points SET total_points = 0 WHERE user_id = $ada AND community_id = $community",
        finding: ("total", "found 0, expected 14"),
    },
    Breakage {
        // Counted where it was, as by a fault in one place only.
        sql: "UPDATE member_points SET current_level = 1 WHERE user_id = $ada AND community_id = $community",
        finding: ("level", "found 1, expected 3"),
    },
    Breakage {
        sql: "UPDATE level_configurations SET levels = jsonb_set(levels, '{3,threshold}', '12') WHERE community_id = $community",
        finding: ("level", "found 3, expected 4"),
    },
    Breakage {
        sql: "UPDATE level_counts SET members = members + 7 WHERE level = 3 AND community_id = $community",
        finding: ("level count", "level 3: found 8, expected 1"),
    },
    Breakage {
        sql: "DELETE FROM level_counts WHERE community_id = $community",
        finding: ("level count", "level 1: found 0, expected 1"),
    },
    Breakage {
        sql: "UPDATE member_points SET is_present = false WHERE user_id = $ada AND community_id = $community",
        finding: ("presence", "found absent, expected present"),
    },
    Breakage {
        sql: "UPDATE member_points SET is_present = true WHERE user_id = $bob AND community_id = $community",
        finding: ("presence", "found present, expected absent"),
    },
    Breakage {
        sql: "UPDATE leaderboard_entries SET seven_day = 5 WHERE user_id = $ada AND community_id = $community",
        finding: ("leaderboard", "found 5, 0 and 14 points, listed, expected 0, 0 and 14 points, listed"),
    },
    Breakage {
        sql: "UPDATE leaderboard_entries SET is_listed = false WHERE user_id = $ada AND community_id = $community",
        finding: ("leaderboard", "found 0, 0 and 14 points, not listed, expected 0, 0 and 14 points, listed"),
    },
    Breakage {
        sql: "UPDATE leaderboard_entries SET sort_name = '\\x99' WHERE user_id = $ada AND community_id = $community",
        finding: (
            "leaderboard",
            "found 0, 0 and 14 points, listed in the place of another name, expected 0, 0 and 14 points, listed",
        ),
    },
    Breakage {
        sql: "DELETE FROM leaderboard_entries WHERE user_id = $ada AND community_id = $community",
        finding: ("leaderboard", "found 0, 0 and 0 points, not listed, expected 0, 0 and 14 points, listed"),
    },
    Breakage {
        sql: "DELETE FROM leaderboard_sections WHERE board = 'seven_day' AND community_id = $community",
        finding: ("leaderboard", "a section of seven_day: found 0 members, expected 2"),
    },
    Breakage {
        sql: "UPDATE leaderboard_sections SET members = members + 3 WHERE board = 'thirty_day' AND community_id = $community",
        finding: ("leaderboard", "a section of thirty_day: found 5 members, expected 2"),
    },
    Breakage {
        // As by a server from before there were such names, during an upgrade.
        sql: "UPDATE community_members SET search_name = 'zoe' WHERE user_id = $ada AND community_id = $community",
        finding: ("search name", "found another name, expected the one that is shown, folded"),
    },
    Breakage {
        sql: "UPDATE tallies SET earned = 7 WHERE source = 'post_created' AND community_id = $community",
        finding: ("tally", "found 7, expected 2"),
    },
    Breakage {
        // With it, more could be earned than the cap allows.
        sql: "DELETE FROM tallies WHERE source = 'comment_created' AND community_id = $community",
        finding: ("tally", "found 0, expected 1"),
    },
    Breakage {
        sql: "UPDATE tallies SET earned = 3 WHERE liker_id = $liker AND community_id = $community",
        finding: ("tally", "found 3, expected 1"),
    },
    Breakage {
        // All at once, in every place.
        sql: "UPDATE member_points SET total_points = 1, current_level = 1, is_present = NOT is_present;
              UPDATE level_counts SET members = 0",
        finding: ("total", "found 1, expected 14"),
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_derived_is_named_when_it_is_off_and_repaired_without_touching_the_ledger() {
    for Breakage { sql, finding: (invariant, verdict) } in DERIVED {
        let history = History::new().await;
        let database = &history.database;
        verify(database, &[]).is_clean();
        let ledger = history.ledger().await;
        history.break_with(sql).await;

        let found = verify(database, &[]);
        assert_eq!(found.code, Some(1), "{sql}: {found:?}");
        let named = format!("{invariant}: community {}, ", history.community);
        let is_named = found.off().iter().any(|line| line.starts_with(&named) && line.ends_with(verdict));
        assert!(is_named, "{sql}: {found:?}");
        assert!(
            found.error.contains(&format!("{invariant} (")) && found.error.contains("--repair repairs"),
            "{found:?}"
        );

        let repaired = verify(database, &["--repair"]);
        repaired.is_clean();
        assert!(
            repaired.lines("repaired: ").iter().any(|line| line.starts_with(&named)),
            "{sql}: {repaired:?}"
        );
        verify(database, &[]).is_clean();
        assert_eq!(history.ledger().await, ledger, "{sql}");
        // The audit at the end of the test's database has the last word.
    }
}

/// Where something is broken that can't be computed anew, and what puts it right again.
const ORIGINAL: [(Breakage, &str); 13] = [
    (
        Breakage {
            sql: "DROP INDEX point_transactions_once;
                  INSERT INTO point_transactions
                  SELECT community_id, gen_random_uuid(), member_points_id, points, source, source_id, actor_id, 'again',
                         occurred_at, created_at, once_per FROM point_transactions
                  WHERE source = 'post_created' AND community_id = $community",
            finding: ("once-only award", "found 2 awards, expected 1"),
        },
        "DELETE FROM point_transactions WHERE event_id = 'again';
         CREATE UNIQUE INDEX point_transactions_once
         ON point_transactions (community_id, source, source_id, once_per) WHERE once_per IS NOT NULL",
    ),
    (
        Breakage {
            sql: "INSERT INTO point_transactions
                  SELECT community_id, gen_random_uuid(), member_points_id, points, source, source_id, actor_id, 'again',
                         occurred_at, created_at FROM point_transactions
                  WHERE source = 'lesson_completed' AND source_id = $lesson AND actor_id = $ada",
            finding: ("once-only award", "found 2 awards, expected 1"),
        },
        "DELETE FROM point_transactions WHERE event_id = 'again'",
    ),
    (
        Breakage {
            sql: "UPDATE point_transactions SET once_per = NULL
                  WHERE source = 'lesson_completed' AND source_id = $lesson AND actor_id = $ada",
            finding: (
                "once-only award",
                "found 1 with another scope, expected the scope of the source's rule",
            ),
        },
        "UPDATE point_transactions SET once_per = actor_id WHERE source = 'lesson_completed' AND once_per IS NULL",
    ),
    (
        Breakage {
            sql: "UPDATE like_switches SET author_id = NULL WHERE content_id = $post AND liker_id = $liker",
            finding: ("like", "found 1, expected 0"),
        },
        "UPDATE like_switches SET author_id = $ada WHERE content_id = $post AND liker_id = $liker",
    ),
    (
        Breakage {
            sql: "UPDATE like_switches SET author_id = $ada, points = 1 WHERE content_id = $post AND liker_id = $bob",
            finding: ("like", "found 0, expected 1"),
        },
        "UPDATE like_switches SET author_id = NULL WHERE content_id = $post AND liker_id = $bob",
    ),
    (
        Breakage {
            sql: "UPDATE like_switches SET author_id = $admin WHERE content_id = $post AND liker_id = $liker",
            finding: ("like", "found 1, expected 0"),
        },
        "UPDATE like_switches SET author_id = $ada WHERE content_id = $post AND liker_id = $liker",
    ),
    (
        Breakage {
            sql: "CREATE TABLE kept AS SELECT * FROM member_points WHERE user_id = $admin;
                  DELETE FROM member_points WHERE user_id = $admin",
            finding: ("record of points", "found none, expected one"),
        },
        "INSERT INTO member_points SELECT * FROM kept",
    ),
    (
        Breakage {
            sql: "CREATE TABLE kept AS SELECT * FROM level_configurations WHERE community_id = $community;
                  DELETE FROM level_configurations WHERE community_id = $community",
            finding: ("level configuration", "expected nine levels from 0 points on, with thresholds that rise"),
        },
        "INSERT INTO level_configurations SELECT * FROM kept",
    ),
    (
        Breakage {
            sql: "CREATE TABLE kept AS SELECT levels FROM level_configurations WHERE community_id = $community;
                  UPDATE level_configurations SET levels = jsonb_set(levels, '{4,threshold}', '\"many\"')
                  WHERE community_id = $community",
            finding: ("level configuration", "expected nine levels from 0 points on, with thresholds that rise"),
        },
        "UPDATE level_configurations SET levels = kept.levels FROM kept WHERE community_id = $community",
    ),
    (
        Breakage {
            sql: "UPDATE outbox SET payload = jsonb_set(payload, '{new_total}', '3')
                  WHERE member_id = $ada AND community_id = $community AND payload ->> 'new_total' = '2'",
            finding: ("outgoing event", "expected from 3"),
        },
        "UPDATE outbox SET payload = jsonb_set(payload, '{new_total}', '2')
         WHERE member_id = $ada AND community_id = $community AND payload ->> 'new_total' = '3' AND payload ->> 'points' = '2'",
    ),
    (
        Breakage {
            sql: "CREATE TABLE kept AS SELECT event_id, payload FROM outbox WHERE event_type = 'MemberLeveledUp';
                  UPDATE outbox SET payload = '{\"new_level\": 9}' WHERE event_type = 'MemberLeveledUp'
                  AND member_id = $ada AND community_id = $community AND payload ->> 'new_level' = '3'",
            finding: ("outgoing event", "expected from 2"),
        },
        "UPDATE outbox SET payload = kept.payload FROM kept WHERE outbox.event_id = kept.event_id",
    ),
    (
        Breakage {
            sql: "INSERT INTO channels (name, registered_at) VALUES ('billing', now());
                  INSERT INTO deliveries SELECT $community, gen_random_uuid(), id, $ada, 1 FROM channels",
            finding: (
                "delivery",
                "channel billing: found 1 events to deliver, 0 of them kept, expected all 11 that are kept from the first on",
            ),
        },
        "TRUNCATE channels, deliveries",
    ),
    (
        Breakage {
            sql: "INSERT INTO channels (name, registered_at) VALUES ('billing', now());
                  INSERT INTO deliveries SELECT community_id, event_id, channels.id, member_id, sequence
                  FROM outbox CROSS JOIN channels
                  WHERE sequence < (SELECT MAX(sequence) FROM outbox WHERE member_id = $ada)",
            finding: ("delivery", "expected all 11 that are kept from the first on"),
        },
        "TRUNCATE channels, deliveries",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_computed_anew_stays_reported() {
    for (Breakage { sql, finding: (invariant, verdict) }, mended) in ORIGINAL {
        let history = History::new().await;
        let database = &history.database;
        history.break_with(sql).await;
        let ledger = history.ledger().await;
        for arguments in [&[][..], &["--repair"], &[]] {
            let found = verify(database, arguments);
            assert_eq!(found.code, Some(1), "{sql}: {found:?}");
            let named = format!("{invariant}: community {}", history.community);
            let is_named = found.off().iter().any(|line| line.starts_with(&named) && line.ends_with(verdict));
            assert!(is_named, "{sql}: {found:?}");
        }
        assert_eq!(history.ledger().await, ledger, "{sql}");
        history.break_with(mended).await;
        // A total followed the ledger, wherever that went.
        verify(database, &["--repair"]).is_clean();
    }
}

#[test]
fn every_invariant_is_broken() {
    let names = |breakages: &mut dyn Iterator<Item = &Breakage>| {
        breakages.map(|broken| broken.finding.0.to_owned()).collect()
    };
    let broken: [BTreeSet<String>; 2] =
        [names(&mut DERIVED.iter()), names(&mut ORIGINAL.iter().map(|(broken, _)| broken))];
    let invariants = [true, false].map(|is_derived| {
        let of_kind = Invariant::ALL.iter().filter(|invariant| invariant.is_derived() == is_derived);
        of_kind.map(ToString::to_string).collect()
    });
    assert_eq!(broken, invariants);
}
