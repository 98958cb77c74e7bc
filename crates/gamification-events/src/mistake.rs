//! What is wrong with an event, and where in it.

use gamification_app::{EventMistake, EventMistakeKind};
use gamification_domain::Rejection;

/// `problem` completes the sentence that the path begins; no path is the whole event.
pub(crate) fn mistake(kind: EventMistakeKind, path: &[&str], problem: &str) -> EventMistake {
    let place = if path.is_empty() { "an event".to_owned() } else { path.join(".") };
    let pointer = path.iter().fold("#".to_owned(), |pointer, name| format!("{pointer}/{name}"));
    EventMistake { kind, pointer, detail: format!("{place} {problem}") }
}

/// The mistake in an event whose fact was rejected: it is understandable, and contradicts what is known.
#[must_use]
pub fn rejection_mistake(rejection: Rejection) -> EventMistake {
    let (kind, pointer) = match rejection {
        Rejection::CourseUnknown => (EventMistakeKind::CourseUnknown, "#/data/community_id"),
        Rejection::Overflow(_) => (EventMistakeKind::TotalTooLarge, "#/data"),
    };
    EventMistake { kind, pointer: pointer.to_owned(), detail: rejection.to_string() }
}
