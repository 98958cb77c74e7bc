//! Members' histories: as deep as they get, while they grow, and asked for by those who mean no good.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use gamification_tests::{
    Answer, ApiScene, Launch, TestDatabase, TestServer, adjusting_service_token, assert_verify_finds_nothing,
    default_levels,
    event::{admin_joined, community_created, event, id, member_joined, post_created, post_like},
    until, user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A community in which Ada earns.
struct Scene {
    // Dropped first: the audit of the database comes after its last write.
    server: TestServer,
    database: TestDatabase,
    community: Uuid,
    ada: Uuid,
}

impl Scene {
    async fn new() -> Self {
        let database = TestDatabase::empty().await;
        let server = TestServer::on(&database);
        let (community, ada) = (id(), id());
        let scene = Self { server, database, community, ada };
        scene.send(&[community_created(community), member_joined(community, ada)]);
        scene
    }

    fn send(&self, events: &[Value]) {
        for batch in events.chunks(1_000) {
            assert_eq!(self.server.send_batch(batch).body["applied"], batch.len());
        }
    }

    fn posts(&self, number: usize) {
        let posts: Vec<Value> = (0..number).map(|_| post_created(self.community, id(), self.ada)).collect();
        self.send(&posts);
    }

    fn lesson(&self) {
        let data = json!({"community_id": self.community, "course_id": id(), "lesson_id": id(), "user_id": self.ada});
        self.send(&[event("LessonCompleted", 1, &data)]);
    }

