//! `cargo bench`: what the service does beside what the raw database does, in the same run on the same machine.
//!
//! It builds and starts the release server and a PostgreSQL of its own, durable as in production, and prints a table.
//! Figures depend on the machine; the ratios are what to look at.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark that can't go on should panic, and takes the time where it likes"
)]

mod boards;
mod broker;
mod history;
mod load;
mod reads;
mod table;
mod thresholds;
mod writes;

use std::{process::Command, time::Instant};

use gamification_tests::{
    Cluster, Launch, TestDatabase, TestServer,
    event::{admin_joined, community_created, id},
};
use tokio_postgres::Client;
use uuid::Uuid;

const THOUSAND: u32 = 1_000;
const TEN_THOUSAND: u32 = 10_000;
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
    // Communities are filled without ledger or events, which an audit would find.
    let database = TestDatabase::migrated().await.without_audit();
    table::head();
    let started = Instant::now();
    let server = Launch::on(database.url()).without_log().serve();
    let start = started.elapsed();
    let client = database.client().await;
    let [small, middle, busy, large, raw] = [(); 5].map(|()| community(&server));
    fill(&client, small, THOUSAND, 0).await;
    if asked_for(&["s0", "verify"]) {
        fill(&client, middle, TEN_THOUSAND, 0).await;
    }
    if asked_for(&WRITES) {
        fill(&client, busy, HUNDRED_THOUSAND, 9).await;
    }
    if asked_for(&READS) || asked_for(&THRESHOLDS) || asked_for(&BOARDS) {
        fill(&client, large, MILLION, 9).await;
    }
    if asked_for(&["s0"]) || asked_for(&THRESHOLDS) {
        fill(&client, raw, MILLION, 9).await;
    }

    // What follows is measured with boards that have caught up with the filling, as they have in an ordinary hour.
    boards::complete(&client).await;

    if asked_for(&["s0", "verify"]) {
        history::import(&database, [("10 thousand", middle), ("1 million", raw)]).await;
        history::verify(&database, middle);
    }
    if asked_for(&WRITES) {
        let writes = writes::Writes::new(&server, &database, busy).await;
        run(&["s1", "disk"], writes.batches()).await;
        run(&["s2"], writes.singles()).await;
        run(&["s3"], writes.alone()).await;
        run(&["s14"], writes.through_nats()).await;
        run(&["s15"], writes.capped(busy.1)).await;
        if asked_for(&["s16"]) {
            let communities = [(); 50].map(|()| community(&server));
            for community in communities {
                fill(&client, community, 2 * THOUSAND, 9).await;
            }
            boards::complete(&client).await;
            writes.scattered(&communities).await;
        }
        let peak = format!("{} MB", server.memory().peak);
        table::alone("S9 resident memory after these, at its highest", &peak);
    }
    if asked_for(&READS) {
        let reads = reads::Reads::new(&server, &database, large).await;
        run(&["s4"], reads.levels()).await;
        run(&["s4b"], reads.levels_by_other_issuer()).await;
        run(&["s4c"], reads.level_alone()).await;
        run(&["s5"], reads.badges()).await;
        run(&["s6"], reads::distribution(&server, small, large)).await;
    }
    if asked_for(&BOARDS) {
        boards::earn(&client, small, "1 thousand").await;
        boards::earn(&client, large, "1 million").await;
        run(&["s12"], boards::boards(&server, &database, small, large)).await;
        run(&["s13"], boards::history(&server, &client, small)).await;
    }
    if asked_for(&THRESHOLDS) {
        thresholds::thresholds(&server, &client, large, raw, small).await;
    }
    table::alone("S10 start to ready, on a running database", &table::text(start));
}

/// The lines of the table that need the same preparation.
const WRITES: [&str; 7] = ["s1", "disk", "s2", "s3", "s14", "s15", "s16"];
const READS: [&str; 5] = ["s4", "s4b", "s4c", "s5", "s6"];
const BOARDS: [&str; 2] = ["s12", "s13"];
const THRESHOLDS: [&str; 2] = ["s7", "s8"];

/// Whether one of these lines is: all are, unless some are named, as in `cargo bench -- s1 s4`.
fn asked_for(lines: &[&str]) -> bool {
    let mut asked = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    asked.peek().is_none() || asked.any(|line| lines.contains(&line.to_ascii_lowercase().as_str()))
}

async fn run(lines: &[&str], work: impl Future<Output = ()>) {
    if asked_for(lines) {
        work.await;
    }
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
async fn fill(client: &Client, (community, _): Community, members: u32, points: u8) {
    let fill = format!(
        "INSERT INTO member_points
             (community_id, id, user_id, total_points, current_level, created_at, updated_at, is_present)
         SELECT '{community}', gen_random_uuid(), gen_random_uuid(), n % 2 * {points}, 1, now(), now(), true
         FROM generate_series(1, {members}) AS n;
         INSERT INTO community_members
             (community_id, user_id, is_present, display_name, search_name, presence_change, role, created_at, updated_at)
         SELECT community_id, user_id, true, 'Member ' || left(user_id::text, 4), 'member ' || left(user_id::text, 4),
                '{{}}', 'MEMBER', now(), now()
         FROM member_points
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
