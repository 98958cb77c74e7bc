//! `cargo bench`: what the service does beside what the raw database does, in the same run on the same machine.
//!
//! It builds and starts the release server and a PostgreSQL of its own, durable as in production, and prints a table.
//! Figures depend on the machine; the ratios are what to look at.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that can't go on should panic"
)]

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use gamification_tests::{
    TestDatabase, TestServer,
    event::{admin_joined, community_created, id, post_created},
};
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

const THOUSAND: u32 = 1_000;
const MILLION: u32 = 1_000_000;

#[tokio::main]
async fn main() {
    // Asked for a list, or to run as a test, as test runners do.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let built =
        Command::new(env!("CARGO")).args(["build", "--release", "--package", "gamification-server"]).status();
    assert!(built.is_ok_and(|status| status.success()), "the release server can't be built");

    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let client = database.client().await;
    let (small, large, raw) = (community(&server), community(&server), community(&server));
    for (community, members) in [(small, THOUSAND), (large, MILLION), (raw, MILLION)] {
        fill(&client, community.0, members).await;
    }
    println!("{:<64} {:>10} {:>10} {:>8}", "work", "service", "beside it", "ratio");
    distribution(&server, small, large);
    thresholds(&server, &client, large, raw, small).await;
    drop(server);
    // The communities were filled without ledger or events, which an audit would find.
    std::mem::forget(database);
}

type Community = (Uuid, Uuid);

/// A community and its admin.
fn community(server: &TestServer) -> Community {
    let (community, admin) = (id(), id());
    assert_eq!(
        server.send_batch(&[community_created(community), admin_joined(community, admin)]).body["applied"],
        2
    );
    (community, admin)
}

/// Members at level 1, every second of them with points that a change of thresholds will count.
async fn fill(client: &Client, community: Uuid, members: u32) {
    let fill = format!(
        "INSERT INTO member_points
             (community_id, id, user_id, total_points, current_level, created_at, updated_at, is_present)
         SELECT '{community}', gen_random_uuid(), gen_random_uuid(), n % 2 * 9, 1, now(), now(), true
         FROM generate_series(1, {members}) AS n;
         UPDATE level_counts SET members = members + {members} WHERE community_id = '{community}' AND level = 1;
         VACUUM ANALYZE member_points;"
    );
    // One by one: VACUUM can't run in the transaction that several statements sent together make.
    for statement in fill.split(';').filter(|statement| !statement.trim().is_empty()) {
        client.batch_execute(statement).await.unwrap();
    }
}

/// S6: the level grid of a large community beside that of a small one.
fn distribution(server: &TestServer, small: Community, large: Community) {
    let grid = |(community, admin): Community| {
        let path = format!("/api/communities/{community}/levels");
        let token = gamification_tests::user_token(admin);
        let look = || assert_eq!(server.get(&path, Some(&token)).status, 200);
        (0..200).for_each(|_| look());
        median((0..2_000).map(|_| timed(look)).collect())
    };
    let (of_thousand, of_million) = (grid(small), grid(large));
    row("S6 GET levels, 1 million members (beside: 1 thousand), median", of_million, of_thousand);
}

/// S7: lifting every second of a million members beside the same rows written by hand; S8: events meanwhile.
async fn thresholds(
    server: &TestServer,
    client: &Client,
    large: Community,
    raw: Community,
    other: Community,
) {
    let by_hand = Instant::now();
    let community = raw.0;
    let lift = format!(
        "BEGIN;
         INSERT INTO outbox (community_id, id, member_id, event_type, payload, created_at)
         SELECT community_id, gen_random_uuid(), user_id, 'MemberLeveledUp',
                jsonb_build_object('member_id', user_id, 'community_id', community_id, 'old_level', 1, 'new_level', 2,
                                   'new_level_name', 'Level 2'), now()
         FROM member_points WHERE community_id = '{community}' AND total_points >= 9;
         UPDATE member_points SET current_level = 2, updated_at = now()
         WHERE community_id = '{community}' AND total_points >= 9;
         COMMIT;"
    );
    client.batch_execute(&lift).await.unwrap();
    let by_hand = by_hand.elapsed();

    let lifted = lift_half(server, client, large, 2).await;
    row("S7 PUT thresholds that lift 500,000 of 1 million (beside: raw)", lifted, by_hand);

    let done = AtomicBool::new(false);
    let (mut there, mut elsewhere) = std::thread::scope(|scope| {
        let there = scope.spawn(|| events_until(server, large, &done));
        let elsewhere = scope.spawn(|| events_until(server, other, &done));
        std::thread::sleep(Duration::from_millis(500));
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(lift_half(server, client, large, 3))
        });
        done.store(true, Ordering::Relaxed);
        (there.join().unwrap(), elsewhere.join().unwrap())
    });
    there.sort_unstable();
    elsewhere.sort_unstable();
    for (name, times) in [
        ("S8 one event during S7, same community, p99 (median)", there),
        ("S8 … another community", elsewhere),
    ] {
        let (p99, median) = (times[times.len() * 99 / 100], times[times.len() / 2]);
        println!("{name:<64} {:>10} {:>10} {:>8}", text(p99), text(median), format!("n={}", times.len()));
    }
}

/// A change of thresholds that brings everybody with 9 points to a level; how long it took.
async fn lift_half(server: &TestServer, client: &Client, (community, admin): Community, to: i64) -> Duration {
    let level = |level: i64| {
        let threshold = if level == 1 { 0 } else { 9 + level - to };
        json!({"level": level, "name": format!("Level {level}"), "threshold": threshold})
    };
    let body = json!({"levels": (1..=9).map(level).collect::<Vec<Value>>()});
    let path = format!("/api/communities/{community}/levels");
    let took = timed(|| assert_eq!(server.put(&path, admin, &[], &body).status, 200));
    let there = format!(
        "SELECT COUNT(*) FROM member_points WHERE community_id = '{community}' AND current_level = {to}"
    );
    assert_eq!(client.query_one(&there, &[]).await.unwrap().get::<_, i64>(0), i64::from(MILLION / 2));
    took
}

/// One event after another, and how long each took.
fn events_until(server: &TestServer, (community, admin): Community, done: &AtomicBool) -> Vec<Duration> {
    let mut times = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let post = post_created(community, id(), admin);
        times.push(timed(|| assert_eq!(server.send(&post).status, 200)));
        std::thread::sleep(Duration::from_millis(5));
    }
    times
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn row(name: &str, service: Duration, beside: Duration) {
    let ratio = service.as_secs_f64() / beside.as_secs_f64();
    println!("{name:<64} {:>10} {:>10} {ratio:>8.2}", text(service), text(beside));
}

fn text(time: Duration) -> String {
    if time < Duration::from_millis(10) {
        format!("{} µs", time.as_micros())
    } else {
        format!("{} ms", time.as_millis())
    }
}
