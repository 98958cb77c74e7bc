//! The queue in which facts wait for one another: what they share, and what they must not.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use futures_util::{FutureExt, future::join_all};
use gamification_app::{
    EventBus, EventEnvelope, FactQueue, RecordError, System,
    jobs::relay_events,
    ports::{Store, StoreError},
};
use gamification_domain::{
    CommunityId, Content, EventId, EventMetadata, Fact, FactKind, FactRecord, MemberLeveledUp, PointsAwarded,
    PostId, UserId, Verdict,
};
use gamification_pg::{PgDeliveries, PgStore, PgTx};
use gamification_tests::{
    PATIENCE, TestDatabase, TestServer,
    event::{id, post_created},
    until,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

fn record(community: Uuid, author: Uuid) -> FactRecord {
    let now = OffsetDateTime::now_utc();
    FactRecord {
        fact: Fact::new(
            CommunityId::new(community),
            FactKind::ContentCreated {
                content: Content::Post(PostId::new(id())),
                author_id: UserId::new(author),
            },
        ),
        metadata: EventMetadata {
            event_id: EventId::parse(&id().to_string()).unwrap(),
            sequence: None,
            time: Some(now),
            received_at: now,
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_that_wait_are_committed_together() {
    let database = TestDatabase::migrated().await;
    let (queue, _workers) = FactQueue::start(&database.store(4), &System);
    let community = id();
    let mut client = database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE member_points").await.unwrap();
    let mut recording = join_all((0..64).map(|_| queue.record(vec![record(community, id())])));
    // Asked for once, all of them are in the queue, behind those that the workers took first.
    assert!((&mut recording).now_or_never().is_none(), "they wait for the lock");
    blocker.rollback().await.unwrap();
    for recorded in recording.await {
        assert_eq!(recorded, [Ok(Verdict::Applied)]);
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM point_transactions").await, 64);
    let transactions = database.number("SELECT COUNT(DISTINCT xmin::text) FROM point_transactions").await;
    assert!(transactions < 16, "{transactions} transactions for 64 facts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_cannot_be_recorded_is_refused_alone() {
    let database = TestDatabase::migrated().await;
    let server = TestServer::on(&database);
    let (community, poison) = (id(), id());
    let trap = format!("ALTER TABLE point_transactions ADD CONSTRAINT trap CHECK (source_id <> '{poison}')");
    database.client().await.batch_execute(&trap).await.unwrap();
    let mut batch: Vec<Value> = (0..9).map(|_| post_created(community, id(), id())).collect();
    batch.insert(4, post_created(community, poison, id()));
    let answer = server.send_batch(&batch);
    assert_eq!(answer.status, 207);
    let statuses: Vec<&str> = answer.body["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect();
    let mut expected = ["applied"; 10];
    expected[4] = "rejected";
    assert_eq!(statuses, expected);
    assert_eq!(answer.body["results"][4]["detail"], "the fact can't be recorded");

    // Beside others in the queue, not in one request.
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| server.send(&post_created(community, id(), id())).status))
            .collect();
        server.send(&post_created(community, poison, id())).problem(500, "INTERNAL");
        for other in others {
            assert_eq!(other.join().unwrap(), 200);
        }
    });
    assert_eq!(database.number("SELECT COUNT(*) FROM point_transactions").await, 9 + 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whom_another_transaction_locks_does_not_hold_up_the_others_of_a_batch() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let (community, held, others) = (id(), id(), [id(), id(), id()]);
    let post = |author| post_created(community, id(), author);
    assert_eq!(server.send(&post(held)).status, 200);
    let mut client = database.client().await;
    let holder = client.transaction().await.unwrap();
    let lock = "SELECT FROM member_points WHERE community_id = $1 AND user_id = $2 FOR UPDATE";
    holder.execute(lock, &[&community, &held]).await.unwrap();
    let batch = [post(others[0]), post(held), post(others[1]), post(others[2])];
    server.send_batch(&batch).problem(503, "UNAVAILABLE");
    let total = "SELECT SUM(total_points)::bigint FROM member_points";
    until("the others' events count", async || database.number(total).await == 2 + 3 * 2).await;
    holder.rollback().await.unwrap();
    let answer = server.send_batch(&batch);
    assert_eq!((&answer.body["applied"], &answer.body["duplicate"]), (&json!(1), &json!(3)), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_full_says_so_at_once() {
    let database = TestDatabase::migrated().await;
    let (queue, mut workers) = FactQueue::start(&database.store(4), &System);
    let mut client = database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE member_points").await.unwrap();
    let community = id();
    let batch = |number: usize| (0..number).map(|_| record(community, id())).collect::<Vec<_>>();
    // What is polled once is in the queue, and none of it ends while the table is held.
    let mut waiting: Vec<_> = (0..16).map(|_| Box::pin(queue.record(batch(1_000)))).collect();
    for submitted in &mut waiting {
        assert!(submitted.as_mut().now_or_never().is_none());
    }
    assert_eq!(queue.record(batch(1_000)).await, vec![Err(RecordError::QueueFull); 1_000]);
    blocker.rollback().await.unwrap();
    join_all(waiting).await;
    assert_eq!(queue.record(batch(1)).await, [Ok(Verdict::Applied)], "there is room again");
    drop(queue);
    while let Some(worker) = workers.join_next().await {
        worker.expect("the workers end by themselves");
    }
}

/// Is away, and counts how often it was asked.
#[derive(Clone)]
struct Away(Arc<AtomicU64>);

impl Store for Away {
    type Tx = PgTx;

    async fn begin(&self) -> Result<PgTx, StoreError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(StoreError::Unavailable("on purpose".into()))
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_asked_once_for_all_facts_of_a_batch() {
    let asked = Arc::new(AtomicU64::new(0));
    let (queue, _workers) = FactQueue::start(&Away(Arc::clone(&asked)), &System);
    let (community, ada) = (id(), id());
    let recorded = queue.record((0..100).map(|_| record(community, ada)).collect()).await;
    assert_eq!(recorded, vec![Err(RecordError::Unavailable); 100]);
    assert_eq!(asked.load(Ordering::SeqCst), 1, "halves of the batch would have been refused as well");
}

/// Panics in the first transaction.
#[derive(Clone)]
struct Panicking {
    store: PgStore,
    has_panicked: Arc<AtomicBool>,
}

impl Store for Panicking {
    type Tx = PgTx;

    async fn begin(&self) -> Result<PgTx, StoreError> {
        assert!(self.has_panicked.swap(true, Ordering::SeqCst), "on purpose");
        self.store.begin().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_no_worker() {
    let database = TestDatabase::migrated().await;
    let store = Panicking { store: database.store(2), has_panicked: Arc::default() };
    let (queue, _workers) = FactQueue::start(&store, &System);
    let (community, ada) = (id(), id());
    assert_eq!(queue.record(vec![record(community, ada)]).await, [Err(RecordError::Internal)]);
    for _ in 0..4 {
        assert_eq!(queue.record(vec![record(community, ada)]).await, [Ok(Verdict::Applied)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_in_this_process_hear_of_what_was_recorded_and_again_of_what_they_failed_at() {
    let database = TestDatabase::migrated().await;
    let store = database.store(4);
    let (queue, _workers) = FactQueue::start(&store, &System);
    let mut bus = EventBus::default();
    let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let levels = sender.clone();
    let failed_before = AtomicBool::new(false);
    bus.subscribe("count points", move |told: Arc<EventEnvelope<PointsAwarded>>| {
        // It is told again what it failed at.
        let fails = told.event.new_total.get() == 4 && !failed_before.swap(true, Ordering::SeqCst);
        if !fails {
            sender.send((told.id, format!("{} points", told.event.new_total.get()))).unwrap();
        }
        async move { if fails { Err("out of paper".into()) } else { Ok(()) } }
    });
    bus.subscribe("congratulate", move |told: Arc<EventEnvelope<MemberLeveledUp>>| {
        levels.send((told.id, told.event.new_level_name.as_str().to_owned())).unwrap();
        async { Ok(()) }
    });
    let bus = Arc::new(bus);
    let (community, ada) = (id(), id());
    for _ in 0..5 {
        assert_eq!(queue.record(vec![record(community, ada)]).await, [Ok(Verdict::Applied)]);
    }
    assert_eq!(database.number("SELECT total_points::bigint FROM member_points").await, 10);

    let deliveries = PgDeliveries::new(store.clone(), database.connector());
    let (channel, stop) = ("bus".parse().unwrap(), CancellationToken::new());
    let relay = tokio::spawn({
        let (bus, stop) = (Arc::clone(&bus), stop.clone());
        async move { relay_events((&store, &deliveries), (&channel, &bus), &System, &stop).await }
    });
    let mut texts = Vec::new();
    for _ in 0..6 {
        texts.push(tokio::time::timeout(PATIENCE, heard.recv()).await.expect("it is told").unwrap().1);
    }
    assert_eq!(texts, ["2 points", "4 points", "6 points", "8 points", "10 points", "Practitioner"]);
    stop.cancel();
    relay.await.unwrap();
}
