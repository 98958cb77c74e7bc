//! The ledger's part of a batch: members' points, and the entries that change them.

use std::collections::{BTreeSet, HashMap};

use super::{MemberKey, MemberNeeded, Verdict};
use crate::{
    AppliedChange, AwardedKeys, CommunityId, DomainEvent, LevelConfiguration, LevelCounts, MemberPoints,
    OnceOnlyKey, PointEntry, PointTransaction, UserId, fact::Award, tracked::Tracked,
};

/// What awards read or change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwardScope {
    /// Communities whose level configuration judges awards; each community that is touched has one from then on.
    pub level_configurations: BTreeSet<CommunityId>,
    /// Members whose points may change, or who exist with 0 points from then on.
    pub members: BTreeSet<MemberKey>,
    /// Awards that may be in the ledger already.
    pub once_only_keys: BTreeSet<OnceOnlyKey>,
}

impl AwardScope {
    pub(super) fn include_award(&mut self, community_id: CommunityId, award: Award<'_>) {
        let Award { source, source_id, member, .. } = award;
        self.members.insert((community_id, member));
        self.once_only_keys.extend(OnceOnlyKey::of(community_id, source, source_id, member));
    }
}

/// What was loaded for an [`AwardScope`].
#[derive(Clone, Debug, Default)]
pub struct AwardState {
    /// The level configurations, locked against a change of thresholds.
    pub level_configurations: Vec<LevelConfiguration>,
    /// The members' points, locked.
    pub members: Vec<MemberPoints>,
    /// Which of the once-only keys are in the ledger.
    pub awarded_keys: AwardedKeys,
}

/// What is posted to the ledger together.
#[derive(Clone, Debug, Default)]
pub struct LedgerChanges {
    /// Entries to append, in order.
    pub transactions: Vec<PointTransaction>,
    /// Members whose total, level or presence changed.
    pub members: Vec<MemberPoints>,
    /// What that means for the number of present members at each level.
    pub level_counts: LevelCounts,
    /// What to publish, in order.
    pub events: Vec<DomainEvent>,
}

#[derive(Debug)]
pub(super) struct Awards {
    level_configurations: HashMap<CommunityId, LevelConfiguration>,
    members: Tracked<MemberPoints>,
    awarded_keys: AwardedKeys,
    transactions: Vec<PointTransaction>,
    events: Vec<DomainEvent>,
}

impl Awards {
    pub(super) fn new(loaded: AwardState) -> Self {
        let AwardState { level_configurations, members, awarded_keys } = loaded;
        let by_community = level_configurations.into_iter().map(|levels| (levels.community_id(), levels));
        Self {
            level_configurations: by_community.collect(),
            members: Tracked::new(members),
            awarded_keys,
            transactions: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Awards points; a duplicate when the award's once-only key was awarded before.
    pub(super) fn award(
        &mut self,
        community_id: CommunityId,
        member: UserId,
        entry: PointEntry,
    ) -> Result<Verdict, MemberNeeded> {
        let key = (community_id, member);
        let levels = self.level_configurations.get(&community_id).ok_or(MemberNeeded(key))?;
        let member = self.members.get_mut(&key).ok_or(MemberNeeded(key))?;
        Ok(match member.award_points(entry, levels, &mut self.awarded_keys) {
            Ok(Some(applied)) => {
                self.collect(applied);
                Verdict::Applied
            }
            Ok(None) => Verdict::Duplicate,
            Err(overflow) => Verdict::Rejected(overflow.into()),
        })
    }

    /// Takes points away, as far as there are any; a duplicate when nothing changes: there are none, or the entry's
    /// once-only key is in the ledger.
    pub(super) fn deduct(
        &mut self,
        community_id: CommunityId,
        member: UserId,
        entry: PointEntry,
    ) -> Result<Verdict, MemberNeeded> {
        let key = (community_id, member);
        let member = self.members.get_mut(&key).ok_or(MemberNeeded(key))?;
        Ok(match member.deduct_points(entry, &mut self.awarded_keys) {
            Some(applied) => {
                self.collect(applied);
                Verdict::Applied
            }
            None => Verdict::Duplicate,
        })
    }

    /// Whether the member counts in the distribution. Without a record of points they never do.
    pub(super) fn set_present(&mut self, key: MemberKey, is_present: bool) {
        if let Some(member) = self.members.get_mut(&key) {
            member.set_present(is_present);
        }
    }

    fn collect(&mut self, AppliedChange { transaction, events }: AppliedChange) {
        self.transactions.push(transaction);
        self.events.extend(events);
    }

    pub(super) fn into_changes(self) -> LedgerChanges {
        let Self { members, transactions, events, .. } = self;
        let mut level_counts = LevelCounts::default();
        for (before, after) in members.differences() {
            level_counts.member_changed(before, after);
        }
        LedgerChanges { transactions, members: members.into_changed(), level_counts, events }
    }
}
