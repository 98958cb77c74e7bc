//! S1 to S3: events in, beside SQL that writes the same rows.

use std::time::{Duration, Instant};

use gamification_tests::{TestDatabase, TestServer, event::id, event::post_created};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::{
    Community, load,
    table::{percentile, rates, times},
};

const BATCH: usize = 500;
const BATCHES: usize = 120;
const SINGLES: usize = 12_000;
const ALONE: usize = 1_500;
const CONNECTIONS: usize = 64;

/// Runs all three.
pub(crate) async fn events_in(server: &TestServer, database: &TestDatabase, (community, _): Community) {
    let members = members(&database.client().await, community).await;
    let any = |number: usize| members[number * 7_919 % members.len()];
    let event = |number: usize| post_created(community, id(), any(number).1);

    // Tables begin empty, and what PostgreSQL plans for such does not fit them for long; a minute later it would know by
    // itself.
    let warm_up = load::post_batch(&(0..BATCH).map(event).collect::<Vec<_>>());
    load::send_alone(server, &[warm_up]).await;
    database.client().await.batch_execute("ANALYZE").await.unwrap();

    let batches: Vec<load::Request> = (0..BATCHES)
        .map(|batch| {
            let events: Vec<Value> = (0..BATCH).map(|number| event(batch * BATCH + number)).collect();
            load::post_batch(&events)
        })
        .collect();
    let mut service = Duration::MAX;
    for part in batches.chunks(BATCHES / 3) {
        let parts = part.chunks(part.len().div_ceil(4)).map(<[_]>::to_vec).collect();
        service = service.min(load::send_all(server, parts).await);
    }
    let mut raw = Duration::MAX;
    for connections in [1, 2, 4] {
        raw = raw.min(raw_batches(database, community, &members, connections).await);
    }
    let events = BATCH * BATCHES / 3;
    rates("S1 events in, batches of 500 (beside: set-based SQL)", events, service, raw);

    let singles: Vec<load::Request> = (0..SINGLES).map(|number| load::post_event(&event(number))).collect();
    let parts = singles.chunks(SINGLES.div_ceil(CONNECTIONS)).map(<[_]>::to_vec).collect();
    let service = load::send_all(server, parts).await;
    let mut raw = Duration::MAX;
    for connections in [1, 4, 16] {
        raw = raw.min(raw_singles(database, community, &members, connections, SINGLES / 4).await * 4);
    }
    rates("S2 events in, one a request, 64 connections (beside: SQL)", SINGLES, service, raw);

    let alone: Vec<load::Request> = (0..ALONE).map(|number| load::post_event(&event(number))).collect();
    let service = load::send_alone(server, &alone).await;
    let raw = raw_alone(database, community, &members).await;
    times(
        "S3 one event alone, p99 (beside: one SQL transaction)",
        percentile(&service, 99),
        percentile(&raw, 99),
    );
    times("   … median", percentile(&service, 50), percentile(&raw, 50));
}