    /// Adjusts Ada's points, under a key of its own.
    fn adjust(&self, token: &str, points: i64, reason: &str) {
        let path = format!("/api/communities/{}/members/{}/points/adjustments", self.community, self.ada);
        let (bearer, key) = (format!("Bearer {token}"), id().to_string());
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("idempotency-key", key.as_str()),
        ];
        let body = json!({"points": points, "reason": reason}).to_string();
        let answer = self.server.post(&path, &headers, body.as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    fn ask(&self, parameters: &str) -> Answer {
        let path = format!("/api/communities/{}/members/{}/points?{parameters}", self.community, self.ada);
        self.server.get(&path, Some(&user_token(self.ada)))
    }

    /// The entries, and the cursor of what follows.
    fn page(&self, parameters: &str, cursor: Option<&str>) -> (Vec<Value>, Option<String>) {
        let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let answer = self.ask(&format!("{parameters}{cursor}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        let next = answer.body["next_cursor"].as_str().map(ToOwned::to_owned);
        (answer.body["entries"].as_array().unwrap().clone(), next)
    }

    /// All pages from the newest on, with something done before each but the first.
    fn pages(&self, parameters: &str, between: impl Fn()) -> Vec<Vec<Value>> {
        let (entries, mut next) = self.page(parameters, None);
        let mut pages = vec![entries];
        while let Some(cursor) = next {
            between();
            let (entries, following) = self.page(parameters, Some(&cursor));
            pages.push(entries);
            next = following;
        }
        pages
    }
}

fn number(entry: &Value, field: &str) -> i64 {
    entry[field].as_i64().unwrap_or_else(|| panic!("{entry}"))
}

/// Each total is the one before it and the points of its entry, down to nothing.
fn assert_totals_add_up(entries: &[Value]) {
    for (entry, older) in entries.iter().zip(&entries[1..]) {
        assert_eq!(number(entry, "total_after"), number(older, "total_after") + number(entry, "points"));
    }
    let oldest = entries.last().expect("there are some");
    assert_eq!(number(oldest, "total_after"), number(oldest, "points"));
}

fn ids(entries: &[Value]) -> Vec<Uuid> {
    entries.iter().map(|entry| entry["id"].as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_together_have_each_entry_once_while_new_ones_come_in_between() {
    let scene = Scene::new().await;
    let (post, liker) = (id(), id());
    for minute in 0..10 {
        scene.posts(20);
        for (kind, offset) in [("PostLiked", 0), ("PostUnliked", 1)] {
            scene.send(&[post_like(kind, 2 * minute + offset, scene.community, post, liker, scene.ada)]);
        }
    }
    for size in [1, 7, 100] {
        let client = scene.database.client().await;
        let lines = client.query("SELECT id FROM point_transactions ORDER BY id DESC", &[]).await.unwrap();
        let known: Vec<Uuid> = lines.iter().map(|line| line.get(0)).collect();
        let total = number(&scene.server.level(scene.community, scene.ada, scene.ada).body, "total_points");
        let stop = AtomicBool::new(false);
        let entries = thread::scope(|threads| {
            let earning = threads.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    scene.posts(1);
                }
            });
            let pages = scene.pages(&format!("limit={size}"), || {});
            stop.store(true, Ordering::Release);
            earning.join().expect("Ada earns");
            let (last, full) = pages.split_last().expect("there is a page");
            assert!(full.iter().all(|page| page.len() == size) && last.len() <= size, "no page has a gap");
            pages.concat()
        });
        assert_totals_add_up(&entries);
        // What came before the first page was read is in it.
        let newer = entries.len() - known.len();
        assert_eq!(ids(&entries[newer..]), known, "pages of {size}");
        assert_eq!(number(&entries[newer], "total_after"), total);
        assert_eq!(ids(&entries).iter().collect::<BTreeSet<_>>().len(), entries.len());
    }
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rare_and_deep_is_found_in_bounded_steps_with_the_right_total() {
    let scene = Scene::new().await;
    scene.posts(10);
    scene.lesson();
    scene.posts(2_500);
    scene.lesson();
    let pages = scene.pages("source=lesson_completed&limit=1", || scene.posts(1));
    // The newest entry; then a thousand posts are looked at, another thousand, and the rest.
    let found: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!(found, [1, 0, 0, 1]);
    let entries = pages.concat();
    let totals: Vec<i64> = entries.iter().map(|entry| number(entry, "total_after")).collect();
    assert_eq!(totals, [20 + 5 + 5_000 + 5, 20 + 5]);
    let posts = scene.pages("source=post_created&limit=100", || {}).concat();
    assert_eq!(posts.len() + entries.len(), scene.pages("limit=100", || {}).concat().len());
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_entries_end_where_a_step_ends_is_complete() {
    let scene = Scene::new().await;
    // The thousandth from the top is the one that is asked for, and the one below it is none.
    scene.posts(1);
    scene.lesson();
    scene.posts(999);
    for limit in [1, 2, 100] {
        let pages = scene.pages(&format!("source=lesson_completed&limit={limit}"), || {});
        assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), 1, "{pages:?}");
    }
}

/// Base64 as addresses take it.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = bytes.chunks(3).flat_map(|bytes| {
        let word =
            bytes.iter().fold(0, |word, byte| word << 8 | usize::from(*byte)) << (8 * (3 - bytes.len()));
        (0..=bytes.len()).map(move |place| char::from(DIGITS[word >> (18 - 6 * place) & 63]))
    });
    digits.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_was_made_up_harms_nobody() {
    let scene = Scene::new().await;
    scene.posts(5);
    let (entries, _) = scene.page("limit=3", None);
    let entry = ids(&entries)[2];
    let made_up =
        |id: Uuid, total: i64| base64url(&[id.as_bytes().as_slice(), &total.to_be_bytes()].concat());
    // One of ours, written by hand.
    assert_eq!(scene.page("limit=3", None).1, Some(made_up(entry, 4)));
    // Who lies about the total is told other totals, and nothing else; none is below 0 or beyond the largest.
    for total in [0, -1, 3, 2_147_483_647, -2_147_483_648] {
        let (older, next) = scene.page("limit=1", Some(&made_up(entry, total)));
        assert_eq!(older[0]["source"], "post_created");
        assert_eq!(number(&older[0], "total_after"), total.clamp(0, 2_147_483_647));
        // As far as it would lead out of the range of totals, it ends there.
        let answer = scene.ask(&format!("cursor={}", next.unwrap()));
        assert!([200, 400].contains(&answer.status), "{answer:?}");
    }
    let bob = id();
    scene.send(&[member_joined(scene.community, bob), post_created(scene.community, id(), bob)]);
    let path = format!("/api/communities/{}/members/{bob}/points", scene.community);
    let of_bob = scene.server.get(&path, Some(&user_token(bob))).body;
    let bobs: Uuid = of_bob["entries"][0]["id"].as_str().unwrap().parse().unwrap();
    for (cursor, status) in [
        (made_up(bobs, 4), 400),
        (made_up(id(), 4), 400),
        (made_up(Uuid::nil(), 0), 400),
        (made_up(Uuid::max(), 0), 400),
        (made_up(entry, 2_147_483_648), 400),
        (made_up(entry, i64::MIN), 400),
        (made_up(entry, i64::MAX), 400),
        (made_up(entry, 4) + "A", 400),
        (made_up(entry, 4) + "%3D", 400),
        (made_up(entry, 4).to_uppercase() + "%00", 400),
        (String::new(), 400),
        ("%F0%9F%A6%80".repeat(8), 400),
        ("'%20OR%201=1%20--".to_owned(), 400),
        ("A".repeat(10_000), 400),
        ("A".repeat(20_000), 414),
    ] {
        for more in ["", "&source=post_created"] {
            let answer = scene.ask(&format!("cursor={cursor}{more}"));
            assert_eq!(answer.status, status, "{cursor}: {answer:?}");
        }
    }
}

