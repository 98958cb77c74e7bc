//! Changes of thresholds under way: against awards, against one another, and after a crash (campaign R3).

use std::time::Duration;

use gamification_app::{
    System,
    jobs::{Job, Recalculation},
};
use gamification_tests::{
    Campaign, Launch, LevelWatch, TestDatabase, TestServer, assert_verify_finds_nothing, block_until,
    event::{admin_joined, community_created, id, member_joined, post_created},
    until, user_token,
};
use serde_json::{Value, json};
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

    /// The same, again while an earlier one is still under way, or awards were in its way for too long; it is over for
    /// everybody on return.
    fn change(&self, step: i64) {
        block_until("the thresholds are changed", || {
            let status = self.put(step);
            assert!([200, 202, 409, 503].contains(&status), "{status}");
            [200, 202].contains(&status)
        });
        self.wait_for_recalculation();
    }

    fn wait_for_recalculation(&self) {
        self.server.until_leveled_up(self.community, self.admin);
    }

    /// Members with points, written at once; the ledger, the events and the counts with them. (The `OFFSET` keeps machines of
    /// a distributed database from writing rows by themselves, with numbers of events and of transactions of their own.)
    async fn fill(&self, members: u32, points: i32) {
        let fill = format!(
            "INSERT INTO member_points (community_id, id, user_id, total_points, current_level, created_at, updated_at, is_present)
             SELECT '{community}', gen_random_uuid(), gen_random_uuid(), {points}, 1, now(), now(), true
             FROM generate_series(1, {members});
             INSERT INTO community_members
                 (community_id, user_id, is_present, presence_change, role, created_at, updated_at)
             SELECT community_id, user_id, true, '{{}}', 'MEMBER', now(), now()
             FROM (SELECT * FROM member_points OFFSET 0) AS member_points
             ON CONFLICT DO NOTHING;
             INSERT INTO point_transactions
             SELECT community_id, gen_random_uuid(), id, {points}, 'lesson_completed', gen_random_uuid(), user_id, 'fill', now(), now()
             FROM (SELECT * FROM member_points WHERE total_points = {points} OFFSET 0) AS member_points;
             INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
             SELECT community_id, gen_random_uuid(), user_id, 'PointsAwarded',
                    '{{\"points\": {points}, \"new_total\": {points}}}', now()
             FROM (SELECT * FROM member_points WHERE total_points = {points} OFFSET 0) AS member_points;
             UPDATE level_counts SET members = members + {members} WHERE level = 1;
             ANALYZE;",
            community = self.community,
        );
        self.database.client().await.batch_execute(&fill).await.unwrap();
    }
}

fn put(server: &TestServer, community: Uuid, admin: Uuid, step: i64) -> u16 {
    server.put(&format!("/api/communities/{community}/levels"), admin, &[], &thresholds(step)).status
}

/// A level for each multiple of `step`.
fn thresholds(step: i64) -> Value {
    let level = |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": (level - 1) * step});
    json!({"levels": (1..=9).map(level).collect::<Vec<Value>>()})
}

