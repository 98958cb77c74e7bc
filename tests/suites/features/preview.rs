//! What other levels would do.

use cucumber::{gherkin::Step, given, then, when};
use gamification_tests::event::{id, member_joined, post_created};
use serde_json::json;

use crate::{
    levels::defaults_with,
    scene::{Scene, rows},
};

#[given(regex = r"^(\d+) more members with (\d+) points each$")]
fn more_members(scene: &mut Scene, number: usize, points: usize) {
    let community = scene.community();
    let mut events = Vec::new();
    for number in 1..=number {
        let member = scene.person(&format!("member {number}"));
        events.push(member_joined(community, member));
        events.extend((0..points / 2).map(|_| post_created(community, id(), member)));
    }
    scene.deliver(&events);
    assert_eq!(scene.granted()["applied"], events.len());
}

#[when(regex = r"^(\w+) previews the default levels with$")]
fn previews(scene: &mut Scene, step: &Step, admin: String) {
    let body = defaults_with(scene, step);
    let (path, token) = (scene.path("levels/preview"), gamification_tests::user_token(scene.person(&admin)));
    let answer = scene.stage.server.call("POST", &path, Some(&token), &Some(("application/json", body)));
    scene.answered(answer);
}

#[then(regex = r"^(\d+) members would rise$")]
fn would_rise(scene: &mut Scene, step: &Step, number: usize) {
    let mut expected = Vec::new();
    for row in rows(step) {
        expected.push(json!({
            "user_id": scene.person(&row["member"]), "display_name": row["member"],
            "level_now": scene.cell("level", &row["level_now"]), "level_then": scene.cell("level", &row["level_then"]),
        }));
    }
    let preview = scene.granted();
    assert_eq!(preview["level_up_count"], number, "{preview}");
    assert_eq!(preview["level_ups"], json!(expected), "{preview}");
}

#[then("nobody would rise")]
fn nobody_would_rise(scene: &mut Scene) {
    let preview = scene.granted();
    assert_eq!((&preview["level_up_count"], &preview["level_ups"]), (&json!(0), &json!([])), "{preview}");
}

#[then(regex = r"^(\d+) members would rise, (\d+) of them named$")]
fn would_rise_named(scene: &mut Scene, number: usize, named: usize) {
    let preview = scene.granted();
    assert_eq!(preview["level_up_count"], number, "{preview}");
    assert_eq!(preview["level_ups"].as_array().map(Vec::len), Some(named), "{preview}");
}

#[then(
    regex = r"^the members at levels 1, 2 and 3 are (\d+), (\d+) and (\d+) now, and would be (\d+), (\d+) and (\d+)$"
)]
fn members_at(scene: &mut Scene, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) {
    let preview = scene.granted();
    let of = |field: &str| (0..3).map(|level| preview["levels"][level][field].as_u64()).collect::<Vec<_>>();
    assert_eq!(
        (of("members_now"), of("members_then")),
        (vec![Some(a), Some(b), Some(c)], vec![Some(d), Some(e), Some(f)])
    );
}
