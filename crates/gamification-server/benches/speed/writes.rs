//! S1 to S3 and S14 to S16: events in, beside SQL that writes the same rows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gamification_tests::{TestDatabase, TestServer, event::id, event::post_created};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::{
    Community, boards, broker, load,
    table::{Run, alone, latencies, rate, rates, text},
};

const BATCH: usize = 500;
const BATCHES: usize = 120;
const SINGLES: usize = 12_000;
const ALONE: usize = 1_500;
const CONNECTIONS: usize = 64;

/// Whom events are about, in a community that is served.
pub(crate) struct Writes<'a> {
    server: &'a TestServer,
    database: &'a TestDatabase,
    community: Uuid,
    members: Vec<(Uuid, Uuid)>,
}

impl<'a> Writes<'a> {
    pub(crate) async fn new(
        server: &'a TestServer,
        database: &'a TestDatabase,
        (community, _): Community,
    ) -> Self {
        let client = database.client().await;
        let writes = Self { server, database, community, members: members(&client, community).await };
        // Tables begin empty, and what PostgreSQL plans for such does not fit them for long; a minute later it would
        // know by itself.
        let warm_up = load::post_batch(&(0..BATCH).map(|number| writes.event(number)).collect::<Vec<_>>());
        load::send_alone(server, &[warm_up]).await;
        client.batch_execute("ANALYZE").await.unwrap();
        writes
    }

    fn event(&self, number: usize) -> Value {
        post_by_one_of(self.community, &self.members, number)
    }

    /// S1, and what an award takes on the disk.
    pub(crate) async fn batches(&self) {
        let client = self.database.client().await;
        let before = table_sizes(&client).await;
        let longest = Arc::new(AtomicU64::new(0));
        let watch = tokio::spawn(boards::watch_lag(self.database.client().await, Arc::clone(&longest)));
        let service = batches(self.server, &|number| self.event(number)).await;
        let after = table_sizes(&client).await;
        let caught_up_in = boards::complete(&client).await;
        watch.abort();
        let behind = Duration::from_millis(longest.load(Ordering::Relaxed));
        let raw = raw_batches_rate(self.database, self.community, &self.members).await;
        rates("S1 events in, batches of 500 (beside: set-based SQL)", &service, raw);
        alone("   … leaderboards were behind meanwhile, at most", &text(behind));
        alone("   … and complete after the last event in", &text(caught_up_in));
        for ((table, before), (_, after)) in before.iter().zip(&after) {
            let bytes = (after - before) / i64::try_from(BATCH * BATCHES).unwrap();
            alone(&format!("   … disk an award takes in {table} and its indexes"), &format!("{bytes} bytes"));
        }
    }

    /// S14
    pub(crate) async fn through_nats(&self) {
        let raw = raw_batches_rate(self.database, self.community, &self.members).await;
        broker::through_nats(self.database, raw, |number| self.event(number)).await;
    }

    /// S2
    pub(crate) async fn singles(&self) {
        let service = self.send_singles().await;
        let mut raw = 0.0_f64;
        for connections in [1, 4, 16] {
            let took =
                raw_singles(self.database, self.community, &self.members, connections, SINGLES / 4).await;
            raw = raw.max(rate(SINGLES / 4, took));
        }
        rates("S2 events in, one a request, 64 connections (beside: SQL)", &service, raw);
    }

    async fn send_singles(&self) -> Run {
        let singles: Vec<load::Request> =
            (0..SINGLES).map(|number| load::post_event(&self.event(number))).collect();
        let parts = singles.chunks(SINGLES.div_ceil(CONNECTIONS)).map(<[_]>::to_vec).collect();
        load::send_all(self.server, SINGLES, parts).await
    }

