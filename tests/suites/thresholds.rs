//! Changes of thresholds under way: against awards, against one another, and after a crash (campaign R3).

use std::time::Duration;

use gamification_tests::{
    Launch, TestDatabase, TestServer,
    event::{admin_joined, community_created, id, member_joined, post_created},
    until,
};
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

struct Scene {
    server: TestServer,
    database: TestDatabase,
    community: Uuid,
    admin: Uuid,
}

impl Scene {
    async fn new() -> Self {
        Self::logging("info").await
    }

    async fn logging(level: &str) -> Self {
        let database = TestDatabase::empty().await;
        let server = Launch::on(database.url()).env("RUST_LOG", level).serve();
        let (community, admin) = (id(), id());
        let events = [community_created(community), admin_joined(community, admin)];
        assert_eq!(server.send_batch(&events).body["applied"], 2);
        Self { server, database, community, admin }
    }

    /// A change of thresholds to multiples of `step`.
    fn put(&self, step: i64) -> u16 {
        put(&self.server, self.community, self.admin, step)
    }

    /// Members with points, written at once; the ledger, the events and the counts with them.
    async fn fill(&self, members: u32, points: i32) {
        let fill = format!(
            "INSERT INTO member_points (community_id, id, user_id, total_points, current_level, created_at, updated_at, is_present)
             SELECT '{community}', gen_random_uuid(), gen_random_uuid(), {points}, 1, now(), now(), true
             FROM generate_series(1, {members});
             INSERT INTO community_members
                 (community_id, user_id, is_present, presence_change, role, created_at, updated_at)
             SELECT community_id, user_id, true, '{{}}', 'MEMBER', now(), now() FROM member_points
             ON CONFLICT DO NOTHING;
             INSERT INTO point_transactions
             SELECT community_id, gen_random_uuid(), id, {points}, 'lesson_completed', gen_random_uuid(), user_id, 'fill', now(), now()
             FROM member_points WHERE total_points = {points};
             INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
             SELECT community_id, gen_random_uuid(), user_id, 'PointsAwarded',
                    '{{\"points\": {points}, \"new_total\": {points}}}', now()
             FROM member_points WHERE total_points = {points};
             UPDATE level_counts SET members = members + {members} WHERE level = 1;
             ANALYZE;",
            community = self.community,
        );
        self.database.client().await.batch_execute(&fill).await.unwrap();
    }
}

fn put(server: &TestServer, community: Uuid, admin: Uuid, step: i64) -> u16 {
    let level = |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": (level - 1) * step});
    let body = json!({"levels": (1..=9).map(level).collect::<Vec<Value>>()});
    server.put(&format!("/api/communities/{community}/levels"), admin, &[], &body).status
}

/// Waits in the midst of threads.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

