//! R8: bodies that are broken, deep, ambiguous or endless. `.ci/fuzz-api` adds requests made from the API's document.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
};

use gamification_tests::{
    Answer, ApiScene, Campaign, PATIENCE, Random, assert_verify_finds_nothing,
    event::{id, post_created},
    model::rules_body,
    service_token, user_token,
};
use serde_json::{Value, json};

const HUNDRED_MEGABYTES: usize = 100 << 20;

/// An operation that takes a body, and one that it takes gladly.
struct Target {
    method: &'static str,
    path: String,
    content_type: &'static str,
    token: String,
    body: String,
}

fn targets(scene: &ApiScene) -> [Target; 8] {
    let community = format!("/api/communities/{}", scene.community);
    let level =
        |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": level - 1});
    let levels = json!({"levels": (1..=9).map(level).collect::<Vec<Value>>()}).to_string();
    let rules = rules_body(|source, _| json!({"source": source, "points": 2, "daily_cap": 20})).to_string();
    let events: Vec<Value> = (0..3).map(|_| post_created(scene.community, id(), scene.ada)).collect();
    let target = |method, path, content_type, token: &str, body: &str| Target {
        method,
        path,
        content_type,
        token: token.to_owned(),
        body: body.to_owned(),
    };
    let (admin, service) = (user_token(scene.admin), service_token());
    let (json, event, batch) =
        ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json");
    [
        target("PUT", format!("{community}/levels"), json, &admin, &levels),
        target(
            "PUT",
            format!("{community}/courses/{}/level-requirement", scene.course),
            json,
            &admin,
            r#"{"minimum_level":1}"#,
        ),
        target("POST", "/api/events".to_owned(), event, &service, &events[0].to_string()),
        target("POST", "/api/events".to_owned(), batch, &service, &Value::from(events).to_string()),
        target("POST", format!("{community}/levels/preview"), json, &admin, &levels),
        target("PUT", format!("{community}/rules"), json, &admin, &rules),
        target("POST", format!("{community}/rules/preview"), json, &admin, &rules),
        target(
            "POST",
            format!("{community}/members/{}/points/adjustments", scene.ada),
            json,
            &admin,
            r#"{"points":15,"reason":"Organised the meetup"}"#,
        ),
    ]
}

impl Target {
    /// Under a key of its own, so that an adjustment is judged by its body.
    fn send(&self, scene: &ApiScene, body: &[u8]) -> Answer {
        let (token, key) = (format!("Bearer {}", self.token), id().to_string());
        let headers = [
            ("content-type", self.content_type),
            ("authorization", token.as_str()),
            ("idempotency-key", key.as_str()),
        ];
        scene.server.send_body((self.method, &self.path), &headers, body)
    }

    /// Its request with another statement of how long the body is.
    fn head(&self, framing: &str) -> String {
        let Self { method, path, content_type, token, .. } = self;
        format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: {content_type}\r\nidempotency-key: a key\r\n{framing}\r\n\r\n"
        )
    }
}

