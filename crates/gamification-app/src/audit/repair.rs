//! An operator has derived values put right from what they are derived from. The ledger is never changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use gamification_domain::{
    CommunityConfiguration, CommunityId, DomainEvent, LedgerChanges, LevelConfiguration, LevelCountChange,
    LevelNumber, MemberKey, MemberLeveledUp, MemberPoints, Points, UserId,
};

use super::{
    AuditEvent, Finding, Invariant, VerifyError,
    communities::CommunityCursor,
    findings::{member_finding, presence, wrong_leaderboard_section, wrong_level_count, wrong_tally},
    members::{MemberChunk, Members},
};
use crate::{
    Chain, Clock, IdGenerator,
    commands::{default_levels, name_members, new_members, rebuild_leaderboards},
    contention, ledger,
    ports::{
        CommunityRange, LedgerRepository, MemberNames, RepairRepository, Snapshot, SourceOfTruth, Store,
        StoreError, StoredMember, UnitOfWork, Verification, WrongLevelCount, WrongTally,
    },
    transaction::{self, Ending},
};

/// How many members one transaction puts right: an award waits for them no longer than people notice.
const CHUNK: usize = 1_000;

/// How many tallies one transaction puts right: each is added up anew.
const TALLIES: usize = 100;

/// As many counts as a group of communities can have.
const ALL: i64 = i64::MAX;

/// Puts right what can be: counts of members, totals, levels below the rule, presence, leaderboards, names that members are
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
        let wrong = snapshot.wrong_level_counts(communities.range, ALL).await?;
        let sections = snapshot.wrong_leaderboard_sections(communities.range, ALL).await?;
        snapshot.end().await?;
        let mut misplaced: Vec<Finding> = sections.first.iter().map(wrong_leaderboard_section).collect();
        let miscounted: BTreeSet<CommunityId> = wrong.first.iter().map(|wrong| wrong.community_id).collect();
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

/// Who gets another name meanwhile keeps that.
async fn rename_members(store: &impl MemberNames, misnamed: &[MemberKey]) -> Result<(), StoreError> {
    if !misnamed.is_empty() {
        store.unname_members(misnamed).await?;
        name_members(store).await?;
    }
    Ok(())
}

/// Computes wrong tallies anew, under the locks of their members.
async fn repair_tallies(
    store: &(impl Store + Verification),
    system: &(impl Clock + IdGenerator),
    range: CommunityRange,
) -> Result<Vec<Finding>, StoreError> {
    let mut snapshot = store.snapshot().await?;
    let wrong = snapshot.wrong_tallies(range, ALL).await?.first;
    snapshot.end().await?;
    for wrong in wrong.chunks(TALLIES) {
        contention::retry(|| try_to_repair_tallies(store, system, wrong)).await?;
    }
    Ok(wrong.iter().map(wrong_tally).collect())
}

#[expect(clippy::disallowed_methods, reason = "a repair begins its transactions, as a command does")]
async fn try_to_repair_tallies(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    wrong: &[WrongTally],
) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let corrected = correct_tallies(&mut tx, system, wrong).await;
    transaction::end(tx, corrected).await
}

async fn correct_tallies(
    tx: &mut impl UnitOfWork,
    system: &(impl Clock + IdGenerator),
    wrong: &[WrongTally],
) -> Result<Ending<()>, StoreError> {
    let now = system.now();
    let communities: BTreeSet<CommunityId> = wrong.iter().map(|wrong| wrong.member.0).collect();
    tx.lock_configurations_shared(&default_levels(system, communities.into_iter()), now).await?;
    // From that lock to the commit nobody is erased; of who was, nothing must come back.
    let liker = |wrong: &WrongTally| Some((wrong.member.0, UserId::new(wrong.liker_id?)));
    let named = wrong.iter().flat_map(|wrong| iter::once(wrong.member).chain(liker(wrong))).collect();
    let erased = tx.erased_members(&named).await?;
    let is_there = |wrong: &&WrongTally| {
        !erased.contains(&wrong.member) && liker(wrong).is_none_or(|liker| !erased.contains(&liker))
    };
    let wrong: Vec<WrongTally> = wrong.iter().filter(is_there).cloned().collect();
    let members: BTreeSet<MemberKey> = wrong.iter().map(|wrong| wrong.member).collect();
    tx.lock(&new_members(system, members.into_iter()), now).await?;
    tx.correct_tallies(&wrong).await?;
    Ok(Ending::Commit(()))
}

