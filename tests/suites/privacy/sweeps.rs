//! What servers do after an erasure: sweeps, deliveries, streams, logs and metrics.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gamification_app::commands::{record_facts, sweep_erasures};
use gamification_domain::{CommunityId, FactKind, FactRecord, UserId, Verdict::Applied};
use gamification_tests::{
    ApiScene, Campaign, Launch, Reaction, Receiver, Streaming, TestDatabase, TestServer, WEBHOOK_SECRET,
    assert_verify_finds_nothing,
    event::{community_created, event, id, member_joined, post_created, post_like},
    until, user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Fixed, NAME, Scene, joined, post, told, traces};
use crate::leaderboards::{NOW, project_all};

fn erased(community: Uuid, user: Uuid) -> Value {
    event("MemberErased", 9, &json!({"community_id": community, "user_id": user}))
}

/// What a user does and has done to them, told by events that are called after them.
fn life(community: Uuid, user: Uuid, friend: Uuid) -> Vec<Value> {
    let (own, other) = (id(), id());
    let profile = json!({"community_id": community, "user_id": user, "role": "ADMIN", "display_name": NAME});
    let adjustment = |user: Uuid, admin: Uuid| {
        json!({
            "community_id": community, "user_id": user, "adjustment_id": id(), "points": 20,
            "reason": format!("because of {NAME}"), "admin_id": admin
        })
    };
    let mut events = vec![
        event("MemberJoined", 1, &profile),
        post_created(community, own, user),
        post_created(community, other, friend),
        post_like("PostLiked", 2, community, own, friend, user),
        post_like("PostLiked", 3, community, other, user, friend),
        event("PointsAdjusted", 4, &adjustment(user, friend)),
    ];
    for happened in events.iter_mut().filter(|happened| happened["data"]["author_id"] != json!(friend)) {
        happened["id"] = json!(format!("{user} {}", id()));
    }
    events
}

