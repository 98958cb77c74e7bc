//! Facts that several servers record at once.

use std::{sync::Arc, time::Duration as StdDuration};

use gamification_app::{commands::record_facts, ports::StoreError};
use gamification_domain::{
    Content, Fact, FactKind, FactRecord, UserId,
    Verdict::{Applied, Duplicate},
};
use gamification_pg::{
    PgStore,
    connection::{Connector, DatabaseUrl},
};
use uuid::Uuid;

use super::{Fixed, Scene, at, joined_without_name, post};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_deliveries_of_the_same_facts_count_once() {
    let scene = Scene::new().await;
    // A new member's row would make the deliveries wait for one another even without its lock.
    scene.record(&[at(10, scene.joined(scene.author))]).await;
    let contents: Vec<Content> = (0..20).map(|_| post()).collect();
    let mut facts: Vec<FactRecord> = contents.iter().map(|content| at(9, scene.created(*content))).collect();
    facts.extend(contents.iter().map(|content| at(8, scene.liked(*content, scene.liker))));
    let mut reversed = facts.clone();
    reversed.reverse();
    let (one, two, three, four) = tokio::join!(
        scene.record(&facts),
        scene.record(&reversed),
        scene.record(&facts),
        scene.record(&reversed)
    );
    let applied = [one, two, three, four].iter().flatten().filter(|verdict| **verdict == Applied).count();
    assert_eq!(applied, facts.len(), "each fact was applied by exactly one delivery");
    assert_eq!(scene.total().await, 20 * 3);
}

/// All rows of a batch together: a batch asks for them in the order of their keys, and PostgreSQL locks them in it even
/// where a statement does not say so, mostly. That each statement does is seen in the test that follows, and by suite
/// `lock_order`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_that_overlap_in_any_order_never_deadlock() {
    const CLIENTS: u64 = 8;
    const ROUNDS: u64 = 12;
    let scene = Scene::new().await;
    let store = Arc::new(scene.database.store(8));
    let community_id = scene.community_id;
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    // The same members for all, a few of them new in each round, each client in an order of its own.
                    let mut authors: Vec<u128> = (u128::from(round)..u128::from(round) + 10).collect();
                    authors.rotate_left(usize::try_from((client * 3 + round) % 10).unwrap());
                    if client % 2 == 0 {
                        authors.reverse();
                    }
                    let facts = authors.into_iter().flat_map(|author| {
                        let author_id = UserId::new(Uuid::from_u128(author + 1));
                        let joined = joined_without_name(community_id, author_id);
                        let created = FactKind::ContentCreated { content: post(), author_id };
                        let created = Fact::new(community_id, created);
                        [at(i64::from(u8::try_from(client).unwrap()), joined), at(1, created)]
                    });
                    let facts: Vec<FactRecord> = facts.collect();
                    record_in_the_end(&store, &facts).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(scene.database.deadlocks(), Vec::<String>::new());
}

