//! What the platform reports, and what became of it.

use cucumber::{gherkin::Step, given, then, when};
use gamification_tests::event::id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{Scene, list, rows};

#[given(regex = r#"^the community "(.+)" with the admin (\w+)(?: and the members? (.+))?$"#)]
fn a_community(scene: &mut Scene, name: String, admin: String, members: String) {
    scene.turn_to(&name);
    scene.appoint(&admin);
    created(scene, name);
    joins(scene, admin, "ADMIN".to_owned(), String::new());
    for member in list(&members) {
        joins(scene, member.to_owned(), String::new(), String::new());
    }
}

#[given(regex = r#"^we turn to the community "(.+)"$"#)]
#[when(regex = r#"^we turn to the community "(.+)"$"#)]
fn turn(scene: &mut Scene, name: String) {
    scene.turn_to(&name);
}

#[when(regex = r#"^the community "(.+)" is created$"#)]
fn created(scene: &mut Scene, name: String) {
    scene.turn_to(&name);
    scene.report("CommunityCreated", json!({"name": name}), "");
}

#[given(regex = r"^(\w+) joins(?: as (\w+))?(?:, (.+))?$")]
#[when(regex = r"^(\w+) joins(?: as (\w+))?(?:, (.+))?$")]
fn joins(scene: &mut Scene, person: String, role: String, moment: String) {
    let mut data = json!({"user_id": scene.person(&person), "display_name": person});
    if !role.is_empty() {
        data["role"] = role.into();
    }
    scene.report("MemberJoined", data, &moment);
}

#[given(regex = r"^(\w+) leaves(?:, (.+))?$")]
#[when(regex = r"^(\w+) leaves(?:, (.+))?$")]
fn leaves(scene: &mut Scene, person: String, moment: String) {
    let data = json!({"user_id": scene.person(&person)});
    scene.report("MemberLeft", data, &moment);
}

#[given(regex = r"^(\w+) becomes (\w+)(?:, (.+))?$")]
#[when(regex = r"^(\w+) becomes (\w+)(?:, (.+))?$")]
fn becomes(scene: &mut Scene, person: String, role: String, moment: String) {
    let data = json!({"user_id": scene.person(&person), "role": role});
    scene.report("MemberRoleChanged", data, &moment);
}

#[given(regex = r#"^the course "([^"]+)" is (created|deleted)(?:, (.+))?$"#)]
#[when(regex = r#"^the course "([^"]+)" is (created|deleted)(?:, (.+))?$"#)]
pub(crate) fn course_changes(scene: &mut Scene, course: String, change: String, moment: String) {
    let data = json!({"course_id": scene.course(&course), "title": course});
    let kind = if change == "created" { "CourseCreated" } else { "CourseDeleted" };
    scene.report(kind, data, &moment);
}

#[given(regex = r#"^(\w+) writes the (post|comment) "([^"]+)"(?:, (.+))?$"#)]
#[when(regex = r#"^(\w+) writes the (post|comment) "([^"]+)"(?:, (.+))?$"#)]
fn writes(scene: &mut Scene, author: String, kind: String, title: String, moment: String) {
    let data = json!({format!("{kind}_id"): scene.id_of(&kind, &title), "author_id": scene.person(&author)});
    scene.report(if kind == "post" { "PostCreated" } else { "CommentAdded" }, data, &moment);
}

#[given(regex = r#"^(\w+) (likes|unlikes) (\w+)'s (post|comment) "([^"]+)"(?:, (.+))?$"#)]
#[when(regex = r#"^(\w+) (likes|unlikes) (\w+)'s (post|comment) "([^"]+)"(?:, (.+))?$"#)]
fn likes(
    scene: &mut Scene,
    liker: String,
    change: String,
    author: String,
    kind: String,
    title: String,
    moment: String,
) {
    let data = json!({
        format!("{kind}_id"): scene.id_of(&kind, &title),
        "user_id": scene.person(&liker),
        "author_id": scene.person(&author),
    });
    let kind = match (kind.as_str(), change.as_str()) {
        ("post", "likes") => "PostLiked",
        ("post", _) => "PostUnliked",
        (_, "likes") => "CommentLiked",
        _ => "CommentUnliked",
    };
    scene.report(kind, data, &moment);
}

