//! Statements are planned by what the database knows of its tables, and it is told to look when they have grown.

use gamification_app::ports::PlannerStatistics;
use gamification_tests::TestDatabase;

const FILL: &str = "
    INSERT INTO like_switches (community_id, content_kind, content_id, liker_id, newest_change, created_at, updated_at)
    SELECT md5('c')::uuid, 'post', gen_random_uuid(), gen_random_uuid(), '{}', now(), now() FROM generate_series(1, 5000)";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_analyzed_once_it_is_many_times_as_large_as_it_was() {
    let database = TestDatabase::migrated().await;
    let store = database.store(1);
    let client = database.client().await;
    // By hand only.
    client.batch_execute("ALTER TABLE like_switches SET (autovacuum_enabled = off); ANALYZE").await.unwrap();
    let known = "SELECT reltuples::bigint FROM pg_class WHERE relname = 'like_switches'";
    store.analyze_grown_tables().await.unwrap();
    assert_eq!(database.number(known).await, 0);
    client.batch_execute(FILL).await.unwrap();
    store.analyze_grown_tables().await.unwrap();
    assert_eq!(database.number(known).await, 5_000);
    // Twice as large is no reason.
    client.batch_execute(FILL).await.unwrap();
    store.analyze_grown_tables().await.unwrap();
    assert_eq!(database.number(known).await, 5_000);
}
