//! Who stands where on which board.

use cucumber::{gherkin::Step, given, then, when};
use gamification_app::commands::{Projected, project_leaderboards};
use gamification_tests::{event::id, reading_service_token, until};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::scene::{Scene, list, rows};

/// The moment that a phrase such as `3 days ago` or `just now` means.
fn moment(phrase: &str) -> String {
    let now = OffsetDateTime::now_utc();
    let time = match phrase.split(' ').collect::<Vec<_>>().as_slice() {
        ["just", "now"] => now,
        [number, unit, "ago"] => {
            let number = number.parse().expect("a number");
            now - if unit.starts_with("day") { Duration::days(number) } else { Duration::hours(number) }
        }
        _ => panic!("no moment: {phrase}"),
    };
    time.format(&Rfc3339).expect("a time of these days")
}

fn happened_at(scene: &mut Scene, kind: &str, data: &Value, phrase: &str) -> Value {
    let mut happened = scene.happened(kind, data, "at 09:00");
    happened["time"] = moment(phrase).into();
    happened
}

fn deliver(scene: &mut Scene, events: &[Value]) {
    scene.history.extend(events.iter().cloned());
    scene.deliver(events);
    assert_eq!(scene.granted()["applied"], events.len());
}

#[given(regex = r"^(\w+) earned (\d+) points? (\d+ \w+ ago)$")]
#[when(regex = r"^(\w+) earns (\d+) points? (just now)$")]
fn earned(scene: &mut Scene, person: String, points: usize, phrase: String) {
    let (community, author) = (scene.community(), scene.person(&person));
    let comment = |_| json!({"community_id": community, "comment_id": id(), "author_id": author});
    let events: Vec<Value> =
        (0..points).map(comment).map(|data| happened_at(scene, "CommentAdded", &data, &phrase)).collect();
    deliver(scene, &events);
}

#[given(regex = r#"^(\w+) (liked|unliked) (\w+)'s post "([^"]+)" (\d+ \w+ ago)$"#)]
fn liked(scene: &mut Scene, liker: String, change: String, author: String, title: String, phrase: String) {
    let data = json!({
        "community_id": scene.community(), "post_id": scene.id_of("post", &title),
        "user_id": scene.person(&liker), "author_id": scene.person(&author),
    });
    let kind = if change == "liked" { "PostLiked" } else { "PostUnliked" };
    let happened = happened_at(scene, kind, &data, &phrase);
    deliver(scene, &[happened]);
}

#[given(regex = r"^(\d+) more members, who earned a point each (\d+ \w+ ago)$")]
fn more_members(scene: &mut Scene, number: usize, phrase: String) {
    let community = scene.community();
    let mut events = Vec::new();
    for number in 1..=number {
        let name = format!("Member {number:02}");
        let user = scene.person(&name);
        let joined = json!({"community_id": community, "user_id": user, "display_name": name});
        events.push(scene.happened("MemberJoined", &joined, "at 08:00"));
        let comment = json!({"community_id": community, "comment_id": id(), "author_id": user});
        events.push(happened_at(scene, "CommentAdded", &comment, &phrase));
    }
    deliver(scene, &events);
}

#[given(regex = r#"^(\w+) joins with the picture "(.+)"$"#)]
fn joins_with_picture(scene: &mut Scene, person: String, url: String) {
    let data = json!({"user_id": scene.person(&person), "display_name": person, "avatar_url": url});
    scene.report("MemberJoined", data, "");
}

#[when(regex = r"^(\w+) joins hidden from leaderboards$")]
fn joins_hidden(scene: &mut Scene, person: String) {
    let data = json!({"user_id": scene.person(&person), "display_name": person, "listed": false});
    scene.report("MemberJoined", data, "");
}

#[given(regex = r"^(\w+)'s profile says that (?:she|he) is (not )?listed$")]
fn profile_listed(scene: &mut Scene, person: String, not: String) {
    let data = json!({"user_id": scene.person(&person), "display_name": person, "listed": not.is_empty()});
    scene.report("MemberProfileChanged", data, "");
}

#[when(regex = r#"^the platform reports that (\w+) is listed "(\w+)"$"#)]
fn reports_listed(scene: &mut Scene, person: String, listed: String) {
    let data = json!({"community_id": scene.community(), "user_id": scene.person(&person), "listed": listed});
    let happened = scene.happened("MemberProfileChanged", &data, "");
    scene.tell(happened);
}

#[given("the members are called")]
fn are_called(scene: &mut Scene, step: &Step) {
    for row in rows(step) {
        let user = scene.person(&row["member"]);
        scene.report("MemberProfileChanged", json!({"user_id": user, "display_name": row["name"]}), "");
    }
}

