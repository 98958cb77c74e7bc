//! S4 to S6: what frontends ask for, beside plain lookups.

use std::time::{Duration, Instant};

use gamification_tests::{TestDatabase, TestServer, user_token};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    Community, load,
    table::{percentile, rates, times},
};

const CONNECTIONS: usize = 32;
const LOOKUPS: usize = 48_000;
const BADGES: usize = 50;

/// S4 and S5.
pub(crate) async fn lookups(server: &TestServer, database: &TestDatabase, (community, admin): Community) {
    let rows = database
        .client()
        .await
        .query("SELECT user_id FROM member_points WHERE community_id = $1", &[&community])
        .await
        .unwrap();
    let users: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    let any = |number: usize| users[number * 7_919 % users.len()];
    let token = user_token(admin);

    let levels: Vec<load::Request> = (0..LOOKUPS)
        .map(|number| {
            load::get(&format!("/api/communities/{community}/members/{}/level", any(number)), &token)
        })
        .collect();
    let parts = levels.chunks(LOOKUPS / CONNECTIONS).map(<[_]>::to_vec).collect();
    let service = load::send_all(server, parts).await;
    let raw = raw_lookups(database, community, &users).await;
    rates("S4 GET member level, 32 connections (beside: prepared SELECT)", LOOKUPS, service, raw);

    let requests = LOOKUPS / BADGES * 4;
    let badges: Vec<load::Request> = (0..requests)
        .map(|number| {
            let ids: Vec<String> =
                (0..BADGES).map(|place| any(number * BADGES + place).to_string()).collect();
            load::get(
                &format!("/api/communities/{community}/members/levels?user_ids={}", ids.join(",")),
                &token,
            )
        })
        .collect();
    let parts = badges.chunks(requests / CONNECTIONS).map(<[_]>::to_vec).collect();
    let service = load::send_all(server, parts).await;
    rates("S5 GET badges, 50 a request (beside: fifty such SELECTs)", requests * BADGES, service, raw * 4);
}

async fn raw_lookups(database: &TestDatabase, community: Uuid, users: &[Uuid]) -> Duration {
    let query =
        "SELECT total_points, current_level FROM member_points WHERE community_id = $1 AND user_id = $2";
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = database.client().await;
        let statement = client.prepare(query).await.unwrap();
        clients.push((client, statement));
    }
    let started = Instant::now();
    let mut looking = JoinSet::new();
    for (connection, (client, statement)) in clients.into_iter().enumerate() {
        let users = users.to_vec();
        looking.spawn(async move {
            for number in (connection..LOOKUPS).step_by(CONNECTIONS) {
                let user = users[number * 7_919 % users.len()];
                client.query_one(&statement, &[&community, &user]).await.unwrap();
            }
        });
    }
    while let Some(looked) = looking.join_next().await {
        looked.expect("no connection panics");
    }
    started.elapsed()
}

/// S6: the level grid of a large community beside that of a small one.
pub(crate) async fn distribution(server: &TestServer, small: Community, large: Community) {
    let grid = async |(community, admin): Community| {
        let request = load::get(&format!("/api/communities/{community}/levels"), &user_token(admin));
        load::send_alone(server, &vec![request.clone(); 200]).await;
        percentile(&load::send_alone(server, &vec![request; 2_000]).await, 50)
    };
    let (of_thousand, of_million) = (grid(small).await, grid(large).await);
    times("S6 GET levels, 1 million members (beside: 1 thousand), median", of_million, of_thousand);
}
