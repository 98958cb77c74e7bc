//! A community, oneself in it, and the list of its members.

use cucumber::{gherkin::Step, then, when};
use gamification_tests::reading_service_token;
use serde_json::{Value, json};

use crate::scene::{Scene, list, rows};

fn service_gets(scene: &mut Scene, path: &str) {
    let answer = scene.stage.server.get(path, Some(&reading_service_token()));
    scene.answered(answer);
}

/// The address of the community itself.
fn address(scene: &mut Scene) -> String {
    scene.path("").trim_end_matches('/').to_owned()
}

#[when(regex = r"^([A-Z]\w+) looks at the community$")]
fn looks(scene: &mut Scene, reader: String) {
    let (path, token) = (address(scene), gamification_tests::user_token(scene.person(&reader)));
    let answer = scene.stage.server.get(&path, Some(&token));
    scene.answered(answer);
}

#[when("the classroom's backend looks at the community")]
fn service_looks(scene: &mut Scene) {
    let path = address(scene);
    service_gets(scene, &path);
}

#[then("the community shows")]
fn shows(scene: &mut Scene, step: &Step) {
    for row in rows(step) {
        let expected = scene.cell(&row["field"], &row["value"]);
        assert_eq!(scene.granted()[&row["field"]], expected, "{:?}", scene.answer());
    }
    let id = scene.community();
    assert_eq!(scene.granted()["community_id"], json!(id));
}

#[then(regex = r#"^(\w+) sees (?:her|him)self as an? (\w+) called "(.+)"$"#)]
fn sees_self(scene: &mut Scene, person: String, role: String, name: String) {
    let user = scene.person(&person);
    let expected = json!({"user_id": user, "role": role, "display_name": name, "avatar_url": null});
    assert_eq!(scene.granted()["me"], expected);
}

#[when(regex = r#"^([A-Z]\w+) lists the members(?: whose names begin with "(.+)")?$"#)]
fn lists(scene: &mut Scene, reader: String, beginning: String) {
    let query: String =
        form_urlencoded::Serializer::new(String::new()).append_pair("query", &beginning).finish();
    scene.get(&reader, &if beginning.is_empty() { "members".to_owned() } else { format!("members?{query}") });
}

#[when("the classroom's backend lists the members")]
fn service_lists(scene: &mut Scene) {
    let path = scene.path("members");
    service_gets(scene, &path);
}

#[when(regex = r#"^(\w+) asks for the list of members "(.+)"$"#)]
fn asks(scene: &mut Scene, reader: String, query: String) {
    scene.get(&reader, &format!("members?{query}"));
}

#[when(regex = r"^(\w+) lists the members by (\d+)$")]
fn pages(scene: &mut Scene, reader: String, limit: usize) {
    let (mut cursor, mut all) = (String::new(), Vec::new());
    loop {
        scene.get(&reader, &format!("members?limit={limit}{cursor}"));
        let page = scene.granted().clone();
        let members = page["members"].as_array().expect("members").clone();
        assert!(members.len() <= limit, "{page}");
        all.extend(members);
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    scene.paged = all;
}

fn listed(scene: &Scene) -> &[Value] {
    scene.granted()["members"].as_array().expect("members")
}

#[then(regex = r"^the members listed are (.+)$")]
fn members_listed(scene: &mut Scene, people: String) {
    let expected: Vec<Value> = list(&people).iter().map(|person| json!(scene.person(person))).collect();
    let found: Vec<Value> = listed(scene).iter().map(|member| member["user_id"].clone()).collect();
    assert_eq!(found, expected, "{:?}", listed(scene));
}

#[then("nobody is listed")]
fn nobody(scene: &mut Scene) {
    assert_eq!(*scene.granted(), json!({"members": [], "next_cursor": null}));
}

#[then(regex = r"^(\d+) members are listed, each once$")]
fn each_once(scene: &mut Scene, number: usize) {
    let users: std::collections::BTreeSet<String> =
        scene.paged.iter().map(|member| member["user_id"].to_string()).collect();
    assert_eq!((scene.paged.len(), users.len()), (number, number));
}

#[then(regex = r"^(\w+) is listed as an? (\w+) at level (\d) with (\d+) points$")]
fn is_listed(scene: &mut Scene, person: String, role: String, level: u8, points: i64) {
    let user = scene.person(&person);
    let expected = json!({
        "user_id": user, "display_name": person, "avatar_url": null, "role": role, "level": level, "total_points": points,
    });
    assert!(listed(scene).contains(&expected), "{:?}", listed(scene));
}
