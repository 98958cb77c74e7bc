//! Erasures beside what others record at the same moment.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration as StdDuration, Instant},
};

use gamification_app::{
    audit::repair,
    commands::{record_facts, sweep_erasures},
};
use gamification_domain::{
    FactKind, FactRecord, UserId,
    Verdict::{self, Applied, Duplicate, Ignored},
};
use gamification_tests::{Campaign, LevelWatch, PATIENCE, assert_verify_finds_nothing, event::id, until};

use super::{Fixed, Scene, adjusted, joined, post, told};

/// What becomes of facts about Ada that are recorded one list after another, until an erasure is seen in their verdicts.
async fn record_until_ignored(
    scene: &Scene,
    recorded: &AtomicUsize,
    facts: impl Fn() -> Vec<FactKind>,
) -> Vec<Vec<Verdict>> {
    let (store, started) = (scene.database.store(2), Instant::now());
    let mut verdicts = Vec::new();
    loop {
        assert!(started.elapsed() < PATIENCE, "no erasure is seen");
        let records: Vec<FactRecord> = facts().into_iter().map(|kind| told(scene.community, kind)).collect();
        let judged = record_facts(&store, &Fixed, &records).await.unwrap();
        recorded.fetch_add(1, Ordering::Relaxed);
        let is_over = judged.contains(&Ignored);
        verdicts.push(judged);
        if is_over {
            return verdicts;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_erasure_beside_awards_likes_and_imports_is_before_or_after_each_of_them() {
    let campaign = Campaign::new("an_erasure_beside_awards_likes_and_imports", 5, 300);
    let mut random = campaign.random(0);
    for _ in 0..campaign.rounds() {
        let scene = Scene::new().await;
        let watch = LevelWatch::start(scene.database.url());
        scene.live().await;
        let (ada, bob) = (scene.ada, scene.bob);
        let past = scene.facts_about_ada();
        let recorded = AtomicUsize::new(0);
        let awards = record_until_ignored(&scene, &recorded, || {
            vec![
                FactKind::ContentCreated { content: post(), author_id: ada },
                adjusted(ada, bob, 1, super::NAME),
            ]
        });
        let likes_by = record_until_ignored(&scene, &recorded, || {
            vec![FactKind::ContentLiked { content: post(), liker_id: ada, author_id: bob }]
        });
        let likes_of = record_until_ignored(&scene, &recorded, || {
            vec![FactKind::ContentLiked { content: post(), liker_id: bob, author_id: ada }]
        });
        let joining = record_until_ignored(&scene, &recorded, || vec![joined(ada, super::NAME)]);
        let imports = record_until_ignored(&scene, &recorded, || past.clone());
        let (other_store, community) = (scene.database.store(2), scene.community);
        let erased = || told(community, FactKind::MemberErased { user_id: ada });
        let erasing = async {
            let enough = 5 + random.below(20);
            until("facts are recorded", async || recorded.load(Ordering::Relaxed) >= enough).await;
            let records = [erased(), erased()];
            let (here, there) = tokio::join!(
                record_facts(&scene.store, &Fixed, &records),
                record_facts(&other_store, &Fixed, &records)
            );
            // One of four counts, on whichever store.
            let mut verdicts = [here.unwrap(), there.unwrap()].concat();
            verdicts.sort_by_key(|verdict| *verdict != Applied);
            assert_eq!(verdicts, [Applied, Duplicate, Duplicate, Duplicate]);
        };
        let (awards, likes_by, likes_of, joining, imports, ()) =
            tokio::join!(awards, likes_by, likes_of, joining, imports, erasing);
        for verdicts in [awards, likes_by, likes_of, joining, imports] {
            let (last, before) = verdicts.split_last().unwrap();
            assert!(last.iter().all(|verdict| *verdict == Ignored), "a list is before or after: {last:?}");
            assert!(before.iter().flatten().all(|verdict| *verdict != Ignored));
        }
        let (here, there) =
            tokio::join!(sweep_erasures(&scene.store, &Fixed), sweep_erasures(&other_store, &Fixed));
        here.unwrap();
        there.unwrap();
        // One of the two had the sweep; what was noted while it ran is swept now.
        scene.sweep().await;
        assert_eq!(scene.traces().await, [""; 0]);
        assert_eq!(scene.database.deadlocks(), [""; 0]);
        watch.end();
        assert_verify_finds_nothing(scene.database.url());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_waits_for_awards_that_have_looked_already() {
    let scene = Scene::new().await;
    let mut award = scene.database.client().await;
    let award = award.transaction().await.unwrap();
    let share = "SELECT FROM level_configurations WHERE community_id = $1 FOR SHARE";
    award.execute(share, &[&scene.community.as_uuid()]).await.unwrap();
    let erasing = scene.erase(scene.ada);
    tokio::pin!(erasing);
    let waited = tokio::time::timeout(StdDuration::from_millis(300), &mut erasing).await;
    assert!(waited.is_err(), "{waited:?}");
    award.commit().await.unwrap();
    assert_eq!(erasing.await, Applied);
    scene.sweep().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_are_erased_at_once_in_any_order_without_a_deadlock() {
    let scene = Scene::new().await;
    let members: Vec<UserId> = (0..40).map(|_| UserId::new(id())).collect();
    let names = members.iter().map(|member| joined(*member, "Member"));
    assert!(scene.record(names).await.iter().all(|verdict| *verdict == Applied));
    let mut backwards = members.clone();
    backwards.reverse();
    let erased = |members: &[UserId]| -> Vec<FactKind> {
        members.iter().map(|user_id| FactKind::MemberErased { user_id: *user_id }).collect()
    };
    let (one, two) = tokio::join!(scene.record(erased(&members)), scene.record(erased(&backwards)));
    let applied = one.iter().chain(&two).filter(|verdict| **verdict == Applied).count();
    assert_eq!(applied, members.len());
    scene.sweep().await;
    assert_eq!(scene.database.deadlocks(), [""; 0]);
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM erased_members").await, 40);
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repair_beside_an_erasure_brings_nothing_of_the_erased_back() {
    let campaign = Campaign::new("a_repair_beside_an_erasure", 8, 200);
    for _ in 0..campaign.rounds() {
        let scene = Scene::new().await;
        let watch = LevelWatch::start(scene.database.url());
        scene.live().await;
        let client = scene.database.client().await;
        client.batch_execute("UPDATE tallies SET earned = earned + 7").await.unwrap();
        let store = scene.database.store(2);
        let repairs = async {
            repair(&store, &Fixed, None, &mut |_| {}).await.unwrap();
        };
        let (erased, ()) = tokio::join!(scene.erase(scene.ada), repairs);
        assert_eq!(erased, Applied);
        scene.sweep().await;
        assert_eq!(scene.traces().await, [""; 0]);
        repair(&store, &Fixed, None, &mut |_| {}).await.unwrap();
        watch.end();
        assert_verify_finds_nothing(scene.database.url());
    }
}