/// Waits in the midst of threads.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_award_that_began_before_a_change_of_thresholds_ends_at_the_right_level() {
    let scene = Scene::new().await;
    let ada = id();
    assert_eq!(scene.server.send(&member_joined(scene.community, ada)).status, 200);
    let mut client = scene.database.client().await;
    // The award has its thresholds and waits for the member; the change waits for the award.
    let hold = client.transaction().await.unwrap();
    let lock = "SELECT FROM member_points WHERE community_id = $1 AND user_id = $2 FOR UPDATE";
    hold.execute(lock, &[&scene.community, &ada]).await.unwrap();
    std::thread::scope(|scope| {
        let award = scope.spawn(|| scene.server.send(&post_created(scene.community, id(), ada)).status);
        wait_for(scene.database.until_a_lock_is_waited_for());
        let change = scope.spawn(|| scene.put(1));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!change.is_finished(), "the change must wait for the award that holds the old thresholds");
        wait_for(hold.rollback()).unwrap();
        assert_eq!(award.join().unwrap(), 200);
        assert!([200, 202].contains(&change.join().unwrap()));
    });
    scene.wait_for_recalculation();
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
    let lock = "SELECT FROM member_points WHERE community_id = $1 AND user_id = $2 FOR UPDATE";
    hold.execute(lock, &[&scene.community, &ada]).await.unwrap();
    std::thread::scope(|scope| {
        let change = scope.spawn(|| scene.put(1));
        wait_for(scene.database.until_a_lock_is_waited_for());
        assert_eq!(scene.server.send(&post_created(scene.community, id(), bob)).status, 200);
        assert_eq!(scene.server.level(scene.community, bob, bob).body["level"], 3);
        assert_eq!(
            scene.server.level(scene.community, ada, bob).body["level"],
            3,
            "the rule is ahead of what is stored"
        );
        wait_for(hold.rollback()).unwrap();
        assert!([200, 202].contains(&change.join().unwrap()));
    });
    scene.wait_for_recalculation();
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM member_points WHERE current_level = 3").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_thresholds_wait_for_one_another_and_none_is_missed() {
    let scene = Scene::new().await;
    scene.fill(6_000, 40).await;
    // At steps of 5 everybody is at level 9; a change back at the same moment must not make anybody miss that.
    std::thread::scope(|scope| {
        let change = |step| {
            let scene = &scene;
            scope.spawn(move || scene.change(step))
        };
        let first = change(5);
        let stored = "SELECT COUNT(*) FROM level_configurations WHERE version > 1";
        wait_for(until("the first is stored", async || scene.database.number(stored).await > 0));
        for change in [first, change(1_000), change(2_000)] {
            change.join().unwrap();
        }
    });
    assert_eq!(
        scene.database.number("SELECT version::bigint FROM level_configurations").await,
        4,
        "each had its turn"
    );
    assert_eq!(
        scene.database.number("SELECT COUNT(*) FROM member_points WHERE current_level = 9").await,
        6_000
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn awards_and_changes_at_random_leave_nobody_behind() {
    let campaign = Campaign::new("R3", 3, 200);
    let scene = Scene::new().await;
    let watch = LevelWatch::start(scene.database.url());
    // The defaults, in force until the first change, would put 50 points no higher than steps of 17 do.
    let mut smallest = 17;
    for round in 0..campaign.rounds() {
        let mut random = campaign.random(u64::from(round));
        let steps: Vec<i64> = (0..22).map(|_| 5 + i64::try_from(random.below(40)).unwrap()).collect();
        let members: Vec<Uuid> = (0..8).map(|_| id()).collect();
        let joined: Vec<Value> =
            members.iter().map(|member| member_joined(scene.community, *member)).collect();
        assert_eq!(scene.server.send_batch(&joined).status, 200);
        std::thread::scope(|scope| {
            for part in members.chunks(2) {
                let scene = &scene;
                scope.spawn(move || {
                    for _ in 0..25 {
                        let posts: Vec<Value> =
                            part.iter().map(|member| post_created(scene.community, id(), *member)).collect();
                        until_recorded(scene, &posts);
                    }
                });
            }
            for part in steps.chunks(11) {
                let scene = &scene;
                scope.spawn(move || part.iter().for_each(|step| scene.change(*step)));
            }
        });
        // Whatever came last above, this is what everybody is held against.
        let last = *random.pick(&steps);
        scene.change(last);
        smallest = steps.iter().copied().min().unwrap().min(smallest);
        for member in members {
            let level = scene.server.level(scene.community, member, member).body;
            let (points, level) = (level["total_points"].as_i64().unwrap(), level["level"].as_i64().unwrap());
            let reached = |step: i64| (50 / step + 1).min(9);
            assert_eq!(points, 50);
            assert!((reached(last)..=reached(smallest)).contains(&level), "level {level}, steps {steps:?}");
        }
        // The next round's members begin under these.
        smallest = last;
    }
    watch.end();
    assert_verify_finds_nothing(scene.database.url());
}

/// An award that has waited for a change of thresholds for too long is asked to come again.
fn until_recorded(scene: &Scene, events: &[Value]) {
    block_until("the posts are recorded", || {
        let status = scene.server.send_batch(events).status;
        assert!([200, 503].contains(&status), "{status}");
        status == 200
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_admins_with_one_tag_exactly_one_is_heard() {
    let campaign = Campaign::new("R3, one ETag", 5, 1_000);
    let scene = Scene::new().await;
    let path = format!("/api/communities/{}/levels", scene.community);
    for round in 0..campaign.rounds() {
        let mut random = campaign.random(u64::from(round));
        let token = user_token(scene.admin);
        let tag = scene.server.get(&path, Some(&token)).header("etag").expect("a tag").to_owned();
        let admins = 2 + random.below(4);
        let mut steps: Vec<i64> = (10..30).collect();
        random.shuffle(&mut steps);
        // One who asks for what is there already changes nothing, and would not be in the others' way.
        let steps: Vec<i64> = steps.into_iter().map(|step| step + 100 * i64::from(round + 1)).collect();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let changing: Vec<_> = steps[..admins]
                .iter()
                .map(|step| {
                    let (scene, path, tag) = (&scene, &path, &tag);
                    let change =
                        move || scene.server.put(path, scene.admin, &[("if-match", tag)], &thresholds(*step));
                    scope.spawn(move || change().status)
                })
                .collect();
            changing.into_iter().map(|change| change.join().unwrap()).collect()
        });
        let heard = statuses.iter().filter(|status| [200, 202].contains(status)).count();
        let stale = statuses.iter().filter(|status| **status == 412).count();
        assert_eq!((heard, stale), (1, admins - 1), "{statuses:?}");
    }
    assert_verify_finds_nothing(scene.database.url());
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
        let (body, token) = (thresholds(5).to_string(), format!("Bearer {}", user_token(admin)));
        ureq::put(format!("{url}/api/communities/{community}/levels"))
            .header("content-type", "application/json")
            .header("authorization", token)
            .send(body)
            .map(|answer| answer.status().as_u16())
    });
    let lifted = "SELECT COUNT(*) FROM member_points WHERE current_level = 9";
    until("a member is leveled up", async || database.number(lifted).await > 0).await;
    server.kill();
    assert!(change.join().unwrap().is_err(), "the killed server did not answer");
    let risen = database.number(lifted).await;
    assert!(risen < i64::from(MEMBERS), "the server was killed too late for this test to show anything");

    let _next = Launch::on(database.url()).env("RUST_LOG", "warn").serve();
    // It looks every 5 seconds for what nobody has worked on for 5.
    let took = until("the next server goes on with it", async || database.number(lifted).await > risen).await;
    assert!(took < Duration::from_secs(20), "{took:?}");
    let left = "SELECT COUNT(*) FROM recalculations";
    until("the next server ends it", async || database.number(left).await == 0).await;
    assert_eq!(database.number(lifted).await, i64::from(MEMBERS));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_whose_members_take_long_is_answered_and_thresholds_wait_for_it_while_names_do_not() {
    let scene = Scene::new().await;
    let ada = id();
    let events = [member_joined(scene.community, ada), post_created(scene.community, id(), ada)];
    assert_eq!(scene.server.send_batch(&events).body["applied"], 2);
    let mut client = scene.database.client().await;
    // Ada has to rise, and can't.
    let hold = client.transaction().await.unwrap();
    let lock = "SELECT FROM member_points WHERE community_id = $1 AND user_id = $2 FOR UPDATE";
    hold.execute(lock, &[&scene.community, &ada]).await.unwrap();
    let path = format!("/api/communities/{}/levels", scene.community);
    let answer = scene.server.put(&path, scene.admin, &[], &thresholds(1));
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.body["recalculating"], true, "{answer:?}");
    assert_eq!(answer.body["recalculation"], json!({"done": 0, "of": 2}), "{answer:?}");
    assert_eq!(answer.body["levels"][2]["threshold"], 2, "they count already");

    let other = scene.server.put(&path, scene.admin, &[], &thresholds(7));
    other.problem(409, "RECALCULATING");
    assert!(other.header("retry-after").is_some(), "{other:?}");
    let mut renamed = thresholds(1);
    renamed["levels"][0]["name"] = "Newcomer".into();
    let names = scene.server.put(&path, scene.admin, &[], &renamed);
    assert_eq!((names.status, &names.body["levels"][0]["name"]), (202, &json!("Newcomer")), "{names:?}");

    hold.rollback().await.unwrap();
    scene.wait_for_recalculation();
    let levels = scene.server.get(&path, Some(&user_token(scene.admin))).body;
    assert!(levels.get("recalculation").is_none(), "{levels}");
    assert_eq!(scene.server.level(scene.community, ada, ada).body["level"], 3);
    scene.change(7);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_counts_the_members_that_were_looked_at() {
    let scene = Scene::logging("warn").await;
    scene.fill(40_000, 40).await;
    let Scene { server, database, community, admin } = scene;
    let path = format!("/api/communities/{community}/levels");
    let of = 40_001;
    let seen = std::thread::scope(|scope| {
        let change = scope.spawn(|| put(&server, community, admin, 5));
        let mut seen = Vec::new();
        // From the first chunk on the total is counted, and what was looked at rises by chunks.
        block_until("everybody is leveled up", || {
            let levels = server.get(&path, Some(&user_token(admin))).body;
            if let Some(progress) = levels.get("recalculation") {
                assert_eq!(progress["of"], of, "{progress}");
                seen.push(progress["done"].as_u64().expect("a number"));
            }
            levels["recalculating"] == false && change.is_finished()
        });
        assert!([200, 202].contains(&change.join().unwrap()));
        seen
    });
    assert!(seen.is_sorted() && seen.iter().all(|done| done % 5_000 == 0 && *done < of), "{seen:?}");
    assert!(seen.iter().any(|done| *done > 0), "{seen:?}");
    assert_eq!(database.number("SELECT COUNT(*) FROM member_points WHERE current_level = 9").await, 40_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recalculation_that_somebody_works_on_is_left_to_them() {
    let scene = Scene::new().await;
    let Scene { server, database, community, .. } = scene;
    // Its own job must not be the one that ends it here.
    assert!(server.terminate().0.success());
    let client = database.client().await;
    let begun = format!(
        "INSERT INTO recalculations (community_id, id, next_user_id, created_at, updated_at)
         VALUES ('{community}', gen_random_uuid(), '{nobody}', now(), now())",
        nobody = Uuid::nil()
    );
    client.batch_execute(&begun).await.unwrap();
    let mut job = Recalculation::new(database.store(2), System);
    let left = "SELECT COUNT(*) FROM recalculations";
    job.run_once().await.unwrap();
    assert_eq!(database.number(left).await, 1, "a moment ago it was worked on");
    client.batch_execute("UPDATE recalculations SET updated_at = now() - interval '1 minute'").await.unwrap();
    job.run_once().await.unwrap();
    assert_eq!(database.number(left).await, 0, "nobody works on it any more");
}