    /// S15: the same as S1 and S2, once without caps and once with a cap on every source, which nobody meets.
    pub(crate) async fn capped(&self, admin: Uuid) {
        let event = |number| self.event(number);
        let (batched, single) = (batches(self.server, &event).await, self.send_singles().await);
        let rule = |(source, points)| json!({"source": source, "points": points, "daily_cap": 1_000_000});
        let rules: Vec<Value> = [
            ("post_created", 2),
            ("comment_created", 1),
            ("post_liked", 1),
            ("comment_liked", 1),
            ("lesson_completed", 5),
        ]
        .map(rule)
        .to_vec();
        let path = format!("/api/communities/{}/rules", self.community);
        let answer = self.server.put(&path, admin, &[], &json!({"rules": rules}));
        assert_eq!(answer.status, 200, "{answer:?}");
        // As on any day but the one on which the cap came, when the ledger is asked what was earned before.
        let earlier =
            r#"UPDATE level_configurations SET rules = replace(rules::text, '"at": "2', '"at": "1')::jsonb"#;
        self.database.client().await.batch_execute(earlier).await.unwrap();
        let capped = batches(self.server, &event).await;
        let without = rate(BATCH * BATCHES / 3, batched.elapsed);
        rates("S15 as S1, a cap on every source (beside: without caps)", &capped, without);
        let capped = self.send_singles().await;
        rates(
            "S15 as S2, a cap on every source (beside: without caps)",
            &capped,
            rate(SINGLES, single.elapsed),
        );
    }

    /// S16: batches whose events are of so many communities, in turns.
    pub(crate) async fn scattered(&self, communities: &[Community]) {
        let client = self.database.client().await;
        let mut scattered = Vec::new();
        for (community, _) in communities {
            scattered.push((*community, members(&client, *community).await));
        }
        let event = |number: usize| {
            let (community, members) = &scattered[number % scattered.len()];
            post_by_one_of(*community, members, number)
        };
        let one = batches(self.server, &|number| self.event(number)).await;
        let service = batches(self.server, &event).await;
        let work = format!("S16 as S1, of {} communities a batch (beside: of one)", scattered.len());
        rates(&work, &service, one.rate());
    }

    /// S3, with nothing else running: whatever was measured before, boards have caught up with it, and the members are past
    /// the level that their next post would reach.
    pub(crate) async fn alone(&self) {
        let posts: Vec<Value> = (0..ALONE).map(|number| self.event(number)).collect();
        let posts: Vec<load::Request> = posts.chunks(BATCH).map(load::post_batch).collect();
        load::send_alone(self.server, &posts).await;
        boards::complete(&self.database.client().await).await;
        let alone: Vec<load::Request> =
            (0..ALONE).map(|number| load::post_event(&self.event(number))).collect();
        let service = load::send_alone(self.server, &alone).await;
        let raw = raw_alone(self.database, self.community, &self.members).await;
        latencies("S3 one event alone (beside: one SQL transaction), the medians", &service, &raw);
    }
}

/// A post, each of another member than the one before.
fn post_by_one_of(community: Uuid, members: &[(Uuid, Uuid)], number: usize) -> Value {
    post_created(community, id(), members[number * 7_919 % members.len()].1)
}

/// The best of three parts.
async fn batches(server: &TestServer, event: &impl Fn(usize) -> Value) -> Run {
    let mut best: Option<Run> = None;
    for part in 0..3 {
        let batch = |number: usize| {
            let events: Vec<Value> =
                (0..BATCH).map(|place| event((part * BATCHES / 3 + number) * BATCH + place)).collect();
            load::post_batch(&events)
        };
        let requests: Vec<load::Request> = (0..BATCHES / 3).map(batch).collect();
        let parts = requests.chunks(requests.len().div_ceil(4)).map(<[_]>::to_vec).collect();
        let run = load::send_all(server, BATCH * BATCHES / 3, parts).await;
        best = best.filter(|best| best.elapsed <= run.elapsed).or(Some(run));
    }
    best.expect("three parts")
}

pub(crate) async fn raw_batches_rate(
    database: &TestDatabase,
    community: Uuid,
    members: &[(Uuid, Uuid)],
) -> f64 {
    let mut best = 0.0_f64;
    for connections in [1, 2, 4] {
        let took = raw_batches(database, community, members, connections).await;
        best = best.max(rate(BATCH * BATCHES / 3, took));
    }
    best
}

/// What the tables that an award appends to take on the disk, in bytes, with their indexes. (Of a distributed database that
/// is what one machine has of them: nothing.)
async fn table_sizes(client: &Client) -> Vec<(&'static str, i64)> {
    let mut sizes = Vec::new();
    for table in ["point_transactions", "outbox"] {
        let size = client.query_one(&format!("SELECT pg_total_relation_size('{table}')"), &[]).await.unwrap();
        sizes.push((table, size.get(0)));
    }
    sizes
}

pub(crate) async fn members(client: &Client, community: Uuid) -> Vec<(Uuid, Uuid)> {
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
        let outbox = "INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
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
