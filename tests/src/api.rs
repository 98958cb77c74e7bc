//! The API's own document, and a community to try its operations on.

use std::collections::BTreeSet;

use jsonwebtoken::{DecodingKey, Validation, decode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Answer, TestDatabase, TestServer,
    event::{admin_joined, community_created, course_created, event, id, member_joined},
    model::rules_body,
    server::SECRET,
};

/// A community with one of each role, a course in it, and an operation's answer to anybody.
pub struct ApiScene {
    /// It runs on the database.
    pub server: TestServer,
    /// Audited when the scene ends.
    pub database: TestDatabase,
    /// A community …
    pub community: Uuid,
    /// … with a course …
    pub course: Uuid,
    /// … an admin …
    pub admin: Uuid,
    /// … a moderator …
    pub moderator: Uuid,
    /// … and a member.
    pub ada: Uuid,
}

impl ApiScene {
    /// On a server of its own.
    pub async fn new() -> Self {
        let database = TestDatabase::empty().await;
        let server = TestServer::on(&database);
        Self::with(server, database)
    }

    /// On a server that runs already.
    #[must_use]
    pub fn with(server: TestServer, database: TestDatabase) -> Self {
        let (community, course, admin, moderator, ada) = (id(), id(), id(), id(), id());
        let moderating = json!({"community_id": community, "user_id": moderator, "role": "MODERATOR"});
        let events = [
            community_created(community),
            course_created(community, course),
            admin_joined(community, admin),
            event("MemberJoined", 1, &moderating),
            member_joined(community, ada),
        ];
        assert_eq!(server.send_batch(&events).body["applied"], 5);
        Self { server, database, community, course, admin, moderator, ada }
    }

    /// Calls an operation about this scene, or another community.
    #[must_use]
    pub fn call(&self, operation: &Operation, community: Uuid, token: Option<&str>) -> Answer {
        let path = operation
            .path
            .replace("{community_id}", &community.to_string())
            .replace("{user_id}", &self.ada.to_string())
            .replace("{course_id}", &self.course.to_string())
            .replace("{leaderboard}", "seven_day");
        // A service says whose access it asks for.
        let names_learner = operation.id.starts_with("course_access") && token.is_some_and(reads_as_service);
        let query = match operation.id.as_str() {
            "badges" => format!("?user_ids={}", self.ada),
            _ if names_learner => format!("?user_id={}", self.ada),
            _ => String::new(),
        };
        if operation.id == "adjust_points" {
            return self.adjust(&path, token);
        }
        self.server.call(&operation.method, &format!("{path}{query}"), token, &operation.body())
    }

    /// The same adjustment each time.
    fn adjust(&self, path: &str, token: Option<&str>) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json"), ("idempotency-key", "a key")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let body = json!({"points": 1, "reason": "because"}).to_string();
        self.server.post(path, &headers, body.as_bytes())
    }
}

/// Whether a token is a reading service's.
fn reads_as_service(token: &str) -> bool {
    let key = DecodingKey::from_secret(SECRET.as_bytes());
    let known = decode::<Value>(token, &key, &Validation::default());
    known.is_ok_and(|known| known.claims["scope"] == "gamification:read")
}

/// An operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// GET, PUT or POST.
    pub method: String,
    /// With its placeholders.
    pub path: String,
    /// Those that the document names.
    pub statuses: BTreeSet<u16>,
    /// Whether it asks for a token.
    pub needs_token: bool,
}

impl Operation {
    /// A body that is valid.
    fn body(&self) -> Option<(&'static str, Value)> {
        let level =
            |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": level - 1});
        match self.id.as_str() {
            "update_rules" | "preview_rules" => {
                let rule = |source, _| json!({"source": source, "points": 1, "daily_cap": 10});
                Some(("application/json", rules_body(rule)))
            }
            "update_levels" | "preview_levels" => {
                Some(("application/json", json!({"levels": (1..=9).map(level).collect::<Vec<_>>()})))
            }
            "set_course_level_requirement" => Some(("application/json", json!({"minimum_level": 2}))),
            "record_events" => Some(("application/cloudevents-batch+json", json!([]))),
            _ => None,
        }
    }
}

/// Every operation of the document.
#[must_use]
pub fn operations(server: &TestServer) -> Vec<Operation> {
    let document = server.get("/openapi.json", None).body;
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                statuses: operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|status| status.parse().unwrap())
                    .collect(),
                needs_token: operation["security"].is_array(),
            });
        }
    }
    operations
}
