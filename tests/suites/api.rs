//! The API as its document describes it: the same addresses, the same answers, for everybody who may call.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use gamification_tests::{
    ApiScene, Campaign, Launch, Operation, TestDatabase, adjusting_service_token,
    assert_verify_finds_nothing, block_until,
    event::{admin_joined, community_created, event, id},
    operations, reading_service_token, service_token, user_token,
};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_an_address_does_not_have_are_refused_with_those_that_it_has() {
    let scene = ApiScene::new().await;
    let mut addresses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Operation { path, method, .. } in operations(&scene.server) {
        addresses.entry(path).or_default().insert(method);
    }
    assert!(addresses.values().any(|methods| methods.len() > 1), "{addresses:?}");
    for (path, methods) in addresses {
        let path = path
            .replace("{community_id}", &scene.community.to_string())
            .replace("{user_id}", &scene.ada.to_string());
        let path =
            path.replace("{course_id}", &scene.course.to_string()).replace("{leaderboard}", "all_time");
        // Where there is GET there is HEAD, which no document mentions.
        let head = methods.contains("GET").then(|| "HEAD".to_owned());
        let methods: BTreeSet<String> = methods.into_iter().chain(head).collect();
        for method in ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"] {
            let answer = scene.server.call(method, &path, None, &None);
            if methods.contains(method) {
                assert_ne!(answer.status, 405, "{method} {path}");
                continue;
            }
            assert_eq!(answer.status, 405, "{method} {path}");
            if method != "HEAD" {
                answer.problem(405, "METHOD_NOT_ALLOWED");
            }
            let allowed: BTreeSet<String> =
                answer.header("allow").unwrap().split(", ").map(ToOwned::to_owned).collect();
            assert_eq!(allowed, methods, "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_come_from_the_binary() {
    let scene = ApiScene::new().await;
    let (status, printed, _) = Launch::bare().arg("openapi").run();
    assert!(status.success());
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed, scene.server.get("/openapi.json", None).body);
    let page = scene.server.text("/docs/");
    assert!(page.contains("swagger-ui"), "{page}");
    for loaded in page.split(['"', '\'']).filter(|text| text.ends_with(".js") || text.ends_with(".css")) {
        assert!(!loaded.contains("//"), "{loaded} comes from somewhere else");
        let name = loaded.trim_start_matches("./");
        for method in ["GET", "HEAD"] {
            let answer = scene.server.call(method, &format!("/docs/{name}"), None, &None);
            assert_eq!(answer.status, 200, "{method} {name}");
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        }
    }
    assert!(scene.server.text("/docs/swagger-initializer.js").contains("/openapi.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_documented_and_says_that_it_is_not_to_be_guessed_at() {
    let scene = ApiScene::new().await;
    for operation in operations(&scene.server) {
        let tokens = [
            user_token(scene.admin),
            user_token(id()),
            service_token(),
            reading_service_token(),
            adjusting_service_token(),
        ];
        for token in iter::once(None).chain(tokens.map(Some)) {
            let answer = scene.call(&operation, scene.community, token.as_deref());
            assert!(operation.statuses.contains(&answer.status), "{operation:?}: {answer:?}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{operation:?}");
        }
    }
}

/// Who is turned away with which status, by the contract's table.
fn expected(operation: &Operation, who: &str, target: &str) -> u16 {
    let is_admins = [
        "update_levels",
        "preview_levels",
        "course_level_requirement",
        "set_course_level_requirement",
        "update_rules",
        "preview_rules",
    ]
    .contains(&operation.id.as_str());
    let is_of_admins_and_services =
        ["rules", "rules_history", "levels_history"].contains(&operation.id.as_str());
    match operation.id.as_str() {
        "live" | "ready" | "metrics" | "openapi" => 200,
        "docs" => 308,
        "record_events" => match who {
            "nobody" => 401,
            "service" => 200,
            _ => 403,
        },
        "adjust_points" => match (who, target) {
            ("nobody" | "service" | "reading service", _) => 401,
            (_, "unknown") => 404,
            // Ada, whom it asks about, is of the scene's community.
            ("adjusting service", "other") => 404,
            ("stranger", _) | (_, "other") => 403,
            ("Ada" | "member" | "moderator", _) => 403,
            // The same key and body each time: made once, and known from then on.
            ("admin" | "adjusting service", _) => 200,
            other => panic!("{other:?}"),
        },
        "badges"
        | "community"
        | "members"
        | "stream"
        | "leaderboards"
        | "leaderboard_widget"
        | "leaderboard"
        | "member_level"
        | "levels"
        | "update_levels"
        | "preview_levels"
        | "levels_history"
        | "rules"
        | "update_rules"
        | "preview_rules"
        | "rules_history"
        | "course_access"
        | "course_accesses"
        | "course_level_requirement"
        | "set_course_level_requirement"
        | "point_history"
        | "export_member" => match (who, target) {
            // A service's subject is no user; only where its scope says so it reads like one.
            ("nobody" | "service" | "adjusting service", _) => 401,
            ("reading service", _) if is_admins => 401,
            ("reading service", "unknown") => 404,
            ("reading service", "own") => 200,
            // The member whom it asks about is of the scene's community.
            ("reading service", _) => match operation.id.as_str() {
                "community" | "members" | "stream" | "levels" | "levels_history" | "rules"
                | "rules_history" | "badges" | "leaderboards" | "leaderboard_widget" | "leaderboard" => 200,
                _ => 404,
            },
            (_, "unknown") => 404,
            ("stranger", _) | (_, "other") => 403,
            // Ada's, which only she may read without being an admin.
            ("member" | "moderator", _)
                if ["point_history", "export_member"].contains(&operation.id.as_str()) =>
            {
                403
            }
            ("Ada" | "member" | "moderator", _) if is_admins || is_of_admins_and_services => 403,
            ("Ada" | "member" | "moderator" | "admin", _) => 200,
            other => panic!("{other:?}"),
        },
        new => panic!("{new} is a new operation: say here who may call it"),
    }
}

/// The status that says whether one may: on a busy machine levels may still be on their way (202), and one that has no
/// time is asked again (503, 409); what was made (201) was allowed.
fn permitted(scene: &ApiScene, operation: &Operation, community: Uuid, token: Option<&str>) -> u16 {
    let mut status = 0;
    block_until("the server has time", || {
        status = scene.call(operation, community, token).status;
        ![409, 503].contains(&status)
    });
    if [201, 202].contains(&status) { 200 } else { status }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_operations_and_targets_go_together_as_the_contract_says() {
    let scene = ApiScene::new().await;
    let other = id();
    assert_eq!(
        scene.server.send_batch(&[community_created(other), admin_joined(other, id())]).body["applied"],
        2
    );
    let operations = operations(&scene.server);
    let mut combinations = 0;
    for operation in &operations {
        for (who, token) in [
            ("nobody", None),
            ("service", Some(service_token())),
            ("reading service", Some(reading_service_token())),
            ("adjusting service", Some(adjusting_service_token())),
            ("stranger", Some(user_token(id()))),
            ("Ada", Some(user_token(scene.ada))),
            ("moderator", Some(user_token(scene.moderator))),
            ("admin", Some(user_token(scene.admin))),
        ] {
            for (target, community) in [("own", scene.community), ("other", other), ("unknown", id())] {
                let answer = permitted(&scene, operation, community, token.as_deref());
                assert_eq!(answer, expected(operation, who, target), "{who}, {target}: {operation:?}");
                combinations += 1;
            }
        }
    }
    assert_eq!(combinations, operations.len() * 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_changes_changes_at_once_what_one_may_do() {
    let campaign = Campaign::new("R11", 30, 5_000);
    let scene = ApiScene::new().await;
    let operations = operations(&scene.server);
    let (community, eve) = (scene.community, id());
    let (token, mut random) = (user_token(eve), campaign.random(0));
    for round in 0..campaign.rounds() {
        let (who, kind, role) = *random.pick(&[
            ("stranger", "MemberLeft", None),
            ("member", "MemberJoined", Some("MEMBER")),
            ("moderator", "MemberJoined", Some("MODERATOR")),
            ("admin", "MemberJoined", Some("ADMIN")),
        ]);
        let mut change = event(kind, 1, &json!({"community_id": community, "user_id": eve}));
        change["sequence"] = round.to_string().into();
        if let Some(role) = role {
            change["data"]["role"] = role.into();
        }
        assert_eq!(scene.server.send(&change).status, 200);
        for _ in 0..4 {
            let operation = random.pick(&operations);
            let answer = permitted(&scene, operation, community, Some(&token));
            assert_eq!(answer, expected(operation, who, "own"), "{who}: {operation:?}");
        }
    }
    assert_verify_finds_nothing(scene.database.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_allowed_origins_may_call_and_others_may_not_read() {
    let database = TestDatabase::empty().await;
    let server = Launch::on(database.url())
        .env("GAMIFICATION_CORS_ORIGINS", "https://app.example, http://localhost:3000")
        .serve();
    let scene = ApiScene::with(server, database);
    let path = format!("/api/communities/{}/levels", scene.community);
    let token = user_token(scene.ada);
    let from = |origin: &str, token: Option<&str>| {
        let mut headers = vec![("origin", origin.to_owned())];
        headers.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
        scene.server.with_headers("GET", &path, &headers)
    };
    for origin in ["https://app.example", "http://localhost:3000"] {
        let answer = from(origin, Some(&token));
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(origin)));
        let refused = from(origin, None);
        refused.problem(401, "UNAUTHENTICATED");
        assert_eq!(
            refused.header("access-control-allow-origin"),
            Some(origin),
            "a page may read why it was refused"
        );
    }
    // What a page needs beyond the body: the tag of levels, and when to try again.
    let answer = from("https://app.example", Some(&token));
    let mut exposed: Vec<String> = answer
        .header("access-control-expose-headers")
        .unwrap_or_else(|| panic!("{answer:?}"))
        .split(',')
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    exposed.sort_unstable();
    assert_eq!(exposed, ["etag", "location", "retry-after", "x-request-id"]);
    // Every error can be read, also where it comes from the middleware.
    let large = format!("{path}?x={}", "x".repeat(17_000));
    for (method, path, extra, status) in [
        ("GET", "/nowhere", None, 404),
        ("DELETE", path.as_str(), None, 405),
        ("GET", large.as_str(), None, 414),
        ("GET", path.as_str(), Some(("x-large", "x".repeat(40_000))), 431),
    ] {
        let mut headers = vec![("origin", "https://app.example".to_owned())];
        headers.extend(extra);
        let answer = scene.server.with_headers(method, path, &headers);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"), "{answer:?}");
        assert!(answer.header("access-control-expose-headers").is_some(), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
    }
    let other = from("https://evil.example", Some(&token));
    assert_eq!((other.status, other.header("access-control-allow-origin")), (200, None));
    let preflight = |origin: &str| {
        let headers = [
            ("origin", origin.to_owned()),
            ("access-control-request-method", "PUT".to_owned()),
            (
                "access-control-request-headers",
                "authorization,content-type,if-match,if-none-match,idempotency-key,traceparent,x-request-id"
                    .to_owned(),
            ),
        ];
        scene.server.with_headers("OPTIONS", &path, &headers)
    };
    let allowed = preflight("https://app.example");
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example"));
    let names = allowed.header("access-control-allow-headers").unwrap_or_else(|| panic!("{allowed:?}"));
    let mut names: Vec<String> = names.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "authorization",
            "content-type",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "traceparent",
            "x-request-id"
        ]
    );
    assert_eq!(preflight("https://evil.example").header("access-control-allow-origin"), None);
    let (status, _, error) =
        Launch::on("postgres://127.0.0.1:1/x").env("GAMIFICATION_CORS_ORIGINS", "*").run();
    assert!(!status.success() && error.contains("GAMIFICATION_CORS_ORIGINS must be origins"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_nobody_needs_are_refused() {
    let scene = ApiScene::new().await;
    let path = format!("/api/communities/{}/levels?x={}", scene.community, "x".repeat(17_000));
    scene.server.get(&path, None).problem(414, "URI_TOO_LONG");
    let large = [("x-large", "x".repeat(40_000))];
    scene.server.with_headers("GET", "/livez", &large).problem(431, "HEADERS_TOO_LARGE");
}
