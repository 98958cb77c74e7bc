//! S0: a history is imported, and then audited.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    time::{Duration, Instant},
};

use gamification_tests::{
    Launch, TestDatabase,
    event::{id, post_created, post_like},
};
use uuid::Uuid;

use crate::{
    Community,
    table::{alone, rate, rates_alone, text},
    writes::{members, raw_batches_rate},
};

/// Two of three lines are likes.
const LINES: usize = 150_000;

/// S0, in communities of ten thousand and of a million members.
pub(crate) async fn import(database: &TestDatabase, communities: [(&str, Community); 2]) {
    let client = database.client().await;
    client.batch_execute("ANALYZE").await.unwrap();
    for (name, (community, _)) in communities {
        let members = members(&client, community).await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.ndjson");
        write_history(&file, community, &members);
        let took = imported(database, &file);
        let raw = raw_batches_rate(database, community, &members).await;
        let work = format!("S0 import, {name} members (beside: set-based SQL)");
        rates_alone(&work, rate(LINES, took), raw);
    }
}

/// A post, then two likes of it, and so on.
fn write_history(file: &Path, community: Uuid, members: &[(Uuid, Uuid)]) {
    let any = |number: usize| members[number * 7_919 % members.len()].1;
    let mut lines = BufWriter::new(File::create(file).unwrap());
    for number in 0..LINES / 3 {
        let (post, author) = (id(), any(number));
        writeln!(lines, "{}", post_created(community, post, author)).unwrap();
        for liker in [any(number + 1), any(number + 2)] {
            writeln!(lines, "{}", post_like("PostLiked", 2, community, post, liker, author)).unwrap();
        }
    }
    lines.flush().unwrap();
}

/// Audits a community whose ledger the service wrote.
pub(crate) fn verify(database: &TestDatabase, (community, _): Community) {
    let started = Instant::now();
    let (_, said, error) =
        Launch::on(database.url()).arg("verify").arg("--community").arg(&community.to_string()).run();
    let summary = said.lines().last().unwrap_or(&error).to_owned();
    alone("verify of a community of 10 thousand members", &text(started.elapsed()));
    println!("   … {summary}");
}

fn imported(database: &TestDatabase, file: &Path) -> Duration {
    let started = Instant::now();
    let (status, said, error) =
        Launch::on(database.url()).arg("import").arg(file.to_str().expect("a plain path")).run();
    assert!(status.success(), "{said}{error}");
    started.elapsed()
}
