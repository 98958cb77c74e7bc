//! The same read again and again, and what HTTP has for it.

use cucumber::{then, when};
use gamification_tests::user_token;

use crate::{access, scene::Scene};

fn read(scene: &mut Scene, method: &str, reader: &str, path: &str, headers: &[(&str, &str)]) {
    let token = format!("Bearer {}", user_token(scene.person(reader)));
    let mut all = vec![("authorization", token)];
    all.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let answer = scene.stage.server.with_headers(method, path, &all);
    scene.asked_for(path);
    scene.answered(answer);
}

/// As its reader has it; a tag that is named is the one of the latest answer.
#[when(regex = r"^(\w+) asks for the same again, naming (.+)$")]
fn again(scene: &mut Scene, reader: String, named: String) {
    let tag = scene.latest_tag();
    let named = match named.as_str() {
        "what she has" | "what he has" | "what Ada has" => tag,
        "what she has as weak" => format!("W/{tag}"),
        "several, and what she has among them" => format!("\"x\", {tag} , W/\"y\""),
        "\"*\"" => "*".to_owned(),
        other => panic!("no such tag: {other}"),
    };
    let path = scene.latest_path();
    read(scene, "GET", &reader, &path, &[("if-none-match", &named)]);
}

#[when(regex = r#"^(\w+) reads the levels as the request "(.+)"$"#)]
fn with_request_id(scene: &mut Scene, reader: String, id: String) {
    let path = scene.path("levels");
    read(scene, "GET", &reader, &path, &[("x-request-id", &id)]);
}

#[when(regex = r"^(\w+) asks for the head only, to (.+)$")]
fn head(scene: &mut Scene, reader: String, words: String) {
    let (_, rest, _) = access::operation(scene, &words);
    let path = scene.path(&rest);
    read(scene, "HEAD", &reader, &path, &[]);
}

#[when(regex = r"^(\w+) reads (\d+) badges? and takes (\w+)$")]
fn read_compressed(scene: &mut Scene, reader: String, number: usize, encoding: String) {
    let ids: Vec<String> =
        (1..=number).map(|number| scene.person(&format!("member {number}")).to_string()).collect();
    let path = scene.path(&format!("members/levels?user_ids={}", ids.join(",")));
    read(scene, "GET", &reader, &path, &[("accept-encoding", &encoding)]);
}

#[when(regex = r"^(\w+) reads them again, naming what she has$")]
fn read_compressed_again(scene: &mut Scene, reader: String) {
    let (tag, path) = (scene.latest_tag(), scene.latest_path());
    read(scene, "GET", &reader, &path, &[("accept-encoding", "gzip"), ("if-none-match", &tag)]);
}

#[then("the answer has no body")]
fn has_no_body(scene: &mut Scene) {
    let answer = scene.answer();
    assert_eq!(answer.length, 0, "{answer:?}");
}

#[then(regex = r"^the answer's status is (\d{3})$")]
fn status_is(scene: &mut Scene, status: u16) {
    assert_eq!(scene.answer().status, status, "{:?}", scene.answer());
}

#[then("the answer may be kept by its reader, who asks each time")]
fn is_private(scene: &mut Scene) {
    assert_eq!(scene.answer().header("cache-control"), Some("private, no-cache"));
    assert!(scene.answer().header("etag").is_some(), "the tag is said again: {:?}", scene.answer());
}

fn request_id(scene: &Scene) -> &str {
    scene.answer().header("x-request-id").expect("each answer has one")
}

#[then("the answer has a request id")]
fn has_request_id(scene: &mut Scene) {
    assert!(request_id(scene).parse::<uuid::Uuid>().is_ok(), "{:?}", scene.answer());
}

#[then("the answer has the request id that the problem names")]
fn has_id_of_problem(scene: &mut Scene) {
    assert_eq!(scene.answer().body["request_id"], request_id(scene));
}

#[then(regex = r#"^the answer has (the request id|another request id than) "(.+)"$"#)]
fn has_this_request_id(scene: &mut Scene, which: String, id: String) {
    assert_eq!(request_id(scene) == id, which == "the request id", "{:?}", scene.answer());
}

#[then(regex = r"^the answer is compressed with (\w+)$")]
fn is_compressed(scene: &mut Scene, encoding: String) {
    let answer = scene.answer();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-encoding"), Some(encoding.as_str()), "{answer:?}");
    assert!((1..3_000).contains(&answer.length), "{} bytes of 100 badges", answer.length);
    let varies = answer.headers.get_all("vary").iter().any(|vary| vary == "accept-encoding");
    assert!(varies, "{answer:?}");
}

#[then("the answer is not compressed")]
fn is_not_compressed(scene: &mut Scene) {
    let answer = scene.answer();
    assert_eq!((answer.status, answer.header("content-encoding")), (200, None), "{answer:?}");
    assert!(answer.body.is_object(), "{answer:?}");
}

#[then(regex = r"^(\d+) badges have another tag for (\w+) in (\w+) than as they are$")]
fn tags_differ(scene: &mut Scene, number: usize, reader: String, encoding: String) {
    let [plain, compressed] = ["identity", &encoding].map(|encoding| {
        read_compressed(scene, reader.clone(), number, encoding.to_owned());
        scene.latest_tag()
    });
    assert_ne!(plain, compressed);
}