/// Until a session of the server waits for a lock.
async fn until_something_waits(client: &Client) {
    let waiting = "SELECT COUNT(*) FROM pg_stat_activity
                   WHERE wait_event_type = 'Lock' AND application_name = 'gamification' AND datname = current_database()";
    let number = async || client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0);
    until("something waits for a lock", async || number().await > 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_that_began_before_a_change_of_thresholds_ends_at_the_right_level() {
    let scene = Scene::new().await;
    let ada = id();
    assert_eq!(scene.server.send(&member_joined(scene.community, ada)).status, 200);
    let mut client = scene.database.client().await;
    // The award has its thresholds and waits for the member; the change waits for the award.
    let hold = client.transaction().await.unwrap();
    hold.execute("SELECT FROM member_points WHERE user_id = $1 FOR UPDATE", &[&ada]).await.unwrap();
    let observer = scene.database.client().await;
    std::thread::scope(|scope| {
        let award = scope.spawn(|| scene.server.send(&post_created(scene.community, id(), ada)).status);
        wait_for(until_something_waits(&observer));
        let change = scope.spawn(|| scene.put(1));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!change.is_finished(), "the change must wait for the award that holds the old thresholds");
        wait_for(hold.rollback()).unwrap();
        assert_eq!((award.join().unwrap(), change.join().unwrap()), (200, 200));
    });
    assert_eq!(scene.server.level(scene.community, ada, ada).body["level"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_during_the_lifting_is_judged_by_the_new_thresholds_and_waits_for_nobody_else() {
    let scene = Scene::new().await;
    let (ada, bob) = (id(), id());
    assert_eq!(
        scene
            .server
            .send_batch(&[member_joined(scene.community, ada), member_joined(scene.community, bob)])
            .status,
        200
    );
    let mut client = scene.database.client().await;
    assert_eq!(scene.server.send(&post_created(scene.community, id(), ada)).status, 200);
    // The lifting waits for Ada, who has to rise; the new thresholds are in force.
    let hold = client.transaction().await.unwrap();
    hold.execute("SELECT FROM member_points WHERE user_id = $1 FOR UPDATE", &[&ada]).await.unwrap();
    let observer = scene.database.client().await;
    std::thread::scope(|scope| {
        let change = scope.spawn(|| scene.put(1));
        wait_for(until_something_waits(&observer));
        assert_eq!(scene.server.send(&post_created(scene.community, id(), bob)).status, 200);
        assert_eq!(scene.server.level(scene.community, bob, bob).body["level"], 3);
        assert_eq!(
            scene.server.level(scene.community, ada, bob).body["level"],
            3,
            "the rule is ahead of what is stored"
        );
        wait_for(hold.rollback()).unwrap();
        assert_eq!(change.join().unwrap(), 200);
    });
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM member_points WHERE current_level = 3").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_thresholds_wait_for_one_another_and_none_is_missed() {
    let scene = Scene::new().await;
    scene.fill(6_000, 40).await;
    // At steps of 5 everybody is at level 9; a change back at the same moment must not make anybody miss that.
    let statuses = std::thread::scope(|scope| {
        let changes = [5, 1_000, 2_000].map(|step| {
            let scene = &scene;
            let change = scope.spawn(move || scene.put(step));
            std::thread::sleep(Duration::from_millis(30));
            change
        });
        changes.map(|change| change.join().unwrap())
    });
    assert_eq!(statuses, [200; 3]);
    assert_eq!(
        scene.database.number("SELECT COUNT(*) FROM member_points WHERE current_level = 9").await,
        6_000
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn awards_and_changes_at_random_leave_nobody_behind() {
    let scene = Scene::new().await;
    let members: Vec<Uuid> = (0..8).map(|_| id()).collect();
    let joined: Vec<Value> = members.iter().map(|member| member_joined(scene.community, *member)).collect();
    assert_eq!(scene.server.send_batch(&joined).status, 200);
    std::thread::scope(|scope| {
        for part in members.chunks(2) {
            let scene = &scene;
            scope.spawn(move || {
                for _ in 0..25 {
                    let posts: Vec<Value> =
                        part.iter().map(|member| post_created(scene.community, id(), *member)).collect();
                    assert_eq!(scene.server.send_batch(&posts).status, 200);
                }
            });
        }
        for _ in 0..2 {
            let scene = &scene;
            scope.spawn(move || (1..12).for_each(|round| assert_eq!(scene.put(30 - round * 2), 200)));
        }
    });
    for member in members {
        let level = scene.server.level(scene.community, member, member).body;
        assert_eq!(
            (&level["total_points"], &level["level"]),
            (&json!(50), &json!(7)),
            "with steps of 8 in the end"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifting_that_a_killed_server_left_is_ended_by_another() {
    // Enough for many chunks; nobody reads a line for each of them.
    const MEMBERS: u32 = 100_000;
    let scene = Scene::logging("warn").await;
    scene.fill(MEMBERS, 40).await;
    let Scene { server, database, community, admin } = scene;
    let url = server.url().to_owned();
    let change = std::thread::spawn(move || {
        let level = |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": (level - 1) * 5});
        let body = json!({"levels": (1..=9).map(level).collect::<Vec<Value>>()}).to_string();
        let token = format!("Bearer {}", gamification_tests::user_token(admin));
        ureq::put(format!("{url}/api/communities/{community}/levels"))
            .header("content-type", "application/json")
            .header("authorization", token)
            .send(body)
            .map(|answer| answer.status().as_u16())
    });
    let lifted = "SELECT COUNT(*) FROM member_points WHERE current_level = 9";
    until("somebody rises", async || database.number(lifted).await > 0).await;
    server.kill();
    assert!(change.join().unwrap().is_err(), "the killed server did not answer");
    let left = database.number(lifted).await;
    assert!(left < i64::from(MEMBERS), "the server was killed too late for this test to show anything");

    let _next = Launch::on(database.url()).env("RUST_LOG", "warn").serve();
    let left = "SELECT COUNT(*) FROM recalculations";
    until("the next server ends it", async || database.number(left).await == 0).await;
    assert_eq!(database.number(lifted).await, i64::from(MEMBERS));
}
