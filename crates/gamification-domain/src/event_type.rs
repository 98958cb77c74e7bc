//! The types of the platform's events that tell facts.

use std::{fmt, str::FromStr};

/// A text that names no event type that tells facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a known event type")]
pub struct UnknownEventType;

macro_rules! event_types {
    ($($(#[$doc:meta])+ $name:ident;)+) => {
        /// The type of an event that tells a fact.
        ///
        /// ```
        /// use gamification_domain::EventType;
        ///
        /// assert_eq!("PostLiked".parse(), Ok(EventType::PostLiked));
        /// assert_eq!(EventType::PostLiked.as_str(), "PostLiked");
        /// assert!("PollOpened".parse::<EventType>().is_err());
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType {
            $($(#[$doc])+ $name,)+
        }

        impl EventType {
            /// Every type, in the order of the README's table.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stable name, as events carry it in `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }

        impl FromStr for EventType {
            type Err = UnknownEventType;

            fn from_str(name: &str) -> Result<Self, UnknownEventType> {
                match name {
                    $(stringify!($name) => Ok(Self::$name),)+
                    _ => Err(UnknownEventType),
                }
            }
        }
    };
}

event_types! {
    /// A member wrote a post.
    PostCreated;
    /// A member wrote a comment.
    CommentAdded;
    /// A user likes a post.
    PostLiked;
    /// A user likes a comment.
    CommentLiked;
    /// A user takes the like of a post back.
    PostUnliked;
    /// A user takes the like of a comment back.
    CommentUnliked;
    /// A member completed a lesson.
    LessonCompleted;
    /// A person adds points to a member's total, or takes them away.
    PointsAdjusted;
    /// A community came into being, or has a new name.
    CommunityCreated;
    /// A user joined a community.
    MemberJoined;
    /// A member has another name or picture, or is on leaderboards or not.
    MemberProfileChanged;
    /// A member has another role.
    MemberRoleChanged;
    /// A member left; points and level wait for their return.
    MemberLeft;
    /// A user is to be forgotten: a community erases them.
    MemberErased;
    /// A course came into being, or has a new title.
    CourseCreated;
    /// A course was deleted: its community lists it no more.
    CourseDeleted;
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
