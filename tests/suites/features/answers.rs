//! The answer to the latest request, as its sender reads it.

use cucumber::{gherkin::Step, then};
use serde_json::{Value, json};

use crate::scene::{Scene, rows};

/// A status, for a refusal its code, and the detail where the scenario cares for it.
#[then(regex = r#"^the answer is (\d{3})(?: ([A-Z_]+)(?: "(.+)")?)?$"#)]
fn answer_is(scene: &mut Scene, status: u16, code: String, detail: String) {
    let answer = scene.answer();
    if status < 400 {
        assert!(answer.status == status && code.is_empty(), "{answer:?}");
        return;
    }
    let found = answer.problem(status, &code);
    assert!(detail.is_empty() || found == detail, "{answer:?}");
}

/// Every field of the answer, and no more.
#[then("the answer shows")]
fn shows(scene: &mut Scene, step: &Step) {
    let mut expected = json!({});
    for row in rows(step) {
        expected[&row["field"]] = scene.cell(&row["field"], &row["value"]);
    }
    assert_eq!(*scene.granted(), expected);
}

#[then("these mistakes are reported")]
fn mistakes(scene: &mut Scene, step: &Step) {
    let expected: Vec<Value> = rows(step)
        .iter()
        .map(|row| json!({"pointer": format!("#{}", row["place"]), "detail": row["message"]}))
        .collect();
    let answer = scene.answer();
    let mut errors = answer.body["errors"].clone();
    for error in errors.as_array_mut().expect("errors") {
        let code = error.as_object_mut().expect("an error").remove("code");
        assert!(code.is_some_and(|code| code.is_string()), "each has a code: {answer:?}");
    }
    assert_eq!(errors, json!(expected), "{answer:?}");
    assert_eq!(answer.body["detail"], expected[0]["detail"], "the first one speaks for all");
}

/// The challenge that HTTP asks for, and whether it says that the token was bad.
#[then(regex = r"^the answer asks for (a|another) bearer token$")]
fn challenge(scene: &mut Scene, which: String) {
    let challenge = scene.answer().header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    assert_eq!(challenge.contains("invalid_token"), which == "another", "{challenge}");
}

#[then(regex = r"^the challenge (says|does not say) that the token has expired$")]
fn challenge_says_expired(scene: &mut Scene, says: String) {
    let challenge = scene.answer().header("www-authenticate").expect("a challenge");
    let expected = r#"error="invalid_token", error_description="expired""#;
    assert_eq!(challenge.contains(expected), says == "says", "{challenge}");
}

#[then(regex = r"^the reason is ([A-Z_]+)$")]
fn reason_is(scene: &mut Scene, reason: String) {
    let answer = scene.answer();
    assert_eq!(answer.body["reason"], reason, "{answer:?}");
}

/// Beside what every problem says.
#[then("the problem says")]
fn problem_says(scene: &mut Scene, step: &Step) {
    for row in rows(step) {
        let expected = scene.cell(&row["field"], &row["value"]);
        assert_eq!(scene.answer().body[&row["field"]], expected, "{:?}", scene.answer());
    }
}

#[then("the codes of the mistakes are")]
fn codes_are(scene: &mut Scene, step: &Step) {
    let expected: Vec<(String, String)> =
        rows(step).iter().map(|row| (format!("#{}", row["place"]), row["code"].clone())).collect();
    let answer = scene.answer();
    answer.problem(422, "VALIDATION_ERROR");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let errors = answer.body["errors"].as_array().expect("errors").iter();
    let found: Vec<(String, String)> =
        errors.map(|error| (text(&error["pointer"]), text(&error["code"]))).collect();
    assert_eq!(found, expected, "{answer:?}");
}
