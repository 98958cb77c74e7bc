//! `verify`: clean after a real history, and whatever is broken behind the service's back is named, and repaired where
//! that can be.

mod breakages;

use std::sync::atomic::{AtomicBool, Ordering};

use gamification_app::commands::project_leaderboards;
use gamification_tests::{
    Launch, TestDatabase, TestServer,
    event::{
        admin_joined, community_created, course_created, event, id, member_joined, post_created, post_like,
    },
    model::rules_body,
    skipped_on_citus, until,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

/// How a verification ended, and what it said.
#[derive(Debug)]
struct Verified {
    code: Option<i32>,
    said: Vec<String>,
    error: String,
}

impl Verified {
    fn lines(&self, start: &str) -> Vec<&str> {
        self.said.iter().filter_map(|line| line.strip_prefix(start)).collect()
    }

    /// What is off.
    fn off(&self) -> Vec<&str> {
        self.lines("off: ")
    }

    fn is_clean(&self) {
        assert_eq!((self.code, self.off()), (Some(0), vec![]), "{self:?}");
        assert!(self.said.last().unwrap().ends_with(": nothing is off"), "{self:?}");
    }
}

fn verify(database: &TestDatabase, arguments: &[&str]) -> Verified {
    let launch = arguments
        .iter()
        .fold(Launch::on(database.url()).arg("verify"), |launch, argument| launch.arg(argument));
    let (status, said, error) = launch.run();
    Verified { code: status.code(), said: said.lines().map(ToOwned::to_owned).collect(), error }
}

/// A community with a history of every kind of event, made by the real server; another beside it.
struct History {
    database: TestDatabase,
    community: Uuid,
    admin: Uuid,
    /// Level 2, with 12 points for a post, lessons, comments and likes.
    ada: Uuid,
    /// Left.
    bob: Uuid,
    post: Uuid,
    lesson: Uuid,
    liker: Uuid,
}

impl History {
    async fn new() -> Self {
        let database = TestDatabase::empty().await;
        let server = TestServer::on(&database);
        let (community, other, course) = (id(), id(), id());
        let [admin, ada, bob, post, comment, lesson, liker] = [(); 7].map(|()| id());
        let about = |kind: &str, minute, data: Value| event(kind, minute, &data);
        let lesson_of = |user| json!({"course_id": course, "lesson_id": lesson, "user_id": user});
        let commented = json!({"community_id": community, "comment_id": comment, "author_id": ada});
        let comment_liked =
            json!({"community_id": community, "comment_id": comment, "author_id": ada, "user_id": liker});
        let events = [
            community_created(community),
            course_created(community, course),
            admin_joined(community, admin),
            member_joined(community, ada),
            member_joined(community, bob),
            post_created(community, post, ada),
            about("CommentAdded", 1, commented),
            post_like("PostLiked", 2, community, post, liker, ada),
            post_like("PostLiked", 2, community, post, bob, ada),
            post_like("PostUnliked", 3, community, post, bob, ada),
            about("CommentLiked", 3, comment_liked.clone()),
            about("CommentUnliked", 4, comment_liked),
            about("LessonCompleted", 5, lesson_of(ada)),
            about("LessonCompleted", 5, lesson_of(bob)),
            about("LessonCompleted", 5, json!({"course_id": course, "lesson_id": id(), "user_id": ada})),
            about("MemberLeft", 6, json!({"community_id": community, "user_id": bob})),
            about(
                "MemberRoleChanged",
                6,
                json!({"community_id": community, "user_id": id(), "role": "ADMIN"}),
            ),
            // Elsewhere the community is not even known, and nobody has joined.
            post_created(other, id(), ada),
        ];
        let (known, happened) = events.split_at(3);
        assert_eq!(server.send_batch(known).body["applied"], known.len());
        // Caps that nobody meets: what they go by is kept.
        let rules = rules_body(|source, points| match source {
            "post_liked" => json!({"source": source, "points": points, "per_pair_daily_cap": 1_000}),
            _ => json!({"source": source, "points": points, "daily_cap": 1_000}),
        });
        let path = format!("/api/communities/{community}/rules");
        assert_eq!(server.put(&path, admin, &[], &rules).status, 200);
        let answer = server.send_batch(happened);
        assert_eq!(answer.body["applied"], happened.len(), "{answer:?}");
        let thresholds = [0, 2, 9, 60, 100, 150, 210, 280, 360];
        let answer = set_thresholds(&server, community, admin, &thresholds);
        assert!([200, 202].contains(&answer), "{answer}");
        server.until_leveled_up(community, admin);
        assert!(server.terminate().0.success());
        // Where boards are when a server ends is a matter of moments.
        let store = database.store(1);
        let complete = "SELECT COUNT(*) FROM leaderboard_progress WHERE xid > GREATEST(
            (SELECT MAX(xid) FROM point_transactions), (SELECT MAX(xid) FROM community_members))";
        until("the leaderboards are complete", async || {
            project_leaderboards(&store, OffsetDateTime::now_utc()).await.unwrap();
            database.number(complete).await == 1
        })
        .await;
        Self { database, community, admin, ada, bob, post, lesson, liker }
    }

    async fn break_with(&self, sql: &str) {
        let replaced = [
            ("$community", self.community),
            ("$admin", self.admin),
            ("$ada", self.ada),
            ("$bob", self.bob),
            ("$post", self.post),
            ("$lesson", self.lesson),
            ("$liker", self.liker),
        ];
        let sql =
            replaced.iter().fold(sql.to_owned(), |sql, (name, id)| sql.replace(name, &format!("'{id}'")));
        let client = self.database.client().await;
        // One by one, as Citus takes changes of the schema.
        for statement in sql.split(";\n") {
            client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
    }

    async fn ledger(&self) -> String {
        let query = "SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM point_transactions AS t";
        self.database.client().await.query_one(query, &[]).await.unwrap().get(0)
    }
}

fn set_thresholds(server: &TestServer, community: Uuid, admin: Uuid, thresholds: &[i64; 9]) -> u16 {
    let levels = thresholds.iter().zip(1..);
    let levels: Vec<Value> = levels
        .map(|(threshold, level)| json!({"level": level, "name": format!("Level {level}"), "threshold": threshold}))
        .collect();
    let path = format!("/api/communities/{community}/levels");
    server.put(&path, admin, &[], &json!({"levels": levels})).status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_summary_counts_what_was_looked_at_and_one_community_can_be_chosen() {
    let history = History::new().await;
    let everything = verify(&history.database, &[]);
    everything.is_clean();
    let summary = everything.said.last().unwrap();
    assert!(
        summary.starts_with("looked at 2 communities, 4 members and 11 transactions in "),
        "{everything:?}"
    );
    let community = history.community.to_string();
    let one = verify(&history.database, &["--community", &community]);
    one.is_clean();
    assert!(
        one.said.last().unwrap().starts_with("looked at 1 communities, 3 members and 10 transactions in "),
        "{one:?}"
    );

    history.break_with("UPDATE member_points SET total_points = 7 WHERE community_id <> $community").await;
    verify(&history.database, &["--community", &community]).is_clean();
    assert_eq!(verify(&history.database, &[]).code, Some(1));
    verify(&history.database, &["--community", &community, "--repair"]).is_clean();
    assert_eq!(verify(&history.database, &[]).code, Some(1), "only what was chosen is repaired");
    verify(&history.database, &["--repair"]).is_clean();

    let unknown = id().to_string();
    let nothing = verify(&history.database, &["--community", &unknown]);
    assert_eq!(nothing.code, Some(1));
    assert_eq!(nothing.error, format!("gamification-server: nothing is stored of the community {unknown}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_at_all_is_in_order_and_no_schema_is_not() {
    let empty = TestDatabase::migrated().await;
    let nothing = verify(&empty, &[]);
    nothing.is_clean();
    assert!(
        nothing.said[0].starts_with("looked at 0 communities, 0 members and 0 transactions"),
        "{nothing:?}"
    );
    verify(&empty, &["--repair"]).is_clean();
    if skipped_on_citus("a database without a schema, as each has one there") {
        return;
    }
    let bare = TestDatabase::empty().await;
    let refused = verify(&bare, &[]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.error.starts_with("gamification-server: "), "{refused:?}");
    assert!(refused.error.contains("run gamification-server migrate first"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_findings_of_one_kind_are_counted_and_some_of_them_printed() {
    // Not everything is repaired.
    let database = TestDatabase::empty().await.without_audit();
    let server = TestServer::on(&database);
    let community = id();
    let events: Vec<Value> = (0..250).map(|_| post_created(community, id(), id())).collect();
    assert_eq!(server.send_batch(&events).body["applied"], 250);
    let client = database.client().await;
    client.batch_execute("UPDATE member_points SET total_points = 1; DELETE FROM outbox").await.unwrap();
    let found = verify(&database, &[]);
    assert_eq!(found.off().len(), 21, "{found:?}");
    assert_eq!(found.off()[20], "total: and 230 more");
    assert!(found.error.ends_with("off: total (250); --repair repairs 250\n"), "{found:?}");
    // More than are fetched, too.
    client.batch_execute("UPDATE like_switches SET author_id = NULL").await.unwrap();
    let likes: Vec<Value> =
        (0..250).map(|_| post_like("PostLiked", 2, community, id(), id(), id())).collect();
    assert_eq!(server.send_batch(&likes).body["applied"], 250);
    client.batch_execute("UPDATE like_switches SET author_id = NULL").await.unwrap();
    let found = verify(&database, &["--repair"]);
    assert!(found.error.ends_with("off: like (250)\n"), "{found:?}");
    assert!(found.off().contains(&"like: and 230 more"), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_delivered_and_deleted_are_not_missed() {
    let mut history = History::new().await;
    // The tests' own audit wants all events.
    history.database = history.database.without_audit();
    let older = "DELETE FROM outbox AS o WHERE EXISTS (
        SELECT FROM outbox AS newer WHERE newer.member_id = o.member_id AND newer.community_id = o.community_id
            AND newer.sequence > o.sequence)";
    history.break_with(older).await;
    verify(&history.database, &[]).is_clean();
    history.break_with("DELETE FROM outbox").await;
    verify(&history.database, &[]).is_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_that_was_lost_is_restored_without_a_word_and_a_new_one_is_told_from_the_last_told() {
    let told = "SELECT COUNT(*) FROM outbox WHERE event_type = 'MemberLeveledUp'";
    let history = History::new().await;
    let before = history.database.number(told).await;
    history
        .break_with(
            "UPDATE member_points SET current_level = 1 WHERE user_id = $ada AND community_id = $community",
        )
        .await;
    verify(&history.database, &["--repair"]).is_clean();
    assert_eq!(history.database.number(told).await, before);
    // Level 3 was told; 2 is stored, and the rule says 4.
    history
        .break_with(
            "UPDATE member_points SET current_level = 2 WHERE user_id = $ada AND community_id = $community;
             UPDATE level_configurations SET levels = jsonb_set(levels, '{3,threshold}', '12')
             WHERE community_id = $community",
        )
        .await;
    verify(&history.database, &["--repair"]).is_clean();
    assert_eq!(history.database.number(told).await, before + 1);
    let newest =
        "SELECT (payload ->> 'old_level')::bigint * 10 + (payload ->> 'new_level')::bigint FROM outbox
                  WHERE event_type = 'MemberLeveledUp' ORDER BY sequence DESC LIMIT 1";
    assert_eq!(history.database.number(newest).await, 34);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_who_are_being_lifted_are_noted_and_not_off() {
    let history = History::new().await;
    // What a server leaves that is killed between the two steps of a change of thresholds.
    history
        .break_with(
            "UPDATE level_configurations SET levels = jsonb_set(levels, '{3,threshold}', '12')
             WHERE community_id = $community;
             INSERT INTO recalculations VALUES ($community, gen_random_uuid(),
                 '00000000-0000-0000-0000-000000000000', '2026-01-01', '2026-01-01')",
        )
        .await;
    for arguments in [&[][..], &["--repair"]] {
        let noted = verify(&history.database, arguments);
        noted.is_clean();
        let note = format!(
            "community {}: levels are being recalculated, 1 members are still to be leveled up",
            history.community
        );
        assert_eq!(noted.lines("note: "), [note]);
    }
    let server = TestServer::on(&history.database);
    let left = "SELECT COUNT(*) FROM recalculations";
    until("the levels are recalculated", async || history.database.number(left).await == 0).await;
    drop(server);
    let lifted = verify(&history.database, &[]);
    lifted.is_clean();
    assert!(lifted.lines("note: ").is_empty(), "{lifted:?}");
}

/// Sends likes and unlikes, joins and leaves, posts and lessons until told to stop, and changes thresholds.
fn live_traffic(server: &TestServer, history: &History, stop: &AtomicBool) {
    let History { community, admin, .. } = *history;
    let users: Vec<Uuid> = (0..20).map(|_| id()).collect();
    let post = id();
    let mut round = 0_usize;
    while !stop.load(Ordering::Relaxed) {
        let events: Vec<Value> = users
            .iter()
            .flat_map(|user| {
                let change = |kind, data: Value| {
                    let mut event = event(kind, 0, &data);
                    event["sequence"] = round.to_string().into();
                    event
                };
                let member = json!({"community_id": community, "user_id": user});
                let like = json!({"community_id": community, "post_id": post, "user_id": user, "author_id": users[round % 2]});
                [
                    change(if round.is_multiple_of(2) { "MemberJoined" } else { "MemberLeft" }, member),
                    change(if round.is_multiple_of(3) { "PostUnliked" } else { "PostLiked" }, like),
                    post_created(community, id(), *user),
                ]
            })
            .collect();
        let answer = server.send_batch(&events);
        assert!([200, 503].contains(&answer.status), "{answer:?}");
        if round % 5 == 4 {
            let step = i64::try_from(50 - round % 50).unwrap();
            let thresholds = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|level| level * step);
            assert!([200, 202, 409, 503].contains(&set_thresholds(server, community, admin, &thresholds)));
        }
        round += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_live_traffic_nothing_seems_off_and_repairs_disturb_nothing() {
    let history = History::new().await;
    let server = TestServer::on(&history.database);
    let stop = AtomicBool::new(false);
    let handle = tokio::runtime::Handle::current();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| live_traffic(&server, &history, &stop));
        }
        scope.spawn(|| {
            let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                for _ in 0..20 {
                    verify(&history.database, &[]).is_clean();
                }
                for _ in 0..5 {
                    // Values of members whom the traffic leaves alone, and counts that it goes on changing.
                    handle.block_on(history.break_with(
                        "UPDATE member_points SET total_points = 1 WHERE user_id = $ada AND community_id = $community;
                         UPDATE level_counts SET members = members + 1000 WHERE community_id = $community",
                    ));
                    assert_eq!(verify(&history.database, &[]).code, Some(1));
                    verify(&history.database, &["--repair"]).is_clean();
                }
            }));
            stop.store(true, Ordering::Relaxed);
            judged.unwrap();
        });
    });
    drop(server);
    verify(&history.database, &[]).is_clean();
}
