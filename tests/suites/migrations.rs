//! Migrations are taken back and applied again on tables that hold what newer versions have added (campaign R13):
//! adjustments, rules of admins and what was earned by them, erased members.

use std::collections::BTreeMap;

use gamification_tests::{
    Answer, ApiScene, Campaign, Launch, Random, TestDatabase, TestServer, assert_verify_finds_nothing, audit,
    event::{event, id, member_joined, post_created, post_like},
    model::{Rules, rules_body},
    skipped_on_citus, until, user_token,
};
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

/// The last migration of the first version, which knew nothing of all that.
const FIRST_VERSION: &str = "20261122000010";

/// A migration, forwards or back; whether it went through, and what it said.
fn migrate(database: &TestDatabase, revert: bool) -> (bool, String) {
    let launch = Launch::on(database.url()).arg("migrate");
    let (status, said, error) = if revert { launch.arg("--revert") } else { launch }.run();
    (status.success(), format!("{said}{error}"))
}

/// Total and level of each member, whatever version the schema has; the total is the sum of the ledger.
async fn totals(client: &Client) -> BTreeMap<Uuid, (i32, i16)> {
    let query = "SELECT m.user_id, m.total_points, m.current_level, COALESCE(SUM(t.points), 0)::integer
                 FROM member_points m
                 LEFT JOIN point_transactions t ON t.community_id = m.community_id AND t.member_points_id = m.id
                 GROUP BY m.community_id, m.id ORDER BY m.user_id";
    let rows = client.query(query, &[]).await.unwrap();
    let total = |row: &tokio_postgres::Row| {
        assert_eq!(row.get::<_, i32>(1), row.get::<_, i32>(3), "a total is the sum of the ledger");
        (row.get(0), (row.get(1), row.get(2)))
    };
    rows.iter().map(total).collect()
}

/// Members of a community that has used everything there is.
struct Story {
    scene: ApiScene,
    members: Vec<Uuid>,
}

impl Story {
    async fn new() -> Self {
        let scene = ApiScene::new().await;
        let members: Vec<Uuid> = (0..4).map(|_| id()).collect();
        let joined: Vec<Value> =
            members.iter().map(|member| member_joined(scene.community, *member)).collect();
        assert_eq!(scene.server.send_batch(&joined).body["applied"], members.len());
        Self { scene, members }
    }

    /// Posts, comments and likes of members, some of which are taken back.
    fn events(&self, random: &mut Random) -> Vec<Value> {
        let community = self.scene.community;
        let mut events = Vec::new();
        for _ in 0..30 {
            let (author, liker, post) = (*random.pick(&self.members), *random.pick(&self.members), id());
            events.push(post_created(community, post, author));
            if author != liker {
                events.push(post_like("PostLiked", 2, community, post, liker, author));
            }
            if random.below(4) == 0 {
                events.push(post_like("PostUnliked", 3, community, post, liker, author));
            }
            let comment = json!({"community_id": community, "comment_id": id(), "author_id": author});
            events.push(event("CommentAdded", 1, &comment));
        }
        events
    }

    fn send(&self, events: &[Value]) {
        assert_eq!(self.scene.server.send_batch(events).body["rejected"], 0);
    }

    fn set_rules(&self, rules: &Value) {
        let path = format!("/api/communities/{}/rules", self.scene.community);
        assert_eq!(self.scene.server.put(&path, self.scene.admin, &[], rules).status, 200);
    }

    fn erase(&self, member: Uuid) {
        let erased = json!({"community_id": self.scene.community, "user_id": member});
        assert_eq!(self.scene.server.send(&event("MemberErased", 9, &erased)).body["applied"], 1);
    }
}

/// Of a member, under a key.
struct Adjusting {
    community: Uuid,
    admin: Uuid,
    member: Uuid,
    key: String,
    points: i64,
}

impl Adjusting {
    fn ask(&self, server: &TestServer) -> Answer {
        let path = format!("/api/communities/{}/members/{}/points/adjustments", self.community, self.member);
        let bearer = format!("Bearer {}", user_token(self.admin));
        let headers = [
            ("authorization", &*bearer),
            ("content-type", "application/json"),
            ("idempotency-key", &*self.key),
        ];
        let body = json!({"points": self.points, "reason": "because"}).to_string();
        server.post(&path, &headers, body.as_bytes())
    }
}