/// On a busy machine a transaction may take longer than the database lets it, the more so under a bad plan.
async fn record_in_the_end(store: &PgStore, facts: &[FactRecord]) {
    for _ in 0..10 {
        match record_facts(store, &Fixed, facts).await {
            Ok(_) => return,
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("never recorded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn members_are_locked_in_one_order_whatever_plan_the_database_chooses() {
    let scene = Scene::new().await;
    let user = |number: u128| UserId::new(Uuid::from_u128(number + 1));
    // On disk they lie the other way round than by key.
    for number in (0..40).rev() {
        scene.record(&[at(99, scene.joined(user(number)))]).await;
    }
    let without_index = "&options=-c%20enable_nestloop%3Doff%20-c%20enable_mergejoin%3Doff%20-c%20enable_indexscan%3Doff\
                         %20-c%20enable_bitmapscan%3Doff%20-c%20enable_indexonlyscan%3Doff";
    let url = format!("{}{without_index}", scene.database.url());
    let by_hash = PgStore::new(Connector::new(DatabaseUrl::parse(&url).unwrap()).unwrap(), 4).unwrap();
    let stores = [scene.database.store(4), by_hash].map(Arc::new);
    let community_id = scene.community_id;
    let clients: Vec<_> = (0..8)
        .map(|client: usize| {
            let store = Arc::clone(&stores[client % 2]);
            tokio::spawn(async move {
                for _ in 0..15 {
                    let created = |number| {
                        let kind = FactKind::ContentCreated { content: post(), author_id: user(number) };
                        Fact::new(community_id, kind)
                    };
                    let facts: Vec<FactRecord> = (0..40).map(|number| at(1, created(number))).collect();
                    record_in_the_end(&store, &facts).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(scene.database.deadlocks(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_two_authors_claim_at_once_is_awarded_once() {
    let scene = Scene::new().await;
    let content = post();
    let mut other = scene.database.client().await;
    let blocker = other.transaction().await.unwrap();
    let nil = Uuid::nil();
    let (community, rival, member) = (scene.community_id, UserId::new(Uuid::now_v7()), Uuid::now_v7());
    let source_id = content.source_id();
    // Another server, in the middle of awarding the same post to another member.
    let rival_award = format!(
        "INSERT INTO member_points VALUES ('{community}', '{member}', '{rival}', 2, 1, now(), now(), false);
         INSERT INTO point_transactions VALUES
             ('{community}', gen_random_uuid(), '{member}', 2, 'post_created', '{source_id}', '{rival}', 'e', now(), now(),
              '{nil}');
         INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at) VALUES
             ('{community}', gen_random_uuid(), '{rival}', 'PointsAwarded', '{{\"points\": 2, \"new_total\": 2}}', now());"
    );
    blocker.batch_execute(&rival_award).await.unwrap();
    let facts = [at(1, scene.created(content))];
    let award = scene.record(&facts);
    tokio::pin!(award);
    let waiting = tokio::time::timeout(StdDuration::from_millis(300), &mut award).await;
    assert!(waiting.is_err(), "the award must wait for the other one");
    blocker.commit().await.unwrap();
    assert_eq!(award.await, [Duplicate]);
    assert_eq!(scene.total().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_waits_for_a_change_of_thresholds_and_is_judged_by_the_new_ones() {
    let scene = Scene::new().await;
    scene.record(&[at(9, scene.joined(scene.author))]).await;
    let mut admin = scene.database.client().await;
    let change = admin.transaction().await.unwrap();
    let lower = "UPDATE level_configurations SET levels = jsonb_set(levels, '{1,threshold}', '2')";
    change.batch_execute(lower).await.unwrap();
    let facts = [at(1, scene.created(post()))];
    let award = scene.record(&facts);
    tokio::pin!(award);
    let waiting = tokio::time::timeout(StdDuration::from_millis(300), &mut award).await;
    assert!(waiting.is_err(), "the award must not read thresholds that are being changed");
    change.commit().await.unwrap();
    assert_eq!(award.await, [Applied]);
    assert_eq!(scene.level_of_author().await.unwrap().level.get(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn awards_do_not_wait_for_one_another_in_different_members() {
    let scene = Scene::new().await;
    let other = Scene { author: UserId::new(Uuid::now_v7()), ..Scene::new().await };
    scene.record(&[at(9, scene.joined(scene.author))]).await;
    // Same community, another member, whose row is held.
    let held = joined_without_name(scene.community_id, other.author);
    scene.record(&[at(9, held)]).await;
    let mut client = scene.database.client().await;
    let blocker = client.transaction().await.unwrap();
    let hold = format!(
        "SELECT FROM member_points WHERE community_id = '{}' AND user_id = '{}' FOR UPDATE",
        scene.community_id, other.author
    );
    blocker.batch_execute(&hold).await.unwrap();
    assert_eq!(scene.record(&[at(1, scene.created(post()))]).await, [Applied]);
    blocker.rollback().await.unwrap();
}
