//! The migration that gave channels their deliveries: on filled tables, up and down, and against servers of before.

use gamification_app::{System, commands::register_channel};
use gamification_tests::{Launch, TestDatabase, skipped_on_citus};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_from_before_there_were_channels_writes_nothing() {
    let database = TestDatabase::migrated().await;
    let client = database.client().await;
    // Word for word what it wrote with: awards, changes of thresholds, its relay, and its retention.
    for statement in [
        "INSERT INTO outbox (community_id, id, member_id, event_type, payload, created_at)
         SELECT new.community_id, new.id, new.member_id, new.event_type, new.payload, t.now
         FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::jsonb[])
             WITH ORDINALITY AS new (community_id, id, member_id, event_type, payload, position),
             (VALUES ($6::timestamptz)) AS t (now)
         ORDER BY new.position",
        "WITH told AS (
             INSERT INTO outbox (community_id, id, member_id, event_type, payload, created_at)
             SELECT m.community_id, gen_random_uuid(), m.user_id, 'MemberLeveledUp', '{}', now()
             FROM member_points AS m)
         UPDATE member_points SET current_level = 2",
        "WITH delivered AS (SELECT * FROM UNNEST($1::uuid[], $2::uuid[]) AS delivered (community_id, id))
         UPDATE outbox AS o SET delivered_at = now() FROM delivered
         WHERE o.community_id = delivered.community_id AND o.id = delivered.id",
        "DELETE FROM outbox WHERE (community_id, id) IN
             (SELECT community_id, id FROM outbox WHERE delivered_at < now() ORDER BY delivered_at, sequence LIMIT 5)",
    ] {
        let refused = client.prepare(statement).await.expect_err("it is refused");
        assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::UNDEFINED_COLUMN), "{statement}");
    }
}

/// Members of the migration's test, by what became of their events.
const FILL: &str = "
    INSERT INTO outbox (community_id, id, member_id, event_type, payload, created_at, delivered_at)
    SELECT '00000000-0000-0000-0000-0000000000c0', gen_random_uuid(), ('00000000-0000-0000-0000-00000000000' || member)::uuid,
           'PointsAwarded', '{\"points\": 2, \"new_total\": 2}', now() - interval '1 hour',
           CASE WHEN member = 1 OR member = 2 AND n = 1 THEN now() END
    FROM generate_series(1, 3) AS member, generate_series(1, 2) AS n ORDER BY n;
    INSERT INTO outbox_setbacks (community_id, member_id, event_id, failures, attempted_at, retry_at, parked_at, cause)
    SELECT DISTINCT ON (member_id) community_id, member_id, id, 24, now(), now(), now(), 'it burns'
    FROM outbox WHERE member_id = '00000000-0000-0000-0000-000000000003' ORDER BY member_id, sequence;
";

#[tokio::test(flavor = "multi_thread")]
async fn the_migration_keeps_what_is_delivered_undelivered_and_parked_up_and_down() {
    if skipped_on_citus("the first migrations are not taken back there") {
        return;
    }
    let database = TestDatabase::migrated().await;
    let client = database.client().await;
    let migrate = |revert: bool| {
        let launch = Launch::on(database.url()).arg("migrate");
        let (status, said, error) = if revert { launch.arg("--revert").run() } else { launch.run() };
        assert!(status.success(), "{error}");
        said
    };
    let back = || assert!((0..99).any(|_| migrate(true).contains("reverted 20261126000012")));
    back();
    client.batch_execute(FILL).await.unwrap();
    let pending = "SELECT string_agg(member_id || ' ' || sequence, ',' ORDER BY sequence) FROM ";
    let pending_before = format!("{pending} outbox WHERE delivered_at IS NULL");
    let parked = "SELECT string_agg(concat_ws(' ', member_id, event_id, failures, attempted_at, retry_at, parked_at, cause), ',')
                  FROM ";
    let text = async |query: &str| client.query_one(query, &[]).await.unwrap().get::<_, Option<String>>(0);
    let (owed, given_up) = (text(&pending_before).await, text(&format!("{parked} outbox_setbacks")).await);
    assert_eq!(owed.as_deref().unwrap_or_default().split(',').count(), 3);
    assert!(given_up.is_some());
    for _ in 0..2 {
        migrate(false);
        assert_eq!(text("SELECT string_agg(name, ',') FROM channels").await.as_deref(), Some("webhook"));
        assert_eq!(text(&format!("{pending} deliveries")).await, owed);
        assert_eq!(text(&format!("{parked} delivery_failures")).await, given_up);
        back();
        assert_eq!(text(&pending_before).await, owed);
        assert_eq!(text(&format!("{parked} outbox_setbacks")).await, given_up);
    }
    // Where nothing was ever sent, nobody knows of a webhook, and the first channel gets everything.
    client.batch_execute("DELETE FROM outbox_setbacks; UPDATE outbox SET delivered_at = NULL").await.unwrap();
    for _ in 0..2 {
        migrate(false);
        assert_eq!(database.number("SELECT COUNT(*) FROM channels").await, 0);
        assert_eq!(database.number("SELECT COUNT(*) FROM outbox").await, 6);
        back();
        assert_eq!(database.number("SELECT COUNT(*) FROM outbox WHERE delivered_at IS NULL").await, 6);
    }
    migrate(false);
    register_channel(&database.store(2), &System, &"webhook".parse().unwrap()).await.unwrap();
    assert_eq!(database.number("SELECT COUNT(*) FROM deliveries").await, 6);
    // They are no awards, which an audit would find.
    client.batch_execute("TRUNCATE outbox, deliveries").await.unwrap();
}