/// Changes that turn JSON into something near it.
fn mutated(body: &str, random: &mut Random) -> Vec<u8> {
    const PIECES: [&[u8]; 14] = [
        b"{", b"}", b"[", b"]", b"\"", b",", b":", b"null", b"-1e999", b"\xff", b"\0", b"\\u0000",
        b"\\ud800", b" ",
    ];
    let mut bytes = body.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let place = random.below(bytes.len());
        match random.below(5) {
            0 => drop(bytes.remove(place)),
            1 => bytes.truncate(place.max(1)),
            2 => bytes[place] = u8::try_from(random.below(256)).unwrap(),
            3 => {
                let piece = *random.pick(&PIECES);
                bytes.splice(place..place, piece.iter().copied());
            }
            _ => {
                let end = place + random.below(bytes.len() - place);
                let again = bytes[place..end].to_vec();
                bytes.splice(place..place, again);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'{');
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_nearly_right_are_understood_or_refused_and_never_a_failure() {
    let campaign = Campaign::new("R8", 400, 40_000);
    let scene = ApiScene::new().await;
    let (targets, mut random, mut refused) = (targets(&scene), campaign.random(0), 0);
    for _ in 0..campaign.rounds() {
        let target = random.pick(&targets);
        let body = mutated(&target.body, &mut random);
        let answer = target.send(&scene, &body);
        let known = [200, 201, 207, 400, 413, 422].contains(&answer.status);
        assert!(known, "{} {:?}: {answer:?}", target.path, String::from_utf8_lossy(&body));
        refused += u32::from(answer.status >= 400);
    }
    assert!(refused > campaign.rounds() / 4, "{refused} of {} were refused", campaign.rounds());
    let log = scene.server.new_log();
    assert!(
        !log.iter().any(|line| line.contains("panicked") || line.contains(r#""level":"ERROR""#)),
        "{log:?}"
    );
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_bodies_and_names_that_stand_twice_are_refused_or_understood_and_never_a_failure() {
    let scene = ApiScene::new().await;
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(5_000), close.repeat(5_000));
    for target in &targets(&scene) {
        for body in
            [deep("[", "]"), deep(r#"{"levels":"#, "}"), deep(r#"[{"data":"#, "}]"), "[".repeat(50_000)]
        {
            let answer = target.send(&scene, body.as_bytes());
            assert!([400, 413, 422].contains(&answer.status), "{}: {answer:?}", target.path);
        }
        // The first name once more, with another value.
        let again = |value: &str| {
            let name_and_rest = target.body.split_once('{').unwrap();
            let name = name_and_rest.1.split(':').next().unwrap();
            format!("{}{{{name}:{value},{}", name_and_rest.0, name_and_rest.1)
        };
        for body in [again("null"), again("{}"), again("7")] {
            let answer = target.send(&scene, body.as_bytes());
            assert!([200, 201, 207, 400, 422].contains(&answer.status), "{}: {body} {answer:?}", target.path);
        }
    }
    assert_verify_finds_nothing(scene.database.url());
}

/// Sends so many bytes of a body, or as many as the server lets it, and gives that number and the answer's beginning.
fn pour(scene: &ApiScene, target: &Target, framing: &str, bytes: usize) -> (usize, String) {
    const PART: usize = 0x10000;
    let mut stream = TcpStream::connect(scene.server.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(target.head(framing).as_bytes()).unwrap();
    let part = if framing.ends_with("chunked") {
        [format!("{PART:x}\r\n").as_bytes(), &[b' '; PART], b"\r\n"].concat()
    } else {
        vec![b' '; PART]
    };
    let mut sent = 0;
    while sent < bytes {
        match stream.write_all(&part) {
            Ok(()) => sent += PART,
            Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("{framing}: it hangs"),
            Err(_) => break,
        }
    }
    let mut answer = [0; 12];
    // Where the connection is reset because of what nobody reads, the answer may be lost.
    let length = if stream.read_exact(&mut answer).is_ok() { answer.len() } else { 0 };
    (sent, String::from_utf8_lossy(&answer[..length]).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_are_refused_long_before_their_end_and_never_kept() {
    /// Twice the largest body that is taken.
    const SOON: usize = 8 << 20;
    let scene = ApiScene::new().await;
    let (length, chunked) =
        (format!("content-length: {HUNDRED_MEGABYTES}"), "transfer-encoding: chunked".to_owned());
    let targets = targets(&scene);
    for target in &targets {
        for framing in [&length, &chunked] {
            let (sent, answer) = pour(&scene, target, framing, SOON);
            let is_refused = answer == "HTTP/1.1 413" || answer.is_empty() && sent < SOON;
            assert!(is_refused, "{} {framing}, {sent} bytes: {answer}", target.path);
        }
    }
    // From one who goes on all the same.
    let (sent, answer) = pour(&scene, &targets[3], &length, HUNDRED_MEGABYTES);
    assert!(answer == "HTTP/1.1 413" || answer.is_empty() && sent < HUNDRED_MEGABYTES, "{answer}");
    let memory = scene.server.memory();
    assert!(memory.peak < 100, "{memory:?}");
    assert_eq!(scene.server.get("/readyz", None).status, 200);
}
