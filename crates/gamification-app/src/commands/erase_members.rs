//! Members are erased: their communities keep numbers that lead to nobody.
//!
//! What is found by the member is done here, in one transaction that excludes the awards of their communities: an award is
//! judged before the erasure or after it, never by half. What has no index by user follows in a
//! [sweep](super::sweep_erasures).

use std::collections::{BTreeMap, BTreeSet};

use gamification_domain::{
    Aggregate, Community, CommunityConfiguration, CommunityId, FactRecord, LedgerChanges, LevelConfiguration,
    MemberKey, MemberPoints, UserId, Verdict,
};
use time::OffsetDateTime;

use super::default_levels;
use crate::{
    Clock, IdGenerator,
    ledger::{self, Posted},
    observation,
    ports::{
        ConfigurationLock, ConfigurationRepository, Erased, ErasureRepository, LedgerRepository, Outbox,
        Repository, Store, StoreError,
    },
    transaction::{self, Ending},
};

/// Erases the members whom facts name, all or none, and gives each fact's verdict. A user whom no event has named is
/// erased as well: later facts about them have no effect.
///
/// # Errors
/// [`StoreError`] when the database failed, or other transactions were in the way. Nothing was changed then, unless the
/// failure is that of the commit itself.
#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
pub(crate) async fn erase_members_once(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    records: &[FactRecord],
) -> Result<Vec<Verdict>, StoreError> {
    let members: BTreeSet<MemberKey> = records.iter().flat_map(FactRecord::members).collect();
    let mut tx = store.begin().await?;
    let erased = erase_in(&mut tx, system, &members).await;
    let (mut erased, posted) = transaction::end(tx, erased).await?;
    let verdicts: Vec<Verdict> = records
        .iter()
        .map(|record| match record.members().next() {
            // The nil UUID stands for nobody.
            None => Verdict::Ignored,
            // A second fact about the same member finds them erased.
            Some(member) if erased.remove(&member) => Verdict::Applied,
            Some(_) => Verdict::Duplicate,
        })
        .collect();
    observation::facts_recorded(records, &verdicts, system.now());
    posted.committed();
    Ok(verdicts)
}

/// Erases members; gives those who were not erased before, and what their pseudonyms' points came to.
async fn erase_in(
    tx: &mut (
             impl Repository<Community> + ConfigurationRepository + ErasureRepository + LedgerRepository + Outbox
         ),
    system: &(impl Clock + IdGenerator),
    members: &BTreeSet<MemberKey>,
) -> Result<Ending<(BTreeSet<MemberKey>, Posted)>, StoreError> {
    let now = system.now();
    let communities: BTreeSet<CommunityId> = members.iter().map(|(community_id, _)| *community_id).collect();
    // A change of a membership holds its community: none can come back while awards are waited for.
    let known: Vec<Community> = communities.iter().copied().map(Community::new).collect();
    tx.lock(&known, now).await?;
    tx.delete_memberships(members).await?;
    let defaults = default_levels(system, communities.into_iter());
    let configurations = tx.lock_configurations(ConfigurationLock::Exclusive, &defaults, now).await?;
    let erased = tx.note_erasures(members, now).await?;
    if erased.is_empty() {
        return Ok(Ending::Rollback((BTreeSet::new(), Posted::default())));
    }
    let posted = erase_points(tx, system, &erased, &configurations, now).await?;
    let erased = erased.into_iter().map(|Erased { member, pseudonym: _ }| member);
    Ok(Ending::Commit((erased.collect(), posted)))
}

/// Gives totals and levels to the pseudonyms, which no read shows and no level counts.
async fn erase_points(
    tx: &mut (impl ErasureRepository + LedgerRepository + Outbox),
    ids: &impl IdGenerator,
    erased: &[Erased],
    configurations: &[CommunityConfiguration],
    now: OffsetDateTime,
) -> Result<Posted, StoreError> {
    let pseudonyms: BTreeMap<MemberKey, UserId> =
        erased.iter().map(|Erased { member, pseudonym }| (*member, *pseudonym)).collect();
    let levels: BTreeMap<CommunityId, &LevelConfiguration> =
        configurations.iter().map(|found| (found.levels.community_id(), &found.levels)).collect();
    let mut members: Vec<MemberPoints> =
        tx.lock_points_of_erased(&pseudonyms.keys().copied().collect()).await?;
    let mut changes = LedgerChanges::default();
    for member in &mut members {
        let before = member.clone();
        if let (Some(pseudonym), Some(levels)) =
            (pseudonyms.get(&before.key()), levels.get(&before.community_id()))
        {
            changes.events.extend(member.erase(*pseudonym, levels));
            changes.level_counts.member_changed(Some(&before), member);
        }
    }
    tx.save_erased(&members).await?;
    ledger::post(tx, ids, changes, now).await
}
