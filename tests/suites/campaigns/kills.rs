//! R1: the server is killed under load. R4: overlapping batches of many clients, on two servers. R14: servers are
//! stopped and replaced, one after another, under load. And the server that carries the leaderboards on is killed.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::{Duration, Instant},
};

use gamification_tests::{
    Campaign, LevelWatch, TestDatabase, TestServer, assert_verify_finds_nothing, block_until,
    event::{community_created, id, member_joined, post_created},
    reading_service_token, until,
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::client::{Address, EndsClients, Workload, agent, send_until_acknowledged};

const CLIENTS: u64 = 6;
/// How long a server takes at most to stop, as the README says; twice that is granted to a busy machine.
const GONE_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kills_and_what_is_repeated_counts_once() {
    let campaign = Campaign::new("R1", 20, 500);
    let database = TestDatabase::empty().await;
    let watch = LevelWatch::start(database.url());
    let mut server = TestServer::on(&database);
    let address = Address::new(server.url());
    let (done, acknowledged, repeated) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
    let workloads = std::thread::scope(|scope| {
        let end = EndsClients(&done);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (address, done) = (&address, &done);
                let (acknowledged, repeated) = (&acknowledged, &repeated);
                scope.spawn(move || {
                    let (mut random, agent) = (campaign.random(client), agent());
                    let mut workload = Workload::new(5);
                    while !done.load(Ordering::Relaxed) {
                        let size = 1 + random.below(20);
                        let events = workload.batch(&mut random, size);
                        let (times, _) = send_until_acknowledged(&agent, address, &events);
                        acknowledged.fetch_add(1, Ordering::Relaxed);
                        repeated.fetch_add(times - 1, Ordering::Relaxed);
                    }
                    workload
                })
            })
            .collect();
        let mut random = campaign.random(CLIENTS);
        for _ in 0..campaign.rounds() {
            // Long enough that something is under way, whenever that is.
            let before = acknowledged.load(Ordering::Relaxed);
            block_until("three more are acknowledged", || acknowledged.load(Ordering::Relaxed) >= before + 3);
            std::thread::sleep(Duration::from_millis(random.number() % 80));
            server.kill();
            server = TestServer::on(&database);
            address.set(server.url());
        }
        drop(end);
        clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    let client = database.client().await;
    for workload in workloads {
        workload.check(&client).await;
    }
    let repeated = repeated.into_inner();
    println!("R1: {} batches acknowledged, {repeated} repeated", acknowledged.into_inner());
    assert!(repeated > 0, "no kill came in the midst of anything");
    watch.end();
    assert_verify_finds_nothing(database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_under_load_loses_nothing() {
    let campaign = Campaign::new("R14", 4, 100);
    let database = TestDatabase::empty().await;
    let watch = LevelWatch::start(database.url());
    let mut servers = [TestServer::on(&database), TestServer::on(&database)];
    let addresses = [Address::new(servers[0].url()), Address::new(servers[1].url())];
    let done = AtomicBool::new(false);
    let workloads = std::thread::scope(|scope| {
        let end = EndsClients(&done);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (addresses, done) = (&addresses, &done);
                scope.spawn(move || {
                    let (mut random, agent) = (campaign.random(client), agent());
                    let mut workload = Workload::new(5);
                    while !done.load(Ordering::Relaxed) {
                        let size = 1 + random.below(20);
                        let events = workload.batch(&mut random, size);
                        send_until_acknowledged(&agent, random.pick(addresses), &events);
                    }
                    workload
                })
            })
            .collect();
        for round in 0..campaign.rounds() {
            let place = usize::from(round % 2 == 1);
            let next = TestServer::on(&database);
            addresses[place].set(next.url());
            let old = std::mem::replace(&mut servers[place], next);
            let started = Instant::now();
            let (status, log) = old.terminate();
            let took = started.elapsed();
            println!("R14: out after {took:?}");
            assert!(took < 2 * GONE_WITHIN, "out after {took:?}");
            assert!(status.success(), "{log:?}");
            let failed = log.iter().any(|line| line.contains(r#""level":"ERROR""#));
            assert!(!failed, "{log:?}");
        }
        drop(end);
        clients.into_iter().map(|client| client.join().unwrap()).collect::<Vec<_>>()
    });
    let client = database.client().await;
    for workload in workloads {
        workload.check(&client).await;
    }
    watch.end();
    assert_verify_finds_nothing(database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_batches_of_sixteen_clients_on_two_servers_never_deadlock() {
    let campaign = Campaign::new("R4", 6, 300);
    let database = TestDatabase::empty().await;
    let watch = LevelWatch::start(database.url());
    let servers = [TestServer::on(&database), TestServer::on(&database)];
    let mut workload = Workload::new(6);
    let mut random = campaign.random(0);
    let batches: Vec<_> = (0..campaign.rounds()).map(|_| workload.batch(&mut random, 60)).collect();
    // Everybody sends everything, each in an order of their own.
    std::thread::scope(|scope| {
        for client in 0..16 {
            let (batches, server) = (&batches, &servers[usize::from(client % 2 == 0)]);
            scope.spawn(move || {
                let (mut random, agent) = (campaign.random(client + 1), agent());
                let address = Address::new(server.url());
                for batch in batches {
                    let mut batch = batch.clone();
                    random.shuffle(&mut batch);
                    send_until_acknowledged(&agent, &address, &batch);
                }
            });
        }
    });
    workload.check(&database.client().await).await;
    assert_eq!(database.deadlocks(), Vec::<String>::new());
    watch.end();
    assert_verify_finds_nothing(database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn leaderboards_go_on_when_the_server_that_carries_them_on_is_killed() {
    let database = TestDatabase::empty().await;
    let mut server = TestServer::on(&database);
    let (community, ada) = (id(), id());
    let joined = [community_created(community), member_joined(community, ada)];
    assert_eq!(server.send_batch(&joined).body["applied"], 2);
    let path = format!("/api/communities/{community}/leaderboards/all_time");
    // What the board says of Ada, and up to when it is complete.
    let board = |server: &TestServer| {
        let answer = server.get(&path, Some(&reading_service_token()));
        let moment =
            answer.body["last_updated"].as_str().map(|text| OffsetDateTime::parse(text, &Rfc3339).unwrap());
        (answer.body["entries"][0]["points"].as_i64(), moment)
    };
    let (mut client, observer) = (database.client().await, database.client().await);
    let waiting =
        "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'leaderboard_entries'::regclass";
    for round in 1..=3 {
        block_until("the boards follow", || board(&server).0 == Some(4 * (round - 1)));
        // The one server that there is comes to the midst of a step, which it does not finish.
        let hold = client.transaction().await.unwrap();
        hold.batch_execute("LOCK TABLE leaderboard_entries IN SHARE MODE").await.unwrap();
        assert_eq!(server.send(&post_created(community, id(), ada)).body["applied"], 1);
        until("it carries the boards on", async || {
            observer.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0
        })
        .await;
        let other = TestServer::on(&database);
        server.kill();
        hold.rollback().await.unwrap();
        assert_eq!(other.send(&post_created(community, id(), ada)).body["applied"], 1);
        let committed_at = observer.query_one("SELECT clock_timestamp()", &[]).await.unwrap();
        let committed_at: OffsetDateTime = committed_at.get(0);
        block_until("the other server carries the boards on", || {
            let (points, moment) = board(&other);
            points == Some(4 * round) && moment > Some(committed_at)
        });
        server = other;
    }
    assert_verify_finds_nothing(database.url());
}
