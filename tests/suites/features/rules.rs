//! What members earn points by: the rules that admins set, who set them, and what caps would take.

use cucumber::{gherkin::Step, given, then, when};
use gamification_tests::{
    block_until,
    model::{WORTHS, rules_body},
    reading_service_token, user_token,
};
use serde_json::{Value, json};

use crate::scene::{Scene, rows};

/// The rules that a community starts with, as a body.
pub(crate) fn defaults() -> Value {
    rules_body(
        |source, points| json!({"source": source, "points": points, "daily_cap": null, "per_pair_daily_cap": null}),
    )
}

/// The defaults, but for what the step's table says.
fn defaults_with(scene: &mut Scene, step: &Step) -> Value {
    let mut body = defaults();
    for row in rows(step) {
        let place = WORTHS.iter().position(|(source, _)| *source == row["source"]).expect("a source");
        for (field, cell) in row.iter().filter(|(_, cell)| !cell.is_empty()) {
            body["rules"][place][field] = scene.cell(field, cell);
        }
    }
    body
}

#[given(regex = r"^(\w+) opens the rules$")]
#[when(regex = r"^(\w+) opens the rules$")]
fn open(scene: &mut Scene, reader: String) {
    scene.get(&reader, "rules");
    let tag = scene.answer().header("etag").expect("a tag").to_owned();
    scene.tags.insert(reader, tag);
}

#[given(regex = r"^(\w+) has set the rules$")]
fn has_set(scene: &mut Scene, step: &Step, admin: String) {
    set(scene, step, admin);
    scene.granted();
}

#[when(regex = r"^(\w+) sets the rules$")]
fn set(scene: &mut Scene, step: &Step, admin: String) {
    let body = defaults_with(scene, step);
    scene.put(&admin, "rules", &[], &body);
}

#[when(regex = r"^(\w+), unless somebody changed them since, sets the rules$")]
fn set_if_unchanged(scene: &mut Scene, step: &Step, admin: String) {
    let body = defaults_with(scene, step);
    let tag = scene.tags.get(&admin).expect("they read the rules before").clone();
    scene.put(&admin, "rules", &[("if-match", &tag)], &body);
}

#[when(regex = r"^(\w+) sends the rules ([\[{].*)$")]
fn sends(scene: &mut Scene, admin: String, body: String) {
    let body = serde_json::from_str(&body).expect("JSON");
    scene.put(&admin, "rules", &[], &body);
}

#[when(regex = r"^(\w+) sends the rules of comments, comments and adjustments$")]
fn sends_repeated(scene: &mut Scene, admin: String) {
    let rule = |source| json!({"source": source, "points": 1});
    let rules = ["comment_created", "comment_created", "manual_adjustment"].map(rule);
    let body = json!({"rules": rules});
    scene.put(&admin, "rules", &[], &body);
}

fn exclude_admins(scene: &mut Scene, admin: &str, exclude: Value) {
    let mut body = defaults();
    body["exclude_admins"] = exclude;
    scene.put(admin, "rules", &[], &body);
}

#[given(regex = r"^(\w+) leaves admins out of leaderboards$")]
fn leaves_admins_out(scene: &mut Scene, admin: String) {
    exclude_admins(scene, &admin, true.into());
    assert_eq!(scene.granted()["exclude_admins"], true);
}

#[when(regex = r"^(\w+) lets admins on leaderboards$")]
fn lets_admins_in(scene: &mut Scene, admin: String) {
    exclude_admins(scene, &admin, false.into());
    assert_eq!(scene.granted()["exclude_admins"], false);
}

#[when(regex = r#"^(\w+) leaves admins out of leaderboards as "(\w+)"$"#)]
fn leaves_admins_out_as(scene: &mut Scene, admin: String, exclude: String) {
    exclude_admins(scene, &admin, exclude.into());
}

#[when("the classroom's backend reads the rules")]
fn service_reads(scene: &mut Scene) {
    let path = scene.path("rules");
    let answer = scene.stage.server.get(&path, Some(&reading_service_token()));
    scene.answered(answer);
}

#[then("the rules are")]
fn rules_are(scene: &mut Scene, step: &Step) {
    let mut expected = Vec::new();
    for row in rows(step) {
        let fields = row.iter().map(|(field, cell)| (field.clone(), scene.cell(field, cell)));
        expected.push(fields.collect::<serde_json::Map<_, _>>());
    }
    assert_eq!(scene.granted()["rules"], json!(expected));
}

#[then(regex = r"^the rules have version (\d+)$")]
fn version_is(scene: &mut Scene, version: u32) {
    assert_eq!(scene.granted()["version"], version);
    let tag = scene.answer().header("etag").expect("a tag");
    assert!(tag.starts_with(&format!("\"{version}.")), "{tag}");
}

#[then("the default rules still stand")]
fn defaults_stand(scene: &mut Scene) {
    let admin = scene.admin();
    scene.get(&admin, "rules");
    assert_eq!(scene.granted()["rules"], defaults()["rules"]);
}

