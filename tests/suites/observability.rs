//! What operators see: metrics, log lines, traces, and where they find them.

mod log_lines;
mod metrics;
mod operations_address;
mod traces;

use std::collections::BTreeMap;

use gamification_tests::{
    Answer, TestServer,
    event::{
        admin_joined, community_created, course_created, event, id, member_joined, post_created, post_like,
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

const PROCESSED: &str = "gamification_events_processed_total";
const AWARDED: &str = "gamification_points_awarded_total";
const DEDUCTED: &str = "gamification_points_deducted_total";
const LEVEL_UPS: &str = "gamification_levelups_total";
const EVENT_TYPES: [&str; 17] = [
    "PostCreated",
    "CommentAdded",
    "PostLiked",
    "PostUnliked",
    "CommentLiked",
    "CommentUnliked",
    "LessonCompleted",
    "PointsAdjusted",
    "CommunityCreated",
    "MemberJoined",
    "MemberProfileChanged",
    "MemberRoleChanged",
    "MemberLeft",
    "MemberErased",
    "CourseCreated",
    "CourseDeleted",
    "unknown",
];

/// A community with an admin, Ada and a course, and a history in which everything happens that is counted.
struct History {
    community: Uuid,
    admin: Uuid,
    ada: Uuid,
    course: Uuid,
}

impl History {
    fn play(server: &TestServer) -> Self {
        let history = Self { community: id(), admin: id(), ada: id(), course: id() };
        let Self { community, admin, ada, course } = history;
        let (post, comment, lesson) = (id(), id(), id());
        let about = |content: &str, content_id: Uuid| json!({"community_id": community, content: content_id, "user_id": admin, "author_id": ada});
        let completed =
            |lesson: Uuid, course: Uuid| json!({"course_id": course, "lesson_id": lesson, "user_id": ada});
        let mut headless = post_created(community, id(), ada);
        headless["data"].as_object_mut().unwrap().remove("author_id");
        let mut timeless = post_created(community, post, ada);
        timeless.as_object_mut().unwrap().remove("time");
        let events = [
            community_created(community),
            admin_joined(community, admin),
            member_joined(community, ada),
            course_created(community, course),
            timeless,
            event(
                "CommentAdded",
                2,
                &json!({"community_id": community, "comment_id": comment, "author_id": ada}),
            ),
            event("PostLiked", 3, &about("post_id", post)),
            event("CommentLiked", 4, &about("comment_id", comment)),
            event("LessonCompleted", 5, &completed(lesson, course)),
            event("PostUnliked", 6, &about("post_id", post)),
            // Known already, under a new id.
            post_created(community, post, ada),
            event("LessonCompleted", 7, &completed(lesson, course)),
            // Overtaken.
            event("PostLiked", 5, &about("post_id", post)),
            // Means nothing.
            post_like("PostLiked", 8, community, id(), ada, ada),
            event("PollOpened", 8, &json!({"poll": 1})),
            // Can't be understood, each in its own way.
            headless,
            event("LessonCompleted", 9, &completed(id(), id())),
            json!("junk"),
        ];
        let answer = server.send_batch(&events);
        let counts = ["applied", "duplicate", "stale", "ignored", "rejected"]
            .map(|status| answer.body[status].as_u64());
        assert_eq!(counts, [10, 2, 1, 2, 3].map(Some), "{answer:?}");
        let single = server.send(&post_created(community, id(), ada));
        assert_eq!(single.status, 200);
        history
    }

    /// Level `n` from `step` × (n − 1) points on.
    fn set_thresholds(&self, server: &TestServer, step: i64) {
        let answer = self.put_thresholds(server, step);
        assert!([200, 202].contains(&answer.status), "{answer:?}");
        server.until_leveled_up(self.community, self.admin);
    }

    fn put_thresholds(&self, server: &TestServer, step: i64) -> Answer {
        let level = |level: i64| json!({"level": level, "name": format!("Level {level}"), "threshold": (level - 1) * step});
        let body = json!({"levels": (1..=9).map(level).collect::<Vec<_>>()});
        server.put(&format!("/api/communities/{}/levels", self.community), self.admin, &[], &body)
    }
}

fn numbers<const N: usize>(counted: [(&str, f64); N]) -> BTreeMap<String, f64> {
    counted.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The lines with a message, each without what every line has.
fn said(log: &[String], message: &str) -> Vec<Value> {
    let lines = log.iter().map(|line| parsed(line)).filter(|line| line["message"] == message);
    lines
        .map(|mut line| {
            let line = line.as_object_mut().unwrap();
            for common in ["timestamp", "target", "message", "spans"] {
                line.remove(common);
            }
            Value::Object(line.clone())
        })
        .collect()
}

fn parsed(line: &str) -> Value {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert!(value["level"].is_string() && value["timestamp"].is_string(), "{line}");
    value
}
