//! An event of the platform, as far as it was understood. Adapters read it, each from its own wire format.

use gamification_domain::{EventType, FactRecord};

/// An event of the platform, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingEvent {
    /// The id that its sender gave it; `None` where it has none that can be read.
    pub id: Option<String>,
    /// The fact that it tells, or why there is none.
    pub content: EventContent,
}

impl AsRef<Self> for IncomingEvent {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// What was read from an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventContent {
    /// It tells a fact, which is to be recorded.
    Fact(FactRecord),
    /// Its type means nothing here: a platform may send its whole feed.
    UnknownType,
    /// It is no CloudEvent, or its data is not what its type asks for.
    Invalid {
        /// Its type, where it is one that tells facts.
        event_type: Option<EventType>,
        /// What is wrong with it.
        mistake: EventMistake,
    },
}

/// The kinds of mistakes in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventMistakeKind {
    /// What must be there is not.
    Missing,
    /// What is there has the wrong type or form.
    Invalid,
    /// A name is there twice.
    Repeated,
    /// The lesson's community can't be told from its course.
    CourseUnknown,
    /// The member's total would be too large.
    TotalTooLarge,
}

/// What is wrong with an event that can't be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct EventMistake {
    /// What kind of mistake it is, for programs.
    pub kind: EventMistakeKind,
    /// The place in the event, as a pointer in a URI fragment: `#/data/author_id`; `#` is the whole event.
    pub pointer: String,
    /// A sentence for its sender: `data.author_id is missing`.
    pub detail: String,
}
