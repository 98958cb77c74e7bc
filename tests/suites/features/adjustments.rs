//! Points that people add or take away.

use cucumber::{gherkin::Step, given, then, when};
use gamification_tests::{Answer, adjusting_service_token, reading_service_token, user_token};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{Scene, rows};

/// The token of the person or the program that a scenario names.
fn token_of(scene: &mut Scene, who: &str) -> String {
    match who {
        "the platform's back office" => adjusting_service_token(),
        "the classroom's backend" => reading_service_token(),
        person => user_token(scene.person(person)),
    }
}

fn post(scene: &mut Scene, who: &str, member: Uuid, key: Option<&str>, body: &Value) -> Answer {
    let path = scene.path(&format!("members/{member}/points/adjustments"));
    let token = format!("Bearer {}", token_of(scene, who));
    let mut headers = vec![("authorization", token.as_str()), ("content-type", "application/json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    scene.stage.server.post(&path, &headers, body.to_string().as_bytes())
}

#[given(
    regex = r#"^(.+) adjusts (\w+)'s points by (-?\d+) for "(.*)", (?:with the key "(.+)"|without a key)$"#
)]
#[when(
    regex = r#"^(.+) adjusts (\w+)'s points by (-?\d+) for "(.*)", (?:with the key "(.+)"|without a key)$"#
)]
fn adjusts(scene: &mut Scene, who: String, member: String, points: i64, reason: String, key: String) {
    let member = scene.person(&member);
    let key = Some(key.as_str()).filter(|key| !key.is_empty());
    let answer = post(scene, &who, member, key, &json!({"points": points, "reason": reason}));
    if answer.status < 300 {
        scene.adjustments.push(answer.body.clone());
    }
    scene.answered(answer);
}

#[when(regex = r"^(\w+) adjusts (\w+)'s points by (-?\d+) for a reason of (\d+) letters$")]
fn adjusts_at_length(scene: &mut Scene, who: String, member: String, points: i64, length: usize) {
    adjusts(scene, who, member, points, "é".repeat(length), "a key".to_owned());
}

#[when(regex = r"^(\w+) adjusts (\w+)'s points by (-?\d+), with a key of (\d+) letters$")]
fn adjusts_with_key(scene: &mut Scene, who: String, member: String, points: i64, length: usize) {
    let (member, key) = (scene.person(&member), "k".repeat(length));
    let answer = post(scene, &who, member, Some(&key), &json!({"points": points, "reason": "Thanks"}));
    scene.answered(answer);
}

#[when(regex = r"^(\w+) sends the adjustment (\{.*\})$")]
fn sends(scene: &mut Scene, who: String, body: String) {
    let member = scene.person("Ada");
    let body = serde_json::from_str(&body).expect("JSON");
    let answer = post(scene, &who, member, Some("key"), &body);
    scene.answered(answer);
}

#[given(
    regex = r#"^the platform reports an adjustment "(\w+)" of (\w+)'s points by (-?\d+) for "(.*)" by (\w+)$"#
)]
#[when(
    regex = r#"^the platform reports an adjustment "(\w+)" of (\w+)'s points by (-?\d+) for "(.*)" by (\w+)$"#
)]
fn reports(scene: &mut Scene, name: String, member: String, points: i64, reason: String, admin: String) {
    let data = json!({
        "community_id": scene.community(), "adjustment_id": scene.id_of("adjustment", &name),
        "user_id": scene.person(&member), "points": points, "reason": reason, "admin_id": scene.person(&admin),
    });
    let happened = scene.happened("PointsAdjusted", &data, "");
    scene.tell(happened);
}

#[then("the adjustment shows")]
fn shows(scene: &mut Scene, step: &Step) {
    for row in rows(step) {
        let expected = match row["field"].as_str() {
            "actor" => scene.actor(&row["value"]),
            field => scene.cell(field, &row["value"]),
        };
        let field = if row["field"] == "actor" { "actor_id" } else { row["field"].as_str() };
        assert_eq!(scene.answer().body[field], expected, "{field}: {:?}", scene.answer());
    }
}

#[then("it is the same entry as before")]
fn same_entry(scene: &mut Scene) {
    let [first, .., last] = scene.adjustments.as_slice() else { panic!("two adjustments are compared") };
    assert_eq!(first, last);
}

#[then(regex = r"^the reason that is shown has (\d+) letters$")]
fn reason_has_length(scene: &mut Scene, length: usize) {
    let answer = scene.answer();
    assert_eq!(
        answer.body["reason"].as_str().map(|reason| reason.chars().count()),
        Some(length),
        "{answer:?}"
    );
}
