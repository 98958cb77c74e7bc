//! Courses that ask for a level.

use cucumber::{gherkin::Step, given, then, when};
use serde_json::{Value, json};

use crate::{
    events,
    scene::{Scene, list, rows},
};

#[given(regex = r#"^the course "([^"]+)" with the minimum level (\d)$"#)]
fn gated_course(scene: &mut Scene, course: String, level: String) {
    events::course_changes(scene, course.clone(), "created".to_owned(), String::new());
    let admin = scene.admin();
    require(scene, admin, course, level);
    scene.granted();
}

#[when(regex = r#"^(\w+) sets the minimum level of the course "([^"]+)" to (\S+)$"#)]
fn require(scene: &mut Scene, admin: String, course: String, level: String) {
    let level = scene.cell("minimum_level", &level);
    require_with(scene, admin, course, &json!({"minimum_level": level}));
}

#[when(regex = r#"^(\w+) sets the minimum level of the course "([^"]+)" without saying which$"#)]
fn require_nothing(scene: &mut Scene, admin: String, course: String) {
    require_with(scene, admin, course, &json!({}));
}

fn require_with(scene: &mut Scene, admin: String, course: String, body: &Value) {
    let path = format!("courses/{}/level-requirement", scene.course(&course));
    scene.put(&admin, &path, &[], body);
}

#[when(regex = r#"^(\w+) asks for the minimum level of the course "([^"]+)"$"#)]
fn read_requirement(scene: &mut Scene, admin: String, course: String) {
    let path = format!("courses/{}/level-requirement", scene.course(&course));
    scene.get(&admin, &path);
}

#[when(regex = r#"^(\w+) asks for access to the course "([^"]+)"$"#)]
fn ask(scene: &mut Scene, member: String, course: String) {
    let path = format!("courses/{}/access", scene.course(&course));
    scene.get(&member, &path);
}

#[when(regex = r#"^a gateway asks whether (\w+) may enter the course "([^"]+)"$"#)]
fn ask_as_gateway(scene: &mut Scene, member: String, course: String) {
    let path = format!("courses/{}/access?enforce=true", scene.course(&course));
    scene.get(&member, &path);
}

/// Both ways of asking must agree.
#[then(regex = r#"^(\w+) (may|may not) enter the course "([^"]+)"$"#)]
fn may_enter(scene: &mut Scene, member: String, may: String, course: String) {
    let open = may == "may";
    ask(scene, member.clone(), course.clone());
    assert_eq!(scene.granted()["has_access"], open, "{:?}", scene.answer());
    ask_as_gateway(scene, member, course);
    assert_eq!(scene.answer().status, if open { 200 } else { 403 }, "{:?}", scene.answer());
}

#[when(regex = r"^(\w+) asks for access to every course$")]
fn ask_for_all(scene: &mut Scene, member: String) {
    scene.get(&member, "courses/access");
}

#[when(regex = r"^(\w+) asks for access to just the courses? (.+)$")]
fn ask_for_some(scene: &mut Scene, member: String, courses: String) {
    let ids: Vec<String> = list(&courses).iter().map(|course| scene.course(course).to_string()).collect();
    scene.get(&member, &format!("courses/access?course_ids={}", ids.join(",")));
}

/// In whatever order, and no more.
#[then("the courses are")]
fn courses_are(scene: &mut Scene, step: &Step) {
    let mut expected = Vec::new();
    for row in rows(step) {
        let fields = row.iter().map(|(field, cell)| (field.clone(), scene.cell(field, cell)));
        expected.push(Value::Object(fields.collect()));
    }
    let mut found = scene.granted()["courses"].as_array().expect("courses").clone();
    for courses in [&mut expected, &mut found] {
        courses.sort_by_key(|course| course["course_id"].to_string());
    }
    assert_eq!(found, expected);
}
