//! What breaks on the way from a broker and to it, again and again.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use async_nats::jetstream::Context;
use gamification_tests::{
    Campaign, Launch, LevelWatch, assert_verify_finds_nothing,
    broker::{Broker, DEAD_LETTERS, OUTGOING, publish, read_all, stored, until_settled},
    event::{id, post_created},
    until,
};
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use super::{NEVER, Scene, settled};
use crate::campaigns::fragile_database::Database;

/// How soon a message comes again that nobody says anything about.
const SOON: Duration = Duration::from_secs(1);

/// What went out, by member and in order; each event once, however often it was published.
async fn told(jetstream: &Context) -> HashMap<(String, String), Vec<Uuid>> {
    let mut told: HashMap<(String, String), Vec<Uuid>> = HashMap::new();
    for message in read_all(jetstream, OUTGOING).await {
        let body: Value = serde_json::from_slice(&message.payload).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let member = (text(&body["data"]["community_id"]), text(&body["data"]["member_id"]));
        let (events, event) =
            (told.entry(member).or_default(), body["id"].as_str().unwrap().parse().unwrap());
        if !events.contains(&event) {
            events.push(event);
        }
    }
    told
}

/// Everything in the outbox went out, each member's in order.
async fn assert_everything_went_out(scene: &Scene) {
    assert_all_went_out(&scene.jetstream, &scene.database.client().await).await;
}

async fn assert_all_went_out(jetstream: &Context, client: &Client) {
    let pending = async || number(client, "SELECT COUNT(*) FROM deliveries").await;
    let mut left = pending().await;
    // However many there are, they become fewer.
    while left > 0 {
        let before = left;
        until("more went out", async || {
            left = pending().await;
            left < before
        })
        .await;
    }
    let query = "SELECT community_id::text, member_id::text, event_id FROM outbox ORDER BY sequence";
    let mut written: HashMap<(String, String), Vec<Uuid>> = HashMap::new();
    for row in client.query(query, &[]).await.unwrap() {
        written.entry((row.get(0), row.get(1))).or_default().push(row.get(2));
    }
    assert_eq!(told(jetstream).await, written);
}

