//! The ledger's part of a batch: members' points, and the entries that change them.

use std::collections::{BTreeSet, HashMap};

use super::{EntryFactory, MemberKey, MemberNeeded, Verdict};
use crate::{
    Adjustment, AppliedChange, AwardedKeys, CommunityConfiguration, CommunityId, CommunityRules, DomainEvent,
    LevelCounts, MemberPoints, OnceOnlyKey, PointChange, PointTransaction, Points, Tally, fact::Award,
    tally::Limit, tracked::Tracked,
};

/// What awards read or change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwardScope {
    /// Communities whose levels and rules judge awards; each community that is touched has some from then on.
    pub communities: BTreeSet<CommunityId>,
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
    /// The levels and rules of the communities, locked against change.
    pub configurations: Vec<CommunityConfiguration>,
    /// The points of the members that the scope names, locked against change.
    pub members: Vec<MemberPoints>,
    /// Which of the once-only keys are in the ledger.
    pub awarded_keys: AwardedKeys,
    /// What members have earned already, as far as caps go by it: those of [`Tally::of`], as they are now.
    pub tallies: Vec<Tally>,
}

/// What is posted to the ledger together.
#[derive(Clone, Debug, Default)]
pub struct LedgerChanges {
    /// Entries to append, in order.
    pub transactions: Vec<PointTransaction>,
    /// Members whose total, level or presence changed.
    pub members: Vec<MemberPoints>,
    /// What is counted for caps and has changed.
    pub tallies: Vec<Tally>,
    /// What that means for the number of present members at each level.
    pub level_counts: LevelCounts,
    /// What to publish, in order.
    pub events: Vec<DomainEvent>,
}

#[derive(Debug)]
pub(super) struct Awards {
    configurations: HashMap<CommunityId, CommunityConfiguration>,
    members: Tracked<MemberPoints>,
    awarded_keys: AwardedKeys,
    tallies: Tracked<Tally>,
    transactions: Vec<PointTransaction>,
    events: Vec<DomainEvent>,
}

/// What an award by rules came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Earned {
    pub(super) verdict: Verdict,
    /// How many points it added.
    pub(super) points: Points,
}

impl Awards {
    pub(super) fn new(loaded: AwardState) -> Self {
        let AwardState { configurations, members, awarded_keys, tallies } = loaded;
        let by_community = configurations.into_iter().map(|found| (found.levels.community_id(), found));
        Self {
            configurations: by_community.collect(),
            members: Tracked::new(members),
            awarded_keys,
            tallies: Tracked::new(tallies),
            transactions: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Awards what a fact is worth by the community's rules, as far as its caps leave room; a duplicate when its once-only
    /// key was awarded before.
    pub(super) fn earn(
        &mut self,
        community_id: CommunityId,
        award: Award<'_>,
        entries: &mut EntryFactory<'_>,
    ) -> Result<Earned, MemberNeeded> {
        if award.is_made(community_id, &self.awarded_keys) {
            return Ok(Earned { verdict: Verdict::Duplicate, points: Points::ZERO });
        }
        let key = (community_id, award.member);
        let CommunityConfiguration { levels, rules } =
            self.configurations.get(&community_id).ok_or(MemberNeeded(key))?;
        let member = self.members.get_mut(&key).ok_or(MemberNeeded(key))?;
        let worth = rules.rule(award.source).points;
        let limits: Vec<Limit> = rules.limits(award).collect();
        // Who names a tally that was not loaded is asked for it: the scope was too small.
        let room = limits.iter().map(|limit| self.tallies.get(&limit.tally).map(|tally| limit.room(tally)));
        let room: Vec<Points> = room.collect::<Option<_>>().ok_or(MemberNeeded(key))?;
        let points = room.into_iter().fold(worth, Points::min);
        let entry = entries.entry(award, points, worth, rules.version());
        let verdict = match member.award_points(entry, levels, &mut self.awarded_keys) {
            Err(overflow) => Verdict::Rejected(overflow.into()),
            Ok(None) => Verdict::Duplicate,
            Ok(Some(applied)) => {
                for limit in &limits {
                    if let Some(tally) = self.tallies.get_mut(&limit.tally) {
                        tally.add(points);
                    }
                }
                self.collect(applied);
                if points < worth { Verdict::Capped } else { Verdict::Applied }
            }
        };
        Ok(Earned { verdict, points })
    }

    /// Takes back what was earned, as far as there are points left.
    pub(super) fn take_back(
        &mut self,
        community_id: CommunityId,
        award: Award<'_>,
        points: Points,
        entries: &mut EntryFactory<'_>,
    ) -> Result<(), MemberNeeded> {
        let key = (community_id, award.member);
        let version = self.rules(key)?.version();
        let member = self.members.get_mut(&key).ok_or(MemberNeeded(key))?;
        let entry = entries.entry(award, points, points, version);
        let applied = member.deduct_points(entry, &mut self.awarded_keys);
        applied.into_iter().for_each(|applied| self.collect(applied));
        Ok(())
    }

    /// Adds or takes what an adjustment says; a duplicate when it is in the ledger.
    pub(super) fn adjust(
        &mut self,
        community_id: CommunityId,
        award: Award<'_>,
        adjustment: &Adjustment,
        entries: &mut EntryFactory<'_>,
    ) -> Result<Verdict, MemberNeeded> {
        let key = (community_id, award.member);
        let CommunityConfiguration { levels, rules } =
            self.configurations.get(&community_id).ok_or(MemberNeeded(key))?;
        let member = self.members.get_mut(&key).ok_or(MemberNeeded(key))?;
        let entry = entries.adjustment(award, adjustment, rules.version());
        let applied = match adjustment.points() {
            PointChange::Awarded(_) => member.award_points(entry, levels, &mut self.awarded_keys),
            PointChange::Deducted(_) => Ok(member.deduct_points(entry, &mut self.awarded_keys)),
        };
        Ok(match applied {
            Ok(Some(applied)) => {
                self.collect(applied);
                Verdict::Applied
            }
            Ok(None) => Verdict::Duplicate,
            Err(overflow) => Verdict::Rejected(overflow.into()),
        })
    }

    fn rules(&self, key: MemberKey) -> Result<&CommunityRules, MemberNeeded> {
        self.configurations.get(&key.0).map(|found| &found.rules).ok_or(MemberNeeded(key))
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
        let Self { members, tallies, transactions, events, .. } = self;
        let mut level_counts = LevelCounts::default();
        for (before, after) in members.differences() {
            level_counts.member_changed(before, after);
        }
        LedgerChanges {
            transactions,
            members: members.into_changed(),
            tallies: tallies.into_changed(),
            level_counts,
            events,
        }
    }
}
