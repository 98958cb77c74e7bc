//! S12 and S13: leaderboards and histories, in communities of any size.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gamification_tests::{TestDatabase, TestServer, user_token};
use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    Community, load,
    table::{alone, percentile, rate, text, times},
};

/// How many boards are asked for, one after another.
const READS: usize = 1_000;
/// How many entries a page of a history has …
const PAGE: usize = 20;
/// … and how many pages the history has.
const PAGES: usize = 10_000;

/// Waits until boards know what is committed now; gives how long that took.
pub(crate) async fn complete(client: &Client) -> Duration {
    let started = Instant::now();
    let now: time::OffsetDateTime = client.query_one("SELECT now()", &[]).await.unwrap().get(0);
    let complete = "SELECT COALESCE(complete_until >= $1, false) FROM leaderboard_progress";
    while !client.query_one(complete, &[&now]).await.unwrap().get::<_, bool>(0) {
        assert!(started.elapsed() < Duration::from_secs(1_800), "boards never follow");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    started.elapsed()
}

/// Watches how long boards are behind what is committed, and keeps the longest time, in milliseconds.
pub(crate) async fn watch_lag(client: Client, longest: Arc<AtomicU64>) {
    // One after the other: in a distributed database, nothing joins the one table with the other.
    let progress = "SELECT xid, (EXTRACT(EPOCH FROM clock_timestamp() - complete_until) * 1000)::bigint FROM leaderboard_progress";
    let has_more = "SELECT EXISTS (SELECT 1 FROM point_transactions WHERE xid >= $1 LIMIT 1)";
    loop {
        let row = client.query_one(progress, &[]).await.unwrap();
        let (xid, behind): (Option<i64>, Option<i64>) = (row.get(0), row.get(1));
        if client.query_one(has_more, &[&xid]).await.unwrap().get(0) {
            let milliseconds = behind.and_then(|behind| u64::try_from(behind).ok()).unwrap_or_default();
            longest.fetch_max(milliseconds, Ordering::Relaxed);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Gives everybody an entry of the last sixty days, and waits for boards to follow.
pub(crate) async fn earn(client: &Client, (community, _): Community, name: &str) {
    complete(client).await;
    let earn = format!(
        "INSERT INTO point_transactions
             (community_id, id, member_points_id, points, source, source_id, actor_id, event_id, occurred_at, created_at)
         SELECT community_id, gen_random_uuid(), id, 1 + floor(random() * 300)::int, 'post_created', gen_random_uuid(),
                user_id, 'e', now() - random() * interval '60 days', now()
         FROM member_points WHERE community_id = '{community}'"
    );
    let entries = client.execute(&earn, &[]).await.unwrap();
    let took = complete(client).await;
    let entries = usize::try_from(entries).unwrap();
    alone(
        &format!("S12 boards follow an entry of each of {name} members"),
        &format!("{:.0}/s", rate(entries, took)),
    );
}

/// S12: boards with one's own rank, of any members of a large community beside those of a small one.
pub(crate) async fn boards(server: &TestServer, database: &TestDatabase, small: Community, large: Community) {
    for (what, path) in [
        ("GET leaderboards, one's own rank with them", "leaderboards"),
        ("GET the widget", "leaderboards/widget"),
        ("GET a board around a member", "leaderboards/thirty_day?radius=25&around="),
    ] {
        let of_thousand = of_members(server, database, small, path).await;
        let of_million = of_members(server, database, large, path).await;
        for percent in [50, 95, 99] {
            let work = format!("S12 {what}, 1 million members (beside: 1 thousand), p{percent}");
            times(&work, percentile(&of_million, percent), percentile(&of_thousand, percent));
        }
    }
}

async fn of_members(
    server: &TestServer,
    database: &TestDatabase,
    (community, _): Community,
    path: &str,
) -> Vec<Duration> {
    let users = "SELECT user_id FROM community_members WHERE community_id = $1 AND display_name IS NOT NULL
                 ORDER BY md5(user_id::text) LIMIT 500";
    let rows = database.client().await.query(users, &[&community]).await.unwrap();
    let users: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    let requests: Vec<load::Request> = (0..READS)
        .map(|number| {
            let user = users[number % users.len()];
            let around = if path.ends_with('=') { user.to_string() } else { String::new() };
            load::get(&format!("/api/communities/{community}/{path}{around}"), &user_token(user))
        })
        .collect();
    // The first of them make plans.
    load::send_alone(server, &requests[..100]).await;
    load::send_alone(server, &requests).await
}

/// S13: the first pages of a long history, and the last.
pub(crate) async fn history(server: &TestServer, client: &Client, (community, admin): Community) {
    let entries = PAGE * PAGES;
    let fill = format!(
        "INSERT INTO point_transactions
             (community_id, id, member_points_id, points, source, source_id, actor_id, event_id, occurred_at, created_at)
         SELECT community_id, gen_random_uuid(), id, 1, 'post_liked', gen_random_uuid(), user_id, 'e', now(), now()
         FROM member_points CROSS JOIN generate_series(1, {entries})
         WHERE community_id = '{community}' AND user_id = '{admin}';
         UPDATE member_points SET total_points = total_points + {entries}
         WHERE community_id = '{community}' AND user_id = '{admin}'"
    );
    client.batch_execute(&fill).await.unwrap();
    let path = format!("/api/communities/{community}/members/{admin}/points?limit={PAGE}");
    let token = user_token(admin);
    let mut took = Vec::with_capacity(PAGES);
    let mut cursor = String::new();
    for _ in 0..PAGES {
        let started = Instant::now();
        let page = server.get(&format!("{path}{cursor}"), Some(&token)).body;
        took.push(started.elapsed());
        assert_eq!(page["entries"].as_array().map(Vec::len), Some(PAGE), "{page}");
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            end => assert!(end.is_null(), "{page}"),
        }
    }
    let (first, last) = (percentile(&took[..200], 50), percentile(&took[PAGES - 200..], 50));
    times("S13 GET history, page 10,000 (beside: page 1), the medians of 200 around", last, first);
    alone("   … the slowest page of all", &text(percentile(&took, 99)));
}