/// Servers whose clocks differ give ids in another order than that of their commits.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_whose_ids_are_out_of_order_is_shown_and_no_total_is_negative() {
    let scene = Scene::new().await;
    let (post, liker) = (id(), id());
    for (minute, kind) in (1..).zip(["PostLiked", "PostUnliked", "PostLiked"]) {
        scene.send(&[post_like(kind, minute, scene.community, post, liker, scene.ada)]);
    }
    let swap = "WITH pair AS (SELECT id, LEAD(id) OVER (ORDER BY id) AS next FROM point_transactions ORDER BY id LIMIT 1),
                     moved AS (DELETE FROM point_transactions AS t USING pair WHERE t.id IN (pair.id, pair.next) RETURNING t.*)
                SELECT id, points FROM moved ORDER BY id";
    // Boards have counted each entry, or neither: they never hear that one is gone.
    let complete = "SELECT COUNT(*) FROM leaderboard_progress
                    WHERE xid > (SELECT MAX(xid) FROM point_transactions)";
    until("the leaderboards are complete", async || scene.database.number(complete).await == 1).await;
    let client = scene.database.client().await;
    let pair = client.query(swap, &[]).await.unwrap();
    assert_eq!(pair.len(), 2);
    let put_back = "INSERT INTO point_transactions
                    SELECT community_id, $1, member_points_id, $2, source, source_id, actor_id, event_id, occurred_at, created_at
                    FROM point_transactions LIMIT 1";
    for (row, points) in pair.iter().zip([-1_i32, 1]) {
        client.execute(put_back, &[&row.get::<_, Uuid>(0), &points]).await.unwrap();
    }
    let pages = scene.pages("limit=1", || {}).concat();
    let shown: Vec<(i64, i64)> =
        pages.iter().map(|entry| (number(entry, "points"), number(entry, "total_after"))).collect();
    assert_eq!(shown, [(1, 1), (1, 0), (-1, 0)]);
}

