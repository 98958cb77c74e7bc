//! A database of the first version is brought up to date and back, and nothing is lost on the way. Its tables are filled
//! by SQL, as the first version filled them.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use gamification_tests::{
    Campaign, Delivery, Launch, Reaction, Receiver, TestDatabase, WEBHOOK_SECRET,
    assert_verify_finds_nothing, skipped_on_citus, until,
};
use tokio_postgres::Client;
use uuid::Uuid;

/// The last migration of the first version.
const FIRST_VERSION: &str = "20261122000010";

/// What the first version leaves behind: a community of `members`, each with 50 lines of the ledger and 90 points, whose
/// thresholds were just changed so that 90 points are level 5 and not 4. Half of the members are leveled up. The newest
/// event of each member, and the level-up, wait to be delivered, the event before was delivered. One member's delivery
/// is tried again later, another's was given up.
const FILL: &str = "
    INSERT INTO communities VALUES (:community, 'Makers', NULL, now(), now());
    INSERT INTO level_configurations VALUES (:community, gen_random_uuid(),
        (SELECT jsonb_agg(jsonb_build_object('level', n, 'name', 'Level ' || n, 'threshold', (n - 1) * 20)) FROM generate_series(1, 9) n),
        2, now(), now());
    CREATE TEMPORARY TABLE members AS
        SELECT n, gen_random_uuid() AS id, ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS user_id
        FROM generate_series(1, :members) n;
    INSERT INTO community_members
        SELECT :community, user_id, true, 'Member ' || n, NULL,
               '{\"sequence\": null, \"occurred_at\": \"2026-01-01T10:00:00Z\", \"claimed_at\": null, \"event_id\": \"joined\"}',
               CASE n WHEN 1 THEN 'ADMIN' ELSE 'MEMBER' END, NULL, now(), now() FROM members;
    INSERT INTO member_points (community_id, id, user_id, total_points, current_level, created_at, updated_at, is_present)
        SELECT :community, id, user_id, 90, CASE WHEN n <= :members / 2 THEN 5 ELSE 4 END, now(), now(), true FROM members;
    INSERT INTO level_counts
        SELECT :community, current_level, COUNT(*) FROM member_points GROUP BY current_level;
    INSERT INTO recalculations
        SELECT :community, gen_random_uuid(), user_id, now(), now() FROM members WHERE n = :members / 2 + 1;
    INSERT INTO point_transactions
        SELECT :community, gen_random_uuid(), m.id, line.points, line.source, gen_random_uuid(), m.user_id, 'event-' || line.n,
               now() - interval '1 year', now()
        FROM members AS m CROSS JOIN (
            SELECT n, CASE WHEN n <= 20 THEN 2 WHEN n <= 45 THEN 1 ELSE 5 END AS points,
                   CASE WHEN n <= 20 THEN 'post_created' WHEN n <= 30 THEN 'comment_created'
                        WHEN n <= 45 THEN 'post_liked' ELSE 'lesson_completed' END AS source
            FROM generate_series(1, 50) n) AS line;
    INSERT INTO like_switches
        SELECT community_id, 'post', source_id, actor_id, m.user_id,
               '{\"sequence\": null, \"occurred_at\": \"2026-01-01T10:00:00Z\", \"claimed_at\": null, \"event_id\": \"liked\"}', now(), now()
        FROM point_transactions JOIN members AS m ON m.id = member_points_id WHERE source = 'post_liked';
    INSERT INTO outbox (community_id, id, member_id, event_type, payload, created_at, delivered_at)
        SELECT :community, gen_random_uuid(), user_id, 'PointsAwarded',
               jsonb_build_object('member_id', user_id, 'community_id', :community, 'points', 1, 'new_total', total, 'source', 'post_liked'),
               now(), CASE total WHEN 89 THEN now() END
        FROM members, generate_series(89, 90) AS total ORDER BY n, total;
    INSERT INTO outbox (community_id, id, member_id, event_type, payload, created_at)
        SELECT :community, gen_random_uuid(), user_id, 'MemberLeveledUp',
               jsonb_build_object('member_id', user_id, 'community_id', :community, 'old_level', 4, 'new_level', 5, 'new_level_name', 'Level 5'),
               now()
        FROM members WHERE n <= :members / 2;
    INSERT INTO outbox_setbacks
        SELECT :community, user_id, (SELECT id FROM outbox AS o WHERE o.member_id = members.user_id AND delivered_at IS NULL ORDER BY sequence LIMIT 1),
               3, now(), now(), CASE n WHEN 2 THEN now() END, 'the receiver answered 500'
        FROM members WHERE n <= 2;
    DROP TABLE members;
    ANALYZE;";

