//! The level definitions: what everybody reads, and what admins change.

use cucumber::{gherkin::Step, given, then, when};
use gamification_tests::{
    default_levels,
    event::{id, post_created},
};
use serde_json::{Value, json};

use crate::scene::{Scene, rows};

fn defaults() -> Value {
    let level = |(level, (name, threshold)): (u8, &(&str, i64))| json!({"level": level, "name": name, "threshold": threshold});
    json!({"levels": (1..).zip(&default_levels()).map(level).collect::<Vec<_>>()})
}

/// The defaults, but for what the step's table says. A cell is JSON, or a name as it stands there.
pub(crate) fn defaults_with(scene: &mut Scene, step: &Step) -> Value {
    let mut body = defaults();
    for row in rows(step) {
        let place = row["level"].parse::<usize>().expect("a level") - 1;
        for (field, cell) in row.iter().filter(|(field, cell)| *field != "level" && !cell.is_empty()) {
            body["levels"][place][field] = scene.cell(field, cell);
        }
    }
    body
}

#[given(regex = r"^(\w+) opens the level definitions$")]
#[when(regex = r"^(\w+) opens the level definitions$")]
fn open(scene: &mut Scene, reader: String) {
    scene.get(&reader, "levels");
    if let Some(tag) = scene.answer().header("etag").map(ToOwned::to_owned) {
        scene.tags.insert(reader, tag);
    }
}

#[given(regex = r"^(\w+) has saved the default levels with$")]
fn saved(scene: &mut Scene, step: &Step, admin: String) {
    save(scene, step, admin);
    scene.granted();
}

#[when(regex = r"^(\w+) saves the default levels with$")]
fn save(scene: &mut Scene, step: &Step, admin: String) {
    let body = defaults_with(scene, step);
    scene.put(&admin, "levels", &[], &body);
}

#[when(regex = r"^(\w+), unless somebody changed them since, saves the default levels with$")]
fn save_if_unchanged(scene: &mut Scene, step: &Step, admin: String) {
    let body = defaults_with(scene, step);
    let tag = scene.tags.get(&admin).expect("they read the levels before").clone();
    scene.put(&admin, "levels", &[("if-match", &tag)], &body);
}

#[when(regex = r"^(\w+) saves the default levels$")]
fn save_defaults(scene: &mut Scene, admin: String) {
    scene.put(&admin, "levels", &[], &defaults());
}

/// The text in the quotes is read as JSON reads a string.
#[given(regex = r#"^(\w+) names level (\d) (".*")$"#)]
#[when(regex = r#"^(\w+) names level (\d) (".*")$"#)]
fn name_level(scene: &mut Scene, admin: String, level: usize, name: String) {
    let mut body = defaults();
    body["levels"][level - 1]["name"] = serde_json::from_str(&name).expect("a JSON string");
    scene.put(&admin, "levels", &[], &body);
}

#[when(regex = r"^(\w+) names level (\d) with (\d+) letters (\S)$")]
fn name_of_length(scene: &mut Scene, admin: String, level: usize, length: usize, letter: String) {
    name_level(scene, admin, level, format!("\"{}\"", letter.repeat(length)));
}

#[when(regex = r"^(\w+) saves the default levels without level (\d)$")]
fn save_without(scene: &mut Scene, admin: String, level: usize) {
    let mut body = defaults();
    body["levels"].as_array_mut().expect("levels").remove(level - 1);
    scene.put(&admin, "levels", &[], &body);
}

#[when(regex = r"^(\w+) saves the default levels in reverse$")]
fn save_in_reverse(scene: &mut Scene, admin: String) {
    let mut body = defaults();
    body["levels"].as_array_mut().expect("levels").reverse();
    scene.put(&admin, "levels", &[], &body);
}

/// Both requests are on their way together; each of them must be granted.
#[when(regex = r"^(\w+) writes (\d+) posts at the very moment when (\w+) saves the default levels with$")]
fn save_while_writing(scene: &mut Scene, step: &Step, author: String, posts: usize, admin: String) {
    let (community, author) = (scene.community(), scene.person(&author));
    let body = defaults_with(scene, step);
    let stage = scene.stage.clone();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..posts {
                let written = stage.server.send(&post_created(community, id(), author));
                assert_eq!(written.body["applied"], 1, "{written:?}");
            }
        });
        scene.put(&admin, "levels", &[], &body);
    });
    scene.granted();
}

/// The columns that the table has, of the levels that it names, in the order of the answer.
#[then("the levels are")]
fn levels_are(scene: &mut Scene, step: &Step) {
    let mut expected = Vec::new();
    for row in rows(step) {
        let fields = row.iter().map(|(field, cell)| (field.clone(), scene.cell(field, cell)));
        expected.push(fields.collect::<serde_json::Map<_, _>>());
    }
    assert_eq!(scene.granted()["levels"], json!(expected));
}

#[then(regex = r"^level (\d) is shown as (\w+)'s own$")]
fn own_level(scene: &mut Scene, level: u8, reader: String) {
    open(scene, reader);
    assert_eq!(scene.granted()["current_user_level"], level);
}

#[then(regex = r#"^level (\d) is called "(.+)"$"#)]
fn is_called(scene: &mut Scene, level: usize, name: String) {
    let admin = scene.admin();
    open(scene, admin);
    assert_eq!(scene.granted()["levels"][level - 1]["name"], name);
}

#[then("the default levels still stand")]
fn defaults_stand(scene: &mut Scene) {
    let admin = scene.admin();
    open(scene, admin);
    let mut levels = scene.granted()["levels"].clone();
    for level in levels.as_array_mut().expect("levels") {
        level.as_object_mut().expect("a level").remove("member_percentage");
    }
    assert_eq!(levels, defaults()["levels"]);
    let tag = scene.answer().header("etag").expect("a tag");
    assert!(tag.starts_with("\"1."), "nobody ever changed them: {tag}");
}
