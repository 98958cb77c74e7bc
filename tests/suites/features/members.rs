//! What members see of themselves, of others and of the whole community.

use cucumber::{gherkin::Step, then, when};
use serde_json::{Value, json};

use crate::scene::{Scene, list, rows};

/// A member's level as a user sees it.
fn level(scene: &mut Scene, reader: &str, person: &str) -> Value {
    look(scene, reader.to_owned(), person.to_owned());
    scene.granted().clone()
}

#[when(regex = r"^(\w+) looks at (\w+)'s level$")]
fn look(scene: &mut Scene, reader: String, person: String) {
    let path = format!("members/{}/level", scene.person(&person));
    scene.get(&reader, &path);
}

#[when(regex = r"^(\w+) looks at (?:her|his) own level$")]
fn look_at_own(scene: &mut Scene, person: String) {
    look(scene, person.clone(), person);
}

#[then(regex = r"^(\w+) has (\d+) points?$")]
fn has_points(scene: &mut Scene, person: String, points: i64) {
    let own = level(scene, &person, &person);
    assert_eq!(own["total_points"], points, "{own}");
}

#[then(regex = r#"^(\w+) has (\d+) points? and is at level (\d) "(.+)"$"#)]
fn has_points_and_level(scene: &mut Scene, person: String, points: i64, number: u8, name: String) {
    sees_at_level(scene, person.clone(), person, number, name, points);
}

#[then(regex = r#"^(\w+) sees (\w+) at level (\d) "(.+)" with (\d+) points?$"#)]
fn sees_at_level(scene: &mut Scene, reader: String, person: String, number: u8, name: String, points: i64) {
    let seen = level(scene, &reader, &person);
    let shown = (&seen["total_points"], &seen["level"], &seen["level_name"], &seen["is_max_level"]);
    assert_eq!(shown, (&json!(points), &json!(number), &json!(name), &json!(number == 9)), "{seen}");
}

#[then(regex = r"^(\w+) needs (\d+) points? more for the next level$")]
fn needs(scene: &mut Scene, person: String, points: i64) {
    let own = level(scene, &person, &person);
    assert_eq!(own["points_to_next_level"], points, "{own}");
}

#[then(regex = r"^no next level is shown to (\w+)$")]
fn needs_nothing(scene: &mut Scene, person: String) {
    let own = level(scene, &person, &person);
    assert!(own["points_to_next_level"].is_null() && own["is_max_level"] == true, "{own}");
}

#[when(regex = r"^(\w+) asks for the badges of (.+)$")]
fn badges(scene: &mut Scene, reader: String, people: String) {
    let ids: Vec<String> = list(&people).iter().map(|person| scene.person(person).to_string()).collect();
    scene.get(&reader, &format!("members/levels?user_ids={}", ids.join(",")));
}

#[when(regex = r"^(\w+) asks for (\d+) badges at once$")]
fn many_badges(scene: &mut Scene, reader: String, count: usize) {
    let people: Vec<String> = (1..=count).map(|number| format!("reader {number}")).collect();
    badges(scene, reader, people.join(", "));
}

/// In the order of the answer, and no more.
#[then("the badges are")]
fn badges_are(scene: &mut Scene, step: &Step) {
    let mut expected = Vec::new();
    for row in rows(step) {
        let name = &row["level_name"];
        expected.push(json!({
            "user_id": scene.person(&row["member"]), "level": scene.cell("level", &row["level"]), "level_name": name,
        }));
    }
    assert_eq!(*scene.granted(), json!({"members": expected}));
}

#[then("there are no badges")]
fn no_badges(scene: &mut Scene) {
    assert_eq!(*scene.granted(), json!({"members": []}));
}

/// As in `50% of the members at level 1 and 50% at level 3`; every share that is not named is 0.
#[then(regex = r"^(\w+) sees (.+% of the members at level .+)$")]
fn sees_shares(scene: &mut Scene, reader: String, shares: String) {
    let mut expected = [0.0; 9];
    for share in shares.split(" and ") {
        let (share, place) = share.split_once('%').expect("a share");
        let (_, level) = place.split_once("at level ").expect("a level");
        expected[level.parse::<usize>().expect("a level") - 1] = share.parse().expect("a share");
    }
    scene.get(&reader, "levels");
    let levels = scene.granted()["levels"].as_array().expect("levels");
    let found: Vec<Option<f64>> = levels.iter().map(|level| level["member_percentage"].as_f64()).collect();
    assert_eq!(found, expected.map(Some));
}
