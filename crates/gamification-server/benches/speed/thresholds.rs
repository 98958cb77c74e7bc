//! S7 and S8: a change of thresholds in a community of a million, and events meanwhile.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use gamification_tests::{
    TestServer,
    event::{id, post_created},
    user_token,
};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::{
    Community, MILLION,
    table::{alone, meanwhile, text, times},
};

/// How long leveling up may take on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(600);

/// S7: leveling up every second of a million members beside the same rows written by hand; S8: events meanwhile.
pub(crate) async fn thresholds(
    server: &TestServer,
    client: &Client,
    large: Community,
    raw: Community,
    other: Community,
) {
    let by_hand = Instant::now();
    let community = raw.0;
    let level_up = format!(
        "BEGIN;
         INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
         SELECT community_id, gen_random_uuid(), user_id, 'MemberLeveledUp',
                jsonb_build_object('member_id', user_id, 'community_id', community_id, 'old_level', 1, 'new_level', 2,
                                   'new_level_name', 'Level 2'), now()
         FROM member_points WHERE community_id = '{community}' AND total_points >= 9;
         UPDATE member_points SET current_level = 2, updated_at = now()
         WHERE community_id = '{community}' AND total_points >= 9;
         COMMIT;"
    );
    client.batch_execute(&level_up).await.unwrap();
    let by_hand = by_hand.elapsed();

    alone("   … what such a change would do, previewed", &text(preview(server, large)));
    let LevelingUp { answered, over } = level_half_up(server, client, large, 2).await;
    times("S7 thresholds that level 500,000 up of 1 million (beside: raw)", over, by_hand);
    alone("   … until the change is answered", &text(answered));

    let done = AtomicBool::new(false);
    let (there, elsewhere) = std::thread::scope(|scope| {
        let there = scope.spawn(|| events_until(server, large, &done));
        let elsewhere = scope.spawn(|| events_until(server, other, &done));
        std::thread::sleep(Duration::from_millis(500));
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(level_half_up(server, client, large, 3));
        });
        done.store(true, Ordering::Relaxed);
        (there.join().unwrap(), elsewhere.join().unwrap())
    });
    for (name, took) in
        [("S8 one event during S7, same community", there), ("S8 … another community", elsewhere)]
    {
        meanwhile(name, &took);
    }
}

/// How long a change of thresholds took.
struct LevelingUp {
    /// Until its request was answered.
    answered: Duration,
    /// Until everybody was leveled up.
    over: Duration,
}

/// Levels of which those with 9 points have the one that is named, and those above begin right after it.
fn levels(nine_points: i64) -> Value {
    let level = |level: i64| {
        let threshold = if level == 1 { 0 } else { 9 + level - nine_points };
        json!({"level": level, "name": format!("Level {level}"), "threshold": threshold})
    };
    json!({"levels": (1..=9).map(level).collect::<Vec<Value>>()})
}

/// What a change would do: the median of five.
fn preview(server: &TestServer, (community, admin): Community) -> Duration {
    let path = format!("/api/communities/{community}/levels/preview");
    let (token, body) = (user_token(admin), Some(("application/json", levels(2))));
    let mut times: Vec<Duration> = (0..5)
        .map(|_| {
            timed(|| {
                let preview = server.call("POST", &path, Some(&token), &body);
                assert_eq!(preview.body["level_up_count"], MILLION / 2, "{preview:?}");
            })
        })
        .collect();
    times.sort_unstable();
    times[2]
}

/// A change of thresholds that brings everybody with 9 points to a level.
async fn level_half_up(
    server: &TestServer,
    client: &Client,
    (community, admin): Community,
    to: i64,
) -> LevelingUp {
    let path = format!("/api/communities/{community}/levels");
    let started = Instant::now();
    let status = server.put(&path, admin, &[], &levels(to)).status;
    assert!([200, 202].contains(&status), "{status}");
    let answered = started.elapsed();
    let left = format!("SELECT COUNT(*) FROM recalculations WHERE community_id = '{community}'");
    while client.query_one(&left, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        assert!(started.elapsed() < TIMEOUT, "half a million members take seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let over = started.elapsed();
    let there = format!(
        "SELECT COUNT(*) FROM member_points WHERE community_id = '{community}' AND current_level = {to}"
    );
    assert_eq!(client.query_one(&there, &[]).await.unwrap().get::<_, i64>(0), i64::from(MILLION / 2));
    LevelingUp { answered, over }
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
