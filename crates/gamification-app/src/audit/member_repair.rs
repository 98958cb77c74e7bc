//! Totals, levels and presence of members are repaired together, under the locks of an award.

use std::collections::{BTreeMap, BTreeSet};

use gamification_domain::{
    CommunityConfiguration, CommunityId, DomainEvent, LedgerChanges, LevelConfiguration, LevelNumber,
    MemberKey, MemberLeveledUp, MemberPoints, Points, UserId,
};

use super::{
    Finding, Invariant,
    members::{MemberChunk, presence},
};
use crate::{
    Chain, Clock, IdGenerator,
    commands::{default_levels, new_members},
    contention, ledger,
    ports::{ConfigurationLock, SourceOfTruth, Store, StoreError, StoredMember, UnitOfWork},
    transaction::{self, Ending},
};

/// How many members one transaction repairs: an award waits for them no longer than people notice.
const CHUNK: usize = 1_000;

pub(super) async fn repair_members(
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
    let configurations = tx.lock_configurations(ConfigurationLock::Shared, &defaults, now).await?;
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
    /// Repairs a member, if something is off: the total is the ledger's sum, the level is raised to the rule and
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
                self.findings.push(Finding::of_member(invariant, key, found, expected));
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