/// Corrects counts by what they are off at one moment. Awards change them by what they change of the members, so that
/// they are off by the same ever after: nobody has to wait while members are counted. Only another repair would correct
/// them twice.
async fn repair_level_counts(
    store: &impl Store,
    community_id: CommunityId,
) -> Result<Vec<Finding>, StoreError> {
    contention::retry(|| try_to_repair_level_counts(store, community_id)).await
}

#[expect(clippy::disallowed_methods, reason = "a repair begins its transactions, as a command does")]
async fn try_to_repair_level_counts(
    store: &impl Store,
    community_id: CommunityId,
) -> Result<Vec<Finding>, StoreError> {
    let mut tx = store.begin().await?;
    let corrected = correct_level_counts(&mut tx, community_id).await;
    transaction::end(tx, corrected).await
}

async fn correct_level_counts(
    tx: &mut (impl RepairRepository + LedgerRepository),
    community_id: CommunityId,
) -> Result<Ending<Vec<Finding>>, StoreError> {
    tx.lock_level_count_repair().await?;
    let wrong = tx.count_present_members(community_id).await?;
    let changes: Vec<LevelCountChange> = wrong.iter().filter_map(correction).collect();
    tx.change_level_counts(&changes).await?;
    Ok(Ending::Commit(wrong.iter().map(wrong_level_count).collect()))
}

/// A level that there is not can't be counted; the database's own rules see to it that there is none.
fn correction(wrong: &WrongLevelCount) -> Option<LevelCountChange> {
    let WrongLevelCount { community_id, level, noted, counted } = *wrong;
    let level = LevelNumber::new(i64::from(level)).ok()?;
    Some(LevelCountChange { community_id, level, members: counted - noted })
}

async fn repair_members(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    chunk: &MemberChunk,
) -> Result<Vec<Finding>, StoreError> {
    let mut by_community: BTreeMap<CommunityId, Vec<&StoredMember>> = BTreeMap::new();
    for row in chunk.to_repair() {
        by_community.entry(row.member.0).or_default().push(row);
    }
    let mut repaired = Vec::new();
    for (community_id, rows) in by_community {
        for rows in rows.chunks(CHUNK) {
            let last_seen = rows.iter().map(|row| (row.member.1, LastSeen::of(row, chunk))).collect();
            repaired.extend(repair_some(store, system, community_id, &last_seen).await?);
        }
    }
    Ok(repaired)
}

/// What was seen of a member before they were locked.
struct LastSeen {
    /// Their level as it was stored, unchecked.
    level: i64,
    /// The level that their newest level-up event says, if one is still kept.
    announced: Option<i64>,
}

impl LastSeen {
    fn of(row: &StoredMember, chunk: &MemberChunk) -> Self {
        Self { level: i64::from(row.current_level), announced: chunk.announced_level(row.member) }
    }

    /// The level that receivers of events have a member at.
    fn announced_level(&self, member: &MemberPoints) -> LevelNumber {
        let stored = member.current_level();
        // A level that changed since then was announced by that change.
        let announced = self.announced.filter(|_| i64::from(stored.get()) == self.level);
        announced.and_then(|level| LevelNumber::new(level).ok()).unwrap_or(stored)
    }
}

async fn repair_some(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    community_id: CommunityId,
    last_seen: &BTreeMap<UserId, LastSeen>,
) -> Result<Vec<Finding>, StoreError> {
    match contention::retry(|| try_to_repair(store, system, community_id, last_seen)).await {
        Err(error @ StoreError::Corrupt(_)) => {
            // One community that can't be understood does not hold up the others; the audit tells what is off in it.
            tracing::warn!(%community_id, error = %Chain(&error), "members could not be repaired");
            Ok(Vec::new())
        }
        outcome => outcome,
    }
}

#[expect(clippy::disallowed_methods, reason = "a repair begins its transactions, as a command does")]
async fn try_to_repair(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    community_id: CommunityId,
    last_seen: &BTreeMap<UserId, LastSeen>,
) -> Result<Vec<Finding>, StoreError> {
    let mut tx = store.begin().await?;
    let repaired = repair_in(&mut tx, system, community_id, last_seen).await;
    transaction::end(tx, repaired).await
}

