//! Points that a person adds or takes away, and why.

use std::fmt;

use crate::{PointChange, Points, plain_text};

/// Points that an admin, or a backend on their behalf, adds to a member's total or takes from it.
///
/// A total never goes below 0: where less is left than shall be taken, that much is taken, and the ledger says so.
///
/// ```
/// use gamification_domain::{Adjustment, AdjustmentReason, PointChange, Points};
///
/// let reason = AdjustmentReason::parse("Organised the meetup").unwrap();
/// let adjustment = Adjustment::new(-5, reason.clone()).unwrap();
/// assert_eq!(adjustment.points(), PointChange::Deducted(Points::new(5).unwrap()));
/// assert!(Adjustment::new(0, reason).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    points: PointChange,
    reason: AdjustmentReason,
}

/// A number of points that no adjustment can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from -{max} to {max}, and not 0", max = Points::MAX)]
pub struct InvalidAdjustment;

impl Adjustment {
    /// An adjustment by a number of points.
    ///
    /// # Errors
    /// [`InvalidAdjustment`] when that is 0, or more than a total can hold either way.
    pub fn new(points: i64, reason: AdjustmentReason) -> Result<Self, InvalidAdjustment> {
        let amount = Points::new(points.saturating_abs()).map_err(|_| InvalidAdjustment)?;
        let points = match points.signum() {
            0 => return Err(InvalidAdjustment),
            -1 => PointChange::Deducted(amount),
            _ => PointChange::Awarded(amount),
        };
        Ok(Self { points, reason })
    }

    /// What shall be added or taken: at least 1 point.
    #[must_use]
    pub const fn points(&self) -> PointChange {
        self.points
    }

    /// Why the admin makes it, in their words.
    #[must_use]
    pub const fn reason(&self) -> &AdjustmentReason {
        &self.reason
    }
}

/// Why points were adjusted: 1 to 200 characters of plain text, cleaned as the names of levels are.
///
/// ```
/// use gamification_domain::{AdjustmentReason, AdjustmentReasonError};
///
/// let reason = |text: &str| AdjustmentReason::parse(text);
/// assert_eq!(reason(" <b>R&amp;D</b>  day ").unwrap().as_str(), "R&D day");
/// assert_eq!(reason("<i></i>"), Err(AdjustmentReasonError::Required));
/// assert_eq!(reason(&"x".repeat(201)), Err(AdjustmentReasonError::TooLong { length: 201 }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdjustmentReason(String);

/// Why a text is no reason, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdjustmentReasonError {
    /// It contains a control or invisible character, written out or as an entity.
    #[error("must not contain the invisible character U+{code:04X}", code = u32::from(*character))]
    InvisibleCharacter {
        /// The first such character.
        character: char,
    },
    /// Its tags or entities are nested over 64 deep, which no editor produces.
    #[error("is encoded too many times")]
    NestedTooDeeply,
    /// Nothing is left after cleaning.
    #[error("is required")]
    Required,
    /// Over 200 characters are left after cleaning.
    #[error("must be {max} characters or less", max = AdjustmentReason::MAX_LENGTH)]
    TooLong {
        /// How many, in Unicode scalar values.
        length: usize,
    },
}

impl AdjustmentReason {
    /// The longest reason, in characters (Unicode scalar values) after cleaning.
    pub const MAX_LENGTH: usize = 200;

    /// Cleans a text and takes it as a reason.
    ///
    /// # Errors
    /// [`AdjustmentReasonError`]: an invisible character, too deep a nesting, nothing left, or over 200 characters left.
    pub fn parse(raw: &str) -> Result<Self, AdjustmentReasonError> {
        let text = plain_text::clean(raw)?;
        match text.chars().count() {
            0 => Err(AdjustmentReasonError::Required),
            length if length > Self::MAX_LENGTH => Err(AdjustmentReasonError::TooLong { length }),
            _ => Ok(Self(text)),
        }
    }

    /// The reason, as it is shown and stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<plain_text::Unclean> for AdjustmentReasonError {
    fn from(unclean: plain_text::Unclean) -> Self {
        match unclean {
            plain_text::Unclean::InvisibleCharacter(character) => Self::InvisibleCharacter { character },
            plain_text::Unclean::NestedTooDeeply => Self::NestedTooDeeply,
        }
    }
}

impl fmt::Display for AdjustmentReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_points_but_0_adjusts_within_the_range_of_a_total() {
        let reason = AdjustmentReason::parse("because").unwrap();
        let of =
            |points| Adjustment::new(points, reason.clone()).map(|adjustment| adjustment.points().signed());
        for points in [1, -1, 2_147_483_647, -2_147_483_647] {
            assert_eq!(of(points).map(i64::from), Ok(points));
        }
        for points in [0, 2_147_483_648, -2_147_483_648, i64::MAX, i64::MIN] {
            assert_eq!(of(points), Err(InvalidAdjustment), "{points}");
        }
    }

    #[test]
    fn a_reason_is_plain_text() {
        for (raw, problem) in [
            ("a\0b", "must not contain the invisible character U+0000"),
            ("a&#0;b", "must not contain the invisible character U+FFFD"),
            (" \t ", "is required"),
            (&"é".repeat(201), "must be 200 characters or less"),
            (&format!("&{}lt;b>", "amp;".repeat(80)), "is encoded too many times"),
        ] {
            assert_eq!(AdjustmentReason::parse(raw).unwrap_err().to_string(), problem, "{raw}");
        }
        assert_eq!(AdjustmentReason::parse(&"é".repeat(200)).unwrap().as_str().chars().count(), 200);
    }
}
