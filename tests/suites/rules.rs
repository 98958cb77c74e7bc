//! Changes of rules under way: against awards on two servers, and at once with what they judge.
//!
//! Which version judged which award is looked at when a test's database ends: the audit compares every entry of the ledger
//! with the version of the rules that it names.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use gamification_app::{System, commands::record_facts};
use gamification_domain::{
    CommunityId, Content, EventId, EventMetadata, Fact, FactKind, FactRecord, PostId, UserId, Verdict,
};
use gamification_pg::{
    PgStore,
    connection::{Connector, DatabaseUrl},
};
use gamification_tests::{
    Campaign, Cluster, Launch, LevelWatch, Random, TestDatabase, TestServer, assert_verify_finds_nothing,
    block_until,
    event::{admin_joined, community_created, event, id, member_joined, post_created, post_like},
    model::{Rules, rules_body},
    user_token,
};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

/// A community on two servers, with members who write and like.
struct Scene {
    servers: [TestServer; 2],
    database: TestDatabase,
    community: Uuid,
    admin: Uuid,
    members: Vec<Uuid>,
}

impl Scene {
    async fn new() -> Self {
        let database = TestDatabase::empty().await;
        let servers = [(); 2].map(|()| Launch::on(database.url()).env("RUST_LOG", "warn").serve());
        let (community, admin) = (id(), id());
        let members: Vec<Uuid> = (0..4).map(|_| id()).collect();
        let mut events = vec![community_created(community), admin_joined(community, admin)];
        events.extend(members.iter().map(|member| member_joined(community, *member)));
        assert_eq!(servers[0].send_batch(&events).body["applied"], events.len());
        Self { servers, database, community, admin, members }
    }

    /// Sets rules by way of a server; their version.
    fn put(&self, server: usize, rules: &Value) -> u32 {
        let path = format!("/api/communities/{}/rules", self.community);
        let mut version = None;
        block_until("the rules are set", || {
            let answer = self.servers[server].put(&path, self.admin, &[], rules);
            version = answer.body["version"].as_u64();
            assert!([200, 503].contains(&answer.status), "{answer:?}");
            version.is_some()
        });
        u32::try_from(version.unwrap()).unwrap()
    }

    fn send(&self, server: usize, event: &Value) {
        block_until("the event is taken", || {
            let status = self.servers[server].send(event).status;
            assert!([200, 503].contains(&status), "{status}");
            status == 200
        });
    }

    /// Something that earns points, or takes them back.
    fn anything(&self, random: &mut Random) -> Value {
        let author = *random.pick(&self.members);
        let liker = *random.pick(&self.members);
        // Few posts, so that likes are taken back that stand.
        let post = Uuid::from_u128(random.below(6) as u128 + 1);
        match random.below(4) {
            0 => post_created(self.community, id(), author),
            1 => post_like("PostUnliked", minute(random), self.community, post, liker, author),
            2 => post_like("PostLiked", minute(random), self.community, post, liker, author),
            _ => event(
                "CommentAdded",
                minute(random),
                &json!({"community_id": self.community, "comment_id": id(), "author_id": author}),
            ),
        }
    }
}

