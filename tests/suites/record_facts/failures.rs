//! Transactions that are dropped or refused, and a database that is away.

use std::time::Duration as StdDuration;

use gamification_app::{
    commands::record_facts,
    ports::{ConfigurationRepository, SchemaQueries, Store, StoreError, UnitOfWork},
    queries::ReadError,
};
use gamification_pg::{
    PgStore,
    connection::{Connector, DatabaseUrl},
};
use gamification_tests::until;

use super::{Fixed, Scene, at, post};

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_dropped_or_abandoned_leaves_nothing_and_no_harm() {
    let scene = Scene::new().await;
    let store = scene.database.store(1);
    for _ in 0..5 {
        drop(store.begin().await.unwrap());
    }
    // Abandoned in the middle of a statement that waits.
    let mut client = scene.database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE point_transactions").await.unwrap();
    let facts = [at(1, scene.created(post()))];
    let award = record_facts(&store, &Fixed, &facts);
    assert!(tokio::time::timeout(StdDuration::from_millis(200), award).await.is_err());
    blocker.rollback().await.unwrap();
    assert_eq!(record_facts(&store, &Fixed, &facts).await.unwrap().len(), 1);
    store.begin().await.unwrap().commit().await.unwrap();
    assert_eq!(scene.total().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_transaction_lets_go_of_its_locks_at_once() {
    let scene = Scene::new().await;
    scene.record(&[at(9, scene.joined(scene.author))]).await;
    // Other connections are idle in the pool, so nobody draws the one that was dropped.
    let (one, two, three) = tokio::join!(scene.store.begin(), scene.store.begin(), scene.store.begin());
    for idle in [one, two, three] {
        idle.unwrap().commit().await.unwrap();
    }
    let mut tx = scene.store.begin().await.unwrap();
    assert!(tx.lock_configuration(scene.community_id).await.unwrap().is_some());
    let client = scene.database.client().await;
    let lock = "SELECT FROM level_configurations WHERE community_id = $1 FOR UPDATE NOWAIT";
    let lock = async || client.query(lock, &[&scene.community_id.as_uuid()]).await;
    assert!(lock().await.is_err(), "the transaction holds the lock");
    drop(tx);
    let released = until("the lock is free", async || lock().await.is_ok()).await;
    assert!(
        released < StdDuration::from_secs(8),
        "PostgreSQL ends an idle transaction by itself after ten: {released:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_guards_is_a_conflict_and_what_it_lacks_is_corrupt() {
    let scene = Scene::new().await;
    scene.record(&[at(9, scene.joined(scene.author))]).await;
    let client = scene.database.client().await;
    // A rule that the program does not know of, as an operator might add one.
    let guard = "ALTER TABLE point_transactions ADD CONSTRAINT no_posts CHECK (source <> 'post_created')";
    client.batch_execute(guard).await.unwrap();
    let refused = record_facts(&scene.store, &Fixed, &[at(1, scene.created(post()))]).await.unwrap_err();
    let StoreError::Conflict { constraint } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(constraint, "no_posts");
    let spoil = "CREATE TEMPORARY TABLE kept AS SELECT levels FROM level_configurations;
                 UPDATE level_configurations SET levels = '[]'";
    client.batch_execute(spoil).await.unwrap();
    let corrupt = scene.level_of_author().await.unwrap_err();
    assert!(matches!(corrupt, ReadError::Store(StoreError::Corrupt(_))), "{corrupt:?}");
    client.batch_execute("UPDATE level_configurations SET levels = (SELECT levels FROM kept)").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_unavailable_within_the_time_out() {
    let nowhere = DatabaseUrl::parse("postgres://nobody@127.0.0.1:1/none").unwrap();
    let store = PgStore::new(Connector::new(nowhere).unwrap(), 1).unwrap();
    assert!(matches!(store.schema_is_current().await, Err(StoreError::Unavailable(_))));
}