/// What the command says, line by line.
fn explain(scene: &Scene, community: Uuid, user: Uuid) -> Result<Vec<String>, String> {
    let launch = Launch::on(scene.database.url()).arg("explain").arg("--community");
    let (status, said, error) = launch.arg(&community.to_string()).arg("--user").arg(&user.to_string()).run();
    if status.success() { Ok(said.lines().map(ToOwned::to_owned).collect()) } else { Err(error) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_is_told_how_a_member_came_to_their_points_and_level() {
    let scene = Scene::new().await;
    scene.posts(4);
    scene.lesson();
    let post = id();
    for (minute, kind) in (1..).zip(["PostLiked", "PostUnliked"]) {
        scene.send(&[post_like(kind, minute, scene.community, post, scene.community, scene.ada)]);
    }
    let admin = id();
    scene.send(&[admin_joined(scene.community, admin)]);
    scene.adjust(&user_token(admin), 15, "Organised the meetup");
    scene.adjust(&adjusting_service_token(), -20, "Farming");
    let said = explain(&scene, scene.community, scene.ada).unwrap();
    let (entries, _) = scene.page("limit=100", None);
    // Oldest first, with all that the API shows.
    let lines: Vec<&String> = said.iter().filter(|line| line.contains("recorded")).collect();
    assert_eq!(lines.len(), entries.len());
    for (line, entry) in lines.iter().rev().zip(&entries) {
        for field in ["id", "source", "source_id", "occurred_at", "recorded_at"] {
            assert!(line.contains(entry[field].as_str().unwrap()), "{line}: {entry}");
        }
        let actor = format!(" by {}, ", entry["actor_id"].as_str().unwrap_or("a service"));
        assert!(line.contains(&actor), "{line}: {entry}");
        let reason = entry["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
        assert!(line.ends_with(&format!(" as {}{reason}", entry["id"].as_str().unwrap())), "{line}: {entry}");
        let sum = format!("{:+} = {} ", number(entry, "points"), number(entry, "total_after"));
        assert!(line.contains(&sum), "{line}: {entry}");
    }
    // The level-up stands behind the lesson, and the level stays when the total is what it was before the like.
    assert!(said[4].contains("+5 = 13 lesson_completed"), "{said:#?}");
    assert_eq!(said[5], "    level 2 \"Practitioner\" from 10 points on");
    // So it does with what people add and take.
    assert!(said[8].contains("+15 = 28 manual_adjustment") && said[8].ends_with(": Organised the meetup"));
    assert!(
        said[9].contains("-20 = 8 manual_adjustment") && said[9].contains(" by a service, "),
        "{}",
        said[9]
    );
    let end: Vec<&str> = said[10..].iter().map(String::as_str).collect();
    assert_eq!(end[0], format!("{} has 8 points and is at level 2 \"Practitioner\"", scene.ada));
    assert!(end[1].contains("present levels") && end.len() == 2, "{end:#?}");
    // Many pages are told as one.
    scene.posts(250);
    assert_eq!(explain(&scene, scene.community, scene.ada).unwrap().len(), 9 + 250 + 8 + 2);
    for (community, user, sentence) in
        [(scene.community, id(), "Member not found"), (id(), scene.ada, "Community not found")]
    {
        assert_eq!(explain(&scene, community, user), Err(format!("gamification-server: {sentence}\n")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_that_was_reached_under_other_thresholds_is_told_at_the_end() {
    let scene = ApiScene::new().await;
    let posts: Vec<Value> = (0..5).map(|_| post_created(scene.community, id(), scene.ada)).collect();
    assert_eq!(scene.server.send_batch(&posts).body["applied"], 5);
    let raised: Vec<Value> = (1..)
        .zip(default_levels())
        .map(|(level, (name, threshold))| json!({"level": level, "name": name, "threshold": threshold * 2}))
        .collect();
    let path = format!("/api/communities/{}/levels", scene.community);
    assert_eq!(scene.server.put(&path, scene.admin, &[], &json!({"levels": raised})).status, 200);
    let ApiScene { server, database, community, ada, .. } = scene;
    let scene = Scene { server, database, community, ada };
    let said = explain(&scene, community, ada).unwrap();
    let level = "level 2 \"Practitioner\", which was reached under other thresholds";
    assert_eq!(said[5], format!("{ada} has 10 points and is at {level}"));
    // The ledger is what a total must agree with.
    let client = scene.database.client().await;
    client.batch_execute("UPDATE member_points SET total_points = 9 WHERE total_points = 10").await.unwrap();
    let said = explain(&scene, community, ada).unwrap();
    assert!(said[6].starts_with("the entries sum up to 10 points"), "{said:#?}");
    client.batch_execute("UPDATE member_points SET total_points = 10 WHERE total_points = 9").await.unwrap();
}
