//! Who changes what awards are judged by gets in between awards, however closely these follow one another.
//!
//! PostgreSQL lets a shared lock of a row in past a transaction that waits for an exclusive one. So an award that holds its
//! community's configuration is followed by a change that waits, and that by a second award: without turns, this one would
//! be recorded at once.

use std::{collections::BTreeSet, future::Future, time::Duration};

use gamification_app::{
    System,
    commands::{record_facts, update_levels, update_rules},
    ports::{ConfigurationLock, ConfigurationRepository, LedgerRepository, Store, UnitOfWork},
};
use gamification_domain::{
    CommunityId, Content, FactKind, FactRecord, LevelConfiguration, LevelConfigurationId, PostId, Verdict,
};
use gamification_pg::PgStore;
use gamification_tests::{skipped_on_citus, until};
use time::OffsetDateTime;
use tokio::time::timeout;
use uuid::Uuid;

use crate::commands::{Scene, a_post_worth_seven, levels_at};

/// How many sessions of a database wait for a turn.
const WAITING: &str = "SELECT COUNT(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
                       WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted";

/// Long enough for an award that nothing holds up.
const A_WHILE: Duration = Duration::from_millis(300);

fn levels_of(community: CommunityId) -> LevelConfiguration {
    LevelConfiguration::default_for(LevelConfigurationId::new(Uuid::now_v7()), community)
}

fn awarded(scene: &Scene) -> FactRecord {
    let content = Content::Post(PostId::new(Uuid::now_v7()));
    scene.record_of(FactKind::ContentCreated { content, author_id: scene.ada })
}

async fn record(store: PgStore, record: FactRecord) -> Verdict {
    record_facts(&store, &System, &[record]).await.unwrap()[0]
}

/// On Citus they are taken on the machine that has the community, and the lists of locks that these tests look at are
/// another machine's.
fn turns_are_elsewhere() -> bool {
    skipped_on_citus("turns are taken on other machines than the one that is looked at")
}

/// An award comes while a change waits for the award before it.
async fn an_award_stands_behind<F>(change: impl FnOnce(PgStore, &Scene) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let scene = Scene::new(6).await;
    let mut holder = scene.store.begin().await.unwrap();
    let levels = [levels_of(scene.community)];
    holder.lock_configurations(ConfigurationLock::Shared, &levels, OffsetDateTime::now_utc()).await.unwrap();
    // Without a change in between, awards share the configuration.
    assert_eq!(record(scene.store.clone(), awarded(&scene)).await, Verdict::Applied);

    let mut changing = tokio::spawn(change(scene.store.clone(), &scene));
    until("the change waits", async || scene.database.number(WAITING).await == 1).await;
    let mut awarding = tokio::spawn(record(scene.store.clone(), awarded(&scene)));
    until("the award waits as well", async || scene.database.number(WAITING).await == 2).await;
    assert!(timeout(A_WHILE, &mut awarding).await.is_err(), "the award went past the change");
    assert!(timeout(A_WHILE, &mut changing).await.is_err(), "the change went past the award");

    holder.rollback().await.unwrap();
    changing.await.unwrap();
    assert_eq!(awarding.await.unwrap(), Verdict::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_levels_is_before_awards_that_come_after_it() {
    if turns_are_elsewhere() {
        return;
    }
    an_award_stands_behind(|store, scene| {
        let caller = (scene.community, scene.admin);
        async move {
            update_levels(&store, &System, caller, &levels_at(1)).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_rules_is_before_awards_that_come_after_it() {
    if turns_are_elsewhere() {
        return;
    }
    an_award_stands_behind(|store, scene| {
        let caller = (scene.community, scene.admin);
        let update = a_post_worth_seven(scene.community);
        async move { update_rules(&store, &System, caller, &update).await.unwrap() }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_before_awards_that_come_after_it() {
    if turns_are_elsewhere() {
        return;
    }
    an_award_stands_behind(|store, scene| {
        let erased = scene.record_of(FactKind::MemberErased { user_id: scene.admin });
        async move { assert_eq!(record(store, erased).await, Verdict::Applied) }
    })
    .await;
}

/// Levels are inserted by a transaction that has the turn, so it is taken also where there are none yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_taken_before_levels_are_looked_for() {
    if turns_are_elsewhere() {
        return;
    }
    let scene = Scene::new(2).await;
    let mut tx = scene.store.begin().await.unwrap();
    let unknown = [CommunityId::new(Uuid::now_v7())].into();
    let locked = tx.lock_awards(&unknown, &[], &BTreeSet::new(), OffsetDateTime::now_utc()).await.unwrap();
    assert!(locked.configurations.is_empty());
    let held = "SELECT COUNT(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
                WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted AND l.mode = 'ShareLock'";
    assert_eq!(scene.database.number(held).await, 1);
    tx.rollback().await.unwrap();
    assert_eq!(scene.database.number(held).await, 0);
}

/// Five senders award without a pause, each over a store of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_get_in_beside_awards_without_a_pause() {
    let scene = Scene::new(4).await;
    let caller = (scene.community, scene.admin);
    let senders: Vec<PgStore> = (0..5).map(|_| scene.database.store(2)).collect();
    let award = async |store: &PgStore| loop {
        record_facts(store, &System, &[awarded(&scene)]).await.unwrap();
    };
    let awards = futures_util::future::join_all(senders.iter().map(award));
    let changes = async {
        for step in 1..=20 {
            update_levels(&scene.store, &System, caller, &levels_at(step)).await.unwrap();
        }
        let erased = scene.record_of(FactKind::MemberErased { user_id: scene.ada });
        assert_eq!(record(scene.store.clone(), erased).await, Verdict::Applied);
    };
    tokio::select! {
        _ = awards => unreachable!("senders never end"),
        () = changes => {}
    }
}
