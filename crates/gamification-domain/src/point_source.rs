//! What earns points, and how many.

use std::{fmt, str::FromStr};

use crate::Points;

/// What a transaction's points are for.
///
/// The values are constants of the product, not configuration.
///
/// ```
/// use gamification_domain::PointSource;
///
/// assert_eq!(PointSource::LessonCompleted.points().get(), 5);
/// assert_eq!(PointSource::LessonCompleted.as_str(), "lesson_completed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum PointSource {
    /// +2 to the author of a post, once per post.
    PostCreated,
    /// +1 to the author of a comment, once per comment.
    CommentCreated,
    /// +1 to the author of a post for each like, while it stands.
    PostLiked,
    /// +1 to the author of a comment for each like, while it stands.
    CommentLiked,
    /// +5 to the member who completed a lesson, once per lesson and member, for ever.
    LessonCompleted,
}

/// A text that names no source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a source of points")]
pub struct UnknownPointSource;

impl PointSource {
    /// Every source.
    pub const ALL: [Self; 5] =
        [Self::PostCreated, Self::CommentCreated, Self::PostLiked, Self::CommentLiked, Self::LessonCompleted];

    /// How many points it is worth.
    #[must_use]
    pub const fn points(self) -> Points {
        Points::constant(match self {
            Self::PostCreated => 2,
            Self::CommentCreated | Self::PostLiked | Self::CommentLiked => 1,
            Self::LessonCompleted => 5,
        })
    }

    /// The stable name, the same in the API, the events and the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PostCreated => "post_created",
            Self::CommentCreated => "comment_created",
            Self::PostLiked => "post_liked",
            Self::CommentLiked => "comment_liked",
            Self::LessonCompleted => "lesson_completed",
        }
    }
}

impl fmt::Display for PointSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PointSource {
    type Err = UnknownPointSource;

    fn from_str(name: &str) -> Result<Self, UnknownPointSource> {
        Self::ALL.into_iter().find(|source| source.as_str() == name).ok_or(UnknownPointSource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_those_of_the_product() {
        let table: Vec<_> =
            PointSource::ALL.iter().map(|source| (source.as_str(), source.points().get())).collect();
        assert_eq!(
            table,
            [
                ("post_created", 2),
                ("comment_created", 1),
                ("post_liked", 1),
                ("comment_liked", 1),
                ("lesson_completed", 5)
            ]
        );
    }

    #[test]
    fn a_name_parses_back() {
        for source in PointSource::ALL {
            assert_eq!(source.as_str().parse(), Ok(source));
        }
        assert_eq!("Post_Created".parse::<PointSource>(), Err(UnknownPointSource));
    }
}