const COMMUNITY: &str = "0192f0c1-5c1e-7f4e-8f4b-0000000000aa";

/// A migration, forwards or back; what it said.
fn migrate(database: &TestDatabase, revert: bool) -> String {
    let launch = Launch::on(database.url()).arg("migrate");
    let (status, said, error) = if revert { launch.arg("--revert") } else { launch }.run();
    assert!(status.success(), "{said}{error}");
    said
}

async fn revert_to_first_version(database: &TestDatabase) {
    let newer = format!("SELECT COUNT(*) FROM __diesel_schema_migrations WHERE version > '{FIRST_VERSION}'");
    for _ in 0..database.number(&newer).await {
        migrate(database, true);
    }
}

/// What must be the same before and after, whatever the tables are called.
async fn ledger(client: &Client) -> (i64, i64, i64, i64) {
    let query = "SELECT COUNT(*), SUM(points), COUNT(DISTINCT source_id), (SELECT SUM(total_points) FROM member_points)
                 FROM point_transactions";
    let row = client.query_one(query, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3))
}

async fn event_ids(client: &Client, query: &str) -> BTreeSet<Uuid> {
    client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// What the first version has to deliver, in its order, and what it knows of deliveries that failed.
async fn owed(client: &Client) -> Vec<(Uuid, String)> {
    let query = "SELECT o.id, concat_ws(' ', o.member_id, o.event_type, o.payload, o.sequence, s.failures, s.attempted_at,
                                        s.retry_at, s.parked_at, s.cause)
                 FROM outbox o LEFT JOIN outbox_setbacks s ON s.community_id = o.community_id AND s.event_id = o.id
                 WHERE o.delivered_at IS NULL ORDER BY o.sequence";
    let rows = client.query(query, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_the_first_version_is_brought_up_to_date_and_back_and_nothing_is_lost() {
    if skipped_on_citus("the first migrations are not taken back there") {
        return;
    }
    let members = i64::from(Campaign::new("upgrade", 1_000, 10_000).rounds());
    // It is filled without the events that were delivered and deleted, which the tests' own audit would miss.
    let database = TestDatabase::migrated().await.without_audit();
    revert_to_first_version(&database).await;
    let fill =
        FILL.replace(":community", &format!("'{COMMUNITY}'::uuid")).replace(":members", &members.to_string());
    let client = database.client().await;
    client.batch_execute(&fill).await.unwrap();
    let before = ledger(&client).await;
    assert_eq!((before.0, before.1), (50 * members, 90 * members));
    let owed_before = owed(&client).await;
    assert_eq!(owed_before.len(), usize::try_from(members + members / 2).unwrap());

    let started = Instant::now();
    migrate(&database, false);
    println!("{} lines of the ledger were brought up to date in {:?}", before.0, started.elapsed());
    assert_eq!(ledger(&client).await, before);
    let undelivered = members + members / 2;
    let count = async |query: &str| database.number(query).await;
    assert_eq!(count("SELECT COUNT(*) FROM outbox").await, 2 * members + members / 2);
    let of_webhook = |table: &str| {
        format!(
            "SELECT COUNT(*) FROM {table} JOIN channels ON channels.id = channel_id WHERE name = 'webhook'"
        )
    };
    assert_eq!(count(&of_webhook("deliveries")).await, undelivered);
    assert_eq!(count(&of_webhook("delivery_failures")).await, 2);
    assert_eq!(count("SELECT COUNT(*) FROM delivery_failures WHERE parked_at IS NOT NULL").await, 1);
    let unguarded = "SELECT COUNT(*) FROM point_transactions
                     WHERE (once_per IS NULL) <> (source IN ('post_liked', 'comment_liked'))";
    assert_eq!(count(unguarded).await, 0, "each award is guarded by the rule that it was made under");

    // Back at once, the first version owes what it owed, has tried what it had tried, and has a recalculation to end; and
    // forwards again.
    revert_to_first_version(&database).await;
    assert_eq!(owed(&client).await, owed_before, "nothing is lost, and nothing is delivered twice");
    assert_eq!(ledger(&client).await, before);
    assert_eq!(count("SELECT COUNT(*) FROM recalculations").await, 1);
    migrate(&database, false);

    // A server without the receiver ends the recalculation and deletes nothing that the receiver is still owed.
    let server = Launch::on(database.url()).serve();
    until("the recalculation has ended", async || count("SELECT COUNT(*) FROM recalculations").await == 0)
        .await;
    assert_eq!(count("SELECT COUNT(*) FROM member_points WHERE current_level = 5").await, members);
    assert!(server.terminate().0.success());
    assert_verify_finds_nothing(database.url());
    let (status, _, error) = Launch::on(database.url()).arg("outbox").arg("--release").run();
    assert!(status.success(), "{error}");

    // With the receiver, everything arrives that the first version had not delivered, and the level-ups since. But first the
    // receiver takes some of it only, and the first version owes the rest.
    let room = Arc::new(AtomicI64::new(members / 3));
    let receiver = Receiver::start({
        let room = Arc::clone(&room);
        move |_| if room.fetch_sub(1, Ordering::Relaxed) > 0 { Reaction::TAKEN } else { Reaction::REFUSED }
    });
    let serve = || {
        let launch = Launch::on(database.url()).env("GAMIFICATION_WEBHOOK_URL", receiver.url());
        launch.env("GAMIFICATION_WEBHOOK_SECRET", WEBHOOK_SECRET).serve()
    };
    let server = serve();
    until("some of it is refused", async || room.load(Ordering::Relaxed) < 0).await;
    assert!(server.terminate().0.success());
    let left = event_ids(&client, "SELECT event_id FROM deliveries").await;
    assert!(left.len() < usize::try_from(2 * members).unwrap() && !left.is_empty(), "{}", left.len());
    revert_to_first_version(&database).await;
    assert_eq!(event_ids(&client, "SELECT id FROM outbox WHERE delivered_at IS NULL").await, left);
    migrate(&database, false);
    assert_eq!(event_ids(&client, "SELECT event_id FROM deliveries").await, left);
    room.store(i64::MAX, Ordering::Relaxed);
    let (status, _, error) = Launch::on(database.url()).arg("outbox").arg("--release").run();
    assert!(status.success(), "{error}");
    let server = serve();
    receiver.wait_for(usize::try_from(2 * members).unwrap()).await;
    until("nothing is owed", async || count("SELECT COUNT(*) FROM deliveries").await == 0).await;
    assert!(server.terminate().0.success());
    for kind in ["PointsAwarded", "MemberLeveledUp"] {
        let deliveries = receiver.deliveries();
        let of_kind = deliveries.iter().filter(|delivery| delivery.taken && delivery.event["type"] == kind);
        let told: BTreeSet<Uuid> = of_kind.map(Delivery::id).collect();
        assert_eq!(told.len(), usize::try_from(members).unwrap(), "{kind}");
    }

    revert_to_first_version(&database).await;
    assert_eq!(ledger(&client).await, before);
    assert_eq!(count("SELECT COUNT(*) FROM outbox WHERE delivered_at IS NULL").await, 0);
    assert_eq!(count("SELECT COUNT(*) FROM outbox").await, 3 * members);
    migrate(&database, false);
    assert_eq!(ledger(&client).await, before);
    assert_verify_finds_nothing(database.url());
}
