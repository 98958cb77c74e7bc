//! The platform's events, as it sends them.

use serde_json::{Value, json};
use uuid::Uuid;

/// A new id, of a user, a post or whatever.
#[must_use]
pub fn id() -> Uuid {
    Uuid::now_v7()
}

/// An event of a type at a minute of an hour that is past, under an id of its own.
#[must_use]
pub fn event(kind: &str, minute: u8, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::now_v7(), "source": "/community", "type": kind,
        "time": format!("2026-01-01T10:{minute:02}:00Z"), "data": data,
    })
}

/// `CommunityCreated`
#[must_use]
pub fn community_created(community_id: Uuid) -> Value {
    event("CommunityCreated", 0, &json!({"community_id": community_id, "name": "Makers"}))
}

/// `MemberJoined`
#[must_use]
pub fn member_joined(community_id: Uuid, user_id: Uuid) -> Value {
    event(
        "MemberJoined",
        0,
        &json!({"community_id": community_id, "user_id": user_id, "display_name": "Ada"}),
    )
}

/// `PostCreated`
#[must_use]
pub fn post_created(community_id: Uuid, post_id: Uuid, author_id: Uuid) -> Value {
    event(
        "PostCreated",
        1,
        &json!({"community_id": community_id, "post_id": post_id, "author_id": author_id}),
    )
}

/// `PostLiked` or `PostUnliked`, at a minute.
#[must_use]
pub fn post_like(
    kind: &str,
    minute: u8,
    community_id: Uuid,
    post_id: Uuid,
    liker_id: Uuid,
    author_id: Uuid,
) -> Value {
    let data = json!({"community_id": community_id, "post_id": post_id, "user_id": liker_id, "author_id": author_id});
    event(kind, minute, &data)
}

/// `MemberJoined` as an admin.
#[must_use]
pub fn admin_joined(community_id: Uuid, user_id: Uuid) -> Value {
    event("MemberJoined", 0, &json!({"community_id": community_id, "user_id": user_id, "role": "ADMIN"}))
}

/// `CourseCreated`
#[must_use]
pub fn course_created(community_id: Uuid, course_id: Uuid) -> Value {
    event("CourseCreated", 0, &json!({"community_id": community_id, "course_id": course_id, "title": "Rust"}))
}
