//! NATS JetStream: events come in and go out, and what goes wrong on the way loses and doubles nothing.
//!
//! Where no `nats-server` is installed these tests say so and are skipped; `.ci/run` installs it.

mod campaigns;

use std::time::Duration;

use async_nats::jetstream::{Context, Message, consumer::pull};
use gamification_tests::{
    Launch, TestDatabase, TestServer, block_until,
    broker::{Broker, CONSUMER, DEAD_LETTERS, FEED, OUTGOING, publish, read_all, stored, until_settled},
    event::{community_created, course_created, event, id, member_joined, post_created},
    until,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

/// Far longer than anything here takes: what is not given back does not come again.
const NEVER: Duration = Duration::from_secs(3_600);

/// A database, a broker with streams and a consumer, and a community.
struct Scene {
    database: TestDatabase,
    broker: Broker,
    jetstream: Context,
    community: Uuid,
    /// Who write posts: so few that their levels rise where there are many posts.
    members: Vec<Uuid>,
}

impl Scene {
    /// With a consumer that hands a message out again after so long; `None` where there is no broker.
    async fn with(ack_wait: Duration) -> Option<Self> {
        let broker = Broker::start()?;
        let jetstream = broker.set_up(ack_wait).await;
        let database = TestDatabase::migrated().await;
        let members = std::iter::repeat_with(id).take(100).collect();
        Some(Self { database, broker, jetstream, community: id(), members })
    }

    fn serve(&self) -> TestServer {
        Launch::on(self.database.url()).on_broker(&self.broker).serve()
    }

    fn posts(&self, number: usize) -> Vec<Value> {
        let authors = self.members.iter().cycle();
        authors.take(number).map(|author| post_created(self.community, id(), *author)).collect()
    }

    /// Entries of the ledger.
    async fn awards(&self) -> usize {
        let number = self.database.number("SELECT COUNT(*) FROM point_transactions").await;
        usize::try_from(number).unwrap()
    }

    async fn until_awarded(&self, number: usize) {
        until("everything is awarded", async || self.awards().await == number).await;
    }

    /// Keeps awards from being written until the client is dropped.
    async fn lock_ledger(&self) -> tokio_postgres::Client {
        let client = self.database.client().await;
        let lock = "BEGIN; LOCK TABLE point_transactions IN ACCESS EXCLUSIVE MODE";
        client.batch_execute(lock).await.unwrap();
        client
    }

    /// Until so many messages are handed out.
    async fn until_in_hand(&self, number: usize) {
        until("messages are handed out", async || {
            let consumer = self.jetstream.get_consumer_from_stream::<pull::Config, _, _>(CONSUMER, FEED);
            consumer.await.is_ok_and(|found| found.cached_info().num_ack_pending == number)
        })
        .await;
    }

    async fn until_something_waits_for_the_ledger(&self) {
        let waiting =
            "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'point_transactions'::regclass
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        until("something waits", async || self.database.number(waiting).await > 0).await;
    }
}

fn settled(server: &TestServer, outcome: &str) -> f64 {
    server.scrape().value("gamification_source_messages_total", &[("source", "nats"), ("outcome", outcome)])
}

fn header<'a>(message: &'a Message, name: &str) -> &'a str {
    message.headers.as_ref().and_then(|headers| headers.get(name)).map_or("", |value| value.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_comes_in_and_what_it_led_to_goes_out() {
    let Some(scene) = Scene::with(NEVER).await else { return };
    let (ada, server) = (id(), scene.serve());
    let post = post_created(scene.community, id(), ada);
    let feed = [community_created(scene.community), member_joined(scene.community, ada), post.clone(), post];
    publish(&scene.jetstream, &feed).await;
    until_settled(&scene.jetstream).await;
    let level = server.level(scene.community, ada, ada).body;
    assert_eq!(level["total_points"], 2, "{level}");
    until("the award went out", async || stored(&scene.jetstream, OUTGOING).await == Some(1)).await;
    let [award] = &read_all(&scene.jetstream, OUTGOING).await[..] else { panic!("one event") };
    assert_eq!(award.subject.as_str(), format!("gamification.{}.PointsAwarded", scene.community));
    assert_eq!(header(award, "content-type"), "application/cloudevents+json");
    let body: Value = serde_json::from_slice(&award.payload).unwrap();
    assert_eq!(header(award, "Nats-Msg-Id"), body["id"].as_str().unwrap());
    assert_eq!((&body["data"]["member_id"], &body["data"]["points"]), (&json!(ada), &json!(2)));
    let scrape = server.scrape();
    let processed = scrape.counted("gamification_events_processed_total");
    assert_eq!(processed["PostCreated,applied"], 1.0);
    assert_eq!(processed["PostCreated,duplicate"], 1.0);
    assert_eq!(settled(&server, "done"), 4.0);
    assert_eq!(scrape.value("gamification_source_redelivered_total", &[("source", "nats")]), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_recorded_is_set_aside_with_its_reason_and_holds_up_nobody() {
    let Some(scene) = Scene::with(NEVER).await else { return };
    let server = scene.serve();
    let posts = scene.posts(400);
    let mut invalid = post_created(scene.community, id(), id());
    invalid["data"]["author_id"] = json!("nobody");
    let subject = format!("feed.{}.PostCreated", scene.community);
    publish(&scene.jetstream, &posts[..200]).await;
    let payload = invalid.to_string().into();
    let sequence = scene.jetstream.publish(subject.clone(), payload).await.unwrap().await.unwrap().sequence;
    publish(&scene.jetstream, &posts[200..]).await;
    scene.jetstream.publish("feed.x.PostCreated", "not JSON".into()).await.unwrap().await.unwrap();
    until_settled(&scene.jetstream).await;
    assert_eq!(scene.awards().await, 400);
    let dead = read_all(&scene.jetstream, DEAD_LETTERS).await;
    let invalid_letter = dead.iter().find(|letter| letter.payload.starts_with(b"{")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&invalid_letter.payload).unwrap(), invalid);
    assert!(header(invalid_letter, "Gamification-Reason").starts_with("data.author_id "));
    assert_eq!(header(invalid_letter, "Gamification-Stream"), FEED);
    assert_eq!(header(invalid_letter, "Gamification-Sequence"), sequence.to_string());
    assert_eq!(header(invalid_letter, "Nats-Msg-Id"), format!("FEED-{sequence}"));
    assert_eq!(header(invalid_letter, "Gamification-Subject"), subject);
    let other = dead.iter().find(|letter| &letter.payload[..] == b"not JSON").unwrap();
    assert!(header(other, "Gamification-Reason").starts_with("the message is not JSON"));
    assert_eq!(dead.len(), 2);
    assert_eq!(settled(&server, "set_aside"), 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_given_up_while_nobody_takes_dead_letters() {
    let Some(scene) = Scene::with(Duration::from_secs(1)).await else { return };
    let taken = scene.jetstream.get_stream(DEAD_LETTERS).await.unwrap().cached_info().config.clone();
    scene.jetstream.delete_stream(DEAD_LETTERS).await.unwrap();
    let server = scene.serve();
    publish(&scene.jetstream, &[json!({"id": "poison"})]).await;
    block_until("it comes again", || settled(&server, "again") >= 1.0);
    assert_eq!(stored(&scene.jetstream, FEED).await, Some(1), "it is still there");
    publish(&scene.jetstream, &scene.posts(10)).await;
    scene.until_awarded(10).await;
    scene.jetstream.create_stream(taken).await.unwrap();
    until_settled(&scene.jetstream).await;
    assert_eq!(read_all(&scene.jetstream, DEAD_LETTERS).await.len(), 1);
    assert_eq!(settled(&server, "set_aside"), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_waits_for_its_course_and_then_counts() {
    let Some(scene) = Scene::with(NEVER).await else { return };
    let server = scene.serve();
    let course = id();
    let lesson =
        event("LessonCompleted", 5, &json!({"lesson_id": id(), "course_id": course, "user_id": id()}));
    publish(&scene.jetstream, &[lesson]).await;
    block_until("it comes again later", || settled(&server, "again") >= 1.0);
    publish(&scene.jetstream, &[course_created(scene.community, course)]).await;
    until_settled(&scene.jetstream).await;
    assert_eq!(scene.awards().await, 1);
    assert_eq!(stored(&scene.jetstream, DEAD_LETTERS).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_stays_in_hand_for_as_long_as_it_takes_to_record_it() {
    let Some(scene) = Scene::with(Duration::from_secs(1)).await else { return };
    let lock = scene.lock_ledger().await;
    let server = scene.serve();
    publish(&scene.jetstream, &scene.posts(10)).await;
    scene.until_in_hand(10).await;
    scene.until_something_waits_for_the_ledger().await;
    // Several times as long as a message stays in hand by itself.
    tokio::time::sleep(Duration::from_secs(4)).await;
    drop(lock);
    until_settled(&scene.jetstream).await;
    assert_eq!(scene.awards().await, 10);
    let redelivered = server.scrape().value("gamification_source_redelivered_total", &[("source", "nats")]);
    assert_eq!(redelivered, 0.0, "nobody else had to be asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_gives_back_what_it_has_in_hand() {
    let Some(scene) = Scene::with(NEVER).await else { return };
    let lock = scene.lock_ledger().await;
    let server = scene.serve();
    publish(&scene.jetstream, &scene.posts(1_200)).await;
    // As many as are asked for at once, some of them fetched.
    scene.until_in_hand(500).await;
    scene.until_something_waits_for_the_ledger().await;
    assert!(server.terminate().0.success());
    drop(lock);
    let other = scene.serve();
    until_settled(&scene.jetstream).await;
    assert_eq!(scene.awards().await, 1_200);
    assert!(settled(&other, "done") > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_without_a_broker_and_consumes_once_there_is_one() {
    let Some(mut scene) = Scene::with(NEVER).await else { return };
    publish(&scene.jetstream, &scene.posts(10)).await;
    scene.broker.kill();
    let server = scene.serve();
    assert_eq!(server.get("/readyz", None).status, 200, "it takes events over HTTP");
    assert_eq!(server.send(&post_created(scene.community, id(), id())).status, 200);
    scene.broker.restart();
    scene.until_awarded(11).await;
    until("what was earned meanwhile goes out", async || {
        stored(&scene.jetstream, OUTGOING).await == Some(11)
    })
    .await;
}

/// A key pair of the documentation of NATS.
const NKEY: (&str, &str) = (
    "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
    "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4",
);

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_an_nkey_show_each_side_who_the_other_is() {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let (authority_key, server_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let trusted = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let certified = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certified = certified.signed_by(&server_key, &issuer).unwrap().pem();
    let broker = Broker::start_with(|folder| {
        let file = |name: &str, text: String| {
            std::fs::write(folder.join(name), text).unwrap();
            folder.join(name).display().to_string()
        };
        let (certificate, key) =
            (file("cert.pem", certified.clone()), file("key.pem", server_key.serialize_pem()));
        format!(
            "tls {{ cert_file: '{certificate}', key_file: '{key}' }}\nauthorization {{ users: [ {{ nkey: {} }} ] }}\n",
            NKEY.1
        )
    });
    let Some(broker) = broker else { return };
    let folder = tempfile::tempdir().unwrap();
    let (ca, seed) = (folder.path().join("ca.pem"), folder.path().join("seed.nk"));
    std::fs::write(&ca, trusted).unwrap();
    std::fs::write(&seed, format!("{}\n", NKEY.0)).unwrap();
    let url = broker.url().replace("nats://127.0.0.1", "tls://localhost");
    let check = |trusts: bool, signs: bool| {
        let mut launch = Launch::bare()
            .env("GAMIFICATION_NATS_URL", &url)
            .env("GAMIFICATION_NATS_PUBLISH_PREFIX", "gamification")
            .arg("check-nats");
        if trusts {
            launch = launch.env("GAMIFICATION_NATS_CA_FILE", &ca);
        }
        if signs {
            launch = launch.env("GAMIFICATION_NATS_NKEY_FILE", &seed);
        }
        launch.run().1
    };
    // Nothing is set up there, which only somebody whom it lets in can see.
    assert!(check(true, true).starts_with("no stream takes gamification.*.*"), "{}", check(true, true));
    for (trusts, signs) in [(false, true), (true, false)] {
        assert_eq!(check(trusts, signs), "NATS can't be reached\n", "{trusts} {signs}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_with_streams_and_consumer_is_told_before_it_hurts() {
    let Some(scene) = Scene::with(Duration::from_secs(30)).await else { return };
    let check = || Launch::on(scene.database.url()).on_broker(&scene.broker).arg("check-nats").run();
    let (status, told, _) = check();
    assert!(status.success(), "{told}");
    assert_eq!(told, "nothing is off\n");
    for stream in [DEAD_LETTERS, OUTGOING] {
        scene.jetstream.delete_stream(stream).await.unwrap();
    }
    let stream = scene.jetstream.get_stream(FEED).await.unwrap();
    stream.delete_consumer("points").await.unwrap();
    let (status, told, why) = check();
    assert!(!status.success());
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(lines[0].starts_with("the stream FEED has no pull consumer points: "), "{told}");
    assert!(lines[1].starts_with("no stream takes feed-dead, where messages are set aside"), "{told}");
    assert!(lines[2].starts_with("no stream takes gamification.*.*, where events are published"), "{told}");
    assert!(why.contains("3 things are off"), "{why}");
    // A server says the same, and serves.
    let server = scene.serve();
    block_until("it is in the log", || {
        server.new_log().iter().any(|line| line.contains("no stream takes feed-dead"))
    });
}
