//! What earns points: the one table of rules that every source follows by default.

use std::{fmt, str::FromStr};

use crate::{Points, UserId};

/// Declares the sources: each with its stable name, once, so that no list and no text can leave one out.
macro_rules! point_sources {
    ($($(#[$doc:meta])+ $source:ident = $name:literal;)+) => {
        /// What a transaction's points are for.
        ///
        /// [`PointSource::rule`] is the only place that says what each is worth by default; a community may have rules of
        /// its own ([`CommunityRules`](crate::CommunityRules)).
        ///
        /// ```
        /// use gamification_domain::{OncePer, PointSource};
        ///
        /// let rule = PointSource::LessonCompleted.rule();
        /// assert_eq!((rule.points.get(), rule.once_per), (5, OncePer::Member));
        /// assert_eq!(PointSource::LessonCompleted.as_str(), "lesson_completed");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum PointSource {
            $($(#[$doc])+ #[cfg_attr(feature = "serde", serde(rename = $name))] $source,)+
        }

        impl PointSource {
            /// Every source, in the order of the product's table.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$source),+];

            /// The stable name, the same in the API, the events and the ledger: at most 30 ASCII characters.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$source => $name,)+
                }
            }
        }
    };
}

point_sources! {
    /// A post was written: its author earns points once.
    PostCreated = "post_created";
    /// A comment was written: its author earns points once.
    CommentCreated = "comment_created";
    /// A post is liked: its author has points for it until it is taken back.
    PostLiked = "post_liked";
    /// A comment is liked: its author has points for it until it is taken back.
    CommentLiked = "comment_liked";
    /// A lesson was completed: each member earns points for it once.
    LessonCompleted = "lesson_completed";
    /// A person adds points or takes them away.
    ManualAdjustment = "manual_adjustment";
}

/// What a source is worth, and how often it may be awarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointRule {
    /// The points of one award; 0 for adjustments, each of which says its own.
    pub points: Points,
    /// Which awards for the same content one award excludes.
    pub once_per: OncePer,
}

/// How often the same post, comment, lesson or adjustment may be awarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OncePer {
    /// Once for ever, also when another event names another member.
    Content,
    /// Once for ever for each member.
    Member,
    /// Again and again: a [`LikeSwitch`](crate::LikeSwitch) turns the award on and off.
    SwitchOn,
}

/// Among which awards one may be made only once: the consequence of [`OncePer`] that the ledger keeps with each award.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnceScope {
    /// All awards for the content.
    Content,
    /// The awards for the content to this member.
    Member(UserId),
}

impl OncePer {
    /// The scope of an award to a member; `None` when it may be repeated.
    #[must_use]
    pub const fn scope(self, member: UserId) -> Option<OnceScope> {
        match self {
            Self::Content => Some(OnceScope::Content),
            Self::Member => Some(OnceScope::Member(member)),
            Self::SwitchOn => None,
        }
    }
}

/// A text that names no source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a source of points")]
pub struct UnknownPointSource;

impl PointSource {
    /// The sources that members earn points by, which a community may have rules of its own for: all but adjustments.
    pub fn earned() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|source| source.is_earned())
    }

    /// Whether members earn points by it; without `_`, so that whoever adds a source says so of it.
    #[must_use]
    pub const fn is_earned(self) -> bool {
        match self {
            Self::PostCreated
            | Self::CommentCreated
            | Self::PostLiked
            | Self::CommentLiked
            | Self::LessonCompleted => true,
            Self::ManualAdjustment => false,
        }
    }

    /// The rule of this source, where a community has none of its own.
    #[must_use]
    pub const fn rule(self) -> PointRule {
        let (points, once_per) = match self {
            Self::PostCreated => (2, OncePer::Content),
            Self::CommentCreated => (1, OncePer::Content),
            Self::PostLiked | Self::CommentLiked => (1, OncePer::SwitchOn),
            Self::LessonCompleted => (5, OncePer::Member),
            Self::ManualAdjustment => (0, OncePer::Content),
        };
        PointRule { points: Points::constant(points), once_per }
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
    fn the_table_is_that_of_the_product() {
        let row = |source: PointSource| {
            let PointRule { points, once_per } = source.rule();
            (source.as_str(), points.get(), once_per)
        };
        assert_eq!(
            PointSource::ALL.map(row),
            [
                ("post_created", 2, OncePer::Content),
                ("comment_created", 1, OncePer::Content),
                ("post_liked", 1, OncePer::SwitchOn),
                ("comment_liked", 1, OncePer::SwitchOn),
                ("lesson_completed", 5, OncePer::Member),
                ("manual_adjustment", 0, OncePer::Content)
            ]
        );
    }

    #[test]
    fn a_name_parses_back_and_fits_its_column() {
        for source in PointSource::ALL {
            assert_eq!(source.as_str().parse(), Ok(source));
            assert!(source.as_str().len() <= 30 && source.as_str().is_ascii(), "{source}");
        }
        assert_eq!("Post_Created".parse::<PointSource>(), Err(UnknownPointSource));
    }
}