#[given(regex = r#"^(\d+) people like (\w+)'s (post|comment) "([^"]+)"$"#)]
#[when(regex = r#"^(\d+) people like (\w+)'s (post|comment) "([^"]+)"$"#)]
fn many_like(scene: &mut Scene, likers: u32, author: String, kind: String, title: String) {
    for liker in 1..=likers {
        let liker = format!("reader {liker}");
        likes(scene, liker, "likes".to_owned(), author.clone(), kind.clone(), title.clone(), String::new());
    }
}

#[given(regex = r#"^(\w+) completes the lesson "([^"]+)" of the course "([^"]+)"$"#)]
#[when(regex = r#"^(\w+) completes the lesson "([^"]+)" of the course "([^"]+)"$"#)]
fn completes(scene: &mut Scene, person: String, lesson: String, course: String) {
    let data = completion(scene, &person, &lesson, &course);
    scene.report("LessonCompleted", data, "");
}

#[when(regex = r#"^(\w+) completes the lesson "([^"]+)" of the course "([^"]+)", nobody says where$"#)]
fn completes_somewhere(scene: &mut Scene, person: String, lesson: String, course: String) {
    let data = completion(scene, &person, &lesson, &course);
    let happened = scene.happened("LessonCompleted", &data, "");
    scene.tell(happened);
}

fn completion(scene: &mut Scene, person: &str, lesson: &str, course: &str) -> Value {
    json!({
        "user_id": scene.person(person),
        "lesson_id": scene.id_of("lesson", lesson),
        "course_id": scene.course(course),
    })
}

/// With posts of 2 points each, and a comment of 1.
#[given(regex = r"^(\w+) has earned (\d+) points?$")]
#[when(regex = r"^(\w+) earns (\d+) points?$")]
fn earns(scene: &mut Scene, person: String, points: usize) {
    let (community, author) = (scene.community(), scene.person(&person));
    let post = |_| json!({"community_id": community, "post_id": id(), "author_id": author});
    let comment = json!({"community_id": community, "comment_id": id(), "author_id": author});
    let mut events: Vec<Value> =
        (0..points / 2).map(post).map(|data| scene.happened("PostCreated", &data, "at 09:00")).collect();
    events.extend((0..points % 2).map(|_| scene.happened("CommentAdded", &comment, "at 09:00")));
    scene.history.extend(events.iter().cloned());
    scene.deliver(&events);
    assert_eq!(scene.granted()["applied"], events.len());
}

#[when(regex = r#"^the platform reports (\w+) about (\w+)'s post "(.+)"$"#)]
fn reports(scene: &mut Scene, kind: String, author: String, title: String) {
    let data = json!({"post_id": scene.id_of("post", &title), "author_id": scene.person(&author)});
    scene.report(&kind, data, "");
}

#[when(regex = r#"^the platform reports (\w+) (?:without|with "(.*)" as) "(\w+)"$"#)]
fn misreports(scene: &mut Scene, kind: String, value: String, field: String) {
    let mut data = json!({
        "community_id": scene.community(), "course_id": id(), "post_id": id(), "comment_id": id(),
        "lesson_id": id(), "user_id": id(), "author_id": id(), "role": "MEMBER",
    });
    let fields = data.as_object_mut().expect("it is an object");
    match value.as_str() {
        "" => drop(fields.remove(&field)),
        value => drop(fields.insert(field, value.into())),
    }
    let happened = scene.happened(&kind, &data, "");
    scene.tell(happened);
}

#[when(regex = r"^that arrives again( under a new id)?$")]
fn again(scene: &mut Scene, anew: String) {
    let latest = scene.history.last().expect("something happened").clone();
    let latest = if anew.is_empty() { latest } else { renamed(latest) };
    scene.tell(latest);
}

#[when(regex = r"^everything arrives again(, backwards)?( under new ids)?$")]
fn everything_again(scene: &mut Scene, backwards: String, anew: String) {
    let mut events = scene.history.clone();
    if !backwards.is_empty() {
        events.reverse();
    }
    if !anew.is_empty() {
        events = events.into_iter().map(renamed).collect();
    }
    scene.deliver(&events);
}

fn renamed(mut event: Value) -> Value {
    event["id"] = json!(id());
    event
}

#[given("the platform holds its events back")]
fn hold_back(scene: &mut Scene) {
    scene.held_back = Some(Vec::new());
}

#[when(regex = r"^they arrive one by one in the order (.+)$")]
fn arrive_in_order(scene: &mut Scene, order: String) {
    let events = scene.held_back.take().expect("events are held back");
    let order: Vec<usize> = order.split(", ").map(|place| place.parse().expect("a place")).collect();
    assert!(order.len() >= events.len(), "the order leaves some out");
    for place in order {
        let answer = scene.stage.server.send(&events[place - 1]);
        assert_eq!(answer.status, 200, "{answer:?}");
        scene.answered(answer);
    }
}

