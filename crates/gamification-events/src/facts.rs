//! The fact that an event tells, by its type: the table of what each type has in its `data`.

use std::str::FromStr;

use gamification_app::EventMistake;
use gamification_domain::{
    Adjustment, AdjustmentReason, CommentId, Content, CourseListing, DirectoryText, EventType, Fact,
    FactKind, PostId, Profile, Role,
};

use crate::{fields::Fields, json::Json};

/// Reads the `data` of an event of a known type.
pub(crate) fn read_fact(event_type: EventType, data: &Fields<'_>) -> Result<Fact, EventMistake> {
    // The course of a lesson tells its community, where that is known.
    let community_id = if event_type == EventType::LessonCompleted {
        data.optional_id("community_id")?
    } else {
        Some(data.id("community_id")?)
    };
    let kind = match event_type {
        EventType::PostCreated => content_created(data, post)?,
        EventType::CommentAdded => content_created(data, comment)?,
        EventType::PostLiked => content_liked(data, post)?,
        EventType::CommentLiked => content_liked(data, comment)?,
        EventType::PostUnliked => content_unliked(data, post)?,
        EventType::CommentUnliked => content_unliked(data, comment)?,
        EventType::LessonCompleted => lesson_completed(data)?,
        EventType::PointsAdjusted => points_adjusted(data)?,
        EventType::CommunityCreated => FactKind::CommunityCreated { name: directory_text(data, "name")? },
        EventType::MemberJoined => member_joined(data)?,
        EventType::MemberProfileChanged => {
            FactKind::MemberProfileChanged { user_id: data.id("user_id")?, profile: profile(data)? }
        }
        EventType::MemberRoleChanged => member_role_changed(data)?,
        EventType::MemberLeft => FactKind::MemberLeft { user_id: data.id("user_id")? },
        EventType::MemberErased => FactKind::MemberErased { user_id: data.id("user_id")? },
        EventType::CourseCreated => course_created(data)?,
        EventType::CourseDeleted => FactKind::CourseDeleted { course_id: data.id("course_id")? },
    };
    Ok(Fact { community_id, kind })
}

fn post(data: &Fields<'_>) -> Result<Content, EventMistake> {
    data.id::<PostId>("post_id").map(Content::Post)
}

fn comment(data: &Fields<'_>) -> Result<Content, EventMistake> {
    data.id::<CommentId>("comment_id").map(Content::Comment)
}

type ReadContent = fn(&Fields<'_>) -> Result<Content, EventMistake>;

fn content_created(data: &Fields<'_>, content: ReadContent) -> Result<FactKind, EventMistake> {
    Ok(FactKind::ContentCreated { content: content(data)?, author_id: data.id("author_id")? })
}

fn content_liked(data: &Fields<'_>, content: ReadContent) -> Result<FactKind, EventMistake> {
    let (content, liker_id) = (content(data)?, data.id("user_id")?);
    Ok(FactKind::ContentLiked { content, liker_id, author_id: data.id("author_id")? })
}

fn content_unliked(data: &Fields<'_>, content: ReadContent) -> Result<FactKind, EventMistake> {
    let (content, liker_id) = (content(data)?, data.id("user_id")?);
    Ok(FactKind::ContentUnliked { content, liker_id, author_id: data.id("author_id")? })
}

fn lesson_completed(data: &Fields<'_>) -> Result<FactKind, EventMistake> {
    let (course_id, lesson_id) = (data.id("course_id")?, data.id("lesson_id")?);
    Ok(FactKind::LessonCompleted { course_id, lesson_id, user_id: data.id("user_id")? })
}

fn points_adjusted(data: &Fields<'_>) -> Result<FactKind, EventMistake> {
    let points = data.whole_number("points")?;
    let reason = data.parsed("reason", AdjustmentReason::parse)?;
    let adjustment =
        Adjustment::new(points, reason).map_err(|error| data.mistake("points", &error.to_string()))?;
    Ok(FactKind::PointsAdjusted {
        adjustment_id: data.id("adjustment_id")?,
        user_id: data.id("user_id")?,
        adjustment,
        admin_id: data.id("admin_id")?,
    })
}

fn member_joined(data: &Fields<'_>) -> Result<FactKind, EventMistake> {
    Ok(FactKind::MemberJoined {
        user_id: data.id("user_id")?,
        role: data.optional("role", Role::from_str)?.unwrap_or_default(),
        profile: profile(data)?,
    })
}

fn profile(data: &Fields<'_>) -> Result<Profile, EventMistake> {
    Ok(Profile {
        display_name: directory_text(data, "display_name")?,
        avatar_url: directory_text(data, "avatar_url")?,
        is_listed: data.optional_flag("listed")?.unwrap_or(true),
    })
}

fn member_role_changed(data: &Fields<'_>) -> Result<FactKind, EventMistake> {
    let user_id = data.id("user_id")?;
    Ok(FactKind::MemberRoleChanged { user_id, role: data.parsed("role", Role::from_str)? })
}

fn course_created(data: &Fields<'_>) -> Result<FactKind, EventMistake> {
    let course_id = data.id("course_id")?;
    Ok(FactKind::CourseCreated {
        course_id,
        listing: CourseListing { title: directory_text(data, "title")? },
    })
}

/// A text of the directory; an empty one is as good as none, and no reason to turn a member away.
fn directory_text(data: &Fields<'_>, name: &str) -> Result<Option<DirectoryText>, EventMistake> {
    match data.get(name) {
        Some(Json::Text(text)) if text.is_empty() => Ok(None),
        _ => data.optional(name, DirectoryText::parse),
    }
}
