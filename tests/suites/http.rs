//! The API as the platform's backend and frontend meet it: the real program, over HTTP.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use gamification_tests::{
    Answer, Launch, TestDatabase, TestServer,
    event::{community_created, event, id, member_joined, post_created, post_like},
    in_an_hour, service_token, signed, user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A server with a community in which Ada is a member; every test has its own, database included.
struct Scene {
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
        let answer = server.send_batch(&[community_created(community), member_joined(community, ada)]);
        assert_eq!(answer.body["applied"], 2, "{answer:?}");
        Self { server, database, community, ada }
    }

    /// Ada's level as she sees it.
    fn level(&self) -> Value {
        let answer = self.server.level(self.community, self.ada, self.ada);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    fn points(&self) -> i64 {
        self.level()["total_points"].as_i64().unwrap()
    }

    fn send(&self, kind: &str, minute: u8, data: &Value) -> String {
        let answer = self.server.send(&event(kind, minute, data));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["results"][0]["status"].as_str().unwrap().to_owned()
    }
}

fn statuses(answer: &Answer) -> Vec<&str> {
    let results = answer.body["results"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_likes_lift_a_member_to_level_two() {
    let scene = Scene::new().await;
    let post = id();
    let body = json!({"user_id": scene.ada, "level": 1, "level_name": "Student", "total_points": 0,
                      "level_threshold": 0, "next_level_threshold": 10, "points_to_next_level": 10,
                      "is_max_level": false});
    assert_eq!(scene.level(), body);
    let likes: Vec<Value> = (1..=10)
        .map(|minute| post_like("PostLiked", minute, scene.community, post, id(), scene.ada))
        .collect();
    for like in &likes {
        assert_eq!(statuses(&scene.server.send(like)), ["applied"]);
    }
    let body = json!({"user_id": scene.ada, "level": 2, "level_name": "Practitioner", "total_points": 10,
                      "level_threshold": 10, "next_level_threshold": 30, "points_to_next_level": 20,
                      "is_max_level": false});
    assert_eq!(scene.level(), body);
    assert_eq!(scene.server.send_batch(&likes).body["duplicate"], 10);
    assert_eq!(scene.points(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_event_has_its_effect() {
    let scene = Scene::new().await;
    let (community, ada, bob, post, comment, course) = (scene.community, scene.ada, id(), id(), id(), id());
    let about = |content: &str, content_id: Uuid| json!({"community_id": community, content: content_id, "user_id": bob, "author_id": ada});
    let steps: [(&str, Value, i64); 10] = [
        ("PostCreated", json!({"community_id": community, "post_id": post, "author_id": ada}), 2),
        ("CommentAdded", json!({"community_id": community, "comment_id": comment, "author_id": ada}), 3),
        ("PostLiked", about("post_id", post), 4),
        ("CommentLiked", about("comment_id", comment), 5),
        ("PostUnliked", about("post_id", post), 4),
        ("CommentUnliked", about("comment_id", comment), 3),
        ("CourseCreated", json!({"community_id": community, "course_id": course, "title": "Rust"}), 3),
        // Without a community: the course is known.
        ("LessonCompleted", json!({"course_id": course, "lesson_id": id(), "user_id": ada}), 8),
        ("CourseDeleted", json!({"community_id": community, "course_id": course}), 8),
        ("CommunityCreated", json!({"community_id": community, "name": "Renamed"}), 8),
    ];
    for (minute, (kind, data, points)) in (10..).zip(steps) {
        assert_eq!(scene.send(kind, minute, &data), "applied", "{kind}");
        assert_eq!(scene.send(kind, minute, &data), "duplicate", "{kind} again, under a new id");
        assert_eq!(scene.points(), points, "{kind}");
    }
    let name = "SELECT COUNT(*) FROM communities WHERE name = 'Renamed'";
    assert_eq!(scene.database.number(name).await, 1);

    let member = |extra: Value| {
        let mut data = json!({"community_id": community, "user_id": bob});
        data.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        data
    };
    let as_bob = || scene.server.level(community, ada, bob).status;
    assert_eq!(as_bob(), 403);
    assert_eq!(
        scene.send("MemberJoined", 30, &member(json!({"role": "MODERATOR", "display_name": "Bob"}))),
        "applied"
    );
    assert_eq!(as_bob(), 200);
    assert_eq!(scene.send("MemberRoleChanged", 31, &member(json!({"role": "ADMIN"}))), "applied");
    let role = "SELECT COUNT(*) FROM community_members WHERE role = 'ADMIN' AND is_present";
    assert_eq!(scene.database.number(role).await, 1);
    assert_eq!(scene.send("MemberLeft", 32, &member(json!({}))), "applied");
    assert_eq!(as_bob(), 403);
    assert_eq!(scene.send("MemberRoleChanged", 20, &member(json!({"role": "MEMBER"}))), "stale");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_event_among_good_ones_is_rejected_alone() {
    let scene = Scene::new().await;
    let good = post_created(scene.community, id(), scene.ada);
    let mut headless = post_created(scene.community, id(), scene.ada);
    headless["data"].as_object_mut().unwrap().remove("author_id");
    let own_like = post_like("PostLiked", 5, scene.community, id(), scene.ada, scene.ada);
    let unknown = event("PollOpened", 5, &json!({"poll": 1}));
    let lesson =
        event("LessonCompleted", 5, &json!({"course_id": id(), "lesson_id": id(), "user_id": scene.ada}));
    let batch = [good.clone(), headless.clone(), json!("junk"), unknown, own_like, lesson, good.clone()];
    let answer = scene.server.send_batch(&batch);
    assert_eq!(answer.status, 207);
    let expected = ["applied", "rejected", "rejected", "ignored", "ignored", "rejected", "duplicate"];
    assert_eq!(statuses(&answer), expected);
    let counts =
        ["applied", "duplicate", "stale", "ignored", "rejected"].map(|status| answer.body[status].as_u64());
    assert_eq!(counts, [1, 1, 0, 2, 3].map(Some));
    let results = &answer.body["results"];
    assert_eq!(results[0], json!({"id": good["id"], "status": "applied"}));
    assert_eq!(
        results[1],
        json!({"id": headless["id"], "status": "rejected", "detail": "data.author_id is missing"})
    );
    assert_eq!(
        results[2],
        json!({"id": null, "status": "rejected", "detail": "an event must be a JSON object"})
    );
    assert_eq!(results[5]["detail"], "data.community_id is missing and data.course_id is not known");
    assert_eq!(scene.points(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_rejected_event_is_a_problem_with_its_place() {
    let scene = Scene::new().await;
    let mut broken = post_created(scene.community, id(), scene.ada);
    broken["data"]["author_id"] = "nobody".into();
    let answer = scene.server.send(&broken);
    assert_eq!(answer.problem(422, "VALIDATION_ERROR"), "data.author_id must be a UUID");
    let errors = json!([{
        "pointer": "#/data/author_id", "code": "INVALID", "detail": "data.author_id must be a UUID"
    }]);
    assert_eq!(answer.body["errors"], errors);
    assert_eq!(scene.points(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_binary_form_too() {
    let scene = Scene::new().await;
    let authorization = format!("Bearer {}", service_token());
    let data = json!({"community_id": scene.community, "post_id": id(), "author_id": scene.ada}).to_string();
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", "application/json; charset=utf-8"),
        ("ce-specversion", "1.0"),
        ("ce-id", "caf%C3%A9"),
        ("ce-source", "/community"),
        ("ce-type", "PostCreated"),
        ("ce-time", "2026-01-01T10:00:00+02:00"),
        ("ce-sequence", "7"),
    ];
    let answer = scene.server.post("/api/events", &headers, data.as_bytes());
    assert_eq!(answer.body["results"], json!([{"id": "café", "status": "applied"}]), "{answer:?}");
    let occurred = "SELECT COUNT(*) FROM point_transactions WHERE occurred_at = '2026-01-01T08:00:00Z'";
    assert_eq!(scene.database.number(occurred).await, 1);
    let without_type: Vec<(&str, &str)> =
        headers.into_iter().filter(|(name, _)| *name != "ce-type").collect();
    let answer = scene.server.post("/api/events", &without_type, data.as_bytes());
    assert_eq!(answer.problem(422, "VALIDATION_ERROR"), "type is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_events_are_refused_and_change_nothing() {
    let scene = Scene::new().await;
    let authorization = format!("Bearer {}", service_token());
    let post = |content_type: &str, body: &[u8]| {
        let headers = [("authorization", authorization.as_str()), ("content-type", content_type)];
        scene.server.post("/api/events", &headers, body)
    };
    let (single, batch) = ("application/cloudevents+json", "application/cloudevents-batch+json");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (content_type, body) in
        [(single, "{"), (single, ""), (batch, "[}"), (batch, "{}"), (single, deep.as_str())]
    {
        post(content_type, body.as_bytes()).problem(400, "BAD_REQUEST");
    }
    post(single, b"{\"id\":\"\xff\"}").problem(400, "BAD_REQUEST");
    for content_type in ["application/json", "text/plain", "application/cloudevents+avro"] {
        post(content_type, b"{}").problem(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let too_many = format!("[{}]", vec!["{}"; 1_001].join(","));
    assert_eq!(
        post(batch, too_many.as_bytes()).problem(413, "PAYLOAD_TOO_LARGE"),
        "A batch has at most 1000 events"
    );
    let too_large = vec![b' '; 4 * 1024 * 1024 + 1];
    post(batch, &too_large).problem(413, "PAYLOAD_TOO_LARGE");
    let largest: Vec<Value> = (0..1_000).map(|_| post_created(scene.community, id(), scene.ada)).collect();
    assert_eq!(scene.server.send_batch(&largest).body["applied"], 1_000);
    assert_eq!(scene.server.send_batch(&[]).status, 200);
    assert_eq!(scene.points(), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_from_hell_are_stored_as_sent_or_refused() {
    let scene = Scene::new().await;
    let user = id();
    for text in [
        "<script>alert(1)</script>",
        "R&amp;D",
        "\u{202e}evil",
        "e\u{301}",
        "🏳️‍🌈",
        "'; DROP TABLE outbox; --",
        "\\u0000",
        "\u{1}",
    ] {
        let mut joined = member_joined(scene.community, user);
        joined["data"]["display_name"] = text.into();
        joined["sequence"] = scene.database.number("SELECT COUNT(*) FROM community_members").await.into();
        joined["time"] = "2026-01-01T11:00:00Z".into();
        joined["id"] = Uuid::now_v7().to_string().into();
        let answer = scene.server.send(&joined);
        assert_eq!(answer.status, 200, "{text:?}: {answer:?}");
        let row = scene
            .database
            .client()
            .await
            .query_one("SELECT display_name FROM community_members WHERE user_id = $1", &[&user])
            .await;
        assert_eq!(row.unwrap().get::<_, &str>(0), text);
    }
    let mut nul = member_joined(scene.community, user);
    nul["data"]["display_name"] = "a\u{0}b".into();
    scene.server.send(&nul).problem(422, "VALIDATION_ERROR");
    for field in ["id", "sequence"] {
        let mut nul = post_created(scene.community, id(), scene.ada);
        nul[field] = "a\u{0}b".into();
        scene.server.send(&nul).problem(422, "VALIDATION_ERROR");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_not_right_open_nothing() {
    let scene = Scene::new().await;
    let path = format!("/api/communities/{}/members/{}/level", scene.community, scene.ada);
    let (sub, exp) = (scene.ada, in_an_hour());
    let good = user_token(scene.ada);
    let (head, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.");
    let foreign = jsonwebtoken::encode(
        &jsonwebtoken::Header::default(),
        &json!({"sub": sub, "exp": exp}),
        &jsonwebtoken::EncodingKey::from_secret(b"a secret that the server has never been told"),
    );
    let stronger = jsonwebtoken::encode(
        &jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS512),
        &json!({"sub": sub, "exp": exp}),
        &jsonwebtoken::EncodingKey::from_secret(gamification_tests::SECRET.as_bytes()),
    );
    let bad = [
        String::new(),
        "junk".into(),
        "a.b.c".into(),
        unsigned,
        foreign.unwrap(),
        stronger.unwrap(),
        format!("{head}.{payload}.{}", signature.chars().rev().collect::<String>()),
        format!("{head}.{payload}"),
        signed(&json!({"sub": sub})),
        signed(&json!({"sub": sub, "exp": "soon"})),
        signed(&json!({"sub": sub, "exp": exp - 2 * 3_600})),
        signed(&json!({"sub": sub, "exp": exp, "nbf": exp - 60})),
        signed(&json!({"exp": exp})),
        signed(&json!({"sub": 17, "exp": exp})),
        signed(&json!({"sub": "ada", "exp": exp})),
    ];
    for token in bad {
        let answer = scene.server.get(&path, Some(&token));
        assert_eq!(answer.problem(401, "UNAUTHENTICATED"), "The bearer token is not valid", "{token}");
        let challenge = "Bearer realm=\"gamification\", error=\"invalid_token\"";
        let expired = format!("{challenge}, error_description=\"expired\"");
        let is_expired = token == signed(&json!({"sub": sub, "exp": exp - 2 * 3_600}));
        let expected = if is_expired { &expired } else { challenge };
        assert_eq!(answer.header("www-authenticate"), Some(expected));
    }
    let answer = scene.server.get(&path, None);
    assert_eq!(answer.problem(401, "UNAUTHENTICATED"), "A bearer token is required");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"gamification\""));
    for extra in [json!({"scope": 7}), json!({"aud": ["x"], "iss": 1}), json!({"iat": exp})] {
        let mut claims = json!({"sub": sub, "exp": exp});
        claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(scene.server.get(&path, Some(&signed(&claims))).status, 200, "{claims}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_need_the_scope_before_anybody_looks_at_them() {
    let scene = Scene::new().await;
    let post = |token: Option<&str>| {
        let authorization = token.map(|token| format!("Bearer {token}")).unwrap_or_default();
        scene.server.post("/api/events", &[("authorization", authorization.as_str())], b"not even JSON")
    };
    post(None).problem(401, "UNAUTHENTICATED");
    post(Some(&user_token(scene.ada))).problem(403, "FORBIDDEN");
    let near = json!({"sub": scene.ada, "exp": in_an_hour(), "scope": "gamification:events:writer gamification:events"});
    post(Some(&signed(&near))).problem(403, "FORBIDDEN");
    let among = json!({"sub": "x", "exp": in_an_hour(), "scope": "openid gamification:events:write"});
    post(Some(&signed(&among))).problem(415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_learns_nothing_and_the_checks_come_in_order() {
    let scene = Scene::new().await;
    let (community, ada, stranger) = (scene.community, scene.ada, id());
    let at = |community: &str, user: &str, caller: Option<Uuid>| {
        let token = caller.map(user_token);
        scene.server.get(&format!("/api/communities/{community}/members/{user}/level"), token.as_deref())
    };
    let (known, someone) = (community.to_string(), ada.to_string());
    at("x", "y", None).problem(401, "UNAUTHENTICATED");
    assert_eq!(at("x", &someone, Some(stranger)).problem(400, "BAD_REQUEST"), "community_id must be a UUID");
    assert_eq!(at(&known, "y", Some(stranger)).problem(400, "BAD_REQUEST"), "user_id must be a UUID");
    assert_eq!(at(&id().to_string(), &someone, Some(ada)).problem(404, "NOT_FOUND"), "Community not found");
    at(&known, &someone, Some(stranger)).problem(403, "FORBIDDEN");
    at(&known, &id().to_string(), Some(stranger)).problem(403, "FORBIDDEN");
    assert_eq!(at(&known, &id().to_string(), Some(ada)).problem(404, "NOT_FOUND"), "Member not found");

    // Another community, of which Ada is no member, does not know her either.
    let (other, bob) = (id(), id());
    let answer = scene.server.send_batch(&[community_created(other), member_joined(other, bob)]);
    assert_eq!(answer.body["applied"], 2);
    at(&other.to_string(), &bob.to_string(), Some(ada)).problem(403, "FORBIDDEN");
    at(&other.to_string(), &someone, Some(bob)).problem(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_member_sees_the_way_to_the_next_level_and_nobody_caches_it() {
    let scene = Scene::new().await;
    let bob = id();
    let joined = scene.server.send(&member_joined(scene.community, bob));
    assert_eq!(joined.status, 200);
    let own = scene.server.level(scene.community, scene.ada, scene.ada);
    assert_eq!(own.body["points_to_next_level"], 10);
    assert_eq!(own.header("cache-control"), Some("no-store"));
    let others = scene.server.level(scene.community, scene.ada, bob);
    assert_eq!((others.status, &others.body["points_to_next_level"]), (200, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn points_of_an_unknown_user_wait_for_their_joining() {
    let scene = Scene::new().await;
    let eve = id();
    let answer = scene.server.send(&post_created(scene.community, id(), eve));
    assert_eq!(statuses(&answer), ["applied"]);
    scene.server.level(scene.community, eve, scene.ada).problem(404, "NOT_FOUND");
    assert_eq!(statuses(&scene.server.send(&member_joined(scene.community, eve))), ["applied"]);
    assert_eq!(scene.server.level(scene.community, eve, scene.ada).body["total_points"], 2);
    let left = event("MemberLeft", 40, &json!({"community_id": scene.community, "user_id": eve}));
    assert_eq!(statuses(&scene.server.send(&left)), ["applied"]);
    assert_eq!(
        scene.server.level(scene.community, eve, scene.ada).body["total_points"],
        2,
        "who left is still shown"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn level_nine_has_no_next_level_and_points_go_on() {
    let scene = Scene::new().await;
    let posts: Vec<Value> = (0..200).map(|_| post_created(scene.community, id(), scene.ada)).collect();
    assert_eq!(scene.server.send_batch(&posts).body["applied"], 200);
    let body = json!({"user_id": scene.ada, "level": 9, "level_name": "Icon", "total_points": 400,
                      "level_threshold": 360, "next_level_threshold": null, "points_to_next_level": null,
                      "is_max_level": true});
    assert_eq!(scene.level(), body);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_addresses_and_methods_are_problems_too() {
    let scene = Scene::new().await;
    scene.server.get("/", None).problem(404, "NOT_FOUND");
    scene.server.get("/api/communities", None).problem(404, "NOT_FOUND");
    let answer = scene.server.post("/livez", &[], b"");
    answer.problem(405, "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    let answer = scene.server.get("/api/events", None);
    answer.problem(405, "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_wire_harms_nobody() {
    let scene = Scene::new().await;
    let address = scene.server.url().trim_start_matches("http://").to_owned();
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/events HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(scene.points(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn issuer_and_audience_are_checked_when_they_are_set() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url())
        .env("GAMIFICATION_JWT_ISSUER", "https://id.example")
        .env("GAMIFICATION_JWT_AUDIENCE", "gamification")
        .serve();
    let path = format!("/api/communities/{}/members/{}/level", id(), id());
    let (sub, exp) = (id(), in_an_hour());
    let right = json!({"sub": sub, "exp": exp, "iss": "https://id.example", "aud": ["x", "gamification"]});
    server.get(&path, Some(&signed(&right))).problem(404, "NOT_FOUND");
    for (metadata, value) in [
        ("iss", Value::Null),
        ("iss", "https://evil.example".into()),
        ("aud", Value::Null),
        ("aud", "x".into()),
    ] {
        let mut wrong = right.clone();
        match value {
            Value::Null => drop(wrong.as_object_mut().unwrap().remove(metadata)),
            value => wrong[metadata] = value,
        }
        server.get(&path, Some(&signed(&wrong))).problem(401, "UNAUTHENTICATED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_the_database() {
    let database = TestDatabase::empty().await;
    let server = TestServer::on(&database);
    assert_eq!(server.get("/livez", None).status, 200);
    assert_eq!(server.get("/readyz", None).status, 200);
    // A schema that is behind: this server's newest migration is not applied.
    let client = database.client().await;
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT MAX(version) FROM __diesel_schema_migrations)";
    client.batch_execute(forget).await.unwrap();
    let answer = server.get("/readyz", None);
    answer.problem(503, "UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(server.get("/livez", None).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stalls_is_told_in_time_and_recovers_by_itself() {
    let scene = Scene::new().await;
    let mut client = scene.database.client().await;
    let blocker = client.transaction().await.unwrap();
    blocker.batch_execute("LOCK TABLE member_points").await.unwrap();
    let post = post_created(scene.community, id(), scene.ada);
    let answer = scene.server.send(&post);
    answer.problem(503, "UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"));
    blocker.rollback().await.unwrap();
    // What was refused left nothing, and the same event counts now.
    assert_eq!(statuses(&scene.server.send(&post)), ["applied"]);
    assert_eq!(scene.points(), 2);
}
