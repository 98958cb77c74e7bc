//! Events out: the relay, the webhook and its failures (campaign R15).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use gamification_app::{
    System,
    commands::register_channel,
    ports::{Deliveries, RelayLease},
};
use gamification_pg::PgDeliveries;
use gamification_tests::{
    Campaign, Delivery, Launch, LevelWatch, PATIENCE, Reaction, Receiver, TestDatabase, TestServer,
    WEBHOOK_SECRET, assert_everything_was_told, assert_verify_finds_nothing,
    event::{id, post_created},
    until,
};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use uuid::Uuid;

fn launch(database: &TestDatabase, url: &str) -> TestServer {
    Launch::on(database.url())
        .env("GAMIFICATION_WEBHOOK_URL", url)
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .serve()
}

/// One post for each of these members.
fn earn(server: &TestServer, community: Uuid, members: &[Uuid]) {
    let posts: Vec<Value> = members.iter().map(|member| post_created(community, id(), *member)).collect();
    let answer = server.send_batch(&posts);
    assert_eq!(answer.body["applied"], members.len(), "{answer:?}");
}

fn ids(number: usize) -> Vec<Uuid> {
    (0..number).map(|_| id()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_posted_as_a_signed_cloud_event() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = launch(&database, &receiver.url());
    let (community, ada) = (id(), id());
    for _ in 0..5 {
        earn(&server, community, &[ada]);
    }
    receiver.wait_for(6).await;
    let deliveries = receiver.deliveries();
    let data = |delivery: &Delivery| delivery.event["data"].clone();
    assert_eq!(
        data(&deliveries[0]),
        json!({"member_id": ada, "community_id": community, "points": 2, "new_total": 2, "source": "post_created"})
    );
    let last = deliveries.last().unwrap();
    assert_eq!(
        data(last),
        json!({"member_id": ada, "community_id": community, "old_level": 1, "new_level": 2, "new_level_name": "Practitioner"})
    );
    let verifier = Webhook::new(WEBHOOK_SECRET).unwrap();
    for delivery in &deliveries {
        assert_eq!(delivery.header("content-type"), "application/cloudevents+json");
        assert_eq!(delivery.header("webhook-id"), delivery.event["id"]);
        assert_eq!(
            (&delivery.event["specversion"], &delivery.event["source"]),
            (&json!("1.0"), &json!("/gamification"))
        );
        let mut headers = ureq::http::HeaderMap::new();
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            headers.insert(name, delivery.header(name).parse().unwrap());
        }
        verifier.verify(&delivery.body, &headers).expect("the signature is good");
        assert!(verifier.verify(b"{}", &headers).is_err(), "and only for this body");
    }
    let sequences: Vec<&str> =
        deliveries.iter().map(|delivery| delivery.event["sequence"].as_str().unwrap()).collect();
    assert!(sequences.is_sorted(), "{sequences:?}");
    assert_everything_was_told(&database, || receiver.deliveries()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_delays_everything_and_loses_nothing() {
    let database = TestDatabase::empty().await;
    let address = Receiver::free_address();
    let server = launch(&database, &format!("http://{address}/hooks"));
    let (community, members) = (id(), ids(20));
    for _ in 0..6 {
        earn(&server, community, &members);
    }
    until("an attempt is noted", async || {
        database.number("SELECT COUNT(*) FROM delivery_failures").await > 0
    })
    .await;
    assert_eq!(server.get("/readyz", None).status, 200, "that is the receiver's trouble");
    let receiver = Receiver::start_at(address, |_| Reaction::TAKEN);
    assert_everything_was_told(&database, || receiver.deliveries()).await;
    assert_eq!(receiver.deliveries().len(), 20 * 7, "six awards and a level each, none of them twice");
    assert_eq!(database.number("SELECT COUNT(*) FROM delivery_failures").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_whose_event_is_refused_waits_alone_and_in_order() {
    let database = TestDatabase::empty().await;
    let (community, unlucky, others) = (id(), id(), ids(3));
    let refusing = Arc::new(AtomicBool::new(true));
    let receiver = Receiver::start({
        let refusing = Arc::clone(&refusing);
        move |event| {
            let is_unlucky = event["data"]["member_id"] == json!(unlucky);
            if is_unlucky && refusing.load(Ordering::SeqCst) { Reaction::REFUSED } else { Reaction::TAKEN }
        }
    });
    let server = launch(&database, &receiver.url());
    for _ in 0..3 {
        earn(&server, community, &[unlucky, others[0], others[1], others[2]]);
    }
    receiver.wait_for(10).await;
    let taken = receiver.deliveries().iter().filter(|delivery| delivery.taken).count();
    assert_eq!(taken, 9, "the others' events went on");
    refusing.store(false, Ordering::SeqCst);
    assert_everything_was_told(&database, || receiver.deliveries()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_given_up_is_shown_and_released_by_the_operator() {
    let database = TestDatabase::empty().await;
    let (community, unlucky, other) = (id(), id(), id());
    let refusing = Arc::new(AtomicBool::new(true));
    let receiver = Receiver::start({
        let refusing = Arc::clone(&refusing);
        move |event| {
            let is_unlucky = event["data"]["member_id"] == json!(unlucky);
            if is_unlucky && refusing.load(Ordering::SeqCst) { Reaction::REFUSED } else { Reaction::TAKEN }
        }
    });
    let server = launch(&database, &receiver.url());
    earn(&server, community, &[unlucky]);
    let client = database.client().await;
    until("a failure is noted", async || {
        database.number("SELECT COUNT(*) FROM delivery_failures").await == 1
    })
    .await;
    // Hours later, and with the receiver taking other events all the while.
    earn(&server, community, &[other]);
    until("the other's event is taken", async || {
        database.number("SELECT COUNT(*) FROM deliveries").await == 1
    })
    .await;
    let later = "UPDATE delivery_failures SET failures = 23, retry_at = now(), attempted_at = now() - interval '1 hour'";
    client.execute(later, &[]).await.unwrap();
    until("it is parked", async || {
        database.number("SELECT COUNT(*) FROM delivery_failures WHERE parked_at IS NOT NULL").await == 1
    })
    .await;
    let attempts = receiver.deliveries().len();
    earn(&server, community, &[unlucky, other]);
    until("the other's events go on", async || database.number("SELECT COUNT(*) FROM deliveries").await == 2)
        .await;
    assert_eq!(receiver.deliveries().len(), attempts + 1, "and nobody asks for the parked one");

    let outbox = |release: bool| {
        let launch = Launch::on(database.url()).arg("outbox");
        let (status, said, error) = if release { launch.arg("--release").run() } else { launch.run() };
        assert!(status.success(), "{error}");
        said
    };
    let said = outbox(false);
    assert!(said.contains("webhook: 2 events pending, the oldest for"), "{said}");
    let parked: Uuid = client.query_one("SELECT event_id FROM delivery_failures", &[]).await.unwrap().get(0);
    let parked = format!(
        "webhook: parked: event {parked} of member {unlucky} in community {community}, after 24 failures: the receiver answered 500"
    );
    assert!(said.contains(&parked), "{said}");
    refusing.store(false, Ordering::SeqCst);
    assert!(outbox(true).contains("1 parked events released"));
    assert_everything_was_told(&database, || receiver.deliveries()).await;
    assert!(outbox(false).starts_with("webhook: 0 events pending\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_lost_is_delivered_again_under_the_same_ids() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = launch(&database, &receiver.url());
    let (community, members) = (id(), [id(), id(), id()]);
    earn(&server, community, &members);
    receiver.wait_for(3).await;
    // It happened before the hour that is asked for.
    let age = "UPDATE outbox SET created_at = now() - interval '2 hours' WHERE member_id = $1";
    database.client().await.execute(age, &[&members[0]]).await.unwrap();
    until("all are marked", async || database.number("SELECT COUNT(*) FROM deliveries").await == 0).await;
    let again = |channel: &str, period: &str| {
        let outbox = Launch::on(database.url()).arg("outbox");
        outbox.arg("--again-since").arg(period).arg("--channel").arg(channel).run()
    };
    let (status, said, error) = again("webhook", "1h");
    assert!(status.success(), "{error}");
    assert!(said.starts_with("webhook: 2 events are delivered again\n"), "{said}");
    receiver.wait_for(5).await;
    let deliveries = receiver.deliveries();
    let (first, later) = deliveries.split_at(3);
    for delivery in later {
        let known = first.iter().find(|known| known.id() == delivery.id()).expect("it came before");
        assert_eq!(known.body, delivery.body);
        assert_ne!(delivery.member().1, members[0]);
    }
    for (channel, period, sentence) in [
        ("web", "1h", "there is no channel \"web\""),
        ("webhook", "24h", "events can be delivered again for 23 hours after they happened"),
    ] {
        let (status, _, error) = again(channel, period);
        assert_eq!((status.code(), error), (Some(1), format!("gamification-server: {sentence}\n")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_commits_late_is_not_skipped() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction::TAKEN);
    let server = launch(&database, &receiver.url());
    let (community, slow, quick) = (id(), id(), id());
    earn(&server, community, &[slow, quick]);
    receiver.wait_for(2).await;
    // It has its place in the sequence before the others, and is committed after they are delivered.
    let mut client = database.client().await;
    let late = client.transaction().await.unwrap();
    let copy = "WITH copy AS (
                    INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
                    SELECT community_id, gen_random_uuid(), member_id, event_type, payload, now()
                    FROM outbox WHERE member_id = $1 RETURNING *)
                INSERT INTO deliveries
                SELECT community_id, event_id, channels.id, member_id, sequence FROM copy CROSS JOIN channels";
    late.execute(copy, &[&slow]).await.unwrap();
    earn(&server, community, &[quick]);
    receiver.wait_for(3).await;
    late.commit().await.unwrap();
    receiver.wait_for(4).await;
    assert_everything_was_told(&database, || receiver.deliveries()).await;
    // The copy is no award, which an audit would find.
    let duplicate = "DELETE FROM outbox WHERE sequence NOT IN
                     (SELECT MIN(sequence) FROM outbox GROUP BY member_id, payload ->> 'new_total')";
    client.execute(duplicate, &[]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_is_woken_by_a_commit_on_any_server() {
    let database = TestDatabase::migrated().await;
    let (here, there) = (database.store(2), TestServer::on(&database));
    let deliveries = PgDeliveries::new(here.clone(), database.connector());
    let bus = "bus".parse().unwrap();
    register_channel(&here, &System, &bus).await.unwrap();
    let mut lease = deliveries.acquire_lease(&bus).await.unwrap();
    let mut committed = std::pin::pin!(lease.committed());
    assert!(
        tokio::time::timeout(Duration::from_millis(300), &mut committed).await.is_err(),
        "nothing was committed yet"
    );
    earn(&there, id(), &[id()]);
    tokio::time::timeout(PATIENCE, committed).await.expect("it is told").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_relays_holds_the_lease_and_the_second_goes_on_when_the_first_is_killed() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction { status: 200, delay: Duration::from_millis(2) });
    let (one, two) = (launch(&database, &receiver.url()), launch(&database, &receiver.url()));
    let (community, members) = (id(), ids(10));
    for round in 0..10 {
        earn(if round % 2 == 0 { &one } else { &two }, community, &members);
    }
    assert_everything_was_told(&database, || receiver.deliveries()).await;
    let events = database.number("SELECT COUNT(*) FROM outbox").await;
    assert_eq!(receiver.deliveries().len(), usize::try_from(events).unwrap(), "none of them twice");
    // The first to start holds the lease.
    one.kill();
    earn(&two, community, &members);
    assert_everything_was_told(&database, || receiver.deliveries()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_killed_between_sending_and_marking_sends_again_under_the_same_id() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction { status: 200, delay: Duration::from_millis(500) });
    let server = launch(&database, &receiver.url());
    earn(&server, id(), &ids(3));
    receiver.wait_for(3).await;
    server.kill();
    assert_eq!(database.number("SELECT COUNT(*) FROM deliveries").await, 3);
    let _next = launch(&database, &receiver.url());
    assert_everything_was_told(&database, || receiver.deliveries()).await;
    assert_eq!(receiver.deliveries().len(), 6, "each of the three twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn relays_that_are_killed_and_receivers_that_fail_at_random_miss_nothing() {
    let campaign = Campaign::new("R15", 6, 200);
    let database = TestDatabase::empty().await;
    let watch = LevelWatch::start(database.url());
    let rolls = AtomicU64::new(campaign.seed());
    let receiver = Receiver::start(move |_| {
        // Any fixed mixture of good and bad answers does.
        let roll = rolls.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60;
        match roll {
            0 => Reaction::REFUSED,
            1 => Reaction { status: 429, delay: Duration::from_millis(5) },
            2 => Reaction { status: 200, delay: Duration::from_millis(50) },
            _ => Reaction { status: 200, delay: Duration::from_millis(1) },
        }
    });
    let (community, members) = (id(), ids(12));
    let steady = TestServer::on(&database);
    for _ in 0..campaign.rounds() {
        let (one, two) = (launch(&database, &receiver.url()), launch(&database, &receiver.url()));
        let before = receiver.deliveries().len();
        for _ in 0..3 {
            earn(&steady, community, &members);
        }
        receiver.wait_for(before + 10).await;
        one.kill();
        two.kill();
    }
    let _last = launch(&database, &receiver.url());
    assert_everything_was_told(&database, || receiver.deliveries()).await;
    watch.end();
    assert_verify_finds_nothing(database.url());
}
