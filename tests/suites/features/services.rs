//! A backend of the platform that reads, and what is told to services and to members only.

use cucumber::{then, when};
use gamification_tests::reading_service_token;

use crate::{
    access,
    scene::{Scene, list},
};

fn get(scene: &mut Scene, rest: &str) {
    let path = scene.path(rest);
    let answer = scene.stage.server.get(&path, Some(&reading_service_token()));
    scene.answered(answer);
}

#[when(regex = r"^the classroom's backend looks at (\w+)'s level$")]
fn looks(scene: &mut Scene, person: String) {
    let path = format!("members/{}/level", scene.person(&person));
    get(scene, &path);
}

#[when(regex = r"^the classroom's backend asks for the badges of (.+)$")]
fn badges(scene: &mut Scene, people: String) {
    let ids: Vec<String> = list(&people).iter().map(|person| scene.person(person).to_string()).collect();
    get(scene, &format!("members/levels?user_ids={}", ids.join(",")));
}

#[when("the classroom's backend opens the level definitions")]
fn opens(scene: &mut Scene) {
    get(scene, "levels");
}

#[when(regex = r#"^the classroom's backend asks whether (\w+) may enter the course "([^"]+)"$"#)]
fn asks_for_access(scene: &mut Scene, person: String, course: String) {
    let course = scene.course(&course);
    let whose = match person.as_str() {
        "somebody" => String::new(),
        person => format!("?user_id={}", scene.person(person)),
    };
    get(scene, &format!("courses/{course}/access{whose}"));
}

#[when(regex = r"^the classroom's backend asks which courses are open to (\w+)$")]
fn asks_for_all_access(scene: &mut Scene, person: String) {
    let path = format!("courses/access?user_id={}", scene.person(&person));
    get(scene, &path);
}

#[when(regex = r"^the classroom's backend tries to (.+)$")]
fn tries(scene: &mut Scene, words: String) {
    let (method, rest, body) = access::operation(scene, &words);
    let path = scene.path(&rest);
    let body = body.map(|body| ("application/json", body));
    let answer = scene.stage.server.call(method, &path, Some(&reading_service_token()), &body);
    scene.answered(answer);
}

#[when(regex = r#"^([A-Z]\w+) asks whether (\w+) may enter the course "([^"]+)"$"#)]
fn member_asks(scene: &mut Scene, reader: String, person: String, course: String) {
    let (course, person) = (scene.course(&course), scene.person(&person));
    scene.get(&reader, &format!("courses/{course}/access?user_id={person}"));
}

#[then("no level and no role are shown as the reader's own")]
fn nothing_of_their_own(scene: &mut Scene) {
    let levels = scene.granted();
    assert!(levels["current_user_level"].is_null() && levels["current_user_role"].is_null(), "{levels}");
    assert!(levels.get("current_user_role").is_some(), "it is said, and not left out: {levels}");
}

#[then(regex = r"^the reader's own role is ([A-Z]+)$")]
fn own_role(scene: &mut Scene, role: String) {
    assert_eq!(scene.granted()["current_user_role"], role);
}

#[then("nobody is being leveled up")]
fn not_recalculating(scene: &mut Scene) {
    let levels = scene.granted();
    assert_eq!(levels["recalculating"], false);
    assert!(levels.get("recalculation").is_none(), "{levels}");
}
