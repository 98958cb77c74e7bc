//! What operators see: metrics, log lines, traces, and where they find them.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    time::{Duration, Instant},
};

use gamification_tests::{
    Answer, Collector, Launch, PATIENCE, Reaction, Receiver, Scrape, TestDatabase, TestServer,
    WEBHOOK_SECRET, block_until,
    event::{
        admin_joined, community_created, course_created, event, id, member_joined, post_created, post_like,
    },
    service_token, user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

const PROCESSED: &str = "gamification_events_processed_total";
const AWARDED: &str = "gamification_points_awarded_total";
const DEDUCTED: &str = "gamification_points_deducted_total";
const LEVEL_UPS: &str = "gamification_levelups_total";
const EVENT_TYPES: [&str; 14] = [
    "PostCreated",
    "CommentAdded",
    "PostLiked",
    "PostUnliked",
    "CommentLiked",
    "CommentUnliked",
    "LessonCompleted",
    "CommunityCreated",
    "MemberJoined",
    "MemberRoleChanged",
    "MemberLeft",
    "CourseCreated",
    "CourseDeleted",
    "unknown",
];

/// A community with an admin, Ada and a course, and a history in which everything happens that is counted.
struct History {
    community: Uuid,
    admin: Uuid,
    ada: Uuid,
    course: Uuid,
}

impl History {
    fn play(server: &TestServer) -> Self {
        let history = Self { community: id(), admin: id(), ada: id(), course: id() };
        let Self { community, admin, ada, course } = history;
        let (post, comment, lesson) = (id(), id(), id());
        let about = |content: &str, content_id: Uuid| json!({"community_id": community, content: content_id, "user_id": admin, "author_id": ada});
        let completed =
            |lesson: Uuid, course: Uuid| json!({"course_id": course, "lesson_id": lesson, "user_id": ada});
        let mut headless = post_created(community, id(), ada);
        headless["data"].as_object_mut().unwrap().remove("author_id");
        let mut timeless = post_created(community, post, ada);
        timeless.as_object_mut().unwrap().remove("time");
        let events = [
            community_created(community),
            admin_joined(community, admin),
            member_joined(community, ada),
            course_created(community, course),
            timeless,
            event(
                "CommentAdded",
                2,
                &json!({"community_id": community, "comment_id": comment, "author_id": ada}),
            ),
            event("PostLiked", 3, &about("post_id", post)),
            event("CommentLiked", 4, &about("comment_id", comment)),
            event("LessonCompleted", 5, &completed(lesson, course)),
            event("PostUnliked", 6, &about("post_id", post)),
            // Known already, under a new id.
            post_created(community, post, ada),
            event("LessonCompleted", 7, &completed(lesson, course)),
            // Overtaken.
            event("PostLiked", 5, &about("post_id", post)),
            // Means nothing.
            post_like("PostLiked", 8, community, id(), ada, ada),
            event("PollOpened", 8, &json!({"poll": 1})),
            // Can't be understood, each in its own way.
            headless,
            event("LessonCompleted", 9, &completed(id(), id())),
            json!("junk"),
        ];
        let answer = server.send_batch(&events);
        let counts = ["applied", "duplicate", "stale", "ignored", "rejected"]
            .map(|status| answer.body[status].as_u64());
        assert_eq!(counts, [10, 2, 1, 2, 3].map(Some), "{answer:?}");
        let single = server.send(&post_created(community, id(), ada));
        assert_eq!(single.status, 200);
        history
    }

    /// Level `n` from `step` × (n − 1) points on.
    fn set_thresholds(&self, server: &TestServer, step: i64) {
        let answer = self.put_thresholds(server, step);
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    fn put_thresholds(&self, server: &TestServer, step: i64) -> Answer {
        let level = |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": (level - 1) * step});
        let body = json!({"levels": (1..=9).map(level).collect::<Vec<_>>()});
        server.put(&format!("/api/communities/{}/levels", self.community), self.admin, &[], &body)
    }
}

fn numbers<const N: usize>(counted: [(&str, f64); N]) -> BTreeMap<String, f64> {
    counted.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_history_gives_exact_numbers() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let history = History::play(&server);
    let scrape = server.scrape();
    // 2 + 2 for posts, one each for a comment and two likes, 5 for a lesson; a like is taken back: 10 points.
    assert_eq!(
        scrape.counted(AWARDED),
        numbers([
            ("post_created", 4.0),
            ("comment_created", 1.0),
            ("post_liked", 1.0),
            ("comment_liked", 1.0),
            ("lesson_completed", 5.0)
        ])
    );
    assert_eq!(scrape.counted(DEDUCTED), numbers([("post_liked", 1.0)]));
    // She was at 10 before the like was taken back, and stays at level 2.
    assert_eq!(scrape.value(LEVEL_UPS, &[]), 1.0);
    let processed = numbers([
        ("CommunityCreated,applied", 1.0),
        ("MemberJoined,applied", 2.0),
        ("CourseCreated,applied", 1.0),
        ("PostCreated,applied", 2.0),
        ("PostCreated,duplicate", 1.0),
        ("PostCreated,rejected", 1.0),
        ("CommentAdded,applied", 1.0),
        ("PostLiked,applied", 1.0),
        ("PostLiked,stale", 1.0),
        ("PostLiked,ignored", 1.0),
        ("PostUnliked,applied", 1.0),
        ("CommentLiked,applied", 1.0),
        ("LessonCompleted,applied", 1.0),
        ("LessonCompleted,duplicate", 1.0),
        ("LessonCompleted,rejected", 1.0),
        ("unknown,ignored", 1.0),
        ("unknown,rejected", 1.0),
    ]);
    assert_eq!(scrape.counted(PROCESSED), processed);
    // 15 facts and 1; one of them said nothing of its time.
    assert_eq!(scrape.value("gamification_ingest_batch_size_count", &[]), 2.0);
    assert_eq!(scrape.value("gamification_ingest_batch_size_sum", &[]), 16.0);
    assert_eq!(scrape.value("gamification_ingest_batch_size_bucket", &[("le", "1")]), 1.0);
    assert_eq!(scrape.value("gamification_event_lag_seconds_count", &[]), 15.0);
    let since_then = time::OffsetDateTime::now_utc() - time::macros::datetime!(2026-01-01 10:10 UTC);
    let lag = scrape.value("gamification_event_lag_seconds_sum", &[]) / 15.0;
    assert!((lag - since_then.as_seconds_f64()).abs() < 1_000.0, "{lag}");

    history.set_thresholds(&server, 2);
    assert_eq!(server.scrape().value(LEVEL_UPS, &[]), 2.0, "a change of thresholds lifts as well");
    assert_eq!(server.scrape().counted(PROCESSED), processed);
    assert!(server.terminate().0.success());

    // Gauges are of what is stored, by whichever server.
    let server = TestServer::on(&database);
    let expected = numbers([("1", 1.0), ("6", 1.0)]);
    block_until("the levels are counted", || {
        server.scrape().counted("gamification_level_distribution") == expected
    });
    assert_eq!(server.scrape().counted(AWARDED), BTreeMap::new(), "another process begins anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_known_starts_at_zero_and_is_described() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let scrape = server.scrape();
    for name in [AWARDED, DEDUCTED] {
        let sources: Vec<String> =
            scrape.all(name).into_iter().map(|(labels, _)| labels["source"].clone()).collect();
        assert_eq!(
            sources,
            ["comment_created", "comment_liked", "lesson_completed", "post_created", "post_liked"]
        );
    }
    let mut pairs = 0;
    for event_type in EVENT_TYPES {
        for outcome in ["applied", "duplicate", "stale", "ignored", "rejected"] {
            assert_eq!(scrape.value(PROCESSED, &[("event_type", event_type), ("outcome", outcome)]), 0.0);
            pairs += 1;
        }
    }
    assert_eq!(scrape.all(PROCESSED).len(), pairs);
    let levels = scrape.all("gamification_level_distribution");
    assert_eq!(levels.len(), 9);
    for name in [AWARDED, DEDUCTED, PROCESSED, LEVEL_UPS, "gamification_level_distribution"] {
        assert_eq!(scrape.counted(name), BTreeMap::new(), "{name}");
    }
    for name in ["gamification_event_lag_seconds", "gamification_ingest_batch_size"] {
        assert_eq!(scrape.value(&format!("{name}_count"), &[]), 0.0);
        assert_eq!(scrape.value(&format!("{name}_bucket"), &[("le", "+Inf")]), 0.0);
    }
    let requests = "http_server_request_duration_seconds";
    for (route, method, status) in
        [("/api/events", "POST", "503"), ("/api/communities/{community_id}/levels", "PUT", "412")]
    {
        let labels = [("route", route), ("method", method), ("status", status)];
        assert_eq!(scrape.value(&format!("{requests}_count"), &labels), 0.0);
    }
    for series in scrape.text().lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = series.split(' ').next().unwrap();
        assert!(scrape.text().contains(&format!("# HELP {name} ")), "{name} is not described");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_id_is_in_any_label_and_requests_are_told_apart_by_their_routes() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let history = History::play(&server);
    let History { community, ada, .. } = history;
    for user in [ada, id(), id()] {
        let _ = server.level(community, user, ada);
    }
    for path in ["/api/communities/1", "/wp-login.php", &format!("/{ada}"), "/api/%00%0a\"x"] {
        let _ = server.call("GET", &path.replace('"', "%22"), None, &None);
    }
    let _ = server.call("BREW", "/livez", None, &None);
    let large = [("x-large", "x".repeat(40_000))];
    let _ = server.with_headers("GET", "/livez", &large);
    let scrape = server.scrape();
    for value in scrape.label_values() {
        assert!(value.parse::<Uuid>().is_err() && !value.contains(&ada.to_string()), "{value}");
    }
    let requests = |route: &str, method: &str, status: &str| {
        let labels = [("route", route), ("method", method), ("status", status)];
        scrape.value("http_server_request_duration_seconds_count", &labels)
    };
    assert_eq!(requests("/api/communities/{community_id}/members/{user_id}/level", "GET", "200"), 1.0);
    assert_eq!(requests("/api/communities/{community_id}/members/{user_id}/level", "GET", "404"), 2.0);
    assert_eq!(requests("/api/events", "POST", "207"), 1.0);
    assert_eq!(requests("/api/events", "POST", "200"), 1.0);
    assert_eq!(requests("none", "GET", "404"), 4.0, "addresses where there is nothing are one");
    assert_eq!(requests("/livez", "other", "405"), 1.0);
    assert_eq!(requests("/livez", "GET", "431"), 1.0, "what middleware refuses is measured too");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_and_the_process_are_told_of() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("GAMIFICATION_DB_POOL_SIZE", "3").serve();
    let history = History::play(&server);
    let mut client = database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE member_points").await.unwrap();
    let blocked = std::thread::scope(|scope| {
        let request = scope.spawn(|| server.send(&post_created(history.community, id(), history.ada)).status);
        block_until("a connection is used", || {
            server.scrape().value("gamification_db_pool_in_use", &[]) >= 1.0
        });
        let scrape = server.scrape();
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(blocker.rollback()).unwrap();
        });
        assert_eq!(request.join().unwrap(), 200);
        scrape
    });
    let value = |name: &str| blocked.value(name, &[]);
    assert_eq!(value("gamification_db_pool_limit"), 3.0);
    assert_eq!(
        value("gamification_db_pool_size"),
        value("gamification_db_pool_in_use") + value("gamification_db_pool_idle")
    );
    assert!(value("gamification_db_pool_waiting") >= 0.0);
    // In whole seconds; being asked is work.
    block_until("a second of work is told", || {
        server.scrape().value("process_cpu_seconds_total", &[]) >= 1.0
    });
    assert!((1e6..1e9).contains(&value("process_resident_memory_bytes")));
    assert!(value("process_open_fds") > 5.0 && value("process_open_fds") <= value("process_max_fds"));
    let age = time::OffsetDateTime::now_utc().unix_timestamp() as f64 - value("process_start_time_seconds");
    assert!((-1.0..120.0).contains(&age), "{age}");
    assert!(blocked.text().contains("# TYPE process_cpu_seconds_total counter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backlog_of_every_channel_is_shown_by_every_server() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let history = History::play(&server);
    let (pending, age) = ("gamification_outbox_pending", "gamification_outbox_oldest_age_seconds");
    let levels_are_counted = |server: &TestServer| {
        block_until("the levels are counted", || {
            !server.scrape().counted("gamification_level_distribution").is_empty()
        });
    };
    assert!(server.terminate().0.success());
    let server = TestServer::on(&database);
    levels_are_counted(&server);
    assert!(server.scrape().all(pending).is_empty(), "no channel is registered");
    assert!(server.terminate().0.success());

    let written = database.number("SELECT COUNT(*) FROM outbox").await;
    let address = Receiver::free_address();
    let with_webhook = || {
        Launch::on(database.url())
            .env("GAMIFICATION_WEBHOOK_URL", format!("http://{address}/hooks"))
            .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .serve()
    };
    let webhook = [("channel", "webhook")];
    let shows = |server: &TestServer, events: i64| {
        let expected: BTreeMap<String, String> =
            webhook.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let events = events as f64;
        block_until("the backlog is shown", || server.scrape().all(pending) == [(expected.clone(), events)]);
    };
    let server = with_webhook();
    shows(&server, written);
    assert!(server.scrape().value(age, &webhook) > 0.0);
    assert!(server.terminate().0.success());

    // A server without the webhook says as much: the webhook waits for these events all the same.
    let server = TestServer::on(&database);
    shows(&server, written);
    assert!(server.scrape().value(age, &webhook) > 0.0);
    drop(server);

    let receiver = Receiver::start_at(address, |_| Reaction::TAKEN);
    let server = with_webhook();
    receiver.wait_for(usize::try_from(written).unwrap()).await;
    assert!(server.terminate().0.success());
    let server = with_webhook();
    assert_eq!(server.send(&post_created(history.community, id(), id())).status, 200);
    shows(&server, 0);
}

/// The lines with a message, each without what every line has.
fn said(log: &[String], message: &str) -> Vec<Value> {
    let lines = log.iter().map(|line| parsed(line)).filter(|line| line["message"] == message);
    lines
        .map(|mut line| {
            let line = line.as_object_mut().unwrap();
            for common in ["timestamp", "target", "message", "spans"] {
                line.remove(common);
            }
            Value::Object(line.clone())
        })
        .collect()
}

fn parsed(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert!(value["level"].is_string() && value["timestamp"].is_string(), "{line}");
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_logged_line_by_line() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("RUST_LOG", "info,gamification_app=debug").serve();
    let history = History::play(&server);
    history.set_thresholds(&server, 2);
    history.set_thresholds(&server, 2);
    let History { community, admin, ada, course } = history;
    let (status, log) = server.terminate();
    assert!(status.success());
    let award = |points: i64, new_total: i64, source: &str| json!({"level": "INFO", "user_id": ada, "community_id": community, "points": points, "new_total": new_total, "source": source});
    assert_eq!(
        said(&log, "points awarded"),
        [
            award(2, 2, "post_created"),
            award(1, 3, "comment_created"),
            award(1, 4, "post_liked"),
            award(1, 5, "comment_liked"),
            award(5, 10, "lesson_completed"),
            award(2, 11, "post_created")
        ]
    );
    assert_eq!(said(&log, "points deducted"), [award(1, 9, "post_liked")]);
    let risen = |old_level: u8, new_level: u8| json!({"level": "INFO", "user_id": ada, "community_id": community, "old_level": old_level, "new_level": new_level});
    assert_eq!(said(&log, "member leveled up"), [risen(1, 2), risen(2, 6)]);
    let changes = "level 1: Student → Level 1; level 2: Practitioner → Level 2, 10 → 2; level 3: Builder → Level 3, 30 → 4; \
                   level 4: Leader → Level 4, 60 → 6; level 5: Mentor → Level 5, 100 → 8; \
                   level 6: Empire Builder → Level 6, 150 → 10; level 7: Ruler → Level 7, 210 → 12; \
                   level 8: Legend → Level 8, 280 → 14; level 9: Icon → Level 9, 360 → 16";
    let updated = json!({"level": "INFO", "community_id": community, "admin_id": admin, "changes": changes});
    assert_eq!(said(&log, "level config updated"), [updated], "the second time nothing changed");
    let repeated = said(&log, "duplicate lesson completion ignored");
    assert_eq!(repeated.len(), 1, "{repeated:?}");
    assert_eq!(
        (
            &repeated[0]["level"],
            &repeated[0]["user_id"],
            &repeated[0]["course_id"],
            &repeated[0]["community_id"]
        ),
        (&json!("DEBUG"), &json!(ada), &json!(course), &json!(community))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_before_the_commit_nor_of_what_was_rolled_back() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let history = History::play(&server);
    let (before, _) = (server.scrape(), server.new_log());
    let mut client = database.client().await;
    let blocker = client.transaction().await.unwrap();
    // Everything is decided, and only telling of it is in the way.
    blocker.batch_execute("LOCK TABLE outbox").await.unwrap();
    let post = post_created(history.community, id(), history.ada);
    let same = |scrape: Scrape| {
        for name in [AWARDED, DEDUCTED, PROCESSED, LEVEL_UPS] {
            assert_eq!(scrape.all(name), before.all(name));
        }
        assert_eq!(
            scrape.value("gamification_ingest_batch_size_count", &[]),
            before.value("gamification_ingest_batch_size_count", &[])
        );
    };
    std::thread::scope(|scope| {
        let request = scope.spawn(|| server.send(&post));
        let waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'outbox'::regclass";
        block_until("it waits", || {
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(database.number(waiting)) > 0
            })
        });
        same(server.scrape());
        request.join().unwrap().problem(503, "UNAVAILABLE");
    });
    same(server.scrape());
    assert_eq!(said(&server.new_log(), "points awarded"), Vec::<Value>::new());
    blocker.rollback().await.unwrap();
    assert_eq!(server.send(&post).body["applied"], 1);
    assert_eq!(server.scrape().value(AWARDED, &[("source", "post_created")]), 6.0);
    let (_, log) = server.terminate();
    assert_eq!(said(&log, "points awarded").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_commit_itself_refuses_is_not_told() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let history = History::play(&server);
    let (before, _) = (server.scrape(), server.new_log());
    let client = database.client().await;
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                      $$ BEGIN RAISE EXCEPTION 'refused at the commit'; END $$;
                  CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED
                      FOR EACH ROW EXECUTE FUNCTION refuse();";
    client.batch_execute(refuse).await.unwrap();
    let post = post_created(history.community, id(), history.ada);
    server.send(&post).problem(500, "INTERNAL");
    let answer = history.put_thresholds(&server, 2);
    answer.problem(500, "INTERNAL");
    let scrape = server.scrape();
    for name in [AWARDED, DEDUCTED, LEVEL_UPS] {
        assert_eq!(scrape.all(name), before.all(name));
    }
    let of_posts = |scrape: &Scrape, outcome: &str| {
        scrape.value(PROCESSED, &[("event_type", "PostCreated"), ("outcome", outcome)])
    };
    assert_eq!(of_posts(&scrape, "applied"), of_posts(&before, "applied"));
    assert_eq!(of_posts(&scrape, "rejected"), of_posts(&before, "rejected") + 1.0);
    let log = server.new_log();
    for message in ["points awarded", "member leveled up"] {
        assert_eq!(said(&log, message), Vec::<Value>::new());
    }
    assert_eq!(said(&log, "level config updated").len(), 1, "that was committed before");

    client.batch_execute("DROP FUNCTION refuse CASCADE").await.unwrap();
    // From level 2 to level 6 with the new thresholds, and by the post to level 7.
    block_until("a server resumes the recalculation", || server.scrape().value(LEVEL_UPS, &[]) == 2.0);
    assert_eq!(server.send(&post).body["applied"], 1);
    assert_eq!(server.scrape().value(LEVEL_UPS, &[]), 3.0);
    let log = server.terminate().1;
    assert_eq!((said(&log, "points awarded").len(), said(&log, "member leveled up").len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_can_not_be_recorded_is_an_error_in_the_log_and_counts_as_rejected() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let history = History::play(&server);
    let poison =
        "ALTER TABLE point_transactions ADD CONSTRAINT poison CHECK (source <> 'comment_created') NOT VALID";
    database.client().await.batch_execute(poison).await.unwrap();
    let comment = event(
        "CommentAdded",
        20,
        &json!({"community_id": history.community, "comment_id": id(), "author_id": history.ada}),
    );
    let answer = server.send_batch(&[comment, post_created(history.community, id(), history.ada)]);
    assert_eq!((answer.status, &answer.body["applied"]), (207, &json!(1)), "{answer:?}");
    let scrape = server.scrape();
    assert_eq!(scrape.value(PROCESSED, &[("event_type", "CommentAdded"), ("outcome", "rejected")]), 1.0);
    assert_eq!(scrape.value(AWARDED, &[("source", "comment_created")]), 1.0, "as before");
    let (_, log) = server.terminate();
    let errors = said(&log, "event handler error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!((&errors[0]["level"], &errors[0]["event_type"]), (&json!("ERROR"), &json!("CommentAdded")));
    assert!(errors[0]["error"].as_str().unwrap().contains("poison"), "{errors:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_stays_within_its_line_and_neither_tokens_nor_names_are_told() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("RUST_LOG", "trace").serve();
    let (community, ada) = (id(), id());
    let name = "Ada\n{\"level\":\"ERROR\"}\r\n\u{2028}\"\\ Lovelace";
    let mut joined = member_joined(community, ada);
    joined["data"]["display_name"] = name.into();
    assert_eq!(server.send(&joined).body["applied"], 1);
    for (field, text) in [("type", "Poll\nOpened\""), ("source", "\n{}"), ("id", "a\u{0}b\n"), ("time", "\n")]
    {
        let mut odd = post_created(community, id(), ada);
        odd[field] = text.into();
        let _ = server.send(&odd);
    }
    let user = user_token(ada);
    let secret_query = format!("/api/communities/{community}/levels?access_token={user}");
    let headers = [
        ("authorization", format!("Bearer {user}")),
        ("user-agent", "browser-of-ada".to_owned()),
        ("x-forwarded-for", "203.0.113.77".to_owned()),
    ];
    let _ = server.with_headers("GET", &secret_query, &headers);
    let _ = server.call("GET", "/api/%0A%7B%22level%22%3A%22x/levels", Some(&user), &None);
    let (_, log) = server.terminate();
    assert!(log.len() > 10);
    for line in &log {
        // As text, or a quotation mark in a name would hide it.
        let line = parsed(line).to_string();
        for secret in [user.as_str(), &service_token(), "Lovelace", "browser-of-ada", "203.0.113.77"] {
            assert!(!line.contains(secret), "{secret}: {line}");
        }
    }
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

#[tokio::test(flavor = "multi_thread")]
async fn spans_go_on_with_the_callers_trace_and_the_receiver_may_go_on_with_ours() {
    let database = TestDatabase::empty().await;
    let collector = Collector::start();
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = Launch::on(database.url())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .env("GAMIFICATION_WEBHOOK_URL", receiver.url())
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        // What is logged has nothing to do with what is traced.
        .env("RUST_LOG", "warn")
        .serve();
    let history = History::play(&server);
    let History { community, ada, course, .. } = history;
    let (service, user) = (format!("Bearer {}", service_token()), format!("Bearer {}", user_token(ada)));
    let traceparent = format!("00-{TRACE}-{PARENT}-01");
    let fact = post_created(community, id(), ada);
    let headers = [
        ("content-type", "application/cloudevents+json"),
        ("authorization", service.as_str()),
        ("traceparent", traceparent.as_str()),
    ];
    assert_eq!(server.post("/api/events", &headers, fact.to_string().as_bytes()).status, 200);
    let path = format!("/api/communities/{community}/courses/{course}/access");
    let headers =
        [("authorization", user), ("traceparent", traceparent.clone()), ("user-agent", "ada".into())];
    assert_eq!(server.with_headers("GET", &path, &headers).status, 200);
    history.set_thresholds(&server, 2);
    let written = database.number("SELECT COUNT(*) FROM outbox").await;
    receiver.wait_for(usize::try_from(written).unwrap()).await;
    assert!(server.terminate().0.success());

    let ours = |name: &str| {
        collector.spans_named(name).into_iter().filter(|span| span.trace_id == TRACE).collect::<Vec<_>>()
    };
    let awards = ours("gamification.award_points");
    assert_eq!(awards.len(), 1, "{:?}", collector.spans());
    let award = &awards[0];
    assert_eq!(award.attribute("community_id"), Some(community.to_string().as_str()));
    assert_eq!(award.attribute("event_type"), Some("PostCreated"));
    assert_eq!(award.attribute("event_id"), fact["id"].as_str());
    let request = &ours("POST /api/events")[0];
    assert_eq!((award.parent_id.as_str(), request.parent_id.as_str()), (request.span_id.as_str(), PARENT));
    assert_eq!(request.attribute("http.status_code"), Some("200"));
    let check = &ours("gamification.check_course_access")[0];
    assert_eq!(check.attribute("course_id"), Some(course.to_string().as_str()));
    assert_eq!(check.attribute("user_id"), Some(ada.to_string().as_str()));
    assert_eq!(check.attribute("has_access"), Some("true"));
    let recalculations = collector.spans_named("gamification.recalculate_levels");
    assert_eq!(recalculations.len(), 1);
    assert_eq!(recalculations[0].attribute("community_id"), Some(community.to_string().as_str()));
    assert_eq!(recalculations[0].attribute("level_ups"), Some("1"));
    for span in collector.spans() {
        assert!(span.attributes.iter().all(|(_, value)| value != "ada"), "{span:?}");
    }
    assert!(collector.resources().contains(&("service.name".into(), "gamification".into())));

    let deliveries = collector.spans_named("gamification.deliver_event");
    for delivery in receiver.deliveries() {
        let span = deliveries.iter().find(|span| span.attribute("event_id") == delivery.event["id"].as_str());
        let span = span.expect("each delivery has a span");
        assert_eq!(delivery.header("traceparent"), format!("00-{}-{}-01", span.trace_id, span.span_id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_nothing_is_traced() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = Launch::on(database.url())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "")
        .env("GAMIFICATION_WEBHOOK_URL", receiver.url())
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .serve();
    assert_eq!(server.send(&post_created(id(), id(), id())).status, 200);
    receiver.wait_for(1).await;
    assert_eq!(receiver.deliveries()[0].header("traceparent"), "");
    let (_, log) = server.terminate();
    assert!(log.iter().all(|line| !line.contains("trace_id")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_or_is_away_slows_nothing_down() {
    // Its connections are taken by the system, and nobody answers.
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [hanging.local_addr().unwrap(), Receiver::free_address()] {
        let database = TestDatabase::empty().await;
        let server = Launch::on(database.url())
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}/"))
            .env("OTEL_BSP_SCHEDULE_DELAY", "100")
            .serve();
        let started = Instant::now();
        // More spans than may wait.
        for _ in 0..3_000 {
            assert_eq!(server.get("/livez", None).status, 200);
        }
        assert_eq!(server.send(&post_created(id(), id(), id())).status, 200);
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
        let stopping = Instant::now();
        let (status, log) = server.terminate();
        assert!(status.success());
        assert!(stopping.elapsed() < Duration::from_secs(5), "{:?}", stopping.elapsed());
        let lost = said(&log, "spans are lost: the collector does not take them");
        assert!(lost.len() <= 1, "it is said once: {lost:?}");
        for line in &log {
            parsed(line);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_may_have_an_address_of_their_own() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url()).env("GAMIFICATION_OPS_LISTEN", "127.0.0.1:0").serve();
    let operations = server.operations().expect("it is announced").to_owned();
    assert_ne!(operations, server.url());
    let get = |url: String| {
        let mut answer = ureq::get(url).config().http_status_as_error(false).build().call().unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), kind, answer.body_mut().read_to_string().unwrap())
    };
    let problem = "application/problem+json";
    for path in ["/metrics", "/livez", "/readyz"] {
        server.get(path, None).problem(404, "NOT_FOUND");
        assert_eq!(get(format!("{operations}{path}")).0, 200, "{path}");
    }
    for path in ["/api/events", "/openapi.json", "/docs/", "/"] {
        let (status, kind, _) = get(format!("{operations}{path}"));
        assert_eq!((status, kind.as_str()), (404, problem), "{path}");
    }
    let (_, kind, _) = get(format!("{operations}/metrics"));
    assert_eq!(kind, "text/plain; version=0.0.4");
    let document = server.get("/openapi.json", None).body;
    for path in ["/metrics", "/livez", "/readyz"] {
        assert!(document["paths"].get(path).is_none(), "the document is of what is there: {path}");
    }
    // What the API's address counts is seen at the other.
    let history = History::play(&server);
    assert_eq!(server.scrape().value(AWARDED, &[("source", "post_created")]), 4.0);
    // Operators can watch a stop to its end.
    let mut client = database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE member_points").await.unwrap();
    std::thread::scope(|scope| {
        let late = scope.spawn(|| server.send(&post_created(history.community, id(), history.ada)).status);
        block_until("it waits", || server.scrape().value("gamification_db_pool_in_use", &[]) >= 1.0);
        rustix::process::kill_process(server.process(), rustix::process::Signal::TERM).unwrap();
        block_until("it drains", || get(format!("{operations}/readyz")).0 == 503);
        assert_eq!(get(format!("{operations}/livez")).0, 200);
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(blocker.rollback()).unwrap();
        });
        assert_eq!(late.join().unwrap(), 200);
    });
    assert!(server.terminate().0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_for_operators_that_is_taken_stops_the_start() {
    let database = TestDatabase::empty().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (status, _, error) = Launch::on(database.url()).env("GAMIFICATION_OPS_LISTEN", &address).run();
    assert!(!status.success());
    assert!(error.contains(&format!("GAMIFICATION_OPS_LISTEN: {address} can't be listened on")), "{error}");
}