async fn until_swept(database: &TestDatabase) {
    let left = "SELECT (SELECT COUNT(*) FROM erasures) + (SELECT COUNT(*) FROM erasure_sweeps)";
    until("everybody is swept", async || database.number(left).await == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_member_is_in_database_logs_or_metrics_while_a_webhook_is_down() {
    let database = TestDatabase::empty().await;
    let receiver = Receiver::start(|_| Reaction::REFUSED);
    let server = Launch::on(database.url())
        .env("GAMIFICATION_WEBHOOK_URL", receiver.url())
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .serve();
    let (community, user, friend) = (id(), id(), id());
    assert_eq!(server.send(&community_created(community)).body["applied"], 1);
    assert_eq!(server.send(&member_joined(community, friend)).body["applied"], 1);
    assert_eq!(server.send_batch(&life(community, user, friend)).body["applied"], 6);
    until("a delivery has failed", async || {
        database.number("SELECT COUNT(*) FROM delivery_failures").await == 2
    })
    .await;
    assert!(traces(&database, user, &[NAME]).await.len() > 8);
    drop(server.new_log());
    assert_eq!(server.send(&erased(community, user)).body["applied"], 1);
    assert_eq!(server.send(&erased(community, user)).body["duplicate"], 1);
    until_swept(&database).await;
    let later = life(community, user, friend);
    let applied = server.send_batch(&later).body["applied"].clone();
    assert_eq!(applied, 1, "only the friend's own post counts");
    assert_eq!(traces(&database, user, &[NAME]).await, [""; 0]);
    let of_friend = format!("SELECT COUNT(*) FROM deliveries WHERE member_id = '{friend}'");
    assert!(database.number(&of_friend).await > 0, "others' events wait on");
    assert_eq!(database.number(&of_friend).await, database.number("SELECT COUNT(*) FROM deliveries").await);
    let log = server.new_log().join("\n");
    let metrics = server.scrape();
    for text in [log.as_str(), metrics.text()] {
        for trace in [user.to_string(), user.simple().to_string(), NAME.to_owned()] {
            assert!(!text.contains(&trace), "{trace} in {text}");
        }
    }
    assert_verify_finds_nothing(database.url());
}

/// Events that a relay has read already, and could not deliver, are not noted under the id of who was erased meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_fail_beside_an_erasure_bring_nothing_of_the_erased_back() {
    let campaign = Campaign::new("deliveries_that_fail_beside_an_erasure", 3, 200);
    let database = TestDatabase::empty().await;
    let is_away = Arc::new(AtomicBool::new(true));
    let away = Arc::clone(&is_away);
    let receiver = Receiver::start(move |_| match away.load(Ordering::Relaxed) {
        true => Reaction { delay: Duration::from_millis(5), ..Reaction::REFUSED },
        false => Reaction::TAKEN,
    });
    let server = Launch::on(database.url())
        .env("GAMIFICATION_WEBHOOK_URL", receiver.url())
        .env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .without_log()
        .serve();
    let (community, friend) = (id(), id());
    assert_eq!(server.send(&community_created(community)).body["applied"], 1);
    assert_eq!(server.send(&member_joined(community, friend)).body["applied"], 1);
    let mut gone = Vec::new();
    for round in 0..campaign.rounds() {
        is_away.store(true, Ordering::Relaxed);
        let users: Vec<Uuid> = (0..10).map(|_| id()).collect();
        for user in &users {
            assert_eq!(server.send_batch(&life(community, *user, friend)).body["applied"], 6);
        }
        let tried = receiver.deliveries().len() + campaign.random(u64::from(round)).below(8);
        until("some are tried", async || receiver.deliveries().len() >= tried).await;
        let erasures: Vec<Value> = users.iter().map(|user| erased(community, *user)).collect();
        assert_eq!(server.send_batch(&erasures).body["applied"], users.len());
        until_swept(&database).await;
        is_away.store(false, Ordering::Relaxed);
        gone.extend(users);
        let left = "SELECT COUNT(*) FROM deliveries";
        until("others' events are delivered", async || database.number(left).await == 0).await;
        assert_eq!(database.number("SELECT COUNT(*) FROM delivery_failures").await, 0);
    }
    for user in gone {
        assert_eq!(traces(&database, user, &[]).await, [""; 0]);
    }
    assert_verify_finds_nothing(database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_goes_through_tables_of_many_chunks() {
    let scene = Scene::new().await;
    scene.live().await;
    let of = |author_id| FactKind::ContentCreated { content: post(), author_id };
    let liked = |liker_id, author_id| FactKind::ContentLiked { content: post(), liker_id, author_id };
    for _ in 0..6 {
        let (ada, bob) = (scene.ada, scene.bob);
        let facts = (0..1_000).flat_map(|_| [of(bob), liked(ada, bob), liked(bob, ada)]);
        assert!(scene.record(facts).await.iter().all(|verdict| *verdict == Applied));
    }
    assert_eq!(scene.erase(scene.ada).await, Applied);
    scene.sweep().await;
    assert_eq!(scene.traces().await, [""; 0]);
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sweep_goes_on_elsewhere_and_members_erased_meanwhile_are_swept_next() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    let (community, user, friend) = (id(), id(), id());
    assert_eq!(server.send(&community_created(community)).body["applied"], 1);
    assert_eq!(server.send(&member_joined(community, friend)).body["applied"], 1);
    assert_eq!(server.send_batch(&life(community, user, friend)).body["applied"], 6);
    // The sweep comes to the like that she gave, and not past it.
    let mut lock = database.client().await;
    let lock = lock.transaction().await.unwrap();
    let like = "SELECT FROM like_switches WHERE community_id = $1 AND liker_id = $2 FOR UPDATE";
    lock.execute(like, &[&community, &user]).await.unwrap();
    assert_eq!(server.send(&erased(community, user)).body["applied"], 1);
    let at_likes = "SELECT COUNT(*) FROM erasure_sweeps WHERE stage = 'likes'";
    until("the sweep waits", async || database.number(at_likes).await == 1).await;
    assert_verify_finds_nothing(database.url());
    assert_eq!(server.send(&erased(community, friend)).body["applied"], 1);
    server.kill();
    assert_verify_finds_nothing(database.url());
    lock.rollback().await.unwrap();
    assert_eq!(database.number(at_likes).await, 1, "nobody goes on with it yet");
    let other = TestServer::on(&database);
    until_swept(&database).await;
    drop(other);
    for erased in [user, friend] {
        assert_eq!(traces(&database, erased, &[NAME]).await, [""; 0]);
    }
    assert_verify_finds_nothing(database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_of_an_erased_member_ends_and_those_of_others_go_on() {
    let scene = ApiScene::new().await;
    let open = |user: Uuid| Streaming::open(&scene.server, scene.community, &user_token(user));
    let (erasing, staying) = (open(scene.ada), open(scene.moderator));
    assert_eq!(scene.server.send(&erased(scene.community, scene.ada)).body["applied"], 1);
    erasing.until_ended();
    let post = post_created(scene.community, id(), scene.admin);
    assert_eq!(scene.server.send(&post).body["applied"], 1);
    assert_eq!(staying.next_event().event, "PointsAwarded");
    until_swept(&scene.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boards_know_an_erased_member_no_more_also_where_a_section_begins_with_them() {
    let database = TestDatabase::migrated().await;
    let store = database.store(2);
    let community = id();
    let community_id = CommunityId::new(community);
    let members: Vec<UserId> = (0..2_200).map(|_| UserId::new(id())).collect();
    let facts: Vec<FactRecord> = members
        .iter()
        .map(|user| told(community_id, joined(*user, "Member")))
        .chain(members.iter().step_by(7).map(|author| {
            told(community_id, FactKind::ContentCreated { content: post(), author_id: *author })
        }))
        .collect();
    for facts in facts.chunks(1_000) {
        record_facts(&store, &Fixed, facts).await.unwrap();
    }
    project_all(&store, &database, NOW).await;
    let client = database.client().await;
    let first = "SELECT DISTINCT user_id FROM leaderboard_sections WHERE user_id <> $1";
    let first: Vec<Uuid> =
        client.query(first, &[&Uuid::nil()]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(!first.is_empty(), "boards have several sections");
    let gone: Vec<UserId> =
        first.iter().copied().map(UserId::new).chain(members.iter().copied().take(30)).collect();
    let erased: Vec<FactRecord> =
        gone.iter().map(|user_id| told(community_id, FactKind::MemberErased { user_id: *user_id })).collect();
    record_facts(&store, &Fixed, &erased).await.unwrap();
    sweep_erasures(&store, &Fixed).await.unwrap();
    for user in &gone {
        assert_eq!(traces(&database, user.as_uuid(), &[]).await, [""; 0]);
    }
    assert_verify_finds_nothing(database.url());
    project_all(&store, &database, NOW).await;
    assert_verify_finds_nothing(database.url());
    let listed = "SELECT COUNT(*) FROM leaderboard_entries WHERE is_listed";
    assert_eq!(
        database.number(listed).await,
        database.number("SELECT COUNT(*) FROM community_members").await
    );
}
