//! Channels: each gets all events, and no event goes before every channel has it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration as StdDuration,
};

use gamification_app::{
    Clock, System,
    commands::{ForgetChannelError, forget_channel, register_channel},
    jobs::{DeliveryError, Destination, Job, Retention, relay_events},
    ports::{
        ChannelName, ChannelRepository, Deliveries, Outbox, OutboxEvent, PendingEvent,
        RecalculationRepository, Store, StoreError, UnitOfWork,
    },
};
use gamification_domain::{
    CommunityId, Content, DomainEvent, Fact, FactKind, PointSource, Points, PointsAwarded, PostId, UserId,
    Verdict,
};
use gamification_pg::{Gamification, PgDeliveries, PgStore};
use gamification_tests::{
    Launch, PATIENCE, Reaction, Receiver, TestDatabase, TestServer, WEBHOOK_SECRET,
    assert_everything_was_told,
    event::{id, post_created},
    until,
};
use time::{Duration, OffsetDateTime};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// For how long something must not happen before a test says that it waits.
const A_WHILE: StdDuration = StdDuration::from_millis(300);

/// A clock that is ahead.
#[derive(Clone, Copy)]
struct Later(Duration);

impl Clock for Later {
    fn now(&self) -> OffsetDateTime {
        System.now() + self.0
    }
}

fn channel(name: &str) -> ChannelName {
    name.parse().unwrap()
}

pub(crate) fn with_webhook(database: &TestDatabase, url: &str) -> TestServer {
    Launch::on(database.url())
        .env("GAMIFICATION_WEBHOOK_URL", url)
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .serve()
}

pub(crate) fn earn(server: &TestServer, community: Uuid, members: &[Uuid]) {
    let posts: Vec<_> = members.iter().map(|member| post_created(community, id(), *member)).collect();
    assert_eq!(server.send_batch(&posts).body["applied"], members.len());
}

/// The stack in this process, without subscriptions.
async fn embedded(database: &TestDatabase) -> Gamification {
    Gamification::builder().pool_size(4).connect(database.url()).await.unwrap()
}

/// A post for each of so many new members, in order.
pub(crate) async fn award(gamification: &Gamification, members: usize) {
    let community_id = CommunityId::new(id());
    for _ in 0..members {
        let content = Content::Post(PostId::new(id()));
        let created = FactKind::ContentCreated { content, author_id: UserId::new(id()) };
        let recorded = gamification.record(Fact::new(community_id, created)).await;
        assert!(matches!(recorded, Ok(Verdict::Applied)), "{recorded:?}");
    }
}

async fn deliveries_of(database: &TestDatabase, channel: &str) -> i64 {
    let query = format!(
        "SELECT COUNT(*) FROM deliveries JOIN channels ON channels.id = channel_id WHERE name = '{channel}'"
    );
    database.number(&query).await
}

async fn until_something_waits_for_channels(database: &TestDatabase) {
    let waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'channels'::regclass
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    until("something waits", async || database.number(waiting).await > 0).await;
}

async fn events(database: &TestDatabase) -> i64 {
    database.number("SELECT COUNT(*) FROM outbox").await
}

/// What the audit at the end of a test can't make sense of.
async fn empty_outbox(database: &TestDatabase) {
    let truncate =
        "TRUNCATE outbox, deliveries, delivery_failures, point_transactions, member_points, level_counts,
                  leaderboard_entries, leaderboard_sections";
    database.client().await.execute(truncate, &[]).await.unwrap();
}