/// Brings the boards up to what was reported so far, beside the server that would do it within a second.
#[when("the boards have caught up")]
async fn caught_up(scene: &mut Scene) {
    let store = scene.stage.database.store(1);
    let begun = OffsetDateTime::now_utc();
    let complete = "SELECT COALESCE(complete_until >= $1, false) FROM leaderboard_progress";
    let client = scene.stage.database.client().await;
    until("the boards have caught up", async || {
        let projected = project_leaderboards(&store, OffsetDateTime::now_utc()).await.expect("a step");
        projected != Projected::Behind
            && client.query_one(complete, &[&begun]).await.expect(complete).get::<_, bool>(0)
    })
    .await;
}

async fn ask(scene: &mut Scene, reader: &str, rest: &str) {
    caught_up(scene).await;
    scene.get(reader, rest);
}

#[when(regex = r"^(\w+) opens the (leaderboards|widget)$")]
async fn opens(scene: &mut Scene, reader: String, what: String) {
    let path = if what == "widget" { "leaderboards/widget" } else { "leaderboards" };
    ask(scene, &reader, path).await;
}

#[when("the classroom's backend opens the leaderboards")]
async fn service_opens(scene: &mut Scene) {
    caught_up(scene).await;
    let path = scene.path("leaderboards");
    let answer = scene.stage.server.get(&path, Some(&reading_service_token()));
    scene.answered(answer);
}

#[when(regex = r#"^(\w+) asks for the leaderboard "(.+)"$"#)]
async fn asks(scene: &mut Scene, reader: String, query: String) {
    ask(scene, &reader, &format!("leaderboards/{query}")).await;
}

#[when(regex = r"^(\w+) asks for the (\w+) board around (\w+)(?:, (\d+) on either side)?$")]
async fn asks_around(scene: &mut Scene, reader: String, board: String, person: String, radius: String) {
    let person = scene.person(&person);
    let radius = if radius.is_empty() { radius } else { format!("&radius={radius}") };
    ask(scene, &reader, &format!("leaderboards/{board}?around={person}{radius}")).await;
}

#[when(regex = r"^(\w+) asks for the first (\d+) of the (\w+) board$")]
async fn asks_first(scene: &mut Scene, reader: String, limit: u64, board: String) {
    ask(scene, &reader, &format!("leaderboards/{board}?limit={limit}")).await;
    let cursor = scene.granted()["next_cursor"].as_str().expect("there is more").to_owned();
    scene.next_page = Some(format!("leaderboards/{board}?cursor={cursor}"));
}

#[when(regex = r"^(\w+) asks for the next (\d+) of it$")]
async fn asks_next(scene: &mut Scene, reader: String, limit: u64) {
    let next = scene.next_page.take().expect("a page was asked for");
    ask(scene, &reader, &format!("{next}&limit={limit}")).await;
}

#[when(regex = r"^(\w+) pages through the (\w+) board by (\d+)$")]
async fn pages_through(scene: &mut Scene, reader: String, board: String, limit: u64) {
    caught_up(scene).await;
    let mut cursor = String::new();
    let mut all = Vec::new();
    loop {
        scene.get(&reader, &format!("leaderboards/{board}?limit={limit}{cursor}"));
        let page = scene.granted().clone();
        let entries = page["entries"].as_array().expect("entries").clone();
        assert!(!entries.is_empty() && entries.len() as u64 <= limit, "{page}");
        all.extend(entries);
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    scene.paged = all;
}

#[then(regex = r"^(\d+) members come, with the ranks 1 to (\d+)$")]
fn all_come(scene: &mut Scene, members: usize, last: u64) {
    let ranks: Vec<u64> = scene.paged.iter().map(|entry| entry["rank"].as_u64().expect("a rank")).collect();
    assert_eq!(ranks, (1..=last).collect::<Vec<_>>());
    let users: std::collections::HashSet<String> =
        scene.paged.iter().map(|entry| entry["user_id"].to_string()).collect();
    assert_eq!(users.len(), members);
}

fn entries<'a>(scene: &'a Scene, board: &str) -> &'a [Value] {
    let answer = scene.granted();
    let board = if board.is_empty() { answer } else { &answer[board] };
    board["entries"].as_array().unwrap_or_else(|| panic!("{answer}"))
}

fn entry_of<'a>(scene: &'a Scene, board: &str, user: &Value) -> &'a Value {
    let found = entries(scene, board).iter().find(|entry| entry["user_id"] == *user);
    found.unwrap_or_else(|| panic!("not on the board: {:?}", entries(scene, board)))
}

#[then(regex = r"^the (\w+_\w+) board shows$")]
fn shows(scene: &mut Scene, step: &Step, board: String) {
    let expected: Vec<Value> = rows(step)
        .iter()
        .map(|row| {
            let number = |field: &str| row[field].parse::<u64>().expect("a number");
            json!([number("rank"), scene.person(&row["member"]), number("points")])
        })
        .collect();
    let found: Vec<Value> = entries(scene, &board)
        .iter()
        .map(|entry| json!([entry["rank"], entry["user_id"], entry["points"]]))
        .collect();
    assert_eq!(found, expected);
}

