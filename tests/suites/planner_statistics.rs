//! Statements are planned by what the database knows of its tables, and it is told to look when they have grown.

use gamification_app::ports::PlannerStatistics;
use gamification_tests::{TestDatabase, skipped_on_citus};

const FILL: &str = "
    INSERT INTO like_switches (community_id, content_kind, content_id, liker_id, newest_change, created_at, updated_at)
    SELECT md5('c')::uuid, 'post', gen_random_uuid(), gen_random_uuid(), '{}', now(), now() FROM generate_series(1, 5000)";

/// A session reports what it changed once a second, or when it is told to.
const REPORT: &str = "SELECT pg_stat_force_next_flush()";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_analyzed_once_it_has_many_times_the_rows_it_had() {
    if skipped_on_citus("each machine looks after its own tables") {
        return;
    }
    let database = TestDatabase::migrated().await;
    let store = database.store(1);
    let client = database.client().await;
    // By hand only.
    client.batch_execute("ALTER TABLE like_switches SET (autovacuum_enabled = off); ANALYZE").await.unwrap();
    let known = "SELECT reltuples::bigint FROM pg_class WHERE relname = 'like_switches'";
    store.analyze_grown_tables().await.unwrap();
    assert_eq!(database.number(known).await, 0);
    // While it is being filled its pages are there and its rows are not: looked at now, it would be taken for empty.
    client.batch_execute(&format!("BEGIN; {FILL}")).await.unwrap();
    let pages = "SELECT relpages::bigint FROM pg_class WHERE relname = 'like_switches'";
    store.analyze_grown_tables().await.unwrap();
    assert_eq!(database.number(pages).await, 0);
    client.batch_execute(&format!("COMMIT; {REPORT}")).await.unwrap();
    store.analyze_grown_tables().await.unwrap();
    assert_eq!(database.number(known).await, 5_000);
    // Twice as large is no reason.
    client.batch_execute(&format!("{FILL}; {REPORT}")).await.unwrap();
    store.analyze_grown_tables().await.unwrap();
    assert_eq!(database.number(known).await, 5_000);
}
