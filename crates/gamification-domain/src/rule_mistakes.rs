//! What can be wrong with the rules that an admin sends, and where.

use crate::{PointSource, Points, SourceRule};

/// One mistake in a list of drafts, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct RuleMistake {
    /// The place in the list that was sent.
    pub place: RulePlace,
    /// The check that failed there, with the values that it failed for.
    pub problem: RuleProblem,
}

/// A place in a list of drafts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulePlace {
    /// One field of one draft.
    Field {
        /// The draft's position in the list as it was sent, from 0.
        index: usize,
        /// The field of that rule.
        field: RuleField,
    },
    /// The list as a whole.
    List,
}

/// A field of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleField {
    /// What the rule is for.
    Source,
    /// The points of one award.
    Points,
    /// The most a member can earn from it on a day.
    DailyCap,
    /// The most a member can earn on a day from one liker.
    PerPairDailyCap,
}

/// What can be wrong with a list of drafts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblem {
    /// No draft is for this source; all of them are set together.
    #[error("The rule of {0} is missing")]
    Missing(PointSource),
    /// Something that members earn no points by.
    #[error("Source must be one that members earn points by")]
    NotASource,
    /// An earlier draft is for the same source.
    #[error("The rule of {0} must be given once")]
    Repeated(PointSource),
    /// The points are no whole number, or out of range.
    #[error("Points must be a whole number from 0 to {max}", max = SourceRule::MAX_POINTS)]
    PointsOutOfRange,
    /// A cap is neither nothing nor a whole number, or out of range.
    #[error("A cap must be a whole number from 0 to {max}, or nothing", max = Points::MAX)]
    CapOutOfRange,
    /// A cap for each pair of members, for something that is no like.
    #[error("Only likes have a cap for each pair of members")]
    NotALike,
}

/// All mistakes of one list of drafts, in the order of their places; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} mistakes in the rules", .0.len())]
pub struct RuleMistakes(Vec<RuleMistake>);

impl RuleMistakes {
    /// The mistakes, first place first.
    #[must_use]
    pub fn as_slice(&self) -> &[RuleMistake] {
        &self.0
    }
}

/// Collects mistakes in the order they are found.
#[derive(Default)]
pub(crate) struct Mistakes(Vec<RuleMistake>);

impl Mistakes {
    /// A mistake in one field of the draft at a position in the list.
    pub(crate) fn at(&mut self, index: usize, field: RuleField, problem: RuleProblem) {
        self.0.push(RuleMistake { place: RulePlace::Field { index, field }, problem });
    }

    /// A source that no draft is for.
    pub(crate) fn missing(&mut self, source: PointSource) {
        self.0.push(RuleMistake { place: RulePlace::List, problem: RuleProblem::Missing(source) });
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them: drafts are checked in the order of the places.
    pub(crate) fn in_order(self) -> RuleMistakes {
        RuleMistakes(self.0)
    }
}
