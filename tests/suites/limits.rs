//! What a request may be, and how long it may take: each limit is there, and in its place.
//!
//! Times are asserted generously: what shall be found is a limit that is missing, or five times as large.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use gamification_tests::{
    Answer, ApiScene, PATIENCE, StoppedSessions, TestServer, block_until,
    event::{community_created, event, id, post_created},
    service_token, sessions, until, user_token,
};
use serde_json::{Value, json};

/// Far more than the 5 seconds within which the service promises an answer, and far less than five times that.
const WITHIN: Duration = Duration::from_secs(12);

/// All nine levels, at multiples of `step`.
fn levels(step: i64) -> Value {
    let level = |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": (level - 1) * step});
    json!({"levels": (1..=9).map(level).collect::<Vec<Value>>()})
}

/// A connection that has sent the start of a request.
fn started(server: &TestServer, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// The head of a PUT of levels with a body of `length` bytes.
fn put_head(scene: &ApiScene, length: usize) -> String {
    format!(
        "PUT /api/communities/{}/levels HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n",
        scene.community,
        user_token(scene.admin)
    )
}

fn rest_of(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server ends it");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_change_settings_are_json_of_at_most_64_kib() {
    let scene = ApiScene::new().await;
    let community = scene.community;
    let token = user_token(scene.admin);
    for path in [
        format!("/api/communities/{community}/levels"),
        format!("/api/communities/{community}/rules"),
        format!("/api/communities/{community}/courses/{}/level-requirement", scene.course),
    ] {
        let put = |content_type: &str, body: Value| {
            scene.server.call("PUT", &path, Some(&token), &Some((content_type, body)))
        };
        for content_type in ["text/plain", "application/cloudevents+json", "application/jsonp"] {
            put(content_type, levels(1)).problem(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        assert_ne!(put("application/json; charset=utf-8", levels(1)).status, 415);
        // Quotes and all, the text is two bytes longer.
        put("application/json", Value::from("x".repeat(64 * 1024 - 2))).problem(422, "VALIDATION_ERROR");
        put("application/json", Value::from("x".repeat(64 * 1024 - 1))).problem(413, "PAYLOAD_TOO_LARGE");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_takes_parameters_that_its_document_does_not_name() {
    let scene = ApiScene::new().await;
    let (community, course, ada) = (scene.community, scene.course, scene.ada);
    let batch = || Some(("application/cloudevents-batch+json", json!([community_created(community)])));
    let post = |path: &str| scene.server.call("POST", path, Some(&service_token()), &batch());
    for query in ["?x=1", "?enforce=true", "?user_ids="] {
        post(&format!("/api/events{query}")).problem(400, "BAD_REQUEST");
    }
    assert_eq!(post("/api/events").status, 200);
    let token = user_token(scene.admin);
    let ask = |method: &str, path: &str, body: Option<Value>| {
        let path = format!("/api/communities/{community}/{path}");
        scene.server.call(method, &path, Some(&token), &body.map(|body| ("application/json", body)))
    };
    ask("PUT", "levels?enforce=true", Some(levels(1))).problem(400, "BAD_REQUEST");
    ask("GET", &format!("courses/{course}/access?course_ids={course}"), None).problem(400, "BAD_REQUEST");
    ask("GET", &format!("members/levels?user_ids={ada}&user_ids={ada}"), None).problem(400, "BAD_REQUEST");
    for (path, query) in [
        (format!("courses/{course}/access"), "enforce=false".to_owned()),
        ("courses/access".to_owned(), format!("course_ids={course}")),
        ("members/levels".to_owned(), format!("user_ids={ada}")),
    ] {
        assert_eq!(ask("GET", &format!("{path}?{query}"), None).status, 200, "{path}");
        ask("GET", &format!("{path}?{query}&{query}"), None).problem(400, "BAD_REQUEST");
        ask("GET", &format!("{path}?{query}&y"), None).problem(400, "BAD_REQUEST");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_slowly_is_cut_off_in_time() {
    let scene = ApiScene::new().await;
    let begun = Instant::now();
    let head = started(&scene.server, "GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: ");
    let body = started(&scene.server, &put_head(&scene, 100));
    assert!(rest_of(head).starts_with("HTTP/1.1 408"));
    assert!(begun.elapsed() < WITHIN, "a head may take 5 seconds, not {:?}", begun.elapsed());
    assert!(rest_of(body).starts_with("HTTP/1.1 408"));
    assert!(
        begun.elapsed() < Duration::from_secs(25),
        "a body may take 10 seconds, not {:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_in_time_while_the_database_is_stuck() {
    let scene = ApiScene::new().await;
    let observer = scene.database.client().await;
    let sessions = sessions(&observer).await;
    assert!(!sessions.is_empty());
    let number = sessions.len();
    let stopped = StoppedSessions::stop(sessions);
    let begun = Instant::now();
    let answers = std::thread::scope(|scope| {
        // More than there are sessions, so that some request gets each of them; for others new ones may be opened.
        let requests: Vec<_> = (0..number + 2)
            .flat_map(|_| {
                [
                    scope.spawn(|| scene.server.level(scene.community, scene.ada, scene.ada)),
                    scope.spawn(|| scene.server.send(&post_created(scene.community, id(), scene.ada))),
                ]
            })
            .collect();
        requests.into_iter().map(|request| request.join().unwrap()).collect::<Vec<Answer>>()
    });
    assert!(begun.elapsed() < WITHIN, "{:?}", begun.elapsed());
    drop(stopped);
    let (done, refused): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.status == 200);
    assert!(!refused.is_empty(), "no request met a session that had stopped: {done:?}");
    for answer in refused {
        answer.problem(503, "UNAVAILABLE");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_is_told_in_time_while_the_database_is_stuck() {
    /// Far more than the 2 seconds that the database is given, and less than five times that.
    const TOLD_WITHIN: Duration = Duration::from_secs(8);
    let scene = ApiScene::new().await;
    assert_eq!(scene.server.get("/readyz", None).status, 200);
    let stopped = StoppedSessions::stop(sessions(&scene.database.client().await).await);
    let begun = Instant::now();
    scene.server.get("/readyz", None).problem(503, "UNAVAILABLE");
    assert!(begun.elapsed() < TOLD_WITHIN, "{:?}", begun.elapsed());
    drop(stopped);
    block_until("it is ready again", || scene.server.get("/readyz", None).status == 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_levels_ends_in_time_when_the_database_stops_answering_and_goes_on_by_itself() {
    let scene = ApiScene::new().await;
    assert_eq!(scene.server.send(&post_created(scene.community, id(), scene.ada)).status, 200);
    let observer = scene.database.client().await;
    let mut client = scene.database.client().await;
    let hold = client.transaction().await.unwrap();
    let lock = "SELECT FROM member_points WHERE community_id = $1 AND user_id = $2 FOR UPDATE";
    hold.execute(lock, &[&scene.community, &scene.ada]).await.unwrap();
    let path = format!("/api/communities/{}/levels", scene.community);
    let pending = async || {
        let pending = "SELECT COUNT(*) FROM recalculations";
        observer.query_one(pending, &[]).await.unwrap().get::<_, i64>(0)
    };
    let stopped = std::thread::scope(|scope| {
        let change = scope.spawn(|| scene.server.put(&path, scene.admin, &[], &levels(1)));
        let sessions = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                until("the thresholds are stored", async || pending().await == 1).await;
                sessions(&observer).await
            })
        });
        let stopped = StoppedSessions::stop(sessions);
        let begun = Instant::now();
        let answer = change.join().unwrap();
        // A session that was opened since then may have brought it to its end.
        if ![200, 202].contains(&answer.status) {
            answer.problem(503, "UNAVAILABLE");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        assert!(begun.elapsed() < WITHIN, "{:?}", begun.elapsed());
        stopped
    });
    drop(stopped);
    hold.rollback().await.unwrap();
    until("the members are leveled up", async || pending().await == 0).await;
    assert_eq!(scene.server.level(scene.community, scene.ada, scene.ada).body["level"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_levels_that_others_hold_up_is_answered_in_time() {
    /// Twice the time that there is for one request, and less than its attempts would take together.
    const ANSWERED_WITHIN: Duration = Duration::from_secs(9);
    let scene = ApiScene::new().await;
    let mut client = scene.database.client().await;
    let hold = client.transaction().await.unwrap();
    let lock = "SELECT FROM level_configurations WHERE community_id = $1 FOR UPDATE";
    hold.execute(lock, &[&scene.community]).await.unwrap();
    let path = format!("/api/communities/{}/levels", scene.community);
    let begun = Instant::now();
    scene.server.put(&path, scene.admin, &[], &levels(3)).problem(503, "UNAVAILABLE");
    assert!(begun.elapsed() < ANSWERED_WITHIN, "{:?}", begun.elapsed());
    hold.rollback().await.unwrap();
    let changed = scene.server.put(&path, scene.admin, &[], &levels(3)).status;
    assert!([200, 202].contains(&changed), "{changed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_who_loses_the_role_while_sending_changes_nothing() {
    let scene = ApiScene::new().await;
    let observer = scene.database.client().await;
    let begun = observer.query_one("SELECT clock_timestamp()", &[]).await.unwrap();
    let begun: time::OffsetDateTime = begun.get(0);
    let body = levels(1).to_string();
    let mut stream = started(&scene.server, &put_head(&scene, body.len()));
    // The first look at the role comes before the body is read.
    let looked = "SELECT COUNT(*) FROM pg_stat_activity
                  WHERE application_name = 'gamification' AND datname = current_database()
                    AND query_start > $1 AND query LIKE '%community_members%'";
    until("the role was looked at", async || {
        observer.query_one(looked, &[&begun]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await;
    let demoted = json!({"community_id": scene.community, "user_id": scene.admin, "role": "MEMBER"});
    assert_eq!(scene.server.send(&event("MemberRoleChanged", 50, &demoted)).body["applied"], 1);
    stream.write_all(body.as_bytes()).unwrap();
    let answer = rest_of(stream);
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert_eq!(scene.database.number("SELECT COUNT(*) FROM level_configurations WHERE version > 1").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_shall_stop_waits_for_a_stuck_client_for_a_moment_only() {
    let scene = ApiScene::new().await;
    // Answers that nobody reads fill the buffers, so that the server is in the midst of one.
    let ask = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20);
    let stuck = started(&scene.server, &ask);
    stuck.peek(&mut [0]).expect("an answer begins");
    let ApiScene { server, database: _database, .. } = scene;
    let begun = Instant::now();
    let (status, _) = server.terminate();
    assert!(status.success());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    drop(stuck);
}

/// What is answered before any code of ours sees a request: by the framework, so without a problem document.
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_can_not_be_read_is_refused_and_the_connection_ends() {
    let scene = ApiScene::new().await;
    let get = |headers: &str| format!("GET /livez HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    for (head, what) in [
        ("BAD\r\n\r\n".to_owned(), "no request line"),
        ("GET\r\n\r\n".to_owned(), "no address"),
        ("GET /livez HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), "a header without a value"),
        (get("content-length: abc\r\n"), "a length that is no number"),
        (get("content-length: 99999999999999999999999\r\n"), "a length beyond all numbers"),
        (get("content-length: 1\r\ncontent-length: 2\r\n"), "two lengths"),
        (get(&"x-many: y\r\n".repeat(1_000)), "too many headers"),
        (get(&format!("x-large: {}\r\n", "x".repeat(200_000))), "too large a header"),
        (get("x: \0\r\n"), "a NUL"),
    ] {
        // The server closes while there is more to read, so the end may be a reset.
        let mut stream = TcpStream::connect(scene.server.url().trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.write_all(head.as_bytes());
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer).map_err(|error| error.kind());
        assert!(matches!(end, Ok(_) | Err(ErrorKind::ConnectionReset)), "{what}: it hangs, {end:?}");
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{what}: {answer:?}"));
        let is_refused = ["HTTP/1.1 400 ", "HTTP/1.1 431 "].iter().any(|status| head.starts_with(status));
        assert!(is_refused && body.is_empty(), "{what}: {answer:?}");
    }
    assert_eq!(scene.server.get("/livez", None).status, 200);
    let log = scene.server.new_log();
    assert!(!log.iter().any(|line| line.contains(r#""level":"ERROR""#)), "{log:?}");
}
