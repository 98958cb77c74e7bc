//! How many present members a level has: the changes of that number, computed in this one place.

use std::collections::BTreeMap;

use crate::{CommunityId, LevelNumber, MemberPoints};

/// A change of how many present members a level has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelCountChange {
    /// The community whose members are counted.
    pub community_id: CommunityId,
    /// The level they are at.
    pub level: LevelNumber,
    /// How many more, or, if negative, fewer; never 0.
    pub members: i64,
}

/// Collects what changes of members mean for the counts.
#[derive(Clone, Debug, Default)]
pub struct LevelCounts(BTreeMap<(CommunityId, LevelNumber), i64>);

impl LevelCounts {
    /// A member changed from `before`, which is `None` when they are new, to `after`.
    pub fn member_changed(&mut self, before: Option<&MemberPoints>, after: &MemberPoints) {
        for (member, count) in before.map(|before| (before, -1)).into_iter().chain([(after, 1)]) {
            if member.is_present() {
                self.add(member.community_id(), member.current_level(), count);
            }
        }
    }

    /// A present member leveled up from one level to another.
    pub fn member_leveled_up(&mut self, community_id: CommunityId, from: LevelNumber, to: LevelNumber) {
        self.add(community_id, from, -1);
        self.add(community_id, to, 1);
    }

    fn add(&mut self, community_id: CommunityId, level: LevelNumber, members: i64) {
        *self.0.entry((community_id, level)).or_default() += members;
    }

    /// The changes, sorted by community and level; what cancels out is not among them.
    #[must_use]
    pub fn into_changes(self) -> Vec<LevelCountChange> {
        let changes = self.0.into_iter().filter(|(_, members)| *members != 0);
        changes
            .map(|((community_id, level), members)| LevelCountChange { community_id, level, members })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{MemberPointsId, Points, UserId};

    const COMMUNITY: CommunityId = CommunityId::new(Uuid::from_u128(1));

    fn member(level: i64, is_present: bool) -> MemberPoints {
        let (id, user) = (MemberPointsId::new(Uuid::nil()), UserId::new(Uuid::nil()));
        MemberPoints::restore(id, COMMUNITY, user, Points::ZERO, LevelNumber::new(level).unwrap(), is_present)
    }

    fn changes(counts: LevelCounts) -> Vec<(u8, i64)> {
        counts.into_changes().iter().map(|change| (change.level.get(), change.members)).collect()
    }

    #[test]
    fn only_present_members_count_and_what_cancels_out_is_no_change() {
        let mut counts = LevelCounts::default();
        counts.member_changed(None, &member(1, true));
        counts.member_changed(None, &member(5, false));
        counts.member_changed(Some(&member(2, false)), &member(3, true));
        counts.member_changed(Some(&member(4, true)), &member(4, true));
        assert_eq!(changes(counts), [(1, 1), (3, 1)]);
    }

    #[test]
    fn who_leaves_or_levels_up_is_taken_from_the_level_before() {
        let mut counts = LevelCounts::default();
        counts.member_changed(Some(&member(2, true)), &member(2, false));
        let level = |number| LevelNumber::new(number).unwrap();
        counts.member_leveled_up(COMMUNITY, level(3), level(6));
        assert_eq!(changes(counts), [(2, -1), (3, -1), (6, 1)]);
    }
}
