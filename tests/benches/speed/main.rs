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

mod load;
mod reads;
mod table;
mod thresholds;
mod writes;

use std::{fs, process::Command, time::Instant};

use gamification_tests::{
    Cluster, Launch, TestDatabase, TestServer,
    event::{admin_joined, community_created, id},
};
use tokio_postgres::Client;
use uuid::Uuid;

const THOUSAND: u32 = 1_000;
const HUNDRED_THOUSAND: u32 = 100_000;
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

    Cluster::durable().await;
    let database = TestDatabase::migrated().await;
    table::head();
    let started = Instant::now();
    let server = Launch::on(database.url()).without_log().serve();
    let start = started.elapsed();
    let client = database.client().await;
    let [small, busy, large, raw] = [(); 4].map(|()| community(&server));
    for (community, members) in
        [(small, THOUSAND), (busy, HUNDRED_THOUSAND), (large, MILLION), (raw, MILLION)]
    {
        fill(&client, community.0, members).await;
    }
    if is_asked_for("writes") {
        writes::events_in(&server, &database, busy).await;
        let peak = format!("{} MB", peak_memory(&server));
        table::alone("S9 resident memory after S1 to S3, at its highest", &peak);
    }
    if is_asked_for("reads") {
        reads::lookups(&server, &database, large).await;
        reads::distribution(&server, small, large).await;
    }
    if is_asked_for("thresholds") {
        thresholds::thresholds(&server, &client, large, raw, small).await;
    }
    table::alone("S10 start to ready, on a running database", &table::text(start));
    drop(server);
    // The communities were filled without ledger or events, which an audit would find.
    std::mem::forget(database);
}

/// All, unless some are named: `cargo bench -- writes`.
fn is_asked_for(part: &str) -> bool {
    let mut parts = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    parts.peek().is_none() || parts.any(|asked| asked == part)
}

/// In megabytes.
fn peak_memory(server: &TestServer) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process().as_raw_nonzero())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells");
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
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
         INSERT INTO community_members (community_id, user_id, is_present, presence_change, role, created_at, updated_at)
         SELECT community_id, user_id, true, '{{}}', 'MEMBER', now(), now() FROM member_points
         WHERE community_id = '{community}' ON CONFLICT DO NOTHING;
         UPDATE level_counts SET members = members + {members} WHERE community_id = '{community}' AND level = 1;
         VACUUM ANALYZE member_points;
         VACUUM ANALYZE community_members;"
    );
    // One by one: VACUUM can't run in the transaction that several statements sent together make.
    for statement in fill.split(';').filter(|statement| !statement.trim().is_empty()) {
        client.batch_execute(statement).await.unwrap();
    }
}
