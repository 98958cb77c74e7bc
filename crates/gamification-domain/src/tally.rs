//! What members have earned from a source on a day, which caps go by.

use std::collections::{BTreeMap, HashMap};

use time::Date;

use crate::{
    Aggregate, AwardedKeys, CommunityId, CommunityRules, CountedSince, FactRecord, LikeKey, MemberKey,
    MemberPoints, MemberPointsId, PointSource, Points, UserId,
    fact::{Award, Effect},
};

/// Which tally: there is one for each member, source and day, and one for each liker of those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TallyKey {
    /// Who earned the points, and where.
    pub member: MemberKey,
    /// What they were earned by.
    pub source: PointSource,
    /// The day in UTC on which the facts happened.
    pub day: Date,
    /// Whose likes they were earned by; `None` for the sum of all.
    pub liker_id: Option<UserId>,
}

/// What a member has earned from a source on a day (an aggregate): the sum of the awards, also of those taken back since.
///
/// It follows from the ledger, and is kept so that no award has to add up others. The lock on the member's points is its
/// lock, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Of whom, of what and of which day.
    pub key: TallyKey,
    /// The member's record of points, which the ledger's entries name.
    pub member_points_id: MemberPointsId,
    /// Since when it has been counted: the cap that it is for.
    pub counted_since: CountedSince,
    /// Points, 0 or more: what is taken back later still counts.
    pub earned: Points,
}

impl Aggregate for Tally {
    type Key = TallyKey;

    fn key(&self) -> TallyKey {
        self.key
    }
}

/// A cap on an award, and what is counted for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) tally: TallyKey,
    pub(crate) cap: Points,
    pub(crate) counted_since: CountedSince,
}

impl Limit {
    /// What can still be earned.
    pub(crate) fn room(&self, tally: &Tally) -> Points {
        self.cap.saturating_sub(tally.earned)
    }
}

impl Tally {
    /// The tallies that facts are judged by, all at 0: one for each cap on an award that they may make, and none in a
    /// community without caps, nor for awards that were made before. `members` are those whose points may change.
    #[must_use]
    pub fn of<'a>(
        records: &[FactRecord],
        rules: impl IntoIterator<Item = &'a CommunityRules>,
        members: &[MemberPoints],
        awarded_keys: &AwardedKeys,
    ) -> Vec<Self> {
        let mut tallies = BTreeMap::new();
        for rules in rules.into_iter().filter(|rules| rules.has_caps()) {
            let community_id = rules.community_id();
            let here = |record: &&FactRecord| record.fact.community_id == Some(community_id);
            let awards = records.iter().filter(here).filter_map(|record| award_of(community_id, record));
            for award in awards.filter(|award| !award.is_made(community_id, awarded_keys)) {
                tallies.extend(rules.limits(award).map(|limit| (limit.tally, limit.counted_since)));
            }
        }
        let ids = members.iter().map(|member| (member.key(), member.id()));
        let ids: HashMap<MemberKey, MemberPointsId> = ids.filter(|_| !tallies.is_empty()).collect();
        let tally = |(key, counted_since): (TallyKey, CountedSince)| {
            let member_points_id = *ids.get(&key.member)?;
            Some(Self { key, member_points_id, counted_since, earned: Points::ZERO })
        };
        tallies.into_iter().filter_map(tally).collect()
    }

    /// Adds the points of an award; what exceeds [`Points::MAX`] is not counted.
    pub(crate) fn add(&mut self, points: Points) {
        self.earned = self.earned.checked_add(points).unwrap_or(Points::MAX);
    }
}

/// What a fact may award by rules.
fn award_of(community_id: CommunityId, record: &FactRecord) -> Option<Award<'_>> {
    match record.effect() {
        Effect::Award(award) => Some(award),
        Effect::LikeTurned { content, liker_id, author_id, is_given: true } => {
            let key = LikeKey { community_id, content, liker_id };
            Some(Award::for_like(key, author_id, &record.metadata))
        }
        Effect::LikeTurned { .. }
        | Effect::Adjusted { .. }
        | Effect::OwnContentLiked
        | Effect::CommunityNamed(_)
        | Effect::Erased
        | Effect::MembershipChanged { .. }
        | Effect::CourseListed { .. } => None,
    }
}