/// How many of the events of the latest delivery were capped.
fn capped(scene: &Scene) -> (usize, usize) {
    let results = scene.granted()["results"].as_array().expect("results");
    let details = results.iter().map(|result| (&result["status"], &result["detail"]));
    let capped = details.filter(|(status, detail)| **status == "applied" && **detail == "capped").count();
    let applied = results.iter().filter(|result| result["status"] == "applied").count();
    assert_eq!(applied, results.len(), "a cap rejects nothing: {results:?}");
    (capped, results.len())
}

#[then("that is capped")]
fn is_capped(scene: &mut Scene) {
    assert_eq!(capped(scene), (1, 1));
}

#[then("nothing of that is capped")]
fn is_not_capped(scene: &mut Scene) {
    assert_eq!(capped(scene).0, 0);
}

#[then(regex = r"^(\d+) of them are capped$")]
fn some_are_capped(scene: &mut Scene, number: usize) {
    // The read of somebody's points was the latest answer: the delivery comes again, and is known.
    let events = scene.history.clone();
    scene.deliver(&events);
    let results = scene.granted()["results"].as_array().expect("results").clone();
    assert!(results.iter().all(|result| result["status"] != "applied"), "{results:?}");
    let ada = scene.person("Ada");
    scene.get("Ada", &format!("members/{ada}/points"));
    let entries = scene.granted()["entries"].as_array().expect("entries");
    assert_eq!(entries.iter().filter(|entry| entry["capped"] == true).count(), number);
}

#[when(regex = r"^(\w+) looks at the history of the (rules|levels)(?: by (\d+))?$")]
fn looks_at_history(scene: &mut Scene, admin: String, of: String, limit: String) {
    let limit = if limit.is_empty() { String::new() } else { format!("?limit={limit}") };
    scene.get(&admin, &format!("{of}/history{limit}"));
}

#[when(regex = r"^(\w+) reads on in the versions$")]
fn reads_on(scene: &mut Scene, admin: String) {
    let cursor = scene.granted()["next_cursor"].as_str().expect("others follow").to_owned();
    scene.get(&admin, &format!("rules/history?cursor={cursor}"));
}

#[then("the versions are")]
fn versions_are(scene: &mut Scene, step: &Step) {
    let mut expected = Vec::new();
    for row in rows(step) {
        let version: u32 = row["version"].parse().expect("a number");
        expected.push((json!(version), scene.actor(&row["changed_by"])));
    }
    let versions = scene.granted()["versions"].as_array().expect("versions");
    let found: Vec<(Value, Value)> =
        versions.iter().map(|version| (version["version"].clone(), version["changed_by"].clone())).collect();
    assert_eq!(found, expected);
    let times: Vec<&str> =
        versions.iter().map(|version| version["changed_at"].as_str().expect("a time")).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
}

#[then("the versions end there")]
fn versions_end(scene: &mut Scene) {
    assert_eq!(scene.granted()["next_cursor"], Value::Null);
}

#[then("in version 3 the cap of posts is 30, and null in version 2")]
fn caps_of_versions(scene: &mut Scene) {
    let versions = &scene.granted()["versions"];
    let cap = |place: usize| &versions[place]["rules"][0]["daily_cap"];
    assert_eq!((cap(0), cap(1)), (&json!(30), &Value::Null));
}

#[then(regex = r#"^level 2 was called "(.+)" in version 2 and "(.+)" in version 1$"#)]
fn names_of_versions(scene: &mut Scene, second: String, first: String) {
    let versions = &scene.granted()["versions"];
    let name = |place: usize| versions[place]["levels"][1]["name"].as_str().expect("a name");
    assert_eq!((name(0), name(1)), (second.as_str(), first.as_str()));
}

/// Boards say who is looked at, and follow after a while.
#[when(regex = r"^(\w+) previews the rules$")]
fn previews(scene: &mut Scene, step: &Step, admin: String) {
    let body = defaults_with(scene, step);
    let (path, token) = (scene.path("rules/preview"), user_token(scene.person(&admin)));
    let stage = scene.stage.clone();
    let earned = scene.history.iter().filter(|event| event["type"] == "PostCreated").count();
    let ask = || stage.server.call("POST", &path, Some(&token), &Some(("application/json", body.clone())));
    let mut answer = ask();
    if earned > 0 {
        block_until("the boards follow", || {
            answer = ask();
            answer.status != 200 || answer.body["members"].as_u64() == Some(4)
        });
    }
    scene.answered(answer);
}

#[then("the caps would have taken")]
fn would_have_taken(scene: &mut Scene, step: &Step) {
    assert_eq!(scene.granted()["days"], 30);
    for row in rows(step) {
        let rules = scene.granted()["rules"].as_array().expect("rules").clone();
        let rule = rules.iter().find(|rule| rule["source"] == row["source"]).expect("a rule of the source");
        for (field, cell) in &row {
            assert_eq!(rule[field], scene.cell(field, cell), "{field} of {rule}");
        }
    }
}
