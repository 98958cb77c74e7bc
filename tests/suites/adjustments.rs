//! Adjustments by people, at the same moment as awards and as one another, through two servers.

use std::sync::atomic::{AtomicUsize, Ordering};

use gamification_tests::{
    Answer, Campaign, LevelWatch, TestDatabase, TestServer, assert_verify_finds_nothing, block_until,
    event::{admin_joined, community_created, id, member_joined, post_created},
    user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

struct Scene {
    servers: [TestServer; 2],
    database: TestDatabase,
    community: Uuid,
    admin: Uuid,
    ada: Uuid,
}

impl Scene {
    async fn new() -> Self {
        let database = TestDatabase::empty().await;
        let servers = [TestServer::on(&database), TestServer::on(&database)];
        let (community, admin, ada) = (id(), id(), id());
        let events =
            [community_created(community), admin_joined(community, admin), member_joined(community, ada)];
        assert_eq!(servers[0].send_batch(&events).body["applied"], 3);
        Self { servers, database, community, admin, ada }
    }

    /// Sent again while a server has no time, as its answer says.
    fn adjust(&self, server: usize, key: &str, points: i64) -> Answer {
        let path = format!("/api/communities/{}/members/{}/points/adjustments", self.community, self.ada);
        let bearer = format!("Bearer {}", user_token(self.admin));
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        let body = json!({"points": points, "reason": "because"}).to_string();
        let mut answer = None;
        block_until("the adjustment is judged", || {
            let again = self.servers[server].post(&path, &headers, body.as_bytes());
            answer = Some(again).filter(|answer| answer.status != 503);
            answer.is_some()
        });
        answer.expect("it is judged")
    }

    fn total(&self) -> i64 {
        let level = self.servers[0].level(self.community, self.ada, self.admin);
        level.body["total_points"].as_i64().unwrap_or_else(|| panic!("{level:?}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_makes_one_adjustment_however_often_it_comes_at_once() {
    let scene = Scene::new().await;
    for round in 0..10 {
        let key = format!("round {round}");
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let senders: Vec<_> = (0..8)
                .map(|sender| {
                    let (scene, key) = (&scene, &key);
                    scope.spawn(move || scene.adjust(sender % 2, key, 3))
                })
                .collect();
            senders.into_iter().map(|sender| sender.join().unwrap()).collect()
        });
        let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
        assert_eq!(made.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| [200, 201].contains(&answer.status)), "{answers:?}");
        assert!(answers.iter().all(|answer| answer.body == made[0].body), "{answers:?}");
    }
    assert_eq!(scene.total(), 30);
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_with_two_bodies_at_once_makes_one_adjustment() {
    let scene = Scene::new().await;
    for round in 0..10 {
        let key = format!("round {round}");
        let [one, other] = std::thread::scope(|scope| {
            let (scene, key) = (&scene, &key);
            [(0, 1), (1, 2)]
                .map(|(server, points)| scope.spawn(move || scene.adjust(server, key, points)))
                .map(|sender| sender.join().unwrap())
        });
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 422], "{one:?} {other:?}");
    }
    assert_verify_finds_nothing(scene.database.url());
}

/// Nothing is lost, nothing counts twice, and what each entry says was taken was there.
#[tokio::test(flavor = "multi_thread")]
async fn adjustments_and_awards_at_once_add_up() {
    let campaign = Campaign::new("adjustments", 30, 1_000);
    let scene = Scene::new().await;
    let watch = LevelWatch::start(scene.database.url());
    let (rounds, awarded) = (campaign.rounds(), AtomicUsize::new(0));
    let adjusted: i64 = std::thread::scope(|scope| {
        let (scene, awarded) = (&scene, &awarded);
        for server in 0..2 {
            scope.spawn(move || {
                for _ in 0..rounds {
                    let posts: Vec<Value> =
                        (0..5).map(|_| post_created(scene.community, id(), scene.ada)).collect();
                    block_until("the posts are taken", || {
                        scene.servers[server].send_batch(&posts).status != 503
                    });
                    awarded.fetch_add(5, Ordering::Relaxed);
                }
            });
        }
        let adjusters: Vec<_> = (0..2)
            .map(|server| {
                let mut random = campaign.random(server as u64);
                scope.spawn(move || {
                    let mut sum = 0;
                    for round in 0..rounds {
                        let points = if random.below(2) == 0 { 4 } else { -7 };
                        let answer = scene.adjust(server, &format!("{server} {round}"), points);
                        assert_eq!(answer.status, 201, "{answer:?}");
                        let taken = answer.body["points"].as_i64().unwrap();
                        assert!((points..=0).contains(&taken) || taken == points, "{answer:?}");
                        assert!(answer.body["total_after"].as_i64().unwrap() >= 0, "{answer:?}");
                        sum += taken;
                    }
                    sum
                })
            })
            .collect();
        adjusters.into_iter().map(|adjuster| adjuster.join().unwrap()).sum()
    });
    let awarded = i64::try_from(2 * awarded.into_inner()).unwrap();
    assert_eq!(scene.total(), awarded + adjusted);
    watch.end();
    assert_verify_finds_nothing(scene.database.url());
}
