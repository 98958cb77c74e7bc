//! What became of the platform's events, and how many came to what.

use gamification_domain::{Rejection, Verdict};

use crate::{EventMistake, RecordError};

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventOutcome {
    /// It told a fact, and this is the verdict on that.
    Judged(Verdict),
    /// Its type means nothing here, so there was nothing to do.
    UnknownType,
    /// It is invalid: no CloudEvent, or its data is not what its type asks for.
    Invalid(EventMistake),
    /// Its fact can't be recorded, by a fault of ours; the cause is in the log.
    Internal,
}

/// Declares what events come to: each with its stable name, once, so that no list can leave one out.
macro_rules! event_statuses {
    ($($(#[$doc:meta])+ $status:ident = $name:literal;)+) => {
        /// What an event can come to, as its sender and operators are told.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventStatus {
            $($(#[$doc])+ $status,)+
        }

        impl EventStatus {
            /// Every status, in the order of the API's counts.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$status),+];

            /// The stable name: `applied`, `duplicate`, `stale`, `ignored` or `rejected`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$status => $name,)+
                }
            }
        }
    };
}

event_statuses! {
    /// It changed points, a like or the directory.
    Applied = "applied";
    /// Its fact was recorded before; nothing changed.
    Duplicate = "duplicate";
    /// A newer change had overtaken it.
    Stale = "stale";
    /// It has no effect: its type means nothing here, or the rules give its fact none.
    Ignored = "ignored";
    /// It is not recorded, and never will be as it is: its fact is rejected, it is invalid, or recording it fails by a
    /// fault of ours.
    Rejected = "rejected";
}

impl EventOutcome {
    /// The status that an event has by this outcome.
    #[must_use]
    pub const fn status(&self) -> EventStatus {
        match self {
            Self::Judged(verdict) => EventStatus::of(verdict),
            Self::UnknownType => EventStatus::Ignored,
            Self::Invalid(_) | Self::Internal => EventStatus::Rejected,
        }
    }

    /// More than its status says, for its sender: `capped` where a cap left less of its points than they are worth, or why
    /// it is rejected.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Judged(Verdict::Capped) => Some("capped".to_owned()),
            other => other.rejection_reason(),
        }
    }

    /// Why the event is rejected, in words for its sender; `None` when it is not.
    #[must_use]
    pub fn rejection_reason(&self) -> Option<String> {
        match self {
            Self::Judged(Verdict::Rejected(rejection)) => Some(rejection.to_string()),
            Self::Invalid(mistake) => Some(mistake.detail.clone()),
            Self::Internal => Some(RecordError::Internal.to_string()),
            Self::Judged(
                Verdict::Applied | Verdict::Capped | Verdict::Duplicate | Verdict::Stale | Verdict::Ignored,
            )
            | Self::UnknownType => None,
        }
    }

    /// Whether it is a lesson that waits for its course: once that is known, the same event is recorded.
    #[must_use]
    pub const fn is_course_unknown(&self) -> bool {
        matches!(self, Self::Judged(Verdict::Rejected(Rejection::CourseUnknown)))
    }
}

impl EventStatus {
    /// The status of an event whose fact has this verdict.
    #[must_use]
    pub const fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Applied | Verdict::Capped => Self::Applied,
            Verdict::Duplicate => Self::Duplicate,
            Verdict::Stale => Self::Stale,
            Verdict::Ignored => Self::Ignored,
            Verdict::Rejected(_) => Self::Rejected,
        }
    }
}

/// How many events have which status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventCounts {
    /// How many changed points, a like or the directory.
    pub applied: u64,
    /// How many told what was known already.
    pub duplicate: u64,
    /// How many told changes that newer ones had overtaken.
    pub stale: u64,
    /// How many have no effect by the rules, or are of a type that means nothing here.
    pub ignored: u64,
    /// How many are not recorded, and never will be as they are.
    pub rejected: u64,
}

impl EventCounts {
    /// Counts one more event of this status.
    pub const fn add(&mut self, status: EventStatus) {
        match status {
            EventStatus::Applied => self.applied += 1,
            EventStatus::Duplicate => self.duplicate += 1,
            EventStatus::Stale => self.stale += 1,
            EventStatus::Ignored => self.ignored += 1,
            EventStatus::Rejected => self.rejected += 1,
        }
    }

    /// How many events there are.
    #[must_use]
    pub const fn total(&self) -> u64 {
        let Self { applied, duplicate, stale, ignored, rejected } = self;
        *applied + *duplicate + *stale + *ignored + *rejected
    }
}

impl<'a> FromIterator<&'a EventOutcome> for EventCounts {
    fn from_iter<I: IntoIterator<Item = &'a EventOutcome>>(outcomes: I) -> Self {
        let mut counts = Self::default();
        for outcome in outcomes {
            counts.add(outcome.status());
        }
        counts
    }
}
