//! What was acknowledged is seen at once, on every server, however busy readers are.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use gamification_tests::{
    Campaign, LevelWatch, TestDatabase, TestServer, assert_verify_finds_nothing, default_levels,
    event::{admin_joined, community_created, id, member_joined, post_created},
    user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

fn named(first: &str) -> Value {
    let levels: Vec<Value> = (1..)
        .zip(default_levels())
        .map(|(level, (name, threshold))| {
            json!({"level": level, "name": if level == 1 { first } else { name }, "threshold": threshold})
        })
        .collect();
    json!({ "levels": levels })
}

#[tokio::test(flavor = "multi_thread")]
async fn no_server_answers_what_was_true_before_an_acknowledged_change() {
    let campaign = Campaign::new("fresh reads", 60, 5_000);
    let database = TestDatabase::empty().await;
    let servers = [TestServer::on(&database), TestServer::on(&database)].map(Arc::new);
    let (community, admin, ada) = (id(), id(), id());
    let directory =
        [community_created(community), admin_joined(community, admin), member_joined(community, ada)];
    assert_eq!(servers[0].send_batch(&directory).body["applied"], 3);

    let watch = LevelWatch::start(database.url());
    // Readers whose questions are under way all the time: what is asked joins what waits with theirs.
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..6)
        .map(|number: usize| {
            let (server, stop) = (Arc::clone(&servers[number % 2]), Arc::clone(&stop));
            thread::spawn(move || {
                let mut seen = 0;
                let mut reads = 0;
                while !stop.load(Ordering::Acquire) {
                    let total = server.level(community, ada, admin).body["total_points"].as_i64().unwrap();
                    assert!(total >= seen, "{total} after {seen}");
                    seen = total;
                    reads += 1;
                }
                reads
            })
        })
        .collect();

    let path = format!("/api/communities/{community}/levels");
    for round in 1..=campaign.rounds() {
        // Written here, read there, and the other way round.
        let (one, other) = if round % 2 == 0 { (0, 1) } else { (1, 0) };
        let name = format!("Round {round}");
        let answer = servers[one].put(&path, admin, &[], &named(&name));
        assert_eq!(answer.status, 200, "{answer:?}");
        for server in [other, one] {
            assert_eq!(
                servers[server].level(community, admin, ada).body["level_name"],
                name,
                "round {round}"
            );
            let levels = servers[server].get(&path, Some(&user_token(ada)));
            assert_eq!(levels.body["levels"][0]["name"], name, "round {round}");
        }
        assert_eq!(servers[one].send(&post_created(community, id(), ada)).status, 200);
        for server in [other, one] {
            let total = &servers[server].level(community, ada, ada).body["total_points"];
            assert_eq!(*total, 2 * round, "round {round}");
        }
    }
    stop.store(true, Ordering::Release);
    for reader in readers {
        assert!(reader.join().expect("totals never fell") > 0);
    }
    watch.end();
    assert_verify_finds_nothing(database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_whose_connection_was_ended_does_not_notice() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let (community, ada): (Uuid, Uuid) = (id(), id());
    let joined = server.send_batch(&[community_created(community), member_joined(community, ada)]);
    assert_eq!(joined.body["applied"], 2);
    let client = database.client().await;
    for _ in 0..10 {
        assert_eq!(server.level(community, ada, ada).status, 200);
        let others = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        assert!(client.query_one(others, &[]).await.unwrap().get::<_, i64>(0) > 0);
    }
}
