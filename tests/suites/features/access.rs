//! Who asks, with which token, and for what.

use cucumber::when;
use gamification_tests::{in_an_hour, service_token, signed, user_token};
use serde_json::{Value, json};

use crate::scene::Scene;

/// What can be asked for, in a scenario's words: method, path below the community, and a valid body.
pub(crate) fn operation(scene: &mut Scene, words: &str) -> (&'static str, String, Option<Value>) {
    let (member, course) = (scene.person("Ada"), scene.course("Rust"));
    let levels: Vec<Value> = (1..=9)
        .map(|level| json!({"level": level, "name": format!("Level {level}"), "threshold": level - 1}))
        .collect();
    match words {
        "read a member's level" => ("GET", format!("members/{member}/level"), None),
        "read a member's history" => ("GET", format!("members/{member}/points"), None),
        "read badges" => ("GET", format!("members/levels?user_ids={member}"), None),
        "read the leaderboards" => ("GET", "leaderboards".to_owned(), None),
        "page through a leaderboard" => ("GET", "leaderboards/all_time?limit=5".to_owned(), None),
        "read the levels" => ("GET", "levels".to_owned(), None),
        "change the levels" => ("PUT", "levels".to_owned(), Some(json!({"levels": levels}))),
        "read the levels' history" => ("GET", "levels/history".to_owned(), None),
        "read the rules" => ("GET", "rules".to_owned(), None),
        "read the rules' history" => ("GET", "rules/history".to_owned(), None),
        "change the rules" => ("PUT", "rules".to_owned(), Some(crate::rules::defaults())),
        "change the rules to junk" => ("PUT", "rules".to_owned(), Some(json!("junk"))),
        "preview the rules" => ("POST", "rules/preview".to_owned(), Some(crate::rules::defaults())),
        "preview the levels" => ("POST", "levels/preview".to_owned(), Some(json!({"levels": levels}))),
        "change the levels to junk" => ("PUT", "levels".to_owned(), Some(json!("junk"))),
        "read the access to a course" => ("GET", format!("courses/{course}/access"), None),
        "read the access to all courses" => ("GET", "courses/access".to_owned(), None),
        "read a course's minimum level" => ("GET", format!("courses/{course}/level-requirement"), None),
        "set a course's minimum level" => {
            ("PUT", format!("courses/{course}/level-requirement"), Some(json!({"minimum_level": 2})))
        }
        "read a member's level with a parameter that is unknown" => {
            ("GET", format!("members/{member}/level?verbose=true"), None)
        }
        "read badges with a repeated parameter" => {
            ("GET", format!("members/levels?user_ids={member}&user_ids={member}"), None)
        }
        "read the level of a member whose id is no UUID" => ("GET", "members/ada/level".to_owned(), None),
        words => panic!("no such operation: {words}"),
    }
}

fn call(scene: &mut Scene, words: &str, token: Option<&str>) {
    let (method, rest, body) = operation(scene, words);
    let path = scene.path(&rest);
    scene.asked_for(&path);
    let body = body.map(|body| ("application/json", body));
    let answer = scene.stage.server.call(method, &path, token, &body);
    scene.answered(answer);
}

#[when(regex = r"^(\w+) tries to (.+)$")]
fn tries(scene: &mut Scene, person: String, words: String) {
    let token = user_token(scene.person(&person));
    call(scene, &words, Some(&token));
}

#[when(regex = r"^somebody without a token tries to (.+)$")]
fn tries_without_token(scene: &mut Scene, words: String) {
    call(scene, &words, None);
}

#[when(regex = r"^the platform's own token is used to (.+)$")]
fn tries_as_service(scene: &mut Scene, words: String) {
    call(scene, &words, Some(&service_token()));
}

#[when(regex = r"^a token of Ada's that (.+) is used to (.+)$")]
fn tries_with_token(scene: &mut Scene, token: String, words: String) {
    let (sub, exp) = (scene.person("Ada"), in_an_hour());
    let claims = json!({"sub": sub, "exp": exp});
    let token = match token.as_str() {
        "is right" => signed(&claims),
        "has expired" => signed(&json!({"sub": sub, "exp": exp - 2 * 3_600})),
        "never expires" => signed(&json!({"sub": sub})),
        "is not valid yet" => signed(&json!({"sub": sub, "exp": exp, "nbf": exp - 60})),
        "names no user" => signed(&json!({"exp": exp})),
        "is signed with another secret" => jsonwebtoken::encode(
            &jsonwebtoken::Header::default(),
            &claims,
            &jsonwebtoken::EncodingKey::from_secret(b"a secret that the server was never told"),
        )
        .expect("it signs"),
        "is not signed at all" => {
            let signed = signed(&claims);
            let payload = signed.split('.').nth(1).expect("a payload");
            // {"alg":"none","typ":"JWT"}
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{payload}.")
        }
        token => panic!("no such token: {token}"),
    };
    call(scene, &words, Some(&token));
}

/// With a scope, or with none.
#[when(regex = r#"^(\w+) reports (?:her|his) own post "(.+)" with a token (?:for "(.+)"|without a scope)$"#)]
fn reports_own_post(scene: &mut Scene, person: String, title: String, scope: String) {
    let sub = scene.person(&person);
    let data =
        json!({"community_id": scene.community(), "post_id": scene.id_of("post", &title), "author_id": sub});
    let happened = scene.happened("PostCreated", &data, "");
    let mut claims = json!({"sub": sub, "exp": in_an_hour()});
    if !scope.is_empty() {
        claims["scope"] = scope.into();
    }
    let body = Some(("application/cloudevents+json", happened));
    let answer = scene.stage.server.call("POST", "/api/events", Some(&signed(&claims)), &body);
    scene.answered(answer);
}

#[when("somebody without a token reports a post")]
fn reports_without_token(scene: &mut Scene) {
    let data = json!({"community_id": scene.community(), "post_id": scene.id_of("post", "Hello"), "author_id": scene.person("Ada")});
    let body = Some(("application/cloudevents+json", scene.happened("PostCreated", &data, "")));
    let answer = scene.stage.server.call("POST", "/api/events", None, &body);
    scene.answered(answer);
}
