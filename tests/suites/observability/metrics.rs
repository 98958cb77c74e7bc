//! Metrics: what is counted, and what is known of the database and the process.

use std::collections::BTreeMap;

use gamification_tests::{
    Launch, Reaction, Receiver, TestDatabase, TestServer, WEBHOOK_SECRET, block_until,
    event::{id, post_created},
    skipped_on_citus, until,
};
use uuid::Uuid;

use super::{AWARDED, DEDUCTED, EVENT_TYPES, History, LEVEL_UPS, PROCESSED, numbers};

#[tokio::test(flavor = "multi_thread")]
async fn a_known_history_gives_exact_numbers() {
    if skipped_on_citus("a lesson of an unknown course is a transaction of its own") {
        return;
    }
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
            [
                "comment_created",
                "comment_liked",
                "lesson_completed",
                "manual_adjustment",
                "post_created",
                "post_liked"
            ]
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
    for path in ["/api/community/1", "/wp-login.php", &format!("/{ada}"), "/api/%00%0a\"x"] {
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

#[tokio::test(flavor = "multi_thread")]
async fn the_age_of_leaderboards_grows_while_nobody_can_carry_them_on() {
    /// Boards of an idle server get 10 seconds old, and not much older.
    const OLD: f64 = 12.0;
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    History::play(&server);
    let age = || server.scrape().value("gamification_leaderboards_age_seconds", &[]);
    let mut client = database.client().await;
    let are_built = "SELECT COUNT(*) FROM leaderboard_progress WHERE complete_until IS NOT NULL";
    until("boards are built", async || database.number(are_built).await == 1).await;
    let holder = client.transaction().await.unwrap();
    holder.batch_execute("SELECT FROM leaderboard_progress FOR UPDATE").await.unwrap();
    block_until("boards are told to be old", || age() > OLD);
    holder.rollback().await.unwrap();
    block_until("boards are told to be young", || age() < OLD);
}
