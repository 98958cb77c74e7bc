//! Users who are erased, and what they take along.

use cucumber::{gherkin::Step, given, then, when};
use gamification_tests::{reading_service_token, until, user_token};
use serde_json::{Value, json};

use crate::scene::{Scene, rows};

#[given(regex = r"^the platform erases (\w+)$")]
#[when(regex = r"^the platform erases (\w+)$")]
fn erases(scene: &mut Scene, person: String) {
    let data = json!({"user_id": scene.person(&person)});
    scene.report("MemberErased", data, "");
}

#[then(regex = r"^nothing of (\w+) is found in the database$")]
async fn nothing_is_found(scene: &mut Scene, person: String) {
    let user = scene.person(&person);
    let database = &scene.stage.database;
    let left = format!("SELECT COUNT(*) FROM erasures WHERE user_id = '{user}'");
    until("the sweep is over", async || database.number(&left).await == 0).await;
    let found = database.search(&[user.to_string(), user.simple().to_string()]).await;
    assert!(found.is_empty(), "{found:#?}");
}

#[when(regex = r"^([A-Z]\w+|the classroom's backend) exports what is stored about (\w+)$")]
fn exports(scene: &mut Scene, reader: String, person: String) {
    let token = match reader.as_str() {
        "the classroom's backend" => reading_service_token(),
        person => user_token(scene.person(person)),
    };
    let person = scene.person(&person);
    let path = scene.path(&format!("members/{person}/export"));
    let answer = scene.stage.server.get(&path, Some(&token));
    scene.answered(answer);
}

#[then("the export says")]
fn says(scene: &mut Scene, step: &Step) {
    for row in rows(step) {
        let expected = scene.cell(&row["field"], &row["value"]);
        assert_eq!(scene.granted()[&row["field"]], expected, "{}", scene.granted());
    }
}

#[then(regex = r#"^the export has a membership with the name "(.+)" and the picture "(.+)"$"#)]
fn has_membership(scene: &mut Scene, name: String, picture: String) {
    let membership = &scene.granted()["membership"];
    let shown = (&membership["display_name"], &membership["avatar_url"], &membership["is_present"]);
    assert_eq!(shown, (&json!(name), &json!(picture), &Value::Bool(true)), "{membership}");
}

#[then(regex = r"^the export has (\d+) entr(?:y|ies) and (\d+) likes?$")]
fn has_parts(scene: &mut Scene, entries: usize, likes: usize) {
    let export = scene.granted();
    let number = |field: &str| export[field].as_array().map(Vec::len);
    assert_eq!((number("ledger"), number("likes_given")), (Some(entries), Some(likes)), "{export}");
}
