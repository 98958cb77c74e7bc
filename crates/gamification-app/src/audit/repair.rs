//! An operator has derived values repaired from what they are derived from. The ledger is never changed.

use std::collections::BTreeSet;

use gamification_domain::CommunityId;

use super::{
    AuditEvent, Invariant, VerifyError, communities::CommunityCursor, level_count::repair_level_counts,
    member_repair::repair_members, members::Members, search_name::rename_members, tally::repair_tallies,
};
use crate::{
    Clock, IdGenerator,
    commands::rebuild_leaderboards,
    ports::{MemberNames, Snapshot, Store, Verification},
};

/// All that a group of communities has.
const ALL: i64 = i64::MAX;

/// Repairs what can be: counts of members, totals, levels below the rule, presence, leaderboards, names that members are
/// found by. What it did, it tells; what is off beyond that, [`super::verify`] finds.
///
/// Awards may go on meanwhile: everything is looked at again under the locks that awards take.
///
/// # Errors
/// [`VerifyError`]; what was repaired until then stays right.
pub async fn repair(
    store: &(impl Store + Verification + MemberNames),
    system: &(impl Clock + IdGenerator),
    community_id: Option<CommunityId>,
    emit: &mut (impl FnMut(AuditEvent) + Send),
) -> Result<(), VerifyError> {
    let mut cursor = CommunityCursor::begin(store, community_id, emit).await?;
    while let Some(communities) = cursor.next(store).await? {
        // Counts come first: a member's repair changes them by one, which only right ones can bear.
        let mut snapshot = store.snapshot().await?;
        let wrong_counts = snapshot.findings(Invariant::LevelCount, communities.range, ALL).await?.first;
        let mut misplaced = snapshot.findings(Invariant::Leaderboard, communities.range, ALL).await?.first;
        snapshot.end().await?;
        let miscounted: BTreeSet<CommunityId> = wrong_counts.iter().map(|wrong| wrong.community_id).collect();
        for community_id in miscounted {
            repair_level_counts(store, community_id)
                .await?
                .into_iter()
                .for_each(|finding| emit(AuditEvent::Repaired(finding)));
        }
        for finding in repair_tallies(store, system, communities.range).await? {
            emit(AuditEvent::Repaired(finding));
        }
        let mut members = Members::of(communities.range);
        while let Some(chunk) = members.next(store).await? {
            for finding in repair_members(store, system, &chunk).await? {
                emit(AuditEvent::Repaired(finding));
            }
            misplaced.extend(chunk.leaderboard_findings());
            let (misnamed, findings): (Vec<_>, Vec<_>) = chunk.search_name_findings().unzip();
            rename_members(store, &misnamed).await?;
            findings.into_iter().for_each(|finding| emit(AuditEvent::Repaired(finding)));
            emit(AuditEvent::Progress(chunk.progress()));
        }
        for community_id in misplaced.iter().map(|finding| finding.community_id).collect::<BTreeSet<_>>() {
            rebuild_leaderboards(store, (community_id, community_id)).await?;
        }
        misplaced.into_iter().for_each(|finding| emit(AuditEvent::Repaired(finding)));
    }
    Ok(())
}
