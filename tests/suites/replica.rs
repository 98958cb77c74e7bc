//! Reads from a standby: never older than was said, and no error for anybody when it is away.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use gamification_tests::{
    Answer, Launch, TestServer, block_until,
    event::{admin_joined, community_created, id, member_joined, post_created},
    user_token,
};
use uuid::Uuid;

use crate::campaigns::fragile_database::Database;

/// How old answers may be here.
const MAX_LAG: Duration = Duration::from_secs(1);

/// A server with a standby, and a community with an admin.
struct Scene {
    primary: Database,
    standby: Database,
    server: TestServer,
    community: Uuid,
    ada: Uuid,
}

impl Scene {
    async fn new() -> Self {
        let primary = Database::start().await;
        let standby = Database::standby_of(&primary).await;
        let server = Launch::on(&primary.url()).env("GAMIFICATION_READ_DATABASE_URL", standby.url()).serve();
        let (community, ada) = (id(), id());
        let events = [community_created(community), admin_joined(community, ada)];
        assert_eq!(server.send_batch(&events).body["applied"], 2);
        let scene = Self { primary, standby, server, community, ada };
        scene.until_fresh(true);
        scene
    }

    fn until_fresh(&self, fresh: bool) {
        let expected = if fresh { 1.0 } else { 0.0 };
        block_until("the standby is fresh, or not any more", || {
            self.server.scrape().value("gamification_replica_fresh", &[]) == expected
        });
    }

    fn answered_by(&self, who: &str) -> f64 {
        self.server.scrape().value("gamification_replica_reads_total", &[("answered_by", who)])
    }

    fn get(&self, path: &str) -> Answer {
        self.server.get(&format!("/api/communities/{}{path}", self.community), Some(&user_token(self.ada)))
    }

    fn points_in_history(&self) -> usize {
        let answer = self.get(&format!("/members/{}/points", self.ada));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["entries"].as_array().unwrap().len()
    }

    fn award(&self) {
        let post = post_created(self.community, id(), self.ada);
        assert_eq!(self.server.send(&post).body["applied"], 1);
    }

    async fn awards_on_standby(&self) -> i64 {
        let client = self.standby.client().await;
        client.query_one("SELECT COUNT(*) FROM point_transactions", &[]).await.unwrap().get(0)
    }
}

/// What may come from a standby; the badges are of two members.
fn paths(ada: Uuid, other: Uuid) -> [String; 4] {
    [
        "/leaderboards".to_owned(),
        "/leaderboards/widget".to_owned(),
        format!("/members/{ada}/points"),
        format!("/members/levels?user_ids={ada},{other}"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_at_most_comes_from_the_standby_and_ones_own_level_never() {
    let scene = Scene::new().await;
    let bob = id();
    assert_eq!(scene.server.send(&member_joined(scene.community, bob)).status, 200);
    for path in paths(scene.ada, bob) {
        let before = scene.answered_by("replica");
        block_until("the standby answers", || {
            let answer = scene.get(&path);
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            scene.answered_by("replica") > before
        });
    }
    let before = scene.answered_by("replica") + scene.answered_by("primary");
    let own = ["/levels", "/courses/access", "/members"].map(str::to_owned);
    for path in own.into_iter().chain([format!("/members/{}/level", scene.ada)]) {
        assert_eq!(scene.get(&path).status, 200, "{path}");
    }
    assert_eq!(scene.answered_by("replica") + scene.answered_by("primary"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_behind_is_not_read_from_once_an_answer_would_be_too_old() {
    let scene = Scene::new().await;
    scene.standby.lag("10s").await;
    scene.until_fresh(true);
    for awards in 1..=3 {
        scene.award();
        let acknowledged = Instant::now();
        // At once, wherever boards and histories come from.
        let level = scene.server.level(scene.community, scene.ada, scene.ada);
        assert_eq!(level.body["total_points"], 2 * awards);
        let mut looks = 0;
        while acknowledged.elapsed() < 2 * MAX_LAG {
            let asked_after = acknowledged.elapsed();
            let seen = scene.points_in_history();
            assert!(
                seen == awards || asked_after < MAX_LAG,
                "{seen} of {awards} awards, {asked_after:?} after the last one was acknowledged"
            );
            looks += 1;
        }
        assert!(looks > 3, "{looks}");
    }
    assert!(scene.awards_on_standby().await < 3, "it is behind by ten seconds");
    scene.until_fresh(false);
    scene.standby.lag("0").await;
    scene.until_fresh(true);
    let before = scene.answered_by("replica");
    assert_eq!(scene.points_in_history(), 3);
    assert!(scene.answered_by("replica") > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_just_joined_is_known_although_the_standby_does_not_know_them_yet() {
    let scene = Scene::new().await;
    scene.standby.lag("10s").await;
    scene.until_fresh(true);
    for _ in 0..5 {
        // By an admin, before anybody else asks.
        let (carl, page) = (id(), |user: Uuid| format!("/members/{user}/points"));
        assert_eq!(scene.server.send(&member_joined(scene.community, carl)).status, 200);
        assert_eq!(scene.get(&page(carl)).status, 200);
        // Of a community that it knows, and of one that it does not.
        for community in [scene.community, id()] {
            let bob = id();
            let events = [community_created(community), member_joined(community, bob)];
            assert_eq!(scene.server.send_batch(&events).status, 200);
            let board = format!("/api/communities/{community}/leaderboards");
            assert_eq!(scene.server.get(&board, Some(&user_token(bob))).status, 200);
        }
        scene.standby.lag("0").await;
        scene.until_fresh(true);
        scene.standby.lag("10s").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_is_killed_costs_nobody_an_error() {
    let mut scene = Scene::new().await;
    let other = id();
    let (done, reads) = (AtomicBool::new(false), std::sync::atomic::AtomicU32::new(0));
    let (url, token) = (scene.server.url().to_owned(), user_token(scene.ada));
    for _ in 0..2 {
        done.store(false, Ordering::Relaxed);
        std::thread::scope(|scope| {
            for path in paths(scene.ada, other) {
                let (url, token, done, reads) = (&url, &token, &done, &reads);
                let path = format!("{url}/api/communities/{}{path}", scene.community);
                scope.spawn(move || {
                    while !done.load(Ordering::Relaxed) {
                        let request = ureq::get(&path).header("authorization", format!("Bearer {token}"));
                        let status = request.call().map(|answer| answer.status().as_u16());
                        assert_eq!(status.unwrap(), 200, "{path}");
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            let more_are_read = || {
                let before = reads.load(Ordering::Relaxed);
                block_until("more is read", || reads.load(Ordering::Relaxed) > before + 100);
            };
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    more_are_read();
                    scene.standby.crash().await;
                    more_are_read();
                    done.store(true, Ordering::Relaxed);
                });
            });
        });
        scene.until_fresh(false);
        scene.standby.go_on().await;
        scene.until_fresh(true);
    }
    // And the other way round: a standby is no replacement for the database.
    scene.primary.crash().await;
    scene.until_fresh(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_standby_of_this_database_is_read_from() {
    let (primary, other) = (Database::start().await, Database::start().await);
    for (url, sentence) in
        [(primary.url(), "it is no standby"), (other.url(), "it is no replica of this database")]
    {
        let server = Launch::on(&primary.url()).env("GAMIFICATION_READ_DATABASE_URL", url).serve();
        block_until("it is said", || server.new_log().iter().any(|line| line.contains(sentence)));
        assert_eq!(server.scrape().value("gamification_replica_fresh", &[]), 0.0);
    }
}
