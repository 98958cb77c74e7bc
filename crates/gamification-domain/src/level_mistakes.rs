//! What can be wrong with levels that an admin sends, and where.

use crate::{LevelNameError, LevelNumber, Points};

/// One mistake in a list of drafts, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct LevelMistake {
    /// The place in the list that was sent.
    pub place: LevelPlace,
    /// The check that failed there, with the values that it failed for.
    pub problem: LevelProblem,
}

/// A place in a list of drafts. Ordered as a reader meets them, the list as a whole last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LevelPlace {
    /// One field of one draft.
    Field {
        /// The draft's position in the list as it was sent, from 0.
        index: usize,
        /// The field of that level.
        field: LevelField,
    },
    /// The list as a whole.
    List,
}

/// A field of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LevelField {
    /// The level's number, 1 to 9.
    Level,
    /// The level's name, of which [`LevelName`](crate::LevelName) says what it may be.
    Name,
    /// The points from which on a member has the level.
    Threshold,
}

/// What can be wrong with a list of drafts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LevelProblem {
    /// No draft defines this level; all nine are set together.
    #[error("Level {level} is missing")]
    Missing {
        /// The level of 1 to 9 that the list lacks.
        level: LevelNumber,
    },
    /// Something that is no level.
    #[error("Level must be a number from 1 to 9")]
    NotALevel {
        /// The number sent, if it was one.
        number: Option<i64>,
    },
    /// An earlier draft defines the same level.
    #[error("Level {level} must be given once")]
    Repeated {
        /// The level that both drafts define.
        level: LevelNumber,
    },
    /// The name breaks a rule of its own.
    #[error(transparent)]
    Name(LevelNameError),
    /// An earlier draft has the same name, whatever the case.
    #[error("Level name must be unique")]
    NameNotUnique,
    /// The threshold is no whole number.
    #[error("Threshold must be a whole number")]
    ThresholdNotANumber,
    /// Level 1's threshold is not 0.
    #[error("Level 1 threshold must be 0")]
    FirstThresholdNotZero {
        /// The threshold as it was sent, in points.
        threshold: i64,
    },
    /// Level 2's threshold is less than 1.
    #[error("Level 2 threshold must be at least 1")]
    SecondThresholdTooLow {
        /// The threshold as it was sent, in points.
        threshold: i64,
    },
    /// The threshold is not above that of the level below.
    #[error("Thresholds must be strictly increasing")]
    ThresholdsNotIncreasing {
        /// The level whose threshold is too low.
        level: LevelNumber,
        /// The threshold of that level, in points.
        threshold: i64,
        /// The threshold of the level below.
        previous: i64,
    },
    /// The threshold is more than any member's total can be.
    #[error("Threshold must be {max} or less", max = Points::MAX)]
    ThresholdTooLarge {
        /// The threshold as it was sent, in points.
        threshold: i64,
    },
}

/// All mistakes of one list of drafts, in the order of their places; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} mistakes in the levels", .0.len())]
pub struct LevelMistakes(Vec<LevelMistake>);

impl LevelMistakes {
    /// The mistakes, first place first.
    #[must_use]
    pub fn as_slice(&self) -> &[LevelMistake] {
        &self.0
    }
}

/// Collects mistakes in the order they are found.
#[derive(Default)]
pub(crate) struct Mistakes(Vec<LevelMistake>);

impl Mistakes {
    /// A mistake in one field of the draft at a position in the list.
    pub(crate) fn at(&mut self, index: usize, field: LevelField, problem: LevelProblem) {
        self.0.push(LevelMistake { place: LevelPlace::Field { index, field }, problem });
    }

    /// A level that no draft defines.
    pub(crate) fn missing(&mut self, level: LevelNumber) {
        self.0.push(LevelMistake { place: LevelPlace::List, problem: LevelProblem::Missing { level } });
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, sorted by their places.
    pub(crate) fn in_order(mut self) -> LevelMistakes {
        self.0.sort_by_key(|mistake| mistake.place);
        LevelMistakes(self.0)
    }
}
