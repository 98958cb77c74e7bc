//! How a community's members spread over its levels.

use crate::LevelNumber;

/// The number of present members at each level.
///
/// ```
/// use gamification_domain::{LevelDistribution, LevelNumber};
///
/// let level = |number| LevelNumber::new(number).unwrap();
/// let mut distribution = LevelDistribution::default();
/// distribution.set(level(1), 2);
/// distribution.set(level(4), 1);
/// assert_eq!(distribution.percentage(level(1)), 66.7);
/// assert_eq!(distribution.percentage(level(4)), 33.3);
/// assert_eq!(LevelDistribution::default().percentage(level(1)), 0.0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelDistribution([u32; LevelNumber::COUNT]);

impl LevelDistribution {
    /// Notes how many members a level has.
    pub fn set(&mut self, level: LevelNumber, members: u32) {
        if let Some(count) = self.0.get_mut(level.index()) {
            *count = members;
        }
    }

    /// Adds members to a level.
    pub fn add(&mut self, level: LevelNumber, members: u32) {
        if let Some(count) = self.0.get_mut(level.index()) {
            *count = count.saturating_add(members);
        }
    }

    /// How many members a level has.
    #[must_use]
    pub fn at(&self, level: LevelNumber) -> u32 {
        self.0.get(level.index()).copied().unwrap_or_default()
    }

    /// How many members there are at all levels together.
    #[must_use]
    pub fn members(&self) -> u64 {
        self.0.iter().copied().map(u64::from).sum()
    }

    /// The share of the members who are at this level, in percent with one decimal (half a tenth rounds up); 0 when
    /// there are no members at all.
    #[must_use]
    pub fn percentage(&self, level: LevelNumber) -> f64 {
        let all = self.members();
        let here = u64::from(self.at(level));
        let tenths = (here * 2_000 + all).checked_div(all * 2).unwrap_or(0);
        u32::try_from(tenths).map_or(0.0, |tenths| f64::from(tenths) / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_are_exact_to_half_a_tenth_and_add_up_to_nearly_all(counts in prop::array::uniform9(0_u32..=u32::MAX)) {
            let mut distribution = LevelDistribution::default();
            for (level, count) in LevelNumber::all().zip(counts) {
                distribution.set(level, count);
            }
            let all: f64 = counts.iter().map(|count| f64::from(*count)).sum();
            let mut sum = 0.0;
            for (level, count) in LevelNumber::all().zip(counts) {
                let share = distribution.percentage(level);
                sum += share;
                prop_assert!((share - f64::from(count) * 100.0 / all.max(1.0)).abs() < 0.051);
                prop_assert_eq!(format!("{share:.1}").parse::<f64>(), Ok(share));
            }
            prop_assert!(all == 0.0 || (sum - 100.0).abs() < 0.46);
        }
    }
}
