//! On Citus: what only a database of several machines can get wrong. The other suites run on it as well, where it is named, and some
//! tests say why they are skipped there.
//!
//! Where there is none these tests say so and are skipped. Last run by hand with Citus 13.2.2 on PostgreSQL 15 on 2026-11-28.
//!
//! `cargo bench` there, and on plain PostgreSQL in the same hour (two cores for everything, eight shards, medians): batches of
//! one community 22,400 and 40,000 events a second, of fifty 13,200 and 36,300, one a request 3,600 and 12,000; a lone event
//! 4.1 and 0.8 ms; levels 11,300 and 35,000 a second, badges 97,000 and 342,000.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration as StdDuration,
};

use futures_util::future::join_all;
use gamification_app::{FactQueue, RecordError, System};
use gamification_domain::{
    CommunityId, Content, EventId, EventMetadata, Fact, FactKind, FactRecord, PostId, UserId, Verdict,
};
use gamification_pg::{
    PgStore,
    connection::{Connector, DatabaseUrl},
    migrate,
};
use gamification_tests::{
    Cluster, Launch, TestDatabase, TestServer, assert_verify_finds_nothing, audit,
    event::{admin_joined, id, member_joined, post_created, post_like},
    until, without_citus,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use time::OffsetDateTime;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// As in production, but that it need not wait for the disk.
const SETTINGS: [&str; 2] = ["fsync = off", "max_connections = 200"];

fn post(community: CommunityId, post: Uuid, author: UserId) -> FactRecord {
    let now = OffsetDateTime::now_utc();
    let content = Content::Post(PostId::new(post));
    FactRecord {
        fact: Fact::new(community, FactKind::ContentCreated { content, author_id: author }),
        metadata: EventMetadata {
            event_id: EventId::parse(&id().to_string()).unwrap(),
            sequence: None,
            time: Some(now),
            received_at: now,
        },
    }
}

fn communities(number: usize) -> Vec<CommunityId> {
    (0..number).map(|_| CommunityId::new(id())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_of_a_write_goes_to_several_shards() {
    if without_citus().is_some() {
        return;
    }
    let database = TestDatabase::migrated().await;
    // From the next session on, such a statement is an error. Boards and relays fail with it; nobody waits for them here.
    let name = database.url().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let strict = format!("ALTER DATABASE {name} SET citus.multi_task_query_log_level = 'error'");
    database.client().await.batch_execute(&strict).await.unwrap();
    let refused = database.client().await.query("SELECT COUNT(*) FROM communities", &[]).await;
    assert!(refused.is_err(), "the setting does what this test is about");

    let server = TestServer::on(&database);
    let (community, admin, ada, post) = (id(), id(), id(), id());
    let course = json!({"community_id": community, "course_id": id(), "title": "A course"});
    let lesson = json!({"community_id": community, "course_id": course["course_id"], "lesson_id": id(), "user_id": ada});
    let events = [
        gamification_tests::event::community_created(community),
        admin_joined(community, admin),
        member_joined(community, ada),
        gamification_tests::event::event("CourseCreated", 1, &course),
        post_created(community, post, ada),
        post_like("PostLiked", 2, community, post, admin, ada),
        post_like("PostUnliked", 3, community, post, admin, ada),
        gamification_tests::event::event("LessonCompleted", 4, &lesson),
    ];
    let others = (0..40).map(|_| post_created(id(), id(), id()));
    let batch: Vec<_> = events.into_iter().chain(others).collect();
    let answer = server.send_batch(&batch);
    assert_eq!((answer.status, &answer.body["applied"]), (200, &json!(batch.len())), "{answer:?}");

    let levels: Vec<_> = (1..=9)
        .map(|level| json!({"level": level, "name": format!("L{level}"), "threshold": (level - 1) * 3}))
        .collect();
    let path = format!("/api/communities/{community}");
    let changed = server.put(&format!("{path}/levels"), admin, &[], &json!({"levels": levels}));
    assert_eq!(changed.status, 200, "{changed:?}");
    server.until_leveled_up(community, admin);
    assert_eq!(server.level(community, ada, ada).body["level"], 3);
    let erased = json!({"community_id": community, "user_id": ada});
    assert_eq!(server.send(&gamification_tests::event::event("MemberErased", 5, &erased)).status, 200);
    let lenient = format!("ALTER DATABASE {name} RESET citus.multi_task_query_log_level");
    database.client().await.batch_execute(&lenient).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_authors_of_one_post_one_is_awarded_and_none_refused() {
    if without_citus().is_some() {
        return;
    }
    let database = TestDatabase::migrated().await;
    let queues: Vec<_> = (0..4).map(|_| FactQueue::start(&database.store(4), &System)).collect();
    let community = communities(1)[0];
    for _ in 0..20 {
        let content = id();
        let authors = (0..16).map(|number| {
            let (queue, _) = &queues[number % queues.len()];
            queue.record(vec![post(community, content, UserId::new(id()))])
        });
        let recorded: Vec<_> = join_all(authors).await.into_iter().flatten().collect();
        let applied = recorded.iter().filter(|recorded| **recorded == Ok(Verdict::Applied)).count();
        let known = recorded.iter().filter(|recorded| **recorded == Ok(Verdict::Duplicate)).count();
        assert_eq!((applied, known), (1, 15), "{recorded:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_communities_are_recorded_in_one_batch() {
    if without_citus().is_some() {
        return;
    }
    let database = TestDatabase::migrated().await;
    let (queue, _workers) = FactQueue::start(&database.store(10), &System);
    let facts: Vec<FactRecord> =
        communities(1_000).into_iter().map(|community| post(community, id(), UserId::new(id()))).collect();
    // A machine with much else to do may take longer than a batch may; what it had no time for is sent again.
    until("everything is recorded", async || {
        let recorded = queue.record(facts.clone()).await;
        assert!(
            recorded.iter().all(|recorded| !matches!(recorded, Err(RecordError::Internal))),
            "{recorded:?}"
        );
        recorded.iter().all(Result::is_ok)
    })
    .await;
    assert_eq!(database.number("SELECT COUNT(*) FROM point_transactions").await, 1_000);
    // One for each shard; halves of what had no time for.
    let transactions = "SELECT COUNT(DISTINCT xid) FROM point_transactions";
    assert!(database.number(transactions).await < 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_many_communities_are_looked_up_at_the_same_moment() {
    if without_citus().is_some() {
        return;
    }
    let database = TestDatabase::migrated().await;
    let server = TestServer::on(&database);
    let members: Vec<[Uuid; 2]> = (0..32).map(|_| [id(), id()]).collect();
    let events = members.iter().flat_map(|&[community, ada]| {
        let community_created = gamification_tests::event::community_created(community);
        [community_created, member_joined(community, ada), post_created(community, id(), ada)]
    });
    assert_eq!(server.send_batch(&events.collect::<Vec<_>>()).body["applied"], 96);
    std::thread::scope(|scope| {
        for [community, ada] in &members {
            for _ in 0..2 {
                let look_up = || {
                    let level = server.level(*community, *ada, *ada);
                    assert_eq!((level.status, &level.body["total_points"]), (200, &json!(2)), "{level:?}");
                };
                scope.spawn(look_up);
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn later_migrations_change_distributed_tables_and_new_tables_are_distributed() {
    if without_citus().is_some() {
        return;
    }
    let database = TestDatabase::migrated().await;
    let (queue, _workers) = FactQueue::start(&database.store(2), &System);
    queue
        .record(
            communities(20).into_iter().map(|community| post(community, id(), UserId::new(id()))).collect(),
        )
        .await;
    let client = database.client().await;
    // As Diesel sends a migration: its file as one query, in a transaction.
    for migration in [
        "DO $$ BEGIN
             ALTER TABLE member_points ADD COLUMN note TEXT;
             UPDATE member_points AS m SET note = 'old' FROM communities AS c WHERE c.community_id = m.community_id;
             ALTER TABLE member_points ALTER COLUMN note SET DEFAULT 'new';
         END $$",
        "CREATE TABLE notes (community_id UUID NOT NULL, id UUID NOT NULL, PRIMARY KEY (community_id, id))",
    ] {
        for statement in ["BEGIN", migration, "COMMIT"] {
            client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        }
    }
    migrate(database.connector().connect().await.unwrap()).await.unwrap();
    let is_distributed = "SELECT COUNT(*) FROM pg_dist_partition WHERE logicalrelid = 'notes'::regclass";
    assert_eq!(database.number(is_distributed).await, 1);
    // None is known before its post is.
    assert_eq!(database.number("SELECT COUNT(*) FROM member_points WHERE note IS NULL").await, 20);
    for back in ["DROP TABLE notes", "ALTER TABLE member_points DROP COLUMN note"] {
        client.batch_execute(back).await.unwrap();
    }
}

/// A cluster of a test alone, a distributed database in it, and senders that try again until all they have is recorded.
struct Scene {
    cluster: Cluster,
    ended: Arc<AtomicBool>,
    recorded: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    senders: Vec<tokio::task::JoinHandle<u64>>,
    _workers: tokio::task::JoinSet<()>,
}

/// The database of a scene.
const DATABASE: &str = "alone";

impl Scene {
    async fn new() -> Self {
        let cluster = Cluster::start_citus(&SETTINGS).await;
        cluster.create_distributed_database(DATABASE).await;
        let (ended, recorded, refused) = <(Arc<AtomicBool>, Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let connector = Connector::new(DatabaseUrl::parse(&cluster.url(DATABASE)).unwrap()).unwrap();
        let store = PgStore::new(connector, 8).unwrap();
        let (queue, workers) = FactQueue::start(&store, &System);
        let communities = communities(32);
        let senders = (0..4).map(|sender| {
            let (queue, ended) = (queue.clone(), Arc::clone(&ended));
            let (recorded, refused) = (Arc::clone(&recorded), Arc::clone(&refused));
            let of_sender: Vec<CommunityId> = communities.iter().copied().skip(sender).step_by(4).collect();
            tokio::spawn(async move {
                let author = UserId::new(id());
                let mut sent = 0;
                while !ended.load(Ordering::SeqCst) {
                    let mut batch: Vec<FactRecord> =
                        of_sender.iter().map(|community| post(*community, id(), author)).collect();
                    sent += batch.len() as u64;
                    while !batch.is_empty() {
                        let outcomes = queue.record(batch.clone()).await;
                        let mut outcomes = outcomes.into_iter();
                        batch.retain(|_| match outcomes.next().unwrap() {
                            Ok(Verdict::Applied | Verdict::Duplicate) => {
                                recorded.fetch_add(1, Ordering::SeqCst);
                                false
                            }
                            Err(RecordError::Unavailable) => {
                                refused.fetch_add(1, Ordering::SeqCst);
                                true
                            }
                            other => panic!("{other:?}"),
                        });
                        tokio::time::sleep(StdDuration::from_millis(20)).await;
                    }
                }
                sent
            })
        });
        let senders = senders.collect();
        Self { cluster, ended, recorded, refused, senders, _workers: workers }
    }

    async fn until_more(&self, more: u64) {
        let enough = self.recorded.load(Ordering::SeqCst) + more;
        until("more is recorded", async || self.recorded.load(Ordering::SeqCst) >= enough).await;
    }

    async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.cluster.url(DATABASE), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn stop_sending(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    /// Ends the senders; everything that they sent is there once, and everything fits together.
    async fn end(self) {
        self.stop_sending();
        let mut sent = 0;
        for sender in self.senders {
            sent += sender.await.unwrap();
        }
        let (client, connection) = tokio_postgres::connect(&self.cluster.url(DATABASE), NoTls).await.unwrap();
        tokio::spawn(connection);
        let entries = "SELECT COUNT(*), COUNT(DISTINCT (community_id, source_id)) FROM point_transactions";
        let row = client.query_one(entries, &[]).await.unwrap();
        let (entries, posts): (i64, i64) = (row.get(0), row.get(1));
        assert_eq!((entries, posts), (i64::try_from(sent).unwrap(), i64::try_from(sent).unwrap()));
        assert_eq!(audit(&client).await, [""; 0]);
    }

    /// Kills a machine as a power cut would; what supervises it starts it again.
    fn kill(&self, machine: usize) {
        let pid_file = self.cluster.machines()[machine].folder().join("data/postmaster.pid");
        let noted = fs::read_to_string(pid_file).unwrap();
        let pid = noted.lines().next().unwrap().trim().parse().unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_that_are_killed_lose_and_double_nothing() {
    if without_citus().is_some() {
        return;
    }
    let scene = Scene::new().await;
    // It carries the boards on, from what is committed on each machine at its time.
    let server = Launch::on(&scene.cluster.url(DATABASE)).serve();
    for machine in [1, 0, 2, 0] {
        scene.until_more(200).await;
        scene.kill(machine);
    }
    scene.until_more(400).await;
    scene.stop_sending();
    let client = scene.client().await;
    let now: OffsetDateTime = client.query_one("SELECT now()", &[]).await.unwrap().get(0);
    let complete = "SELECT COALESCE(complete_until > $1, false) FROM leaderboard_progress";
    until("the boards have it all", async || match client.query_one(complete, &[&now]).await {
        Ok(row) => row.get(0),
        Err(error) => panic!("{error:?}"),
    })
    .await;
    drop(server);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filled_database_is_distributed_by_the_program_and_goes_on() {
    if without_citus().is_some() {
        return;
    }
    let cluster = Cluster::start_citus(&SETTINGS).await;
    cluster.create_joined_database(DATABASE).await;
    let url = cluster.url(DATABASE);
    let (communities, ada) = ([(); 24].map(|()| id()), id());
    let joined = communities.iter().map(|community| member_joined(*community, ada));
    let posts = communities.iter().map(|community| post_created(*community, id(), ada));
    let events: Vec<_> = joined.chain(posts).collect();
    let plain = Launch::on(&url).serve();
    assert_eq!(plain.send_batch(&events).body["applied"], 48);
    drop(plain);
    for _ in 0..2 {
        let (status, said, error) = Launch::on(&url).arg("migrate").arg("--distribute").run();
        assert!(status.success(), "{said}{error}");
    }
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let shards = "SELECT COUNT(DISTINCT nodename || nodeport::text) FROM citus_shards WHERE table_name = 'point_transactions'::regclass";
    assert_eq!(client.query_one(shards, &[]).await.unwrap().get::<_, i64>(0), 2, "both workers have some");
    let server = Launch::on(&url).serve();
    assert_eq!(server.send_batch(&events).body["applied"], 0, "what was recorded before is known");
    let more: Vec<_> = communities.iter().map(|community| post_created(*community, id(), ada)).collect();
    assert_eq!(server.send_batch(&more).body["applied"], 24);
    for community in communities {
        assert_eq!(server.level(community, ada, ada).body["total_points"], 4);
    }
    assert_verify_finds_nothing(&url);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_added_and_shards_are_moved_to_it_while_events_are_recorded() {
    if without_citus().is_some() {
        return;
    }
    let mut scene = Scene::new().await;
    scene.until_more(200).await;
    scene.cluster.add_machine_of(DATABASE).await;
    let client = scene.client().await;
    client.batch_execute("SELECT citus_rebalance_start()").await.unwrap();
    let moved = "SELECT COUNT(*) FROM pg_dist_placement JOIN pg_dist_node USING (groupid)
                 WHERE nodeid = (SELECT MAX(nodeid) FROM pg_dist_node)";
    until("shards have moved", async || client.query_one(moved, &[]).await.unwrap().get::<_, i64>(0) >= 20)
        .await;
    until("nothing is left to move", async || {
        let running = "SELECT COUNT(*) FROM citus_rebalance_status() WHERE state NOT IN ('finished', 'failed', 'cancelled')";
        client.query_one(running, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
    scene.until_more(200).await;
    assert_eq!(scene.refused.load(Ordering::SeqCst), 0, "nobody had to send anything again");
    scene.end().await;
}
