//! How members came to their points.

use std::collections::BTreeSet;

use cucumber::{gherkin::Step, given, then, when};
use gamification_tests::{reading_service_token, user_token};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{Scene, rows};

/// Asks as a member, or as the classroom's backend.
fn ask(scene: &mut Scene, reader: &str, path: &str) {
    let token = match reader {
        "the classroom's backend" => reading_service_token(),
        person => user_token(scene.person(person)),
    };
    scene.asked_for(path);
    let answer = scene.stage.server.get(path, Some(&token));
    scene.cursor = answer.body["next_cursor"].as_str().map(ToOwned::to_owned);
    scene.answered(answer);
}

fn address(scene: &mut Scene, person: &str) -> String {
    let person = scene.person(person);
    scene.path(&format!("members/{person}/points"))
}

#[when(regex = r"^([A-Z]\w+|the classroom's backend) looks at ([A-Z]\w+)'s history$")]
fn looks(scene: &mut Scene, reader: String, person: String) {
    let path = address(scene, &person);
    ask(scene, &reader, &path);
}

#[given(regex = r#"^(\w+) looks at (?:her|his) own history(?: with "(.*)")?$"#)]
#[when(regex = r#"^(\w+) looks at (?:her|his) own history(?: with "(.*)")?$"#)]
fn looks_at_own(scene: &mut Scene, person: String, parameters: String) {
    let separator = if parameters.is_empty() { "" } else { "?" };
    let path = format!("{}{separator}{parameters}", address(scene, &person));
    ask(scene, &person, &path);
}

fn next_cursor(scene: &Scene) -> String {
    scene.cursor.clone().expect("the history goes on")
}

#[when(regex = r"^(\w+) reads on in the history$")]
fn reads_on(scene: &mut Scene, reader: String) {
    let path = scene.latest_path();
    let path = path.split("&cursor=").next().expect("a path");
    let path = format!("{path}&cursor={}", next_cursor(scene));
    ask(scene, &reader, &path);
}

#[when(regex = r"^(\w+) reads on in (\w+)'s history from there$")]
fn reads_on_elsewhere(scene: &mut Scene, reader: String, person: String) {
    let path = format!("{}?cursor={}", address(scene, &person), next_cursor(scene));
    ask(scene, &reader, &path);
}

fn entries(scene: &Scene) -> Vec<Value> {
    let history = scene.granted();
    let entries = history["entries"].as_array().unwrap_or_else(|| panic!("{history}")).clone();
    assert!(history.get("next_cursor").is_some(), "it is said, and not left out: {history}");
    let fields = [
        "actor_id",
        "capped",
        "id",
        "occurred_at",
        "points",
        "reason",
        "recorded_at",
        "source",
        "source_id",
        "total_after",
    ];
    for entry in &entries {
        let found: BTreeSet<&str> = entry.as_object().expect("an entry").keys().map(String::as_str).collect();
        assert_eq!(found, fields.into(), "{entry}");
        let id: Uuid = entry["id"].as_str().expect("an id").parse().expect("a UUID");
        assert_eq!(id.get_version_num(), 7, "{entry}");
        assert_eq!(entry["reason"].is_string(), entry["source"] == "manual_adjustment", "{entry}");
        assert!(entry["reason"].is_string() || entry["reason"].is_null(), "{entry}");
        assert!(entry["occurred_at"].as_str() <= entry["recorded_at"].as_str(), "{entry}");
    }
    entries
}

/// Each of its entries, by the columns that the scenario cares for.
#[then("the history reads")]
fn reads(scene: &mut Scene, step: &Step) {
    let entries = entries(scene);
    let mut expected = Vec::new();
    let mut found = Vec::new();
    for (index, row) in rows(step).iter().enumerate() {
        let entry = entries.get(index).cloned().unwrap_or_default();
        for (column, cell) in row {
            let (cell, shown) = match column.as_str() {
                "about" => {
                    let (kind, name) = cell.split_once(' ').expect("about a thing with a name");
                    (json!(scene.id_of(kind, name)), entry["source_id"].clone())
                }
                "by" => (scene.actor(cell), entry["actor_id"].clone()),
                "at" => (json!(format!("2026-01-01T{cell}:00Z")), entry["occurred_at"].clone()),
                "total" => (scene.cell(column, cell), entry["total_after"].clone()),
                field => (scene.cell(field, cell), entry[field].clone()),
            };
            expected.push((index, column.clone(), cell));
            found.push((index, column.clone(), shown));
        }
    }
    assert_eq!(found, expected);
    assert_eq!(entries.len(), rows(step).len(), "{entries:#?}");
}

#[then("the history is empty")]
fn is_empty(scene: &mut Scene) {
    has_entries(scene, 0);
}

#[then(regex = r"^the history has (\d+) entries$")]
fn has_entries(scene: &mut Scene, number: usize) {
    assert_eq!(entries(scene).len(), number);
}

#[then("the history goes on")]
fn goes_on(scene: &mut Scene) {
    next_cursor(scene);
}

#[then("the history ends there")]
fn ends(scene: &mut Scene) {
    assert_eq!(scene.granted()["next_cursor"], Value::Null);
}