/// Likes of posts are worth 3, and a member earns by two likes a day.
fn rules_of_likes() -> Value {
    rules_body(|source, _| match source {
        "post_liked" => json!({"source": source, "points": 3, "daily_cap": 6}),
        _ => json!({"source": source, "points": 2}),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_the_program_has_filled_go_back_to_the_first_version_and_up_again_with_every_total() {
    if skipped_on_citus("the first migrations are not taken back there") {
        return;
    }
    let campaign = Campaign::new("R13, migrations", 2, 60);
    for round in 0..campaign.rounds() {
        let mut random = campaign.random(round.into());
        let story = Story::new().await;
        let (community, admin) = (story.scene.community, story.scene.admin);
        let by_default = story.events(&mut random);
        story.send(&by_default);
        let gone = story.members[0];
        let mut adjusted: Vec<Adjusting> = (0..12)
            .map(|number| {
                let points = 20 - 3 * i64::try_from(random.below(20)).unwrap();
                let member = *random.pick(&story.members[1..]);
                Adjusting { community, admin, member, key: format!("key {number}"), points }
            })
            .collect();
        // The key of what took nothing is lost on the way.
        adjusted.retain(|adjusting| {
            let answer = adjusting.ask(&story.scene.server);
            assert_eq!(answer.status, 201, "{answer:?}");
            answer.body["points"] != 0
        });
        story.set_rules(&rules_of_likes());
        story.send(&story.events(&mut random));
        story.set_rules(&Rules::at_random(&mut random).body());
        story.send(&story.events(&mut random));
        story.erase(gone);
        let Story { scene: ApiScene { server, database, .. }, members } = story;
        let client = database.client().await;
        let left = "SELECT (SELECT COUNT(*) FROM erasures) + (SELECT COUNT(*) FROM erasure_sweeps)";
        until("the erased member is swept", async || database.number(left).await == 0).await;
        assert!(server.terminate().0.success());
        let unusual = "SELECT COUNT(*) FROM like_switches WHERE author_id IS NOT NULL AND points <> 1";
        assert!(database.number(unusual).await > 0, "likes stand that other rules were about");
        let likes = "SELECT COALESCE(SUM(points), 0) FROM like_switches WHERE author_id IS NOT NULL";
        let (before, liked) = (totals(&client).await, database.number(likes).await);
        assert_eq!(before.len(), members.len() + 3);
        assert_eq!(audit(&client).await, [""; 0]);
        // What an award was worth, an audit can't know any more.
        let database = database.without_audit();

        let newer =
            format!("SELECT COUNT(*) FROM __diesel_schema_migrations WHERE version > '{FIRST_VERSION}'");
        // Some of the way, and all of it.
        let all = database.number(&newer).await;
        for steps in [1 + i64::try_from(random.below(usize::try_from(all).unwrap())).unwrap(), all] {
            for _ in 0..steps {
                let (reverted, said) = migrate(&database, true);
                assert!(reverted, "{said}");
                assert_eq!(totals(&client).await, before, "{said}");
            }
            let (applied, said) = migrate(&database, false);
            assert!(applied, "{said}");
            assert_eq!(totals(&client).await, before);
            assert_eq!(database.number(likes).await, liked, "what likes earned is taken back with them");
            assert_verify_finds_nothing(database.url());
        }

        // What counted once counts once.
        let server = TestServer::on(&database);
        let of_others = |event: &&Value| !event.to_string().contains(&gone.to_string());
        let again: Vec<Value> = by_default.iter().filter(of_others).cloned().collect();
        assert_eq!(server.send_batch(&again).body["rejected"], 0);
        for adjusting in &adjusted {
            // It is known, but not with that reason, which was not kept.
            let answer = adjusting.ask(&server);
            answer.problem(422, "VALIDATION_ERROR");
            assert_eq!(answer.body["errors"][0]["code"], "KEY_REUSED", "{answer:?}");
            let path = format!("/api/communities/{community}/members/{}/points", adjusting.member);
            assert_eq!(server.get(&path, Some(&user_token(admin))).status, 200);
        }
        assert_eq!(totals(&client).await, before);
        assert!(server.terminate().0.success());
        assert_verify_finds_nothing(database.url());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_does_not_go_back_while_a_member_is_still_being_erased() {
    if skipped_on_citus("the first migrations are not taken back there") {
        return;
    }
    let story = Story::new().await;
    let (community, author, gone) = (story.scene.community, story.members[1], story.members[0]);
    let post = id();
    story.send(&[
        post_created(community, post, author),
        post_like("PostLiked", 2, community, post, gone, author),
    ]);
    // The sweep comes to the like, and not past it.
    let mut lock = story.scene.database.client().await;
    let lock = lock.transaction().await.unwrap();
    lock.execute("SELECT FROM like_switches WHERE liker_id = $1 FOR UPDATE", &[&gone]).await.unwrap();
    story.erase(gone);
    let ApiScene { server, database, .. } = story.scene;
    let at_likes = "SELECT COUNT(*) FROM erasure_sweeps WHERE stage = 'likes'";
    until("the sweep waits", async || database.number(at_likes).await == 1).await;
    server.kill();
    lock.rollback().await.unwrap();

    let (reverted, said) = migrate(&database, true);
    assert!(!reverted && said.contains("members are still being erased"), "{said}");
    let server = TestServer::on(&database);
    let left = "SELECT (SELECT COUNT(*) FROM erasures) + (SELECT COUNT(*) FROM erasure_sweeps)";
    until("the member is erased", async || database.number(left).await == 0).await;
    assert!(server.terminate().0.success());
    assert_eq!(database.search(&[gone.to_string()]).await, [""; 0]);
    let (reverted, said) = migrate(&database, true);
    assert!(reverted && said.contains("reverted 20261128000022"), "{said}");
    assert_eq!(database.search(&[gone.to_string()]).await, [""; 0]);
    assert!(migrate(&database, false).0);
    assert_verify_finds_nothing(database.url());
}