async fn members(client: &Client, community: Uuid) -> Vec<(Uuid, Uuid)> {
    let query = "SELECT id, user_id FROM member_points WHERE community_id = $1";
    let rows = client.query(query, &[&community]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The rows of events, as columns.
#[derive(Default)]
struct Rows {
    ids: Vec<Uuid>,
    member_ids: Vec<Uuid>,
    user_ids: Vec<Uuid>,
    posts: Vec<Uuid>,
    event_ids: Vec<String>,
    outbox_ids: Vec<Uuid>,
    payloads: Vec<Value>,
}

impl Rows {
    fn new(community: Uuid, members: impl Iterator<Item = (Uuid, Uuid)>) -> Self {
        let mut rows = Self::default();
        for (member_id, user_id) in members {
            rows.ids.push(id());
            rows.member_ids.push(member_id);
            rows.user_ids.push(user_id);
            rows.posts.push(id());
            rows.event_ids.push(id().to_string());
            rows.outbox_ids.push(id());
            rows.payloads.push(serde_json::json!({
                "member_id": user_id, "community_id": community, "points": 2, "new_total": 2, "source": "post_created"
            }));
        }
        rows
    }
}

/// By hand: totals, ledger and outbox, each in one statement.
struct ByHand {
    client: Client,
    totals: Statement,
    ledger: Statement,
    outbox: Statement,
}

impl ByHand {
    async fn new(database: &TestDatabase) -> Self {
        let client = database.client().await;
        let totals = "UPDATE member_points AS m SET total_points = total_points + d.points, updated_at = now()
                      FROM (SELECT id, 2 * COUNT(*)::int AS points FROM UNNEST($2::uuid[]) AS d (id) GROUP BY id ORDER BY id) d
                      WHERE m.community_id = $1 AND m.id = d.id";
        let ledger = "INSERT INTO point_transactions
                      SELECT $1, n.id, n.member_id, 2, 'post_created', n.post, n.user_id, n.event_id, $7, now()
                      FROM UNNEST($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[])
                          AS n (id, member_id, post, user_id, event_id)";
        let outbox = "INSERT INTO outbox (community_id, id, member_id, event_type, payload, created_at)
                      SELECT $1, n.id, n.user_id, 'PointsAwarded', n.payload, now()
                      FROM UNNEST($2::uuid[], $3::uuid[], $4::jsonb[]) AS n (id, user_id, payload)";
        Self {
            totals: client.prepare(totals).await.unwrap(),
            ledger: client.prepare(ledger).await.unwrap(),
            outbox: client.prepare(outbox).await.unwrap(),
            client,
        }
    }

    async fn write(&mut self, community: Uuid, rows: &Rows) {
        let Rows { ids, member_ids, user_ids, posts, event_ids, outbox_ids, payloads } = rows;
        let transaction = self.client.transaction().await.unwrap();
        transaction.execute(&self.totals, &[&community, member_ids]).await.unwrap();
        let now = OffsetDateTime::now_utc();
        transaction
            .execute(&self.ledger, &[&community, ids, member_ids, posts, user_ids, event_ids, &now])
            .await
            .unwrap();
        transaction.execute(&self.outbox, &[&community, outbox_ids, user_ids, payloads]).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

async fn raw_batches(
    database: &TestDatabase,
    community: Uuid,
    members: &[(Uuid, Uuid)],
    connections: usize,
) -> Duration {
    let batches = BATCHES / 3;
    let batch = |number: usize| {
        // Of one batch, members in order, so that two connections don't deadlock.
        let mut part: Vec<_> =
            (0..BATCH).map(|place| members[(number * BATCH + place) * 7_919 % members.len()]).collect();
        part.sort_unstable();
        Rows::new(community, part.into_iter())
    };
    let work = (0..connections)
        .map(|connection| (connection..batches).step_by(connections).map(batch).collect::<Vec<_>>())
        .collect();
    write_all(database, community, work).await
}

async fn raw_singles(
    database: &TestDatabase,
    community: Uuid,
    members: &[(Uuid, Uuid)],
    connections: usize,
    events: usize,
) -> Duration {
    let single =
        |number: usize| Rows::new(community, std::iter::once(members[number * 7_919 % members.len()]));
    let work = (0..connections)
        .map(|connection| (connection..events).step_by(connections).map(single).collect::<Vec<_>>())
        .collect();
    write_all(database, community, work).await
}

async fn write_all(database: &TestDatabase, community: Uuid, work: Vec<Vec<Rows>>) -> Duration {
    let mut hands = Vec::new();
    for _ in &work {
        hands.push(ByHand::new(database).await);
    }
    let started = Instant::now();
    let mut writing = JoinSet::new();
    for (mut by_hand, work) in hands.into_iter().zip(work) {
        writing.spawn(async move {
            for rows in &work {
                by_hand.write(community, rows).await;
            }
        });
    }
    while let Some(written) = writing.join_next().await {
        written.expect("no connection panics");
    }
    started.elapsed()
}

async fn raw_alone(database: &TestDatabase, community: Uuid, members: &[(Uuid, Uuid)]) -> Vec<Duration> {
    let mut by_hand = ByHand::new(database).await;
    let mut times = Vec::with_capacity(ALONE);
    for number in 0..ALONE {
        let rows = Rows::new(community, std::iter::once(members[number * 7_919 % members.len()]));
        let started = Instant::now();
        by_hand.write(community, &rows).await;
        times.push(started.elapsed());
    }
    times
}
