//! Limits of time below those of requests, which no request shows: each is there for programs that use the crates without
//! HTTP, and in its place.
//!
//! Times are asserted generously, as in `limits`: what shall be found is a limit that is missing, or five times as large.

use std::time::{Duration, Instant};

use gamification_app::{
    FactQueue, Reader, RecordError, System,
    commands::{RulesUpdate, update_rules},
    ports::{MemberQueries, Store, StoreError, UnitOfWork},
};
use gamification_domain::{
    CommunityId, CommunityRules, EventId, EventMetadata, Fact, FactKind, FactRecord, Profile, Role,
    RulesDraft, UserId, Verdict,
};
use gamification_pg::{
    Gamification, PgStore,
    connection::{Connector, DatabaseUrl},
};
use gamification_tests::{StoppedSessions, TestDatabase, event::id, sessions};
use time::OffsetDateTime;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::timeout,
};

/// What has no limit ends here, after five times every limit.
const NEVER: Duration = Duration::from_secs(40);

/// Awaits something, and sees to it that it takes no longer than that.
async fn within<T>(limit: Duration, what: &str, awaited: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let outcome = timeout(NEVER, awaited).await;
    let took = begun.elapsed();
    assert!(took < limit, "{what} took {took:?}");
    outcome.expect("it took less")
}

fn joined(community_id: CommunityId, user_id: UserId) -> FactRecord {
    let profile = Profile { display_name: None, avatar_url: None, is_listed: true };
    let kind = FactKind::MemberJoined { user_id, role: Role::Admin, profile };
    let now = OffsetDateTime::now_utc();
    let event_id = EventId::parse(&id().to_string()).unwrap();
    let metadata = EventMetadata { event_id, sequence: None, time: Some(now), received_at: now };
    FactRecord { fact: Fact::new(community_id, kind), metadata }
}

/// A community with an admin, in a store with one session at most, whose queue has just used it.
struct Scene {
    database: TestDatabase,
    store: PgStore,
    queue: FactQueue,
    community: CommunityId,
    admin: UserId,
}

impl Scene {
    async fn new() -> Self {
        let database = TestDatabase::migrated().await;
        let store = database.store(1);
        let (queue, mut workers) = FactQueue::start(&store, &System);
        workers.detach_all();
        let (community, admin) = (CommunityId::new(id()), UserId::new(id()));
        let recorded = queue.record(vec![joined(community, admin)]).await;
        assert_eq!(recorded, [Ok(Verdict::Applied)]);
        Self { database, store, queue, community, admin }
    }

    /// Stops PostgreSQL's side of all sessions.
    async fn stop(&self) -> StoppedSessions {
        let sessions = sessions(&self.database.client().await).await;
        assert!(!sessions.is_empty());
        StoppedSessions::stop(sessions)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_given_up_when_the_database_stops_answering() {
    let scene = Scene::new().await;
    let stopped = scene.stop().await;
    let facts = vec![joined(scene.community, UserId::new(id()))];
    // 4 seconds.
    let recorded = within(Duration::from_secs(12), "recording", scene.queue.record(facts)).await;
    assert_eq!(recorded, [Err(RecordError::Unavailable)]);
    drop(stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admins_change_is_given_up_when_the_database_stops_answering() {
    let scene = Scene::new().await;
    let stopped = scene.stop().await;
    let draft = RulesDraft::from(&CommunityRules::default_for(scene.community));
    let update = RulesUpdate { draft, expected_versions: None };
    let changing = update_rules(&scene.store, &System, (scene.community, scene.admin), &update);
    // 5 seconds.
    let changed = within(Duration::from_secs(15), "changing rules", changing).await;
    assert!(changed.is_err(), "{changed:?}");
    drop(stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_is_given_up_when_the_database_stops_answering_and_the_next_has_another_session() {
    let scene = Scene::new().await;
    let users = [scene.admin];
    let look = || scene.store.member_standings(scene.community, Reader::Service, &users);
    assert!(look().await.unwrap().is_some());
    let stopped = scene.stop().await;
    // 4 seconds.
    let found = within(Duration::from_secs(12), "a lookup", look()).await;
    assert!(matches!(found, Err(StoreError::Unavailable(_))), "{found:?}");
    assert!(look().await.unwrap().is_some(), "the next one opens a session");
    drop(stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_stack_stops_although_its_queue_is_still_kept() {
    let database = TestDatabase::empty().await;
    let gamification = Gamification::builder().pool_size(2).connect(database.url()).await.unwrap();
    let kept = gamification.facts().clone();
    // 5 seconds.
    within(Duration::from_secs(15), "stopping", gamification.stop()).await;
    drop(kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_waits_for_a_free_session_for_a_moment_only() {
    let database = TestDatabase::migrated().await;
    let store = database.store(1);
    let held = store.begin().await.unwrap();
    // 2 seconds.
    let waited = within(Duration::from_secs(7), "waiting for a session", store.begin()).await;
    assert!(matches!(waited, Err(StoreError::Unavailable(_))), "there is one session only");
    held.rollback().await.unwrap();
    store.begin().await.unwrap().rollback().await.unwrap();
}

fn connector(listener: &TcpListener) -> Connector {
    let url = format!("postgres://postgres@{}/postgres?sslmode=disable", listener.local_addr().unwrap());
    Connector::new(DatabaseUrl::parse(&url).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_connections_and_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let store = PgStore::new(connector(&listener), 1).unwrap();
    // 4 seconds.
    let opened = within(Duration::from_secs(12), "opening a session", store.begin()).await;
    assert!(matches!(opened, Err(StoreError::Unavailable(_))), "nobody answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_answer_is_given_up() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    // Once so few connections wait to be taken, the system answers no others.
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(500), TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
        assert!(waiting.len() < 100, "this system takes any number of connections");
    }
    // 3 seconds.
    let opened = within(Duration::from_secs(10), "connecting", connector(&listener).connect()).await;
    assert!(opened.is_err());
    drop(waiting);
}