fn awarded() -> OutboxEvent {
    let event = DomainEvent::PointsAwarded(PointsAwarded {
        member_id: UserId::new(id()),
        community_id: CommunityId::new(id()),
        points: Points::new(2).unwrap(),
        new_total: Points::new(2).unwrap(),
        source: PointSource::PostCreated,
    });
    OutboxEvent { id: id(), event }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_registered_while_an_award_is_open_gets_its_event() {
    let database = TestDatabase::migrated().await;
    let store = database.store(3);
    let mut open = store.begin().await.unwrap();
    open.append_events(&[awarded()], System.now()).await.unwrap();
    // A write leaves with the next read.
    open.is_recalculating(CommunityId::new(id())).await.unwrap();
    let bus = channel("bus");
    let registering = register_channel(&store, &System, &bus);
    tokio::pin!(registering);
    // Longer than a lock is waited for, so that it is also tried again.
    assert!(timeout(A_WHILE * 3, &mut registering).await.is_err(), "the event is not there yet");
    open.commit().await.unwrap();
    registering.await.unwrap();
    assert_eq!(deliveries_of(&database, "bus").await, 1);
    empty_outbox(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_waits_for_a_channel_that_is_being_registered_and_is_delivered_there() {
    let database = TestDatabase::empty().await;
    let gamification = embedded(&database).await;
    let mut open = gamification.store().begin().await.unwrap();
    open.lock_channels().await.unwrap();
    open.insert_channel(&channel("bus"), System.now()).await.unwrap();
    let register = async {
        until_something_waits_for_channels(&database).await;
        open.commit().await.unwrap();
    };
    tokio::join!(award(&gamification, 1), register);
    assert_eq!(deliveries_of(&database, "bus").await, 1);
    gamification.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_registered_once_and_begins_with_the_events_that_are_kept() {
    let database = TestDatabase::empty().await;
    let gamification = embedded(&database).await;
    award(&gamification, 3).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM channels").await, 0, "nobody subscribes");
    let (store, bus) = (gamification.store(), channel("bus"));
    let registered = tokio::join!(
        register_channel(store, &System, &bus),
        register_channel(store, &System, &bus),
        register_channel(store, &System, &bus),
    );
    assert!(matches!(registered, (Ok(()), Ok(()), Ok(()))), "{registered:?}");
    assert_eq!(deliveries_of(&database, "bus").await, 3);
    award(&gamification, 1).await;
    register_channel(store, &System, &bus).await.unwrap();
    assert_eq!(deliveries_of(&database, "bus").await, 4);
    gamification.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_deleted_a_day_after_they_happened_once_no_channel_has_to_deliver_them() {
    let database = TestDatabase::empty().await;
    let gamification = embedded(&database).await;
    let retention = async |hours: i64| {
        Retention::new(gamification.store().clone(), Later(Duration::hours(hours))).run_once().await.unwrap();
        events(&database).await
    };
    for name in ["bus", "webhook"] {
        register_channel(gamification.store(), &System, &channel(name)).await.unwrap();
    }
    award(&gamification, 4).await;
    // The bus has delivered all but the second, the webhook has delivered the first three.
    let client = database.client().await;
    let deliver = "DELETE FROM deliveries USING channels WHERE channels.id = channel_id
                   AND ((name = 'bus' AND sequence <> 2) OR (name = 'webhook' AND sequence <> 4))";
    assert_eq!(client.execute(deliver, &[]).await.unwrap(), 6);
    assert_eq!(retention(23).await, 4, "they are not old");
    assert_eq!(retention(25).await, 2, "each is kept that one of the channels has to deliver");
    assert_eq!(forget_channel(gamification.store(), &channel("webhook")).await.unwrap(), 1);
    assert_eq!(retention(25).await, 1, "and nothing is kept for a channel that was forgotten");
    client.execute("DELETE FROM deliveries", &[]).await.unwrap();
    assert_eq!(retention(25).await, 0);
    gamification.stop().await;
    empty_outbox(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_channel_events_are_kept_for_a_day() {
    let database = TestDatabase::empty().await;
    let (community, ada) = (id(), id());
    {
        let server = TestServer::on(&database);
        earn(&server, community, &[ada]);
        earn(&server, community, &[ada]);
        assert!(server.terminate().0.success());
    }
    let client = database.client().await;
    let age =
        "UPDATE outbox SET created_at = now() - interval '25 hours' WHERE payload ->> 'new_total' = '2'";
    client.execute(age, &[]).await.unwrap();
    // A receiver that comes in time gets both, however old.
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = with_webhook(&database, &receiver.url());
    assert_everything_was_told(&database, || receiver.deliveries()).await;
    assert!(server.terminate().0.success());
    let (status, said, error) = Launch::on(database.url()).arg("outbox").arg("--forget").arg("webhook").run();
    assert!(status.success(), "{error}");
    assert_eq!(
        said,
        "webhook: forgotten, with 0 events pending\nno channel is registered; events are kept for a day\n"
    );
    let _server = TestServer::on(&database);
    until("the old one is deleted", async || events(&database).await == 1).await;
    assert_eq!(database.number("SELECT (payload ->> 'new_total')::bigint FROM outbox").await, 4);
    // The audit wants all of them.
    empty_outbox(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_webhook_deletes_nothing_that_the_webhook_has_to_deliver() {
    let database = TestDatabase::empty().await;
    let address = Receiver::free_address();
    let (community, ada) = (id(), id());
    {
        let server = with_webhook(&database, &format!("http://{address}/hooks"));
        earn(&server, community, &[ada]);
        assert!(server.terminate().0.success());
    }
    {
        let server = TestServer::on(&database);
        earn(&server, community, &[ada]);
        assert!(server.terminate().0.success());
    }
    let client = database.client().await;
    client.execute("UPDATE outbox SET created_at = now() - interval '3 days'", &[]).await.unwrap();
    // An old event that nobody waits for shows when retention has run.
    client.batch_execute("INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
        SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'None', '{}', now() - interval '3 days'").await.unwrap();
    let server = TestServer::on(&database);
    until("old events are deleted", async || events(&database).await == 2).await;
    assert!(server.terminate().0.success());
    let receiver = Receiver::start_at(address, |_| Reaction::TAKEN);
    let _server = with_webhook(&database, &receiver.url());
    receiver.wait_for(2).await;
    assert_eq!(receiver.deliveries().len(), 2);
    until("both are delivered", async || deliveries_of(&database, "webhook").await == 0).await;
    empty_outbox(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_of_a_member_has_no_gap_and_what_a_channel_waits_for_holds_up_nothing_else() {
    let database = TestDatabase::migrated().await;
    let (store, client) = (database.store(2), database.client().await);
    register_channel(&store, &System, &channel("bus")).await.unwrap();
    // More than are looked at in one statement: 6,000 that wait, and as many behind them that don't; then one of today,
    // and one that a server wrote after it whose clock is a day behind.
    let fill = "INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
                SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'None', '{}',
                       now() - CASE n WHEN 12001 THEN interval '0' ELSE interval '25 hours' END
                FROM generate_series(1, 12002) AS n;
                INSERT INTO deliveries SELECT community_id, event_id, channels.id, member_id, sequence
                FROM outbox CROSS JOIN channels WHERE sequence <= 6000";
    client.batch_execute(fill).await.unwrap();
    let mut retention = Retention::new(store, System);
    retention.run_once().await.unwrap();
    assert_eq!(events(&database).await, 6_002);
    assert_eq!(database.number("SELECT COUNT(*) FROM outbox WHERE sequence > 12000").await, 2);
    client.execute("DELETE FROM deliveries", &[]).await.unwrap();
    retention.run_once().await.unwrap();
    assert_eq!(events(&database).await, 2, "each run begins at the oldest again");
    empty_outbox(&database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_while_a_channel_is_registered_that_has_to_deliver_it() {
    let database = TestDatabase::empty().await;
    let gamification = embedded(&database).await;
    award(&gamification, 1).await;
    let mut open = gamification.store().begin().await.unwrap();
    open.lock_channels().await.unwrap();
    open.insert_channel(&channel("bus"), System.now()).await.unwrap();
    let mut retention = Retention::new(gamification.store().clone(), Later(Duration::hours(25)));
    let register = async {
        until_something_waits_for_channels(&database).await;
        open.commit().await.unwrap();
    };
    // On a slow machine, it waits for less long than the channel takes.
    let (Ok(()) | Err(StoreError::Contention(_)), ()) = tokio::join!(retention.run_once(), register) else {
        panic!("retention failed");
    };
    assert_eq!((events(&database).await, deliveries_of(&database, "bus").await), (1, 1));
    gamification.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_a_process_delivers_to_is_not_forgotten() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = with_webhook(&database, &receiver.url());
    earn(&server, id(), &[id()]);
    receiver.wait_for(1).await;
    let forget = |name: &str| Launch::on(database.url()).arg("outbox").arg("--forget").arg(name).run();
    let (status, _, error) = forget("webhook");
    assert_eq!(status.code(), Some(1));
    assert_eq!(
        error,
        "gamification-server: a running process delivers to the channel \"webhook\": stop it, or start it without the \
         channel, first\n"
    );
    for (name, sentence) in [
        ("web", "there is no channel \"web\""),
        ("Web", "a channel's name is 1 to 30 of a to z, 0 to 9, - and _, not \"Web\""),
    ] {
        let (status, _, error) = forget(name);
        assert_eq!((status.code(), error), (Some(1), format!("gamification-server: {sentence}\n")));
    }
    assert!(server.terminate().0.success());
    assert!(forget("webhook").0.success());
    assert_eq!(database.number("SELECT COUNT(*) FROM channels").await, 0);
    // Configured again, it is registered anew, and gets what is kept.
    let _server = with_webhook(&database, &receiver.url());
    receiver.wait_for(2).await;
    let [first, again] = &receiver.deliveries()[..] else { panic!("{:?}", receiver.deliveries()) };
    assert_eq!(first.id(), again.id());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_of_one_channel_and_ends_with_its_holder() {
    let database = TestDatabase::migrated().await;
    let store = database.store(3);
    let deliveries = PgDeliveries::new(store.clone(), database.connector());
    let (bus, billing) = (channel("bus"), channel("billing"));
    let unknown = deliveries.acquire_lease(&bus).await.err();
    assert!(matches!(unknown, Some(StoreError::Conflict { .. })), "{unknown:?}");
    for channel in [&bus, &billing] {
        register_channel(&store, &System, channel).await.unwrap();
    }
    let lease = async |channel| timeout(PATIENCE, deliveries.acquire_lease(channel)).await;
    let held = lease(&bus).await.unwrap().unwrap();
    let _other = lease(&billing).await.expect("another channel has another lease").unwrap();
    let second = deliveries.acquire_lease(&bus);
    tokio::pin!(second);
    assert!(timeout(A_WHILE, &mut second).await.is_err(), "one relay a channel");
    let refused = forget_channel(&store, &bus).await;
    assert!(matches!(refused, Err(ForgetChannelError::InUse(_))), "{refused:?}");
    drop(held);
    let _second = timeout(PATIENCE, second).await.expect("it takes over").unwrap();
}

/// Takes events, or refuses every one, and notes how often.
#[derive(Clone, Default)]
struct Gate {
    is_open: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<Uuid>>>,
}

impl Destination for Gate {
    async fn deliver(&self, event: &PendingEvent) -> Result<(), DeliveryError> {
        if !self.is_open.load(Ordering::SeqCst) {
            return Err(DeliveryError("closed".to_owned()));
        }
        self.taken.lock().unwrap().push(event.id);
        Ok(())
    }
}

/// A relay to a gate, on the channel `bus`.
struct Relay {
    stop: CancellationToken,
    relay: tokio::task::JoinHandle<()>,
}

impl Relay {
    fn start(database: &TestDatabase, store: &PgStore, gate: &Gate) -> Self {
        let (stop, store, gate) = (CancellationToken::new(), store.clone(), gate.clone());
        let deliveries = PgDeliveries::new(store.clone(), database.connector());
        let stopped = stop.clone();
        let relay = tokio::spawn(async move {
            relay_events((&store, &deliveries), (&channel("bus"), &gate), &System, &stopped).await;
        });
        Self { stop, relay }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.relay.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_given_up_while_the_receiver_takes_no_other_either() {
    let database = TestDatabase::empty().await;
    let gamification = embedded(&database).await;
    award(&gamification, 1).await;
    let gate = Gate::default();
    let relay = Relay::start(&database, gamification.store(), &gate);
    let failures = "SELECT COALESCE(MAX(failures), 0)::bigint FROM delivery_failures";
    until("it fails", async || database.number(failures).await > 0).await;
    let hours_later = "UPDATE delivery_failures
                       SET failures = 23, retry_at = now(), attempted_at = now() - interval '1 hour'";
    database.client().await.execute(hours_later, &[]).await.unwrap();
    until("it fails once more", async || database.number(failures).await == 24).await;
    let parked = "SELECT COUNT(*) FROM delivery_failures WHERE parked_at IS NOT NULL";
    assert_eq!(database.number(parked).await, 0);
    relay.stop().await;
    gamification.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_tried_again_at_once_when_the_receiver_is_back() {
    let database = TestDatabase::empty().await;
    let gamification = embedded(&database).await;
    award(&gamification, 5).await;
    let gate = Gate::default();
    let relay = Relay::start(&database, gamification.store(), &gate);
    // Four that it refuses make a receiver count as down; the fifth is what is tried then.
    let failures = "SELECT COUNT(*) FROM delivery_failures";
    until("it is down", async || database.number(failures).await == 4).await;
    let much_later = "UPDATE delivery_failures SET retry_at = now() + interval '1 hour'";
    database.client().await.execute(much_later, &[]).await.unwrap();
    gate.is_open.store(true, Ordering::SeqCst);
    until("all are delivered", async || deliveries_of(&database, "bus").await == 0).await;
    assert_eq!(gate.taken.lock().unwrap().len(), 5);
    relay.stop().await;
    gamification.stop().await;
}