#[then(regex = r"^(\w+) has (\d+) points? on the (\w+) board$")]
fn has_points(scene: &mut Scene, person: String, points: u64, board: String) {
    let user = json!(scene.person(&person));
    assert_eq!(entry_of(scene, &board, &user)["points"], points);
}

#[then(regex = r"^(\w+) has points on (\d) boards$")]
fn has_points_on(scene: &mut Scene, person: String, boards: usize) {
    let user = json!(scene.person(&person));
    let with_points = ["seven_day", "thirty_day", "all_time"]
        .into_iter()
        .filter(|board| entry_of(scene, board, &user)["points"] != 0);
    assert_eq!(with_points.count(), boards);
}

#[then(regex = r"^the first entry of the (\w+) board is$")]
fn first_is(scene: &mut Scene, step: &Step, board: String) {
    let mut expected = json!({});
    for row in rows(step) {
        expected[&row["field"]] = scene.cell(&row["field"], &row["value"]);
    }
    assert_eq!(entries(scene, &board)[0], expected);
}

#[then(regex = r"^the members of (?:the (\w+) board|the page|the widget) are (.+)$")]
fn members_are(scene: &mut Scene, board: String, people: String) {
    let expected: Vec<Value> = list(&people).iter().map(|person| json!(scene.person(person))).collect();
    let found: Vec<Value> = entries(scene, &board).iter().map(|entry| entry["user_id"].clone()).collect();
    assert_eq!(found, expected, "{}", scene.granted());
}

#[then(regex = r"^the ranks of the (?:(\w+) board|page|widget) are (\d+) to (\d+)$")]
fn ranks_are(scene: &mut Scene, board: String, first: u64, last: u64) {
    let ranks: Vec<u64> =
        entries(scene, &board).iter().map(|entry| entry["rank"].as_u64().expect("a rank")).collect();
    assert_eq!(ranks, (first..=last).collect::<Vec<_>>());
}

#[then(regex = r"^the (\w+) board has (\d+) entries of (\d+) members$")]
fn has_entries(scene: &mut Scene, board: String, number: usize, members: u64) {
    assert_eq!(entries(scene, &board).len(), number);
    assert_eq!(scene.granted()[&board]["total_members"], members);
}

#[then(regex = r"^your rank is not shown on the (\w+) board$")]
fn no_rank(scene: &mut Scene, board: String) {
    let board = &scene.granted()[&board];
    assert!(board.get("your_rank").is_some_and(Value::is_null), "{board}");
}

#[then(regex = r"^your rank on the (\w+) board is (\d+) with (\d+) points$")]
fn your_rank(scene: &mut Scene, board: String, rank: u64, points: u64) {
    let own = &scene.granted()[&board]["your_rank"];
    assert_eq!((&own["rank"], &own["points"]), (&json!(rank), &json!(points)), "{own}");
}

#[then(regex = r#"^(\w+) is shown as "(\w+)" on the (\w+) board$"#)]
fn shown_as(scene: &mut Scene, person: String, name: String, board: String) {
    let user = json!(scene.person(&person));
    assert_eq!(entry_of(scene, &board, &user)["display_name"], name);
}

#[then(regex = r"^(.+) stand in the order of their ids$")]
fn in_order_of_ids(scene: &mut Scene, people: String) {
    let mut expected: Vec<Value> = list(&people).iter().map(|person| json!(scene.person(person))).collect();
    expected.sort_by_key(ToString::to_string);
    let found: Vec<Value> = entries(scene, "all_time")
        .iter()
        .map(|entry| entry["user_id"].clone())
        .filter(|user| expected.contains(user))
        .collect();
    assert_eq!(found, expected);
}

/// The moment up to which the latest boards are complete.
fn last_updated(scene: &Scene) -> OffsetDateTime {
    let said = &scene.granted()["last_updated"];
    OffsetDateTime::parse(said.as_str().unwrap_or_default(), &Rfc3339)
        .unwrap_or_else(|_| panic!("{:?}", scene.answer()))
}

#[then("it is said up to when that is complete")]
fn is_complete(scene: &mut Scene) {
    let moment = last_updated(scene);
    assert!(moment <= OffsetDateTime::now_utc(), "{moment}");
    scene.complete_until = Some(moment);
}

#[then("it is complete up to a later moment than before")]
fn is_complete_later(scene: &mut Scene) {
    let before = scene.complete_until.expect("it was said before");
    assert!(last_updated(scene) > before, "{:?}", scene.answer());
}
