//! Going through members, chunk by chunk.

use std::collections::{BTreeMap, BTreeSet};

use gamification_domain::{CommunityId, DirectoryText, MemberKey, UserId};
use uuid::Uuid;

use super::{
    AuditProgress, Finding, Invariant, communities::after, leaderboard, level_configuration, search_name,
};
use crate::ports::{CommunityRange, Snapshot, StoreError, StoredMember, Verification};

/// How many members are looked at together; each has their lines in the ledger summed up.
const MEMBERS: i64 = 5_000;

/// The members of some communities, chunk by chunk.
pub(super) struct Members {
    first: Option<MemberKey>,
    last: CommunityId,
}

/// Some members, and what they are judged by; all of it is of one moment.
pub(super) struct MemberChunk {
    members: Vec<StoredMember>,
    thresholds: BTreeMap<CommunityId, Vec<i64>>,
    recalculating: BTreeSet<CommunityId>,
    announced_levels: BTreeMap<MemberKey, i64>,
}

impl Members {
    pub(super) fn of((first, last): CommunityRange) -> Self {
        Self { first: Some((first, UserId::new(Uuid::nil()))), last }
    }

    /// The next chunk of members, in the order of their keys; empty at the end.
    pub(super) async fn next(
        &mut self,
        verification: &impl Verification,
    ) -> Result<Option<MemberChunk>, StoreError> {
        let Some(first) = self.first else {
            return Ok(None);
        };
        let mut snapshot = verification.snapshot().await?;
        let members = snapshot.members(first, self.last, MEMBERS).await?;
        let ends = (members.first().map(|row| row.member), members.last().map(|row| row.member));
        let (Some(first), Some(last)) = ends else {
            snapshot.end().await?;
            return Ok(None);
        };
        let range = (first.0, last.0);
        let configurations = snapshot.level_configurations(range).await?;
        let thresholds = configurations.iter().filter_map(|configuration| {
            Some((configuration.community_id, level_configuration::thresholds(configuration)?))
        });
        let mut chunk = MemberChunk {
            members,
            thresholds: thresholds.collect(),
            recalculating: snapshot.recalculating(range).await?,
            announced_levels: BTreeMap::new(),
        };
        chunk.ask_for_details(&mut snapshot).await?;
        snapshot.end().await?;
        self.first = match after(last.1.as_uuid()) {
            Some(user) => Some((last.0, UserId::new(user))),
            None => after(last.0.as_uuid())
                .map(|community| (CommunityId::new(community), UserId::new(Uuid::nil()))),
        };
        Ok(Some(chunk))
    }
}

impl MemberChunk {
    /// What is of interest only where something is off.
    async fn ask_for_details(&mut self, snapshot: &mut impl Snapshot) -> Result<(), StoreError> {
        let keys = |rows: &mut dyn Iterator<Item = &StoredMember>| rows.map(|row| row.member).collect();
        let below: BTreeSet<MemberKey> =
            keys(&mut self.to_repair().filter(|row| self.below_level(row).is_some()));
        if !below.is_empty() {
            self.announced_levels = snapshot.announced_levels(&below).await?.into_iter().collect();
        }
        Ok(())
    }

    /// The level that some points reach, where that is known.
    fn level_for(&self, community_id: CommunityId, points: i64) -> Option<i64> {
        let reached = self.thresholds.get(&community_id)?.iter().filter(|threshold| **threshold <= points);
        i64::try_from(reached.count()).ok()
    }

    /// Members of whom something is off that can be repaired. Where levels are not known, nothing is.
    pub(super) fn to_repair(&self) -> impl Iterator<Item = &StoredMember> {
        self.members.iter().filter(|row| {
            self.thresholds.contains_key(&row.member.0) && self.member_findings(row).next().is_some()
        })
    }