fn minute(random: &mut Random) -> u8 {
    u8::try_from(random.below(50)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_award_is_judged_by_one_version_however_rules_change_meanwhile() {
    let campaign = Campaign::new("rules against awards", 60, 2_000);
    let scene = Scene::new().await;
    let watch = LevelWatch::start(scene.database.url());
    let is_over = AtomicBool::new(false);
    let sent = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for sender in 0..4 {
            let (scene, is_over, sent) = (&scene, &is_over, &sent);
            let mut random = campaign.random(1_000_000 + sender);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let server = random.below(2);
                    scene.send(server, &scene.anything(&mut random));
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut versions = Vec::new();
        for round in 0..campaign.rounds() {
            let mut random = campaign.random(round.into());
            let before = sent.load(Ordering::Relaxed);
            versions.push(scene.put(random.below(2), &Rules::at_random(&mut random).body()));
            block_until("awards go on", || sent.load(Ordering::Relaxed) > before);
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(versions.is_sorted(), "{versions:?}");
    });
    let judged = "SELECT COUNT(DISTINCT rules_version) FROM point_transactions";
    assert!(scene.database.number(judged).await > 5, "awards fell between many changes");
    let capped = "SELECT COUNT(*) FROM point_transactions WHERE requested_points > points";
    assert!(scene.database.number(capped).await > 0, "caps were met");
    watch.end();
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_after_rules_were_set_is_judged_by_them_on_every_server() {
    let scene = Scene::new().await;
    for points in 1..=20 {
        let rules = rules_body(|source, _| json!({"source": source, "points": points}));
        let version = scene.put(points % 2, &rules);
        let post = id();
        scene.send((points + 1) % 2, &post_created(scene.community, post, scene.members[0]));
        let judged = format!(
            "SELECT COUNT(*) FROM point_transactions WHERE source_id = '{post}' AND points = {points}
                     AND rules_version = {version}"
        );
        assert_eq!(scene.database.number(&judged).await, 1, "{version}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_holds_against_senders_at_the_very_same_moment() {
    const SENDERS: usize = 16;
    let scene = Scene::new().await;
    scene.put(0, &rules_body(|source, _| json!({"source": source, "points": 3, "daily_cap": 10})));
    let author = scene.members[0];
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let scene = &scene;
            scope.spawn(move || {
                for _ in 0..4 {
                    scene.send(sender % 2, &post_created(scene.community, id(), author));
                }
            });
        }
    });
    let earned = "SELECT SUM(points) FROM point_transactions";
    assert_eq!(scene.database.number(earned).await, 10);
    let entries = "SELECT COUNT(*) FROM point_transactions";
    assert_eq!(scene.database.number(entries).await, i64::try_from(SENDERS * 4).unwrap());
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_like_by_nobody_is_in_no_pair() {
    let scene = Scene::new().await;
    let mut rules = caps(&mut Random::new("a like by nobody"));
    for rule in rules["rules"].as_array_mut().unwrap() {
        let is_like = rule["source"].as_str().unwrap().ends_with("_liked");
        rule["daily_cap"] = if rule["source"] == "comment_liked" { Value::Null } else { json!(10) };
        rule["per_pair_daily_cap"] = if is_like { json!(1) } else { Value::Null };
    }
    scene.put(0, &rules);
    let liked = |kind: &str, field: &str| {
        let data = json!({
            "community_id": scene.community, field: id(), "user_id": Uuid::nil(), "author_id": scene.members[0]
        });
        event(kind, 3, &data)
    };
    for _ in 0..2 {
        for happened in [liked("PostLiked", "post_id"), liked("CommentLiked", "comment_id")] {
            let answer = scene.servers[0].send(&happened);
            assert_eq!((answer.status, &answer.body["applied"]), (200, &json!(1)), "{answer:?}");
        }
    }
    assert_eq!(scene.database.number("SELECT SUM(points) FROM point_transactions").await, 4);
    assert_verify_finds_nothing(scene.database.url());
}

/// Rules whose caps are met soon, with the worths of every community.
fn caps(random: &mut Random) -> Value {
    rules_body(|source, points| {
        let mut rule = json!({"source": source, "points": points, "daily_cap": random.below(12)});
        if source.ends_with("_liked") {
            rule["per_pair_daily_cap"] = random.below(4).into();
        }
        rule
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_the_caps_take_from_the_same_events() {
    let campaign = Campaign::new("previews of caps", 5, 200);
    for round in 0..campaign.rounds() {
        let mut random = campaign.random(round.into());
        let scene = Scene::new().await;
        let watch = LevelWatch::start(scene.database.url());
        let rules = caps(&mut random);
        let capped = id();
        let mut events = vec![community_created(capped), admin_joined(capped, scene.admin)];
        events.extend(scene.members.iter().map(|member| member_joined(capped, *member)));
        assert_eq!(scene.servers[0].send_batch(&events).body["applied"], events.len());
        let path = format!("/api/communities/{capped}/rules");
        assert_eq!(scene.servers[0].put(&path, scene.admin, &[], &rules).status, 200);

        // Within the last days; the same in both communities, in the same order.
        let now = OffsetDateTime::now_utc();
        let happened: Vec<Value> = (0..200)
            .map(|_| {
                let mut happened = scene.anything(&mut random);
                let ago = time::Duration::minutes(i64::try_from(random.below(3 * 24 * 60)).unwrap());
                happened["time"] = (now - ago).format(&Rfc3339).unwrap().into();
                happened
            })
            .collect();
        let elsewhere = happened.iter().cloned().map(|mut happened| {
            happened["data"]["community_id"] = json!(capped);
            happened
        });
        let elsewhere: Vec<Value> = elsewhere.collect();
        assert_eq!(scene.servers[0].send_batch(&happened).status, 200);
        assert_eq!(scene.servers[0].send_batch(&elsewhere).status, 200);

        let body = Some(("application/json", rules));
        let preview = format!("/api/communities/{}/rules/preview", scene.community);
        let mut previewed = Value::Null;
        block_until("the boards follow", || {
            let answer = scene.servers[0].call("POST", &preview, Some(&user_token(scene.admin)), &body);
            assert_eq!(answer.status, 200, "{answer:?}");
            previewed = answer.body;
            previewed["members"] == 5
        });
        for rule in previewed["rules"].as_array().unwrap() {
            let source = rule["source"].as_str().unwrap();
            let earned = |community| {
                format!(
                    "SELECT COALESCE(SUM(points), 0) FROM point_transactions
                     WHERE community_id = '{community}' AND source = '{source}' AND points > 0"
                )
            };
            let without = scene.database.number(&earned(scene.community)).await;
            let with = scene.database.number(&earned(capped)).await;
            let found = (rule["earned"].as_i64(), rule["over_cap"].as_i64());
            assert_eq!(found, (Some(without), Some(without - with)), "{rule}");
        }
        watch.end();
        assert_verify_finds_nothing(scene.database.url());
    }
}

/// Posts and likes under caps, by a number of members.
fn deeds(community: CommunityId, number: u128) -> Vec<FactRecord> {
    let deed = |number: u128, kind| {
        let event_id = EventId::parse(&format!("deed {number} {}", id())).unwrap();
        let now = OffsetDateTime::now_utc();
        let metadata = EventMetadata { event_id, sequence: None, time: Some(now), received_at: now };
        FactRecord { fact: Fact::new(community, kind), metadata }
    };
    let deeds = (0..number).flat_map(|number| {
        let (author_id, liker_id) = (UserId::new(Uuid::from_u128(100 + number)), UserId::new(id()));
        let content = Content::Post(PostId::new(id()));
        [
            deed(number, FactKind::ContentCreated { content, author_id }),
            deed(number, FactKind::ContentLiked { content, liker_id, author_id }),
        ]
    });
    deeds.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_under_caps_costs_as_many_statements_whatever_its_size() {
    let scene = Scene::new().await;
    scene.put(0, &caps(&mut Random::new("statements under caps")));
    // Only this session logs what it is sent; servers beside it work on.
    let session = "&application_name=counted&options=-c%20log_statement%3Dall";
    let url = DatabaseUrl::parse(&format!("{}{session}", scene.database.url())).unwrap();
    let store = PgStore::new(Connector::new(url).unwrap(), 1).unwrap();
    let cluster = Cluster::shared().await;
    let community = CommunityId::new(scene.community);
    let mut counts = Vec::new();
    for number in [3, 1, 300, 3, 300] {
        let verdicts = record_facts(&store, &System, &deeds(community, number)).await.unwrap();
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Applied | Verdict::Capped)));
        let process = "SELECT pid::bigint FROM pg_stat_activity WHERE application_name = 'counted'";
        let process = format!("[{}]", scene.database.number(process).await);
        let log = cluster.log();
        let ours = log.lines().filter(|line| line.contains(&process) && line.contains("LOG:  "));
        counts.push(ours.filter(|line| line.contains(" execute") || line.contains(" statement")).count());
    }
    let counts: Vec<usize> = counts.windows(2).map(|counts| counts[1] - counts[0]).collect();
    assert!(counts[0] > 5, "nothing is logged: {counts:?}");
    // The first, which opened the connection, is not among them.
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}
