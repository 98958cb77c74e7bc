//! Going through communities, group by group.

use std::collections::BTreeSet;

use gamification_domain::{CommunityId, LevelNumber, Points};
use uuid::Uuid;

use super::{
    AuditEvent, Finding, Invariant, VerifyError,
    findings::{
        broken_event, delivery_gap, member_without_points, repeated_award, wrong_leaderboard_section,
        wrong_level_count, wrong_like, wrong_tally,
    },
};
use crate::ports::{CommunityRange, Sample, Snapshot, StoreError, StoredLevelConfiguration, Verification};

/// How many communities are looked at together: small ones cost little more than one.
const COMMUNITIES: i64 = 100;

/// How many of each kind are asked for where there may be any number; the others are counted.
const SAMPLE: i64 = 100;

/// Communities, group by group.
pub(super) struct CommunityCursor {
    first: Option<CommunityId>,
    last: CommunityId,
}

/// Some communities that follow one another.
pub(super) struct Communities {
    ids: BTreeSet<CommunityId>,
    pub(super) range: CommunityRange,
}

impl Communities {
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.ids.len()).unwrap_or(u64::MAX)
    }
}

impl CommunityCursor {
    /// Over one community, or all of them.
    pub(super) async fn begin(
        verification: &impl Verification,
        only: Option<CommunityId>,
        emit: &mut (impl FnMut(AuditEvent) + Send),
    ) -> Result<Self, VerifyError> {
        let everything = (CommunityId::new(Uuid::nil()), CommunityId::new(Uuid::max()));
        let (first, last) = only.map_or(everything, |only| (only, only));
        let mut snapshot = verification.snapshot().await?;
        if let Some(only) = only
            && snapshot.communities(only, 1).await? != [only]
        {
            return Err(VerifyError::CommunityUnknown(only));
        }
        emit(AuditEvent::MemberCount(snapshot.count_members((first, last)).await?));
        snapshot.end().await?;
        Ok(Self { first: Some(first), last })
    }

    pub(super) async fn next(
        &mut self,
        verification: &impl Verification,
    ) -> Result<Option<Communities>, StoreError> {
        let Some(first) = self.first else {
            return Ok(None);
        };
        let mut snapshot = verification.snapshot().await?;
        let ids = snapshot.communities(first, COMMUNITIES).await?;
        snapshot.end().await?;
        let ids: BTreeSet<CommunityId> = ids.into_iter().filter(|id| *id <= self.last).collect();
        let (Some(first), Some(last)) = (ids.first().copied(), ids.last().copied()) else {
            return Ok(None);
        };
        self.first = after(last.as_uuid()).map(CommunityId::new);
        Ok(Some(Communities { ids, range: (first, last) }))
    }
}

/// The next UUID; nothing comes after the greatest.
pub(super) fn after(id: Uuid) -> Option<Uuid> {
    id.as_u128().checked_add(1).map(Uuid::from_u128)
}

pub(super) async fn verify_communities(
    verification: &impl Verification,
    communities: &Communities,
    emit: &mut (impl FnMut(AuditEvent) + Send),
) -> Result<(), StoreError> {
    let range = communities.range;
    let mut snapshot = verification.snapshot().await?;
    let configurations = snapshot.level_configurations(range).await?;
    let level_counts = snapshot.wrong_level_counts(range, SAMPLE).await?;
    let awards = snapshot.repeated_awards(range, SAMPLE).await?;
    let likes = snapshot.wrong_likes(range, SAMPLE).await?;
    let members = snapshot.members_without_points(range, SAMPLE).await?;
    let events = snapshot.broken_events(range, SAMPLE).await?;
    let deliveries = snapshot.delivery_gaps(range, SAMPLE).await?;
    let sections = snapshot.wrong_leaderboard_sections(range, SAMPLE).await?;
    let tallies = snapshot.wrong_tallies(range, SAMPLE).await?;
    snapshot.end().await?;

    for finding in level_configuration_findings(&communities.ids, &configurations) {
        emit(AuditEvent::Finding(finding));
    }
    emit_sample(level_counts, Invariant::LevelCount, |wrong| wrong_level_count(&wrong), emit);
    emit_sample(awards, Invariant::OnceOnlyAward, repeated_award, emit);
    emit_sample(likes, Invariant::Like, wrong_like, emit);
    emit_sample(members, Invariant::RecordOfPoints, member_without_points, emit);
    emit_sample(events, Invariant::OutgoingEvent, broken_event, emit);
    emit_sample(deliveries, Invariant::Delivery, delivery_gap, emit);
    emit_sample(tallies, Invariant::Tally, |wrong| wrong_tally(&wrong), emit);
    emit_sample(sections, Invariant::Leaderboard, |wrong| wrong_leaderboard_section(&wrong), emit);
    Ok(())
}

fn emit_sample<T>(
    Sample { first, count }: Sample<T>,
    invariant: Invariant,
    finding: impl Fn(T) -> Finding,
    emit: &mut impl FnMut(AuditEvent),
) {
    let emitted = u64::try_from(first.len()).unwrap_or(u64::MAX);
    for off in first {
        emit(AuditEvent::Finding(finding(off)));
    }
    if count > emitted {
        emit(AuditEvent::Omitted(invariant, count - emitted));
    }
}

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

fn level_configuration_findings(
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