/// Takes the locks of an award, in their order: level configuration, members, then counts and events.
async fn repair_in(
    tx: &mut impl UnitOfWork,
    system: &(impl Clock + IdGenerator),
    community_id: CommunityId,
    last_seen: &BTreeMap<UserId, LastSeen>,
) -> Result<Ending<Vec<Finding>>, StoreError> {
    let now = system.now();
    let defaults = default_levels(system, std::iter::once(community_id));
    let configurations = tx.lock_configurations_shared(&defaults, now).await?;
    let Some(CommunityConfiguration { levels, rules: _ }) = configurations.first() else {
        return Ok(Ending::Rollback(Vec::new()));
    };
    let mut keys: BTreeSet<MemberKey> = last_seen.keys().map(|user_id| (community_id, *user_id)).collect();
    // Who was erased since they were seen must not come into being again.
    for erased in tx.erased_members(&keys).await? {
        keys.remove(&erased);
    }
    let members = tx.lock(&new_members(system, keys.iter().copied()), now).await?;
    let sources_of_truth = tx.sources_of_truth(&keys).await?;
    let sources_of_truth: BTreeMap<UserId, SourceOfTruth> = sources_of_truth
        .into_iter()
        .map(|source_of_truth| (source_of_truth.user_id, source_of_truth))
        .collect();

    let mut repairs = Repairs::default();
    for member in members {
        if let (Some(source_of_truth), Some(last_seen)) =
            (sources_of_truth.get(&member.user_id()), last_seen.get(&member.user_id()))
        {
            repairs.repair_member(&member, source_of_truth, last_seen, levels);
        }
    }
    let Repairs { changes, findings } = repairs;
    // Level-ups that a repair finds are in the outbox; nobody scrapes or follows the log of a command.
    let _ = ledger::post(tx, system, changes, now).await?;
    Ok(Ending::Commit(findings))
}

/// What is to be written.
#[derive(Default)]
struct Repairs {
    changes: LedgerChanges,
    findings: Vec<Finding>,
}

impl Repairs {
    /// Puts a member right, if something is off: the total is the ledger's sum, the level is raised to the rule and
    /// never lowered, presence is the directory's.
    fn repair_member(
        &mut self,
        member: &MemberPoints,
        source_of_truth: &SourceOfTruth,
        last_seen: &LastSeen,
        levels: &LevelConfiguration,
    ) {
        // A ledger whose sum no total can be is for people to look at.
        let total = Points::new(source_of_truth.ledger_points).unwrap_or(member.total_points());
        let mut right = MemberPoints::restore(
            member.id(),
            member.community_id(),
            member.user_id(),
            total,
            member.current_level(),
            source_of_truth.is_present,
        );
        let level_up = right.recalculate_level(levels);
        if right == *member {
            return;
        }
        self.changes
            .events
            .extend(level_up.and_then(|event| since_announced(event, last_seen.announced_level(member))));
        self.note(member, &right);
        self.changes.level_counts.member_changed(Some(member), &right);
        self.changes.members.push(right);
    }

    fn note(&mut self, was: &MemberPoints, is: &MemberPoints) {
        let key = (was.community_id(), was.user_id());
        let mut note = |invariant, found: String, expected: String| {
            if found != expected {
                self.findings.push(member_finding(invariant, key, found, expected));
            }
        };
        note(Invariant::Total, was.total_points().get().to_string(), is.total_points().get().to_string());
        note(Invariant::Level, was.current_level().get().to_string(), is.current_level().get().to_string());
        note(Invariant::Presence, presence(was.is_present()), presence(is.is_present()));
    }
}

/// Tells of a rise from the level that was last announced, so that the chain has no gap and no repetition: a level that was
/// lost without a word is found again without one.
fn since_announced(event: DomainEvent, announced: LevelNumber) -> Option<DomainEvent> {
    match event {
        DomainEvent::MemberLeveledUp(level_up) => (level_up.new_level > announced)
            .then_some(DomainEvent::MemberLeveledUp(MemberLeveledUp { old_level: announced, ..level_up })),
        DomainEvent::PointsAwarded(_) | DomainEvent::PointsDeducted(_) => None,
    }
}