#[when("they arrive in one batch")]
fn arrive_together(scene: &mut Scene) {
    let events = scene.held_back.take().expect("events are held back");
    scene.deliver(&events);
}

/// Whichever comes first: each event is applied by one of the deliveries.
#[when("they arrive twice at the very same moment")]
fn arrive_twice(scene: &mut Scene) {
    let events = scene.held_back.take().expect("events are held back");
    let server = &scene.stage.server;
    let applied: u64 = std::thread::scope(|scope| {
        let deliveries = [(); 2].map(|()| scope.spawn(|| server.send_batch(&events)));
        let applied = deliveries.map(|delivery| {
            let answer = delivery.join().expect("it arrives");
            answer.body["applied"].as_u64().unwrap_or_else(|| panic!("{answer:?}"))
        });
        applied.iter().sum()
    });
    assert_eq!(usize::try_from(applied), Ok(events.len()));
}

#[then(regex = r"^the verdicts? (?:is|are) (.+)$")]
fn verdicts(scene: &mut Scene, expected: String) {
    let answer = scene.answer();
    let results = answer.body["results"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    let verdicts: Vec<&str> =
        results.iter().map(|result| result["status"].as_str().expect("a verdict")).collect();
    assert_eq!(verdicts, list(&expected), "{answer:?}");
}

#[then("nothing is applied")]
fn nothing_applied(scene: &mut Scene) {
    let answer = scene.granted();
    let results = answer["results"].as_array().expect("results").len();
    assert!(results > 0 && answer["applied"] == 0, "{answer}");
}

/// The ledger has no address of its own, so this looks into the database.
#[then(regex = r"^(\w+)'s ledger reads$")]
async fn ledger(scene: &mut Scene, step: &Step, person: String) {
    let expected: Vec<(i32, String, Uuid, Uuid, String)> = rows(step)
        .iter()
        .map(|row| {
            let (kind, name) = row["about"].split_once(' ').expect("about a thing with a name");
            let points = row["points"].parse().expect("points");
            (
                points,
                row["source"].clone(),
                scene.id_of(kind, name),
                scene.person(&row["by"]),
                row["at"].clone(),
            )
        })
        .collect();
    let (community, user) = (scene.community(), scene.person(&person));
    let lines = "SELECT t.points, t.source, t.source_id, t.actor_id,
                        to_char(t.occurred_at AT TIME ZONE 'UTC', 'HH24:MI'), now() - t.created_at < '1 hour'
                 FROM point_transactions t
                 JOIN member_points m ON m.community_id = t.community_id AND m.id = t.member_points_id
                 WHERE m.community_id = $1 AND m.user_id = $2 ORDER BY t.created_at";
    let found = scene.stage.database.client().await.query(lines, &[&community, &user]).await.expect(lines);
    assert!(found.iter().all(|row| row.get(5)), "each was recorded just now");
    let found: Vec<(i32, String, Uuid, Uuid, String)> =
        found.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect();
    assert_eq!(found, expected);
}

/// The outbox has no address either.
async fn told(scene: &mut Scene, kind: &str, person: &str) -> Vec<Value> {
    let (community, user) = (scene.community(), scene.person(person));
    let events = "SELECT payload FROM outbox
                  WHERE community_id = $1 AND member_id = $2 AND event_type = $3 ORDER BY sequence";
    let found = scene.stage.database.client().await.query(events, &[&community, &user, &kind]).await;
    found.expect(events).iter().map(|row| row.get(0)).collect()
}

#[then(regex = r"^these (\w+) events are told about (\w+)$")]
async fn told_exactly(scene: &mut Scene, step: &Step, kind: String, person: String) {
    let (community, member) = (scene.community(), scene.person(&person));
    let mut expected = Vec::new();
    for row in rows(step) {
        let mut payload = json!({"community_id": community, "member_id": member});
        for (field, cell) in &row {
            payload[field] = scene.cell(field, cell);
        }
        expected.push(payload);
    }
    assert_eq!(told(scene, &kind, &person).await, expected);
}

#[then(regex = r"^no (MemberLeveledUp|PointsAwarded|PointsDeducted) event is told about (\w+)$")]
async fn told_nothing(scene: &mut Scene, kind: String, person: String) {
    assert_eq!(told(scene, &kind, &person).await, Vec::<Value>::new());
}