    /// The level that a member's newest level-up event says, if one is still kept.
    pub(super) fn announced_level(&self, member: MemberKey) -> Option<i64> {
        self.announced_levels.get(&member).copied()
    }

    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        let of_members = self.members.iter().flat_map(|row| self.member_findings(row));
        of_members
            .chain(self.leaderboard_findings())
            .chain(self.search_name_findings().map(|(_, finding)| finding))
    }

    /// Members who are found by another name than theirs.
    pub(super) fn search_name_findings(&self) -> impl Iterator<Item = (MemberKey, Finding)> {
        self.members.iter().filter_map(|row| Some((row.member, search_name::finding(row)?)))
    }

    /// Members whose place on leaderboards is not the one that follows from the ledger and the directory.
    pub(super) fn leaderboard_findings(&self) -> impl Iterator<Item = Finding> {
        self.members.iter().filter_map(leaderboard::entry_finding)
    }

    fn member_findings(&self, row: &StoredMember) -> impl Iterator<Item = Finding> + use<> {
        let finding = |invariant, found, expected| Finding::of_member(invariant, row.member, found, expected);
        let total = (i64::from(row.total_points) != row.ledger_points)
            .then(|| finding(Invariant::Total, row.total_points.to_string(), row.ledger_points.to_string()));
        let level = self.below_level(row).filter(|_| !self.recalculating.contains(&row.member.0));
        let level =
            level.map(|level| finding(Invariant::Level, row.current_level.to_string(), level.to_string()));
        let presence = (row.is_present != row.is_present_in_directory).then(|| {
            finding(Invariant::Presence, presence(row.is_present), presence(row.is_present_in_directory))
        });
        [total, level, presence].into_iter().flatten()
    }

    /// The level that a member's points reach, when they are below it. What counts is the ledger: where the total is
    /// off, that is a finding of its own.
    fn below_level(&self, row: &StoredMember) -> Option<i64> {
        let level = self.level_for(row.member.0, row.ledger_points)?;
        (level > i64::from(row.current_level)).then_some(level)
    }

    pub(super) fn awaiting_level_up(&self) -> BTreeMap<CommunityId, u64> {
        let mut members = BTreeMap::new();
        let rows = self.members.iter().filter(|row| self.recalculating.contains(&row.member.0));
        for row in rows.filter(|row| self.below_level(row).is_some()) {
            *members.entry(row.member.0).or_default() += 1;
        }
        members
    }

    pub(super) fn progress(&self) -> AuditProgress {
        let entries: i64 = self.members.iter().map(|row| row.ledger_entries).sum();
        AuditProgress {
            communities: 0,
            members: u64::try_from(self.members.len()).unwrap_or(u64::MAX),
            transactions: u64::try_from(entries).unwrap_or_default(),
        }
    }
}

pub(super) fn presence(is_present: bool) -> String {
    if is_present { "present" } else { "absent" }.to_owned()
}

/// The name that a member is shown by; nothing that can't be one is.
pub(super) fn name_of(row: &StoredMember) -> Option<DirectoryText> {
    row.display_name.as_deref().and_then(|name| DirectoryText::parse(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(row: StoredMember, recalculating: bool) -> MemberChunk {
        let community = row.member.0;
        MemberChunk {
            members: vec![row],
            thresholds: BTreeMap::from([(community, vec![0, 10, 30, 60, 100, 150, 210, 280, 360])]),
            recalculating: if recalculating { BTreeSet::from([community]) } else { BTreeSet::new() },
            announced_levels: BTreeMap::new(),
        }
    }

    fn member(total_points: i32, current_level: i16) -> StoredMember {
        StoredMember {
            member: (CommunityId::new(Uuid::nil()), UserId::new(Uuid::nil())),
            total_points,
            current_level,
            is_present: true,
            is_present_in_directory: true,
            ledger_points: i64::from(total_points),
            ledger_entries: 1,
            display_name: None,
            search_name: None,
            leaderboard: None,
        }
    }

    fn invariants(chunk: &MemberChunk) -> Vec<Invariant> {
        chunk.findings().map(|finding| finding.invariant).collect()
    }

    #[test]
    fn a_member_may_be_above_the_level_of_their_points_but_not_below() {
        for (total, level, below) in
            [(0, 1, false), (9, 1, false), (10, 1, true), (0, 9, false), (400, 8, true)]
        {
            let expected = if below { vec![Invariant::Level] } else { vec![] };
            assert_eq!(invariants(&chunk(member(total, level), false)), expected, "{total} at {level}");
        }
    }

    #[test]
    fn who_is_below_their_level_while_members_are_leveled_up_is_noted_and_not_off() {
        let leveling_up = chunk(member(10, 1), true);
        assert_eq!((invariants(&leveling_up), leveling_up.to_repair().count()), (vec![], 0));
        assert_eq!(leveling_up.awaiting_level_up().into_values().collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn total_and_presence_are_compared_with_what_they_come_from() {
        let mut row = member(10, 2);
        row.ledger_points = 11;
        row.is_present_in_directory = false;
        let chunk = chunk(row, false);
        assert_eq!(invariants(&chunk), [Invariant::Total, Invariant::Presence]);
        let findings: Vec<String> = chunk.findings().map(|finding| finding.to_string()).collect();
        let nil = Uuid::nil();
        assert_eq!(findings[0], format!("total: community {nil}, member {nil}: found 10, expected 11"));
    }
}
