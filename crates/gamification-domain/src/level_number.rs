//! The nine level numbers.

use std::fmt;

/// A level: 1 to 9. There are exactly nine, in every community.
///
/// ```
/// use gamification_domain::LevelNumber;
///
/// assert_eq!(LevelNumber::new(3).unwrap().next(), Some(LevelNumber::new(4).unwrap()));
/// assert_eq!(LevelNumber::MAX.next(), None);
/// assert!(LevelNumber::new(10).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "u8", try_from = "i64")
)]
pub struct LevelNumber(u8);

/// A number that is no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a level is a number from 1 to 9, got {number}")]
pub struct LevelOutOfRange {
    /// The number that is out of range.
    pub number: i64,
}

impl LevelNumber {
    /// Where everybody starts: level 1.
    pub const MIN: Self = Self(1);
    /// The highest level: 9.
    pub const MAX: Self = Self(9);
    /// How many levels there are.
    pub const COUNT: usize = Self::MAX.0 as usize;

    /// Takes a number from 1 to 9.
    ///
    /// # Errors
    /// [`LevelOutOfRange`] for any other number.
    pub fn new(number: i64) -> Result<Self, LevelOutOfRange> {
        match u8::try_from(number) {
            Ok(level) if (Self::MIN.0..=Self::MAX.0).contains(&level) => Ok(Self(level)),
            _ => Err(LevelOutOfRange { number }),
        }
    }

    /// The number, 1 to 9.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The level above; none above level 9.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        (self < Self::MAX).then(|| Self(self.0 + 1))
    }

    /// Whether this is level 9.
    #[must_use]
    pub fn is_max(self) -> bool {
        self == Self::MAX
    }

    /// All nine, lowest first.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (Self::MIN.0..=Self::MAX.0).map(Self)
    }

    /// Its place in a list of all nine: 0 to 8.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

impl fmt::Display for LevelNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<LevelNumber> for u8 {
    fn from(level: LevelNumber) -> Self {
        level.0
    }
}

impl TryFrom<i64> for LevelNumber {
    type Error = LevelOutOfRange;

    fn try_from(number: i64) -> Result<Self, LevelOutOfRange> {
        Self::new(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_nine_in_order() {
        let numbers: Vec<u8> = LevelNumber::all().map(LevelNumber::get).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn numbers_outside_are_refused() {
        for number in [i64::MIN, -1, 0, 10, 256, 257, i64::MAX] {
            assert_eq!(LevelNumber::new(number), Err(LevelOutOfRange { number }));
        }
    }

    #[test]
    fn the_ninth_alone_is_the_last() {
        let last: Vec<u8> = LevelNumber::all().filter(|level| level.is_max()).map(LevelNumber::get).collect();
        assert_eq!(last, [9]);
    }
}
