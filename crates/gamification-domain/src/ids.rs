//! Identifiers: UUIDs that can't be mistaken for one another.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// A text that is not a UUID in its hyphenated form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        ///
        /// Parses from the hyphenated form only, whatever its case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
        pub struct $name(Uuid);

        impl $name {
            /// Takes over a UUID of any version.
            #[must_use]
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID, as the platform or the service gave it.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_hyphenated(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// A community of the platform.
    CommunityId;
    /// A user of the platform, in whichever community.
    UserId;
    /// A course of a community.
    CourseId;
    /// A lesson of a course.
    LessonId;
    /// A post in a community.
    PostId;
    /// A comment in a community.
    CommentId;
    /// An adjustment of a member's points.
    AdjustmentId;
    /// One member's points in one community.
    MemberPointsId;
    /// One line of the ledger.
    PointTransactionId;
    /// The levels of one community.
    LevelConfigurationId;
    /// A requirement set on a course.
    CourseLevelRequirementId;
    /// What a transaction is about: a post, a comment, a lesson or an adjustment, told apart by the transaction's source.
    SourceId;
}

/// How many characters a hyphenated UUID has: `67e55044-10b1-426f-9247-bb680e5fe0c8`.
const HYPHENATED_LENGTH: usize = 36;

fn parse_hyphenated(text: &str) -> Result<Uuid, InvalidId> {
    // `Uuid::parse_str` also takes braces, URNs and bare digits; one spelling is enough for an API.
    if text.len() != HYPHENATED_LENGTH {
        return Err(InvalidId);
    }
    Uuid::parse_str(text).map_err(|_| InvalidId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let hyphenated = "67E55044-10b1-426f-9247-bb680e5fe0c8";
        assert!(hyphenated.parse::<UserId>().is_ok());
        for other in [
            "",
            "67e5504410b1426f9247bb680e5fe0c8",
            "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
            "urn:uuid:67e55044-10b1-426f-9247-bb680e5fe0c8",
            "67e55044-10b1-426f-9247-bb680e5fe0cg",
        ] {
            assert_eq!(other.parse::<UserId>(), Err(InvalidId), "{other}");
        }
    }
}
