//! Log lines: what happened, once it is committed, without tokens and names.

use gamification_tests::{
    Launch, Scrape, TestDatabase, TestServer, adjusting_service_token, block_until,
    event::{event, id, member_joined, post_created},
    service_token, skipped_on_citus, user_token,
};
use serde_json::{Value, json};

use super::{AWARDED, DEDUCTED, History, LEVEL_UPS, PROCESSED, parsed, said};

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
async fn an_adjustment_is_logged_once_with_who_asked_for_it_and_why() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let History { community, admin, ada, .. } = History::play(&server);
    let path = format!("/api/communities/{community}/members/{ada}/points/adjustments");
    let adjust = |token: &str, key: &str, points: i64, reason: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        let body = json!({"points": points, "reason": reason}).to_string();
        let answer = server.post(&path, &headers, body.as_bytes());
        (answer.status, answer.body["source_id"].clone())
    };
    let (by_admin, by_service) = (user_token(admin), adjusting_service_token());
    let (status, rewarded) = adjust(&by_admin, "meetup", 5, "Organised\nthe <b>meetup</b>");
    assert_eq!(status, 201);
    let (status, taken) = adjust(&by_service, "spam", -100, "Spam");
    assert_eq!(status, 201);
    // Known already, whoever asks; another under the same key; by one who may not.
    assert_eq!(adjust(&by_admin, "meetup", 5, "Organised the meetup"), (200, rewarded.clone()));
    assert_eq!(adjust(&by_service, "meetup", 5, "Organised the meetup"), (200, rewarded.clone()));
    assert_eq!(adjust(&by_service, "spam", -100, "Spam"), (200, taken.clone()));
    assert_eq!(adjust(&by_admin, "spam", -99, "Spam").0, 422);
    assert_eq!(adjust(&user_token(ada), "more", 5, "Please").0, 403);
    let line = |adjustment_id: Value, points: i64, reason: &str| {
        json!({
            "level": "INFO", "user_id": ada, "community_id": community, "adjustment_id": adjustment_id,
            "requested_points": points, "reason": reason,
        })
    };
    let mut by_admin = line(rewarded, 5, "Organised the meetup");
    by_admin["admin_id"] = json!(admin);
    let (_, log) = server.terminate();
    assert_eq!(said(&log, "points adjusted"), [by_admin, line(taken, -100, "Spam")]);
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
    if skipped_on_citus("tables on several machines have no triggers") {
        return;
    }
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
