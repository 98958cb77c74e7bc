//! Every community has nine levels, with thresholds that rise.

use std::collections::BTreeSet;

use gamification_domain::{CommunityId, LevelNumber, Points};

use super::{Finding, Invariant};
use crate::ports::StoredLevelConfiguration;

/// Thresholds, level 1 first; `None` when this is no configuration.
pub(super) fn thresholds(configuration: &StoredLevelConfiguration) -> Option<Vec<i64>> {
    let numbered = configuration.levels.iter().zip(LevelNumber::all());
    let thresholds = numbered.map(|((level, threshold), number)| {
        (*level == Some(i64::from(number.get()))).then_some(*threshold).flatten()
    });
    let thresholds: Vec<i64> = thresholds.collect::<Option<_>>()?;
    let is_complete =
        configuration.levels.len() == LevelNumber::COUNT && thresholds.len() == LevelNumber::COUNT;
    let is_rising = thresholds.is_sorted_by(|below, above| below < above);
    let ends = (thresholds.first().copied(), thresholds.last().copied());
    let fits = matches!(ends, (Some(0), Some(last)) if last <= i64::from(Points::MAX.get()));
    (is_complete && is_rising && fits).then_some(thresholds)
}

pub(super) fn findings(
    communities: &BTreeSet<CommunityId>,
    configurations: &[StoredLevelConfiguration],
) -> Vec<Finding> {
    let finding = |community_id, found| Finding {
        invariant: Invariant::LevelConfiguration,
        community_id,
        subject: None,
        found,
        expected: "nine levels from 0 points on, with thresholds that rise".to_owned(),
    };
    let known: BTreeSet<CommunityId> =
        configurations.iter().map(|configuration| configuration.community_id).collect();
    let missing = communities.difference(&known).map(|community| finding(*community, "none".to_owned()));
    let wrong = configurations.iter().filter(|configuration| thresholds(configuration).is_none());
    let wrong = wrong.map(|configuration| {
        let number =
            |number: &Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let level = |(level, threshold): &(Option<i64>, Option<i64>)| {
            format!("{} from {}", number(level), number(threshold))
        };
        let levels: Vec<String> = configuration.levels.iter().map(level).collect();
        finding(configuration.community_id, format!("levels {}", levels.join(", ")))
    });
    missing.chain(wrong).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn configuration(thresholds: &[i64]) -> StoredLevelConfiguration {
        let levels = thresholds.iter().zip(1..).map(|(threshold, level)| (Some(level), Some(*threshold)));
        StoredLevelConfiguration { community_id: CommunityId::new(Uuid::nil()), levels: levels.collect() }
    }

    #[test]
    fn a_configuration_is_nine_levels_in_order_with_thresholds_that_rise_from_0() {
        let good = [0, 10, 30, 60, 100, 150, 210, 280, 360];
        assert_eq!(thresholds(&configuration(&good)).as_deref(), Some(&good[..]));
        for wrong in [
            &[][..],
            &good[..8],
            &[0, 10, 30, 60, 100, 150, 210, 280, 360, 400],
            &[1, 10, 30, 60, 100, 150, 210, 280, 360],
            &[0, 10, 10, 60, 100, 150, 210, 280, 360],
            &[0, 10, 30, 60, 100, 150, 210, 280, 3_000_000_000],
        ] {
            assert_eq!(thresholds(&configuration(wrong)), None, "{wrong:?}");
        }
        let mut unnumbered = configuration(&good);
        unnumbered.levels[4].0 = Some(4);
        assert_eq!(thresholds(&unnumbered), None);
        unnumbered.levels[4] = (Some(5), None);
        assert_eq!(thresholds(&unnumbered), None);
    }
}
