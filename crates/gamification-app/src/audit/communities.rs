//! Going through communities, group by group.

use std::collections::BTreeSet;

use gamification_domain::CommunityId;
use uuid::Uuid;

use super::{AuditEvent, Invariant, VerifyError, level_configuration};
use crate::ports::{CommunityRange, Sample, Snapshot, StoreError, Verification};

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
    let mut samples = Vec::new();
    for invariant in Invariant::ALL {
        samples.push((invariant, snapshot.findings(invariant, range, SAMPLE).await?));
    }
    snapshot.end().await?;

    for finding in level_configuration::findings(&communities.ids, &configurations) {
        emit(AuditEvent::Finding(finding));
    }
    for (invariant, Sample { first, count }) in samples {
        let emitted = u64::try_from(first.len()).unwrap_or(u64::MAX);
        first.into_iter().for_each(|finding| emit(AuditEvent::Finding(finding)));
        if count > emitted {
            emit(AuditEvent::Omitted(invariant, count - emitted));
        }
    }
    Ok(())
}