async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_between_commit_and_acknowledgement_loses_and_doubles_nothing() {
    let campaign = Campaign::new("NATS: killed before the acknowledgement", 4, 200);
    let Some(mut scene) = Scene::with(SOON).await else { return };
    let watch = LevelWatch::start(scene.database.url());
    let (mut awarded, mut redelivered) = (0, 0.0);
    for round in 0..campaign.rounds() {
        let server = scene.serve();
        let lock = scene.lock_ledger().await;
        let posts = scene.posts(1 + campaign.random(round.into()).below(400));
        publish(&scene.jetstream, &posts).await;
        scene.until_in_hand(posts.len()).await;
        scene.until_something_waits_for_the_ledger().await;
        // From here on no acknowledgement gets through.
        scene.broker.kill();
        drop(lock);
        until("something is committed", async || scene.awards().await > awarded).await;
        server.kill();
        scene.broker.restart();
        let other = scene.serve();
        until_settled(&scene.jetstream).await;
        awarded += posts.len();
        assert_eq!(scene.awards().await, awarded, "round {round}");
        redelivered += other.scrape().value("gamification_source_redelivered_total", &[("source", "nats")]);
        let duplicates = other.scrape().counted("gamification_events_processed_total");
        assert!(duplicates.get("PostCreated,duplicate").is_some_and(|number| *number > 0.0), "round {round}");
        assert!(other.terminate().0.success());
    }
    println!("{awarded} posts, {redelivered} messages again");
    let _sending = scene.serve();
    assert_everything_went_out(&scene).await;
    watch.end();
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_under_load_loses_and_doubles_nothing() {
    let campaign = Campaign::new("NATS: the broker is killed", 2, 20);
    let Some(mut scene) = Scene::with(SOON).await else { return };
    let watch = LevelWatch::start(scene.database.url());
    let servers = [scene.serve(), scene.serve()];
    let mut awarded = 0;
    for round in 0..campaign.rounds() {
        let mut random = campaign.random(round.into());
        let posts = scene.posts(2_000);
        let moment = Duration::from_millis(random.number() % 300);
        let jetstream = scene.jetstream.clone();
        tokio::join!(publish(&jetstream, &posts), async {
            tokio::time::sleep(moment).await;
            scene.broker.kill();
            scene.broker.restart();
        });
        awarded += posts.len();
        // Not that the broker says so: one that was killed may wait forever for an acknowledgement that it has had.
        scene.until_awarded(awarded).await;
        // nats-server 2.9 that was killed just after its queue was emptied has been seen to hand out nothing any more.
        tokio::time::sleep(2 * SOON).await;
    }
    assert_everything_went_out(&scene).await;
    assert_eq!(scene.awards().await, awarded, "what came again did not count again");
    assert_eq!(stored(&scene.jetstream, DEAD_LETTERS).await, Some(0));
    watch.end();
    assert_verify_finds_nothing(scene.database.url());
    drop(servers);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_a_consumer_and_poison_among_many_is_in_its_place() {
    let campaign = Campaign::new("NATS: poison among many", 1, 20);
    let Some(scene) = Scene::with(Duration::from_secs(30)).await else { return };
    let watch = LevelWatch::start(scene.database.url());
    let servers = [scene.serve(), scene.serve()];
    let mut poison = Vec::new();
    for round in 0..campaign.rounds() {
        let mut feed = scene.posts(9_999);
        let place = campaign.random(round.into()).below(feed.len());
        poison.push(format!("poison {round}"));
        feed.insert(place, json!({"id": poison.last(), "specversion": "1.0"}));
        publish(&scene.jetstream, &feed).await;
    }
    until_settled(&scene.jetstream).await;
    let rounds = usize::try_from(campaign.rounds()).unwrap();
    assert_eq!(scene.awards().await, 9_999 * rounds);
    let dead = read_all(&scene.jetstream, DEAD_LETTERS).await;
    let dead = dead.iter().map(|letter| serde_json::from_slice::<Value>(&letter.payload).unwrap());
    let dead: Vec<String> = dead.map(|letter| letter["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(BTreeSet::from_iter(&dead), BTreeSet::from_iter(&poison));
    assert_eq!(dead.len(), rounds, "each of them once");
    let done = servers.each_ref().map(|server| settled(server, "done"));
    assert!(done.iter().all(|done| *done > 0.0), "both take some: {done:?}");
    assert!(done.iter().sum::<f64>() >= (9_999 * rounds) as f64, "{done:?}");
    assert_everything_went_out(&scene).await;
    watch.end();
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_stuck_the_broker_holds_everything() {
    let campaign = Campaign::new("NATS: seconds without a database", 3, 20);
    let Some(scene) = Scene::with(SOON).await else { return };
    let watch = LevelWatch::start(scene.database.url());
    let servers = [scene.serve(), scene.serve()];
    publish(&scene.jetstream, &scene.posts(500)).await;
    until_settled(&scene.jetstream).await;
    let lock = scene.lock_ledger().await;
    publish(&scene.jetstream, &scene.posts(5_000)).await;
    scene.until_something_waits_for_the_ledger().await;
    tokio::time::sleep(Duration::from_secs(campaign.rounds().into())).await;
    assert_eq!(stored(&scene.jetstream, super::FEED).await, Some(5_000));
    drop(lock);
    until_settled(&scene.jetstream).await;
    assert_eq!(scene.awards().await, 5_500);
    assert_everything_went_out(&scene).await;
    watch.end();
    assert_verify_finds_nothing(scene.database.url());
    drop(servers);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_the_broker_holds_everything() {
    let campaign = Campaign::new("NATS: seconds after a crash of the database", 3, 20);
    let Some(broker) = Broker::start() else { return };
    let jetstream = broker.set_up(SOON).await;
    let mut database = Database::start().await;
    let watch = LevelWatch::start(&database.url());
    let servers = [(); 2].map(|()| Launch::on(&database.url()).on_broker(&broker).serve());
    let (community, authors) = (id(), [(); 100].map(|()| id()));
    let posts = |number: usize| -> Vec<Value> {
        authors.iter().cycle().take(number).map(|author| post_created(community, id(), *author)).collect()
    };
    publish(&jetstream, &posts(500)).await;
    until_settled(&jetstream).await;
    // Some are in hand when it crashes, and the rest comes while nobody answers.
    publish(&jetstream, &posts(2_500)).await;
    database.crash().await;
    publish(&jetstream, &posts(2_500)).await;
    tokio::time::sleep(Duration::from_secs(campaign.rounds().into())).await;
    assert!(stored(&jetstream, super::FEED).await >= Some(2_500));
    database.go_on().await;
    until_settled(&jetstream).await;
    let client = database.client().await;
    assert_eq!(number(&client, "SELECT COUNT(*) FROM point_transactions").await, 5_500);
    assert_eq!(stored(&jetstream, DEAD_LETTERS).await, Some(0));
    assert_all_went_out(&jetstream, &client).await;
    watch.end();
    assert_verify_finds_nothing(&database.url());
    drop(servers);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_broker_that_was_away_goes_out_in_each_members_order() {
    let campaign = Campaign::new("NATS: thousands behind", 3, 1_000);
    let Some(mut scene) = Scene::with(NEVER).await else { return };
    let watch = LevelWatch::start(scene.database.url());
    let server = scene.serve();
    scene.broker.kill();
    for _ in 0..campaign.rounds() {
        assert_eq!(server.send_batch(&scene.posts(1_000)).body["applied"], 1_000);
    }
    let pending = "SELECT COUNT(*) FROM deliveries";
    assert!(scene.database.number(pending).await >= 1_000 * i64::from(campaign.rounds()));
    scene.broker.restart();
    assert_everything_went_out(&scene).await;
    watch.end();
    assert_verify_finds_nothing(scene.database.url());
}
