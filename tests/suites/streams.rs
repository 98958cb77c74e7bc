//! What happens in a community, as it happens: the stream for pages that are open.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use gamification_tests::{
    ApiScene, Campaign, PATIENCE, Streaming, TestServer, assert_verify_finds_nothing,
    event::{community_created, event, id, member_joined, post_created},
    in_an_hour, reading_service_token, service_token, signed, user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

fn lesson_completed(community: Uuid, course: Uuid, user: Uuid) -> Value {
    let data = json!({"community_id": community, "course_id": course, "lesson_id": id(), "user_id": user});
    event("LessonCompleted", 4, &data)
}

fn left(community: Uuid, user: Uuid) -> Value {
    event("MemberLeft", 5, &json!({"community_id": community, "user_id": user}))
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_services_see_what_happens_through_any_server_as_webhooks_do() {
    let scene = ApiScene::new().await;
    let other_server = TestServer::on(&scene.database);
    let elsewhere = id();
    assert_eq!(scene.server.send(&community_created(elsewhere)).body["applied"], 1);
    let streams = [user_token(scene.ada), user_token(scene.moderator), reading_service_token()]
        .map(|token| Streaming::open(&scene.server, scene.community, &token));
    let happened = [
        post_created(elsewhere, id(), scene.ada),
        post_created(scene.community, id(), scene.admin),
        lesson_completed(scene.community, scene.course, scene.admin),
        lesson_completed(scene.community, scene.course, scene.admin),
    ];
    for event in &happened {
        assert_eq!(other_server.send(event).body["applied"], 1);
    }
    for stream in &streams {
        let seen: Vec<_> = (0..4).map(|_| stream.next_event()).collect();
        let told: Vec<_> =
            seen.iter().map(|message| (message.event.as_str(), &message.data["data"])).collect();
        let awarded = |points: u8, total: u8, source: &str| {
            json!({
                "member_id": scene.admin, "community_id": scene.community, "points": points, "new_total": total,
                "source": source
            })
        };
        let risen = json!({
            "member_id": scene.admin, "community_id": scene.community, "old_level": 1, "new_level": 2,
            "new_level_name": "Practitioner"
        });
        let expected = [
            ("PointsAwarded", &awarded(2, 2, "post_created")),
            ("PointsAwarded", &awarded(5, 7, "lesson_completed")),
            ("PointsAwarded", &awarded(5, 12, "lesson_completed")),
            ("MemberLeveledUp", &risen),
        ];
        assert_eq!(told, expected);
        for message in &seen {
            assert_eq!(message.data["type"], message.event);
            assert_eq!(message.data["sequence"], *message.id.as_ref().unwrap());
        }
        assert!(seen.windows(2).all(|pair| pair[0].id < pair[1].id), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token() {
    let scene = ApiScene::new().await;
    // By some seconds clocks may differ.
    let token = signed(&json!({"sub": scene.ada, "exp": in_an_hour() - 3_600 - 15}));
    let stream = Streaming::open(&scene.server, scene.community, &token);
    assert_eq!(scene.server.send(&post_created(scene.community, id(), scene.admin)).body["applied"], 1);
    assert_eq!(stream.next_event().event, "PointsAwarded", "until then it goes on");
    stream.until_ended();
    let path = format!("/api/communities/{}/stream", scene.community);
    let expired = signed(&json!({"sub": scene.ada, "exp": in_an_hour() - 7_200}));
    scene.server.get(&path, Some(&expired)).problem(401, "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_user_leaves_and_others_go_on() {
    let scene = ApiScene::new().await;
    let open = |token: &str| Streaming::open(&scene.server, scene.community, token);
    let leaving = [open(&user_token(scene.ada)), open(&user_token(scene.ada))];
    let staying = open(&user_token(scene.admin));
    assert_eq!(scene.server.send(&left(scene.community, scene.ada)).body["applied"], 1);
    leaving.iter().for_each(Streaming::until_ended);
    assert_eq!(scene.server.send(&post_created(scene.community, id(), scene.admin)).body["applied"], 1);
    assert_eq!(staying.next_event().event, "PointsAwarded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_streams_first() {
    let scene = ApiScene::new().await;
    let ApiScene { server, database, community, ada, .. } = scene;
    let streams: Vec<_> = (0..12).map(|_| Streaming::open(&server, community, &user_token(ada))).collect();
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:?}");
    streams.iter().for_each(Streaming::until_ended);
    drop(database);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_late_is_streamed_too() {
    let scene = ApiScene::new().await;
    let database = scene.database.without_audit();
    let stream = Streaming::open(&scene.server, scene.community, &user_token(scene.ada));
    let seen = |expected: i64| {
        let seen = stream.next_event();
        assert_eq!(seen.data["data"]["new_total"], expected, "{seen:?}");
    };
    let mut client = database.client().await;
    let late = client.transaction().await.unwrap();
    let insert = format!(
        "INSERT INTO outbox (community_id, event_id, member_id, event_type, payload, created_at)
         VALUES ('{}', gen_random_uuid(), '{}', 'PointsAwarded',
                 '{{\"member_id\": \"{}\", \"community_id\": \"{}\", \"points\": 1, \"new_total\": 77,
                    \"source\": \"post_liked\"}}', now())",
        scene.community, scene.ada, scene.ada, scene.community
    );
    late.batch_execute(&insert).await.unwrap();
    // It has its number, and others with greater numbers are committed before it.
    assert_eq!(scene.server.send(&post_created(scene.community, id(), scene.admin)).body["applied"], 1);
    seen(2);
    late.commit().await.unwrap();
    seen(77);
    assert_eq!(scene.server.send(&post_created(scene.community, id(), scene.admin)).body["applied"], 1);
    seen(4);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_have_missed_something_is_told_to_read_again() {
    let scene = ApiScene::new().await;
    let stream = Streaming::open(&scene.server, scene.community, &user_token(scene.ada));
    let client = scene.database.client().await;
    assert_eq!(scene.server.send(&post_created(scene.community, id(), scene.admin)).body["applied"], 1);
    assert_eq!(stream.next_event().event, "PointsAwarded");
    let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert!(client.query_one(end, &[]).await.unwrap().get::<_, i64>(0) > 0);
    assert_eq!(stream.next().unwrap().event, "reset", "the connection that hears of commits was lost");
    let post = post_created(scene.community, id(), scene.admin);
    gamification_tests::block_until("the database is there again", || scene.server.send(&post).status == 200);
    assert_eq!(stream.next_event().event, "PointsAwarded");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_read_the_community_gets_a_stream() {
    let scene = ApiScene::new().await;
    let path = |community: Uuid| format!("/api/communities/{community}/stream");
    let get = |community: Uuid, token: Option<&str>| scene.server.get(&path(community), token);
    get(scene.community, None).problem(401, "UNAUTHENTICATED");
    get(scene.community, Some(&service_token())).problem(401, "UNAUTHENTICATED");
    get(scene.community, Some(&user_token(id()))).problem(403, "FORBIDDEN");
    get(id(), Some(&user_token(scene.ada))).problem(404, "NOT_FOUND");
    get(id(), Some(&reading_service_token())).problem(404, "NOT_FOUND");
    let head = scene.server.call("HEAD", &path(scene.community), Some(&user_token(scene.ada)), &None);
    assert_eq!((head.status, head.header("content-type"), head.length), (200, Some("text/event-stream"), 0));
}

/// A stream as bytes, without a thread of its own.
fn raw(server: &TestServer, community: Uuid, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "GET /api/communities/{community}/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn read_until(stream: &mut TcpStream, text: &str) {
    let (mut read, mut buffer) = (Vec::new(), [0; 4_096]);
    while !String::from_utf8_lossy(&read).contains(text) {
        let bytes = stream.read(&mut buffer).expect("more comes");
        assert_ne!(bytes, 0, "it ended after {}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&buffer[..bytes]);
    }
}

/// R5 and R14 with streams that are open: many of them cost one connection to the database and little memory, outlive the loss
/// of all sessions, leave nothing behind, and hold up no server that stops.
#[tokio::test(flavor = "multi_thread")]
async fn many_streams_cost_one_connection_and_little_memory_and_end_with_the_server() {
    let campaign = Campaign::new("streams", 400, 1_000);
    let scene = ApiScene::new().await;
    let client = scene.database.client().await;
    let sessions = async || {
        let sessions = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
                        AND pid <> pg_backend_pid() AND query LIKE '%FROM outbox AS o WHERE%'";
        client.query_one(sessions, &[]).await.unwrap().get::<_, i64>(0)
    };
    let joined: Vec<Value> = (0..100).map(|_| member_joined(scene.community, id())).collect();
    assert_eq!(scene.server.send_batch(&joined).body["applied"], 100);
    let before = scene.server.memory().resident;
    let tokens: Vec<String> = joined
        .iter()
        .map(|event| user_token(event["data"]["user_id"].as_str().unwrap().parse().unwrap()))
        .collect();
    let mut streams: Vec<TcpStream> = (0..campaign.rounds() as usize)
        .map(|number| {
            let mut stream = raw(&scene.server, scene.community, &tokens[number % tokens.len()]);
            read_until(&mut stream, "event: reset");
            stream
        })
        .collect();
    let open = || scene.server.scrape().value("gamification_streams_open", &[]);
    assert_eq!(open(), streams.len() as f64);
    let post = |expected: &str| {
        assert_eq!(
            scene.server.send(&post_created(scene.community, id(), scene.ada)).body["applied"],
            1,
            "{expected}"
        );
    };
    post("while all are open");
    streams.iter_mut().for_each(|stream| read_until(stream, "event: PointsAwarded"));
    assert!(sessions().await <= 1, "one connection reads for all");
    let grown = scene.server.memory().resident.saturating_sub(before);
    assert!(grown < 60, "{grown} MB for {} streams", streams.len());
    // The database loses every session, as in a crash: streams heal by themselves.
    let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert!(client.query_one(end, &[]).await.unwrap().get::<_, i64>(0) > 0);
    streams.iter_mut().for_each(|stream| read_until(stream, "event: reset"));
    gamification_tests::block_until("the database is there again", || {
        scene.server.send(&post_created(scene.community, id(), scene.ada)).status == 200
    });
    streams.iter_mut().for_each(|stream| read_until(stream, "event: PointsAwarded"));
    // Half of the readers go without a word: nothing is left of them, and the others are served.
    streams.truncate(streams.len() / 2);
    gamification_tests::block_until("what is left of them is gone", || {
        assert_eq!(scene.server.send(&post_created(scene.community, id(), scene.ada)).status, 200);
        open() == streams.len() as f64
    });
    let stream = Streaming::open(&scene.server, scene.community, &user_token(scene.admin));
    post("after they have gone");
    assert_eq!(stream.next_event().event, "PointsAwarded");
    streams.iter_mut().for_each(|stream| read_until(stream, "event: PointsAwarded"));
    // A server that stops does not wait for pages to go.
    let begun = Instant::now();
    let ApiScene { server, database, .. } = scene;
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:?}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    streams.iter_mut().for_each(|stream| {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).expect("it ends");
    });
    assert_verify_finds_nothing(database.url());
}
