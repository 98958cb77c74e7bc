//! Points: amounts that never go below zero and never wrap.

use std::fmt;

/// An amount of points: 0 to [`Points::MAX`], which is what the ledger's INTEGER column holds.
///
/// There is no `+`: a sum is checked and has a typed error.
///
/// ```
/// use gamification_domain::Points;
///
/// let total = Points::new(45).unwrap();
/// assert_eq!(total.checked_add(Points::new(5).unwrap()).unwrap().get(), 50);
/// assert!(Points::MAX.checked_add(Points::new(1).unwrap()).is_err());
/// assert!(Points::new(-1).is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "i32", try_from = "i64")
)]
pub struct Points(i32);

/// A number outside 0 to [`Points::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("points must be between 0 and {max}, got {number}", max = Points::MAX)]
pub struct PointsOutOfRange {
    /// The number that is out of range.
    pub number: i64,
}

/// A total that would exceed [`Points::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{total} and {added} points together exceed {max}", max = Points::MAX)]
pub struct PointsOverflow {
    /// The total before the addition.
    pub total: Points,
    /// The points that were to be added.
    pub added: Points,
}

impl Points {
    /// No points: where every member begins.
    pub const ZERO: Self = Self(0);
    /// The largest amount: 2,147,483,647, the greatest signed number of 32 bits.
    pub const MAX: Self = Self(i32::MAX);

    /// Takes a number from 0 to [`Points::MAX`].
    ///
    /// # Errors
    /// [`PointsOutOfRange`] for any other number.
    pub fn new(number: i64) -> Result<Self, PointsOutOfRange> {
        match i32::try_from(number) {
            Ok(points) if points >= 0 => Ok(Self(points)),
            _ => Err(PointsOutOfRange { number }),
        }
    }

    /// The nearest amount to a number: 0 for those below, [`Points::MAX`] for those above.
    ///
    /// ```
    /// use gamification_domain::Points;
    ///
    /// assert_eq!([-1, 7, i64::MAX].map(Points::nearest), [Points::ZERO, Points::new(7).unwrap(), Points::MAX]);
    /// ```
    #[must_use]
    pub fn nearest(number: i64) -> Self {
        match i32::try_from(number) {
            Ok(points) => Self(points.max(0)),
            Err(_) if number < 0 => Self::ZERO,
            Err(_) => Self::MAX,
        }
    }

    /// A constant of the rules; the type keeps it within the range.
    pub(crate) const fn constant(points: u16) -> Self {
        Self(points as i32)
    }

    /// The number of points: 0 to [`Points::MAX`].
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }

    /// The sum of both.
    ///
    /// # Errors
    /// [`PointsOverflow`] when it exceeds [`Points::MAX`].
    pub fn checked_add(self, added: Self) -> Result<Self, PointsOverflow> {
        self.0.checked_add(added.0).map(Self).ok_or(PointsOverflow { total: self, added })
    }

    /// What is left after taking `taken` away; 0 when that is more than there is.
    #[must_use]
    pub fn saturating_sub(self, taken: Self) -> Self {
        Self(self.0.saturating_sub(taken.0).max(0))
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Points> for i32 {
    fn from(points: Points) -> Self {
        points.0
    }
}

impl TryFrom<i64> for Points {
    type Error = PointsOutOfRange;

    fn try_from(number: i64) -> Result<Self, PointsOutOfRange> {
        Self::new(number)
    }
}

/// What one transaction did to a total: points awarded (positive) or deducted (negative). It is 0 only where an adjustment
/// found nothing left to take, and where an award was worth nothing or a cap left nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PointChange {
    /// So many points were added to the total.
    Awarded(Points),
    /// So many points were taken from the total.
    Deducted(Points),
}

impl PointChange {
    /// The signed number that the ledger sums up.
    ///
    /// ```
    /// use gamification_domain::{PointChange, Points};
    ///
    /// assert_eq!(PointChange::Deducted(Points::new(1).unwrap()).signed(), -1);
    /// ```
    #[must_use]
    pub const fn signed(self) -> i32 {
        match self {
            Self::Awarded(points) => points.0,
            Self::Deducted(points) => -points.0,
        }
    }

    /// The change that a signed number of the ledger says.
    ///
    /// # Errors
    /// [`PointsOutOfRange`] for -2,147,483,648: more was never there to be taken.
    ///
    /// ```
    /// use gamification_domain::{PointChange, Points};
    ///
    /// assert_eq!(PointChange::from_signed(-1), Ok(PointChange::Deducted(Points::new(1).unwrap())));
    /// assert!(PointChange::from_signed(i32::MIN).is_err());
    /// ```
    pub fn from_signed(points: i32) -> Result<Self, PointsOutOfRange> {
        match points.checked_abs().map(Points) {
            Some(amount) if points < 0 => Ok(Self::Deducted(amount)),
            Some(amount) => Ok(Self::Awarded(amount)),
            None => Err(PointsOutOfRange { number: i64::from(points) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_sum_is_exact_or_refused(a in 0..=i32::MAX, b in 0..=i32::MAX) {
            let sum = Points(a).checked_add(Points(b));
            match a.checked_add(b) {
                Some(exact) => prop_assert_eq!(sum, Ok(Points(exact))),
                None => prop_assert_eq!(sum, Err(PointsOverflow { total: Points(a), added: Points(b) })),
            }
        }

        #[test]
        fn taking_away_never_goes_below_zero(a in 0..=i32::MAX, b in 0..=i32::MAX) {
            prop_assert_eq!(i64::from(Points(a).saturating_sub(Points(b)).get()), (i64::from(a) - i64::from(b)).max(0));
        }

        #[test]
        fn the_nearest_amount_is_the_number_itself_where_that_is_points(number: i64) {
            let ends = (Points::ZERO.0.into(), Points::MAX.0.into());
            prop_assert_eq!(i64::from(Points::nearest(number).0), number.clamp(ends.0, ends.1));
        }

        #[test]
        fn a_change_is_known_again_by_its_signed_number(points in -i32::MAX..=i32::MAX) {
            prop_assert_eq!(PointChange::from_signed(points).map(PointChange::signed), Ok(points));
        }

        #[test]
        fn only_the_range_of_integer_is_points(number: i64) {
            prop_assert_eq!(Points::new(number).is_ok(), (0..=i64::from(i32::MAX)).contains(&number));
        }
    }

    #[test]
    fn the_ends_of_the_range_are_points() {
        assert_eq!(Points::new(0), Ok(Points::ZERO));
        assert_eq!(Points::new(2_147_483_647), Ok(Points::MAX));
        assert_eq!(
            Points::new(2_147_483_648).unwrap_err().to_string(),
            "points must be between 0 and 2147483647, got 2147483648"
        );
    }
}
