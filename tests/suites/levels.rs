//! Levels, badges and course gates over HTTP.

use gamification_tests::{
    Answer, Cluster, TestDatabase, TestServer, default_levels,
    event::{admin_joined, community_created, course_created, event, id, member_joined, post_created},
    user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A community with an admin, a member, and a course.
struct Scene {
    server: TestServer,
    database: TestDatabase,
    community: Uuid,
    admin: Uuid,
    ada: Uuid,
    course: Uuid,
}

fn body(levels: &[(&str, i64)]) -> Value {
    let level = |(level, (name, threshold)): (usize, &(&str, i64))| json!({"level": level, "name": name, "threshold": threshold});
    json!({"levels": (1..).zip(levels).map(level).collect::<Vec<_>>()})
}

/// The version that an answer's tag begins with.
fn version(answer: &Answer) -> &str {
    let tag = answer.header("etag").unwrap().trim_matches('"');
    tag.split_once('.').unwrap().0
}

impl Scene {
    async fn new() -> Self {
        let database = TestDatabase::empty().await;
        let server = TestServer::on(&database);
        let (community, admin, ada, course) = (id(), id(), id(), id());
        let events = [
            community_created(community),
            admin_joined(community, admin),
            member_joined(community, ada),
            course_created(community, course),
        ];
        assert_eq!(server.send_batch(&events).body["applied"], 4);
        Self { server, database, community, admin, ada, course }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/communities/{}/{rest}", self.community)
    }

    fn get(&self, rest: &str, caller: Uuid) -> Answer {
        self.server.get(&self.path(rest), Some(&user_token(caller)))
    }

    fn put_levels(&self, body: &Value) -> Answer {
        self.server.put(&self.path("levels"), self.admin, &[], body)
    }

    fn require(&self, level: &Value) -> Answer {
        let path = self.path(&format!("courses/{}/level-requirement", self.course));
        self.server.put(&path, self.admin, &[], &json!({"minimum_level": level}))
    }

    fn access(&self, caller: Uuid) -> Value {
        let answer = self.get(&format!("courses/{}/access", self.course), caller);
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// Lets a member earn points, by posts of 2.
    fn earn(&self, user: Uuid, posts: usize) {
        let events: Vec<Value> = (0..posts).map(|_| post_created(self.community, id(), user)).collect();
        assert_eq!(self.server.send_batch(&events).body["applied"], posts);
    }

    fn percentages(&self) -> Vec<f64> {
        let levels = self.get("levels", self.admin).body["levels"].clone();
        levels.as_array().unwrap().iter().map(|level| level["member_percentage"].as_f64().unwrap()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_grid_shows_definitions_distribution_and_the_callers_level() {
    let scene = Scene::new().await;
    scene.earn(scene.ada, 15);
    let answer = scene.get("levels", scene.ada);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("private, no-cache")));
    assert_eq!(version(&answer), "1");
    let mut expected = body(&default_levels());
    for (index, level) in expected["levels"].as_array_mut().unwrap().iter_mut().enumerate() {
        level["member_percentage"] = if index == 0 || index == 2 { 50.0 } else { 0.0 }.into();
    }
    expected["current_user_level"] = 3.into();
    expected["current_user_role"] = "MEMBER".into();
    expected["recalculating"] = false.into();
    assert_eq!(answer.body, expected);
    assert_eq!(scene.get("levels", scene.admin).body["current_user_level"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_distribution_is_right_after_every_join_leave_award_and_change() {
    let scene = Scene::new().await;
    let (community, eve) = (scene.community, id());
    let shares = |shares: [(usize, f64); 2]| {
        let mut all = vec![0.0; 9];
        for (level, share) in shares {
            all[level - 1] = share;
        }
        all
    };
    assert_eq!(scene.percentages(), shares([(1, 100.0), (2, 0.0)]));
    scene.earn(eve, 5);
    assert_eq!(scene.percentages(), shares([(1, 100.0), (2, 0.0)]), "who has not joined does not count");
    let joined = scene.server.send(&member_joined(community, eve));
    assert_eq!(joined.status, 200);
    assert_eq!(scene.percentages(), shares([(1, 66.7), (2, 33.3)]));
    let left =
        scene.server.send(&event("MemberLeft", 30, &json!({"community_id": community, "user_id": eve})));
    assert_eq!(left.status, 200);
    assert_eq!(scene.percentages(), shares([(1, 100.0), (2, 0.0)]));
    scene.earn(scene.ada, 5);
    assert_eq!(scene.percentages(), shares([(1, 50.0), (2, 50.0)]));
    let lower =
        body(&[("A", 0), ("B", 1), ("C", 2), ("D", 3), ("E", 4), ("F", 5), ("G", 6), ("H", 7), ("I", 10)]);
    assert_eq!(scene.put_levels(&lower).status, 200);
    assert_eq!(scene.percentages(), shares([(1, 50.0), (9, 50.0)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_names_is_immediate_everywhere_and_lifts_nobody() {
    let scene = Scene::new().await;
    scene.earn(scene.ada, 5);
    scene.require(&json!(3));
    let mut levels = default_levels();
    levels[1].0 = "  <b>R&amp;D</b>  ";
    levels[2].0 = "Maker";
    let answer = scene.put_levels(&body(&levels));
    assert_eq!((answer.status, version(&answer)), (200, "2"));
    assert_eq!(answer.body["levels"][1]["name"], "R&D");
    assert_eq!(answer.body["levels"][0]["member_percentage"], 50.0);
    assert_eq!(answer.body["current_user_level"], 1);
    assert_eq!(scene.server.level(scene.community, scene.ada, scene.ada).body["level_name"], "R&D");
    assert_eq!(scene.access(scene.ada)["required_level_name"], "Maker");
    let badges = scene.get(&format!("members/levels?user_ids={}", scene.ada), scene.admin);
    assert_eq!(badges.body["members"][0]["level_name"], "R&D");
    assert_eq!(version(&scene.put_levels(&body(&levels))), "2", "the same again is no change");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_thresholds_lifts_everybody_once_and_lowers_nobody() {
    let scene = Scene::new().await;
    scene.earn(scene.ada, 5);
    let mut lower = default_levels();
    lower[1].1 = 4;
    lower[2].1 = 8;
    assert_eq!(scene.put_levels(&body(&lower)).status, 200);
    let told =
        "SELECT COUNT(*) FROM outbox WHERE event_type = 'MemberLeveledUp' AND payload ->> 'new_level' = '3'
                AND payload ->> 'old_level' = '2' AND payload ->> 'new_level_name' = 'Builder'";
    assert_eq!(scene.database.number(told).await, 1);
    assert_eq!(scene.put_levels(&body(&default_levels())).status, 200);
    let ada = scene.server.level(scene.community, scene.ada, scene.ada).body;
    assert_eq!((&ada["level"], &ada["points_to_next_level"]), (&json!(3), &json!(50)), "the ratchet holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_mistakes_of_one_request_are_told_at_once_with_their_places() {
    let scene = Scene::new().await;
    let mut wrong = body(&default_levels());
    wrong["levels"][0]["threshold"] = 5.into();
    wrong["levels"][1]["name"] = "STUDENT".into();
    wrong["levels"][2]["threshold"] = 10.into();
    wrong["levels"][3]["name"] = " ".into();
    wrong["levels"][4]["name"] = "x".repeat(31).into();
    wrong["levels"][5]["threshold"] = json!(150.5);
    wrong["levels"][6]["colour"] = "red".into();
    wrong["levels"][7]["level"] = "eight".into();
    wrong["extra"] = 1.into();
    let answer = scene.put_levels(&wrong);
    answer.problem(422, "VALIDATION_ERROR");
    let errors: Vec<(&str, &str)> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap()))
        .collect();
    let expected = [
        ("#/extra", "Unknown field"),
        ("#/levels/6/colour", "Unknown field"),
        ("#/levels/0/threshold", "Level 1 threshold must be 0"),
        ("#/levels/1/name", "Level name must be unique"),
        ("#/levels/2/threshold", "Thresholds must be strictly increasing"),
        ("#/levels/3/name", "Level name is required"),
        ("#/levels/4/name", "Level name must be 30 characters or less"),
        ("#/levels/5/threshold", "Threshold must be a whole number"),
        ("#/levels/7/level", "Level must be a number from 1 to 9"),
        ("#/levels", "Level 8 is missing"),
    ];
    assert_eq!(errors, expected);
    assert_eq!(answer.body["detail"], "Unknown field");
    for (wrong, detail) in [
        (json!([]), "The body must be a JSON object"),
        (json!({}), "Levels are required"),
        (json!({"levels": {}}), "Levels must be a list"),
        (json!({"levels": [1]}), "A level must be a JSON object"),
        (json!({"levels": []}), "Level 1 is missing"),
    ] {
        assert_eq!(scene.put_levels(&wrong).problem(422, "VALIDATION_ERROR"), detail);
    }
    assert_eq!(version(&scene.get("levels", scene.ada)), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_admins_with_one_tag_end_with_exactly_one_refused() {
    let scene = Scene::new().await;
    let change = |name: &'static str| {
        let mut levels = default_levels();
        levels[0].0 = name;
        scene.server.put(&scene.path("levels"), scene.admin, &[("if-match", "\"1\"")], &body(&levels))
    };
    let answers = std::thread::scope(|scope| {
        let changing = ["One", "Two"].map(|name| scope.spawn(move || change(name).status));
        let mut statuses = changing.map(|change| change.join().unwrap());
        statuses.sort_unstable();
        statuses
    });
    assert_eq!(answers, [200, 412]);
    let stale = change("Three");
    assert_eq!(stale.problem(412, "PRECONDITION_FAILED"), "The levels were changed since you read them");
    for (tag, status) in
        [("*", 200), ("\"7\", \"3\"", 200), ("W/\"4\"", 412), ("nonsense", 412), ("\"4\"", 200)]
    {
        let mut levels = default_levels();
        let name = format!("By {}", tag.len());
        levels[0].0 = &name;
        let answer =
            scene.server.put(&scene.path("levels"), scene.admin, &[("if-match", tag)], &body(&levels));
        assert_eq!(answer.status, status, "{tag}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_change_anything_and_are_told_before_their_body_is_looked_at() {
    let scene = Scene::new().await;
    let (stranger, moderator) = (id(), id());
    let joined = event(
        "MemberJoined",
        1,
        &json!({"community_id": scene.community, "user_id": moderator, "role": "MODERATOR"}),
    );
    assert_eq!(scene.server.send(&joined).status, 200);
    let requirement = format!("courses/{}/level-requirement", scene.course);
    for rest in ["levels", requirement.as_str()] {
        for caller in [scene.ada, moderator, stranger] {
            scene.server.put(&scene.path(rest), caller, &[], &json!("junk")).problem(403, "FORBIDDEN");
        }
        let elsewhere = format!("/api/communities/{}/{rest}", id());
        scene.server.put(&elsewhere, scene.admin, &[], &json!("junk")).problem(404, "NOT_FOUND");
        scene
            .server
            .put(&scene.path(rest), scene.admin, &[], &json!("junk"))
            .problem(422, "VALIDATION_ERROR");
    }
    for caller in [scene.ada, moderator, stranger] {
        scene.get(&requirement, caller).problem(403, "FORBIDDEN");
    }
    assert_eq!(
        scene.get(&requirement, scene.admin).body,
        json!({"course_id": scene.course, "minimum_level": null})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_course_opens_and_closes_with_level_and_requirement() {
    let scene = Scene::new().await;
    let open =
        json!({"has_access": true, "required_level": null, "required_level_name": null, "current_level": 1});
    assert_eq!(scene.access(scene.ada), open);
    let set = scene.require(&json!(2));
    assert_eq!((set.status, set.body), (200, json!({"course_id": scene.course, "minimum_level": 2})));
    let locked = json!({"has_access": false, "required_level": 2, "required_level_name": "Practitioner", "current_level": 1});
    assert_eq!(scene.access(scene.ada), locked);
    assert_eq!(scene.access(scene.admin)["has_access"], false, "staff get no exception");
    let enforced = scene.get(&format!("courses/{}/access?enforce=true", scene.course), scene.ada);
    assert_eq!(enforced.problem(403, "INSUFFICIENT_LEVEL"), "Unlock at Level 2 - Practitioner");
    scene.earn(scene.ada, 5);
    assert_eq!(scene.access(scene.ada)["has_access"], true);
    assert_eq!(scene.get(&format!("courses/{}/access?enforce=true", scene.course), scene.ada).status, 200);
    scene.require(&json!(9));
    assert_eq!(scene.access(scene.ada)["has_access"], false);
    assert_eq!(scene.require(&Value::Null).status, 200);
    assert_eq!(scene.access(scene.ada)["has_access"], true);

    for (wrong, detail) in [
        (json!({}), "Minimum level is required"),
        (json!({"minimum_level": 0}), "Minimum level must be a number from 1 to 9, or null"),
        (json!({"minimum_level": 10}), "Minimum level must be a number from 1 to 9, or null"),
        (json!({"minimum_level": "3"}), "Minimum level must be a number from 1 to 9, or null"),
        (json!({"minimum_level": 3, "level": 4}), "Unknown field"),
    ] {
        let path = scene.path(&format!("courses/{}/level-requirement", scene.course));
        assert_eq!(
            scene.server.put(&path, scene.admin, &[], &wrong).problem(422, "VALIDATION_ERROR"),
            detail
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_course_list_comes_with_its_locks() {
    let scene = Scene::new().await;
    let (second, deleted) = (id(), id());
    let events = [
        course_created(scene.community, second),
        course_created(scene.community, deleted),
        event("CourseDeleted", 30, &json!({"community_id": scene.community, "course_id": deleted})),
    ];
    assert_eq!(scene.server.send_batch(&events).body["applied"], 3);
    scene.require(&json!(4));
    let list = scene.get("courses/access", scene.ada).body;
    let locked = json!({"course_id": scene.course, "title": "Rust", "has_access": false, "required_level": 4,
                        "required_level_name": "Leader", "current_level": 1});
    let open = json!({"course_id": second, "title": "Rust", "has_access": true, "required_level": null,
                      "required_level_name": null, "current_level": 1});
    assert_eq!(list, json!({"courses": [locked, open]}));
    let some = scene.get(&format!("courses/access?course_ids={second},{deleted},{}", id()), scene.ada).body;
    assert_eq!(some, json!({"courses": [open]}));

    let gone = format!("courses/{deleted}");
    scene.get(&format!("{gone}/access"), scene.ada).problem(404, "NOT_FOUND");
    scene.get(&format!("{gone}/level-requirement"), scene.admin).problem(404, "NOT_FOUND");
    let set = scene.server.put(
        &scene.path(&format!("{gone}/level-requirement")),
        scene.admin,
        &[],
        &json!({"minimum_level": 2}),
    );
    set.problem(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn badges_come_in_the_order_asked_without_the_unknown() {
    let scene = Scene::new().await;
    scene.earn(scene.ada, 5);
    let badges = |ids: &[Uuid]| {
        let list: Vec<String> = ids.iter().map(ToString::to_string).collect();
        scene.get(&format!("members/levels?user_ids={}", list.join(",")), scene.ada)
    };
    let ada = json!({"user_id": scene.ada, "level": 2, "level_name": "Practitioner"});
    let admin = json!({"user_id": scene.admin, "level": 1, "level_name": "Student"});
    assert_eq!(badges(&[scene.admin, id(), scene.ada]).body, json!({"members": [admin, ada]}));
    assert_eq!(badges(&[scene.ada, scene.admin]).body, json!({"members": [ada, admin]}));
    let eve = id();
    scene.earn(eve, 1);
    assert_eq!(badges(&[eve]).body, json!({"members": []}), "who has not joined has no badge yet");
    let many: Vec<Uuid> = (0..200).map(|_| id()).collect();
    assert_eq!(badges(&many).body, json!({"members": []}));
    let too_many: Vec<Uuid> = (0..201).map(|_| id()).collect();
    assert_eq!(badges(&too_many).problem(400, "BAD_REQUEST"), "user_ids may name 200 ids at most");
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_unknown_repeated_or_malformed_are_refused() {
    let scene = Scene::new().await;
    let ada = scene.ada;
    let access = format!("courses/{}/access", scene.course);
    for rest in [
        format!("members/{ada}/level?verbose=1"),
        "levels?page=2".to_owned(),
        "members/levels".to_owned(),
        "members/levels?user_ids=".to_owned(),
        "members/levels?user_ids=x".to_owned(),
        format!("members/levels?user_ids={ada}&user_ids={ada}"),
        format!("members/levels?user_ids={ada}&limit=1"),
        format!("{access}?enforce=yes"),
        format!("{access}?enforce=true&enforce=true"),
        "courses/access?course_ids=1".to_owned(),
        "courses/x/access".to_owned(),
    ] {
        scene.get(&rest, ada).problem(400, "BAD_REQUEST");
        // Who asks comes before what: a stranger without a token is told about that.
        scene.server.get(&scene.path(&rest), None).problem(401, "UNAUTHENTICATED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_community_is_seen_from_another() {
    let scene = Scene::new().await;
    let (other, bob) = (id(), id());
    assert_eq!(
        scene.server.send_batch(&[community_created(other), admin_joined(other, bob)]).body["applied"],
        2
    );
    let requirement = format!("courses/{}/level-requirement", scene.course);
    let access = format!("courses/{}/access", scene.course);
    for rest in [
        "levels".to_owned(),
        "courses/access".to_owned(),
        access.clone(),
        requirement.clone(),
        format!("members/levels?user_ids={bob}"),
    ] {
        scene.get(&rest, bob).problem(403, "FORBIDDEN");
    }
    let at_other =
        |rest: &str| scene.server.get(&format!("/api/communities/{other}/{rest}"), Some(&user_token(bob)));
    at_other(&access).problem(404, "NOT_FOUND");
    at_other(&requirement).problem(404, "NOT_FOUND");
    assert_eq!(at_other(&format!("members/levels?user_ids={}", scene.ada)).body, json!({"members": []}));
    assert_eq!(at_other("courses/access").body, json!({"courses": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_cost_one_statement_each_with_authorisation_included() {
    let scene = Scene::new().await;
    let reads = [
        format!("members/{}/level", scene.ada),
        format!("members/levels?user_ids={},{}", scene.ada, scene.admin),
        format!("courses/{}/access", scene.course),
        "courses/access".to_owned(),
        "levels".to_owned(),
        "members".to_owned(),
    ];
    let name: String =
        scene.database.url().split(['/', '?']).find(|part| part.starts_with("test_")).unwrap().to_owned();
    // Only sessions of this database log, and only those that begin now.
    let client = scene.database.client().await;
    client.batch_execute(&format!("ALTER DATABASE {name} SET log_statement = 'all'")).await.unwrap();
    let server = TestServer::on(&scene.database);
    let read =
        |rest: &str| assert_eq!(server.get(&scene.path(rest), Some(&user_token(scene.ada))).status, 200);
    let cluster = Cluster::shared().await;
    let statements = || {
        let log = cluster.log();
        let ours = |line: &&str| {
            line.contains(&name) && (line.contains("LOG:  execute") || line.contains("LOG:  statement"))
        };
        // Its jobs look for work now and then.
        let jobs = [
            "recalculations",
            "leaderboard_progress",
            "pg_class",
            "search_name IS NULL",
            "outbox",
            "NOTIFY",
            "GROUP BY level",
            "erasure",
        ];
        log.lines().filter(ours).filter(|line| jobs.iter().all(|job| !line.contains(job))).count()
    };
    // The first of each opens a connection, perhaps, and prepares its statement.
    (0..3).for_each(|_| reads.iter().for_each(|rest| read(rest)));
    for rest in &reads {
        let before = statements();
        (0..10).for_each(|_| read(rest));
        assert_eq!(statements() - before, 10, "{rest}");
    }
}
