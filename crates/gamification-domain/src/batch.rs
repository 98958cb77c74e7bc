//! Deciding what facts change: the rules in one place, for one fact or a thousand.
//!
//! A [`Scope`] says what a list of facts touches, so that it can be loaded and locked beforehand. A [`Batch`] holds
//! what was loaded and decides fact by fact, in order; each decision sees those before it. It collects what to write.
//! So a batch ends exactly where the same facts end one by one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    AppliedChange, AwardedKeys, ChangeClaim, Community, CommunityId, CommunityMember, Course, CourseId,
    CourseListing, DomainEvent, Fact, FactRecord, LevelConfiguration, LevelNumber, LikeEffect, LikeKey,
    LikeSwitch, MemberPoints, OnceOnlyKey, Outcome, PointEntry, PointSource, PointTransaction,
    PointTransactionId, PointsOverflow, SourceId, UserId, tracked::Tracked,
};

/// A user in a community.
pub type MemberKey = (CommunityId, UserId);

/// A course in a community.
pub type CourseKey = (CommunityId, CourseId);

/// Everything that a list of facts reads or changes, sorted, so that it can be locked in one order everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Communities that the directory learns of.
    pub communities: BTreeSet<CommunityId>,
    /// Memberships that may change.
    pub community_members: BTreeSet<MemberKey>,
    /// Courses that may change.
    pub courses: BTreeSet<CourseKey>,
    /// Communities whose level configuration judges awards; each community that is touched has one from then on.
    pub level_configurations: BTreeSet<CommunityId>,
    /// Members whose points may change, or who shall exist with 0 points from now on.
    pub member_points: BTreeSet<MemberKey>,
    /// Awards that may be in the ledger already.
    pub once_only_keys: BTreeSet<OnceOnlyKey>,
    /// Likes that may change.
    pub likes: BTreeSet<LikeKey>,
}

impl Scope {
    /// What these facts touch; lessons without a community, even after [`crate::CourseHomes::complete`], nothing.
    #[must_use]
    pub fn of(records: &[FactRecord]) -> Self {
        let mut scope = Self::default();
        for record in records {
            scope.include(&record.fact);
        }
        scope
    }

    fn include(&mut self, fact: &Fact) {
        self.level_configurations.extend(fact.community_id());
        match *fact {
            Fact::ContentCreated { community_id, content, author_id } => {
                self.include_award((community_id, author_id), content.created_source(), content.source_id());
            }
            Fact::ContentLiked { community_id, content, liker_id, author_id }
            | Fact::ContentUnliked { community_id, content, liker_id, author_id } => {
                if liker_id != author_id {
                    self.include_award(
                        (community_id, author_id),
                        content.liked_source(),
                        content.source_id(),
                    );
                    self.likes.insert(LikeKey { community_id, content, liker_id });
                }
            }
            Fact::LessonCompleted { community_id: Some(community_id), lesson_id, user_id, .. } => {
                let source_id = SourceId::new(lesson_id.as_uuid());
                self.include_award((community_id, user_id), PointSource::LessonCompleted, source_id);
            }
            Fact::LessonCompleted { community_id: None, .. } => {}
            Fact::CommunityCreated { community_id, .. } => {
                self.communities.insert(community_id);
            }
            Fact::MemberJoined { community_id, user_id, .. } | Fact::MemberLeft { community_id, user_id } => {
                self.communities.insert(community_id);
                self.community_members.insert((community_id, user_id));
                self.member_points.insert((community_id, user_id));
            }
            Fact::MemberRoleChanged { community_id, user_id, .. } => {
                self.communities.insert(community_id);
                self.community_members.insert((community_id, user_id));
            }
            Fact::CourseCreated { community_id, course_id, .. }
            | Fact::CourseDeleted { community_id, course_id } => {
                self.communities.insert(community_id);
                self.courses.insert((community_id, course_id));
            }
        }
    }

    fn include_award(
        &mut self,
        (community_id, user_id): MemberKey,
        source: PointSource,
        source_id: SourceId,
    ) {
        self.member_points.insert((community_id, user_id));
        self.once_only_keys.extend(OnceOnlyKey::of(community_id, source, source_id, user_id));
    }
}

/// What was loaded for a [`Scope`]: one of each that it names, new where it did not exist; likes only where they exist.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The communities.
    pub communities: Vec<Community>,
    /// The memberships.
    pub community_members: Vec<CommunityMember>,
    /// The courses.
    pub courses: Vec<Course>,
    /// The level configurations, locked against a change of thresholds.
    pub level_configurations: Vec<LevelConfiguration>,
    /// The members' points, locked.
    pub member_points: Vec<MemberPoints>,
    /// Which of the once-only keys are in the ledger.
    pub awarded_keys: AwardedKeys,
    /// The like switches that exist, locked.
    pub like_switches: Vec<LikeSwitch>,
}

/// What became of one fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It changed something.
    Applied,
    /// It was known already.
    Duplicate,
    /// A newer change had overtaken it.
    Stale,
    /// It has no effect by the rules: a like of one's own content.
    Ignored,
    /// It can't be recorded; nothing was changed.
    Rejected(Rejection),
}

/// Why a fact can't be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A lesson names no community, and its course is not known in exactly one.
    #[error("data.community_id is missing and data.course_id is not known")]
    CourseUnknown,
    /// The member's total would be too large.
    #[error("the member's total would be too large")]
    Overflow(#[from] PointsOverflow),
}

/// A decision needs a member whom the scope did not name: a like's point is held by another author than its event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the points of one more member are needed")]
pub struct MemberNeeded(
    /// Whom to add to [`Scope::member_points`].
    pub MemberKey,
);

/// What a batch leaves to be written.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Communities that changed.
    pub communities: Vec<Community>,
    /// Memberships that changed.
    pub community_members: Vec<CommunityMember>,
    /// Courses that changed.
    pub courses: Vec<Course>,
    /// Members whose points or level changed.
    pub member_points: Vec<MemberPoints>,
    /// Lines to append to the ledger, in order.
    pub transactions: Vec<PointTransaction>,
    /// Likes heard of for the first time.
    pub new_like_switches: Vec<LikeSwitch>,
    /// Known likes that changed.
    pub changed_like_switches: Vec<LikeSwitch>,
    /// By how much the number of present members at a level changed, sorted, none of them 0.
    pub level_counts: Vec<LevelCountChange>,
    /// What to tell the world, in order.
    pub events: Vec<DomainEvent>,
}

/// A change of how many present members a level has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelCountChange {
    /// In which community.
    pub community_id: CommunityId,
    /// At which level.
    pub level: LevelNumber,
    /// How many more, or, if negative, fewer.
    pub members: i64,
}

/// The state that a list of facts touches, and the decisions over it.
#[derive(Debug)]
pub struct Batch {
    communities: Tracked<CommunityId, Community>,
    community_members: Tracked<MemberKey, CommunityMember>,
    courses: Tracked<CourseKey, Course>,
    level_configurations: HashMap<CommunityId, LevelConfiguration>,
    member_points: Tracked<MemberKey, MemberPoints>,
    awarded_keys: AwardedKeys,
    like_switches: Tracked<LikeKey, LikeSwitch>,
    transactions: Vec<PointTransaction>,
    events: Vec<DomainEvent>,
}

/// How decisions are recorded: the batch itself has no clock and no randomness.
pub struct Recording<'a> {
    /// The time of recording.
    pub recorded_at: OffsetDateTime,
    /// Gives a fresh id for each line of the ledger.
    pub next_id: &'a mut dyn FnMut() -> Uuid,
}

impl Batch {
    /// Starts from what was loaded.
    #[must_use]
    pub fn new(loaded: Loaded) -> Self {
        let Loaded {
            communities,
            community_members,
            courses,
            level_configurations,
            member_points,
            awarded_keys,
            like_switches,
        } = loaded;
        Self {
            communities: Tracked::new(communities, |community| community.id),
            community_members: Tracked::new(community_members, |member| {
                (member.community_id, member.user_id)
            }),
            courses: Tracked::new(courses, |course| (course.community_id, course.course_id)),
            level_configurations: level_configurations
                .into_iter()
                .map(|levels| (levels.community_id(), levels))
                .collect(),
            member_points: Tracked::new(member_points, |member| (member.community_id(), member.user_id())),
            awarded_keys,
            like_switches: Tracked::new(like_switches, LikeSwitch::key),
            transactions: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Decides one fact.
    ///
    /// # Errors
    /// [`MemberNeeded`] when the scope was too small. The batch is of no use then: load more and start again.
    pub fn record(
        &mut self,
        record: &FactRecord,
        recording: &mut Recording<'_>,
    ) -> Result<Verdict, MemberNeeded> {
        let FactRecord { fact, claim } = record;
        let mut cause = Cause { claim, recording };
        match *fact {
            Fact::ContentCreated { community_id, content, author_id } => {
                let entry = cause.entry(content.created_source(), content.source_id(), author_id);
                self.award_once((community_id, author_id), entry)
            }
            Fact::ContentLiked { liker_id, author_id, .. }
            | Fact::ContentUnliked { liker_id, author_id, .. }
                if liker_id == author_id =>
            {
                Ok(Verdict::Ignored)
            }
            Fact::ContentLiked { community_id, content, liker_id, author_id } => {
                let key = LikeKey { community_id, content, liker_id };
                self.switch_like(key, &mut cause, |switch| switch.like(author_id, claim))
            }
            Fact::ContentUnliked { community_id, content, liker_id, .. } => {
                let key = LikeKey { community_id, content, liker_id };
                self.switch_like(key, &mut cause, |switch| switch.unlike(claim))
            }
            Fact::LessonCompleted { community_id: Some(community_id), lesson_id, user_id, .. } => {
                let source_id = SourceId::new(lesson_id.as_uuid());
                let entry = cause.entry(PointSource::LessonCompleted, source_id, user_id);
                self.award_once((community_id, user_id), entry)
            }
            Fact::LessonCompleted { community_id: None, .. } => {
                Ok(Verdict::Rejected(Rejection::CourseUnknown))
            }
            Fact::CommunityCreated { community_id, ref name } => {
                let new = || Community::new(community_id);
                let rename = |community: &mut Community| community.name.set(name.clone(), claim);
                Ok(self.communities.update(community_id, new, rename).into())
            }
            Fact::MemberJoined { community_id, user_id, role, ref profile } => {
                self.update_member(community_id, user_id, |member| member.join(profile.clone(), role, claim))
            }
            Fact::MemberRoleChanged { community_id, user_id, role } => {
                self.update_member(community_id, user_id, |member| member.change_role(role, claim))
            }
            Fact::MemberLeft { community_id, user_id } => {
                self.update_member(community_id, user_id, |member| member.leave(claim))
            }
            Fact::CourseCreated { community_id, course_id, ref listing } => {
                self.list_course(community_id, course_id, Some(listing.clone()), claim)
            }
            Fact::CourseDeleted { community_id, course_id } => {
                self.list_course(community_id, course_id, None, claim)
            }
        }
    }

    fn award_once(&mut self, member: MemberKey, entry: PointEntry) -> Result<Verdict, MemberNeeded> {
        Ok(match self.award(member, entry)? {
            Ok(true) => Verdict::Applied,
            Ok(false) => Verdict::Duplicate,
            Err(overflow) => Verdict::Rejected(overflow.into()),
        })
    }

    fn switch_like(
        &mut self,
        key: LikeKey,
        cause: &mut Cause<'_, '_>,
        change: impl FnOnce(&mut LikeSwitch) -> LikeEffect,
    ) -> Result<Verdict, MemberNeeded> {
        let mut switch = self.like_switches.get(&key).cloned().unwrap_or_else(|| LikeSwitch::new(key));
        let LikeEffect { outcome, award, take_back } = change(&mut switch);
        let mut entry = || cause.entry(key.content.liked_source(), key.content.source_id(), key.liker_id);
        // The award comes first: it is the only step that can be refused, and then nothing was changed.
        if let Some(author) = award
            && let Err(overflow) = self.award((key.community_id, author), entry())?
        {
            return Ok(Verdict::Rejected(overflow.into()));
        }
        if let Some(author) = take_back {
            self.take_back((key.community_id, author), entry())?;
        }
        self.like_switches.put(key, switch);
        Ok(outcome.into())
    }

    /// Whether points were awarded; not when they had been before.
    fn award(
        &mut self,
        key: MemberKey,
        entry: PointEntry,
    ) -> Result<Result<bool, PointsOverflow>, MemberNeeded> {
        let levels = self.level_configurations.get(&key.0).ok_or(MemberNeeded(key))?;
        let member = self.member_points.get_mut(&key).ok_or(MemberNeeded(key))?;
        let applied = match member.award_points(entry, levels, &mut self.awarded_keys) {
            Ok(applied) => applied,
            Err(overflow) => return Ok(Err(overflow)),
        };
        let awarded = applied.is_some();
        self.collect(applied);
        Ok(Ok(awarded))
    }

    fn take_back(&mut self, key: MemberKey, entry: PointEntry) -> Result<(), MemberNeeded> {
        let member = self.member_points.get_mut(&key).ok_or(MemberNeeded(key))?;
        let applied = member.deduct_points(entry);
        self.collect(applied);
        Ok(())
    }

    fn collect(&mut self, applied: Option<AppliedChange>) {
        if let Some(AppliedChange { transaction, events }) = applied {
            self.transactions.push(transaction);
            self.events.extend(events);
        }
    }

    fn update_member(
        &mut self,
        community_id: CommunityId,
        user_id: UserId,
        change: impl FnOnce(&mut CommunityMember) -> Outcome,
    ) -> Result<Verdict, MemberNeeded> {
        let key = (community_id, user_id);
        let (outcome, is_present) = self.community_members.update(
            key,
            || CommunityMember::new(community_id, user_id),
            |member| (change(member), member.presence.value().is_some()),
        );
        if let Some(points) = self.member_points.get_mut(&key) {
            points.set_present(is_present);
        }
        Ok(outcome.into())
    }

    fn list_course(
        &mut self,
        community_id: CommunityId,
        course_id: CourseId,
        listing: Option<CourseListing>,
        claim: &ChangeClaim,
    ) -> Result<Verdict, MemberNeeded> {
        let new = || Course::new(community_id, course_id);
        let list = |course: &mut Course| course.listing.set(listing, claim);
        Ok(self.courses.update((community_id, course_id), new, list).into())
    }

    /// What is to be written, once all facts are decided.
    #[must_use]
    pub fn into_changes(self) -> Changes {
        let level_counts = level_counts(&self.member_points);
        let (new_like_switches, changed_like_switches) = self.like_switches.into_new_and_changed();
        Changes {
            communities: self.communities.into_changed(),
            community_members: self.community_members.into_changed(),
            courses: self.courses.into_changed(),
            member_points: self.member_points.into_changed(),
            transactions: self.transactions,
            new_like_switches,
            changed_like_switches,
            level_counts,
            events: self.events,
        }
    }
}

fn level_counts(members: &Tracked<MemberKey, MemberPoints>) -> Vec<LevelCountChange> {
    let mut counts: BTreeMap<(CommunityId, LevelNumber), i64> = BTreeMap::new();
    for (before, now) in members.differences() {
        for (member, members) in before.map(|before| (before, -1)).into_iter().chain([(now, 1)]) {
            if member.is_present() {
                *counts.entry((member.community_id(), member.current_level())).or_default() += members;
            }
        }
    }
    let changed = counts.into_iter().filter(|(_, members)| *members != 0);
    changed
        .map(|((community_id, level), members)| LevelCountChange { community_id, level, members })
        .collect()
}

/// The message behind a change, and how the change is recorded.
struct Cause<'a, 'r> {
    claim: &'a ChangeClaim,
    recording: &'a mut Recording<'r>,
}

impl Cause<'_, '_> {
    fn entry(&mut self, source: PointSource, source_id: SourceId, actor_id: UserId) -> PointEntry {
        PointEntry {
            transaction_id: PointTransactionId::new((self.recording.next_id)()),
            source,
            source_id,
            actor_id,
            event_id: self.claim.event_id.clone(),
            occurred_at: self.claim.occurred_at(),
            recorded_at: self.recording.recorded_at,
        }
    }
}

impl From<Outcome> for Verdict {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Applied => Self::Applied,
            Outcome::AlreadyApplied => Self::Duplicate,
            Outcome::Stale => Self::Stale,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::{Duration, macros::datetime};

    use super::*;
    use crate::{
        Content, CourseHomes, EventId, LessonId, LevelConfigurationId, MemberPointsId, PointChange, Points,
        PostId, Profile, Role, Sequence,
    };

    const NOON: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
    const COMMUNITY: CommunityId = CommunityId::new(Uuid::from_u128(1));

    fn user(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(1_000 + number))
    }

    fn post(number: u128) -> Content {
        Content::Post(PostId::new(Uuid::from_u128(number)))
    }

    fn at(minute: i64, fact: Fact) -> FactRecord {
        let claim = ChangeClaim {
            event_id: EventId::parse(&format!("event-{minute}")).unwrap(),
            sequence: None,
            time: Some(NOON + Duration::minutes(minute - 1_000)),
            received_at: NOON,
        };
        FactRecord { fact, claim }
    }

    fn created(post_number: u128, author: u128) -> Fact {
        Fact::ContentCreated { community_id: COMMUNITY, content: post(post_number), author_id: user(author) }
    }

    fn liked(post_number: u128, liker: u128, author: u128) -> Fact {
        Fact::ContentLiked {
            community_id: COMMUNITY,
            content: post(post_number),
            liker_id: user(liker),
            author_id: user(author),
        }
    }

    fn unliked(post_number: u128, liker: u128, author: u128) -> Fact {
        Fact::ContentUnliked {
            community_id: COMMUNITY,
            content: post(post_number),
            liker_id: user(liker),
            author_id: user(author),
        }
    }

    fn joined(member: u128) -> Fact {
        let (user_id, profile) = (user(member), Profile::default());
        Fact::MemberJoined { community_id: COMMUNITY, user_id, role: Role::Member, profile }
    }

    fn lesson(number: u128, member: u128) -> Fact {
        Fact::LessonCompleted {
            community_id: Some(COMMUNITY),
            course_id: CourseId::new(Uuid::from_u128(7)),
            lesson_id: LessonId::new(Uuid::from_u128(number)),
            user_id: user(member),
        }
    }

    /// A store of values, so that batches can follow one another; the ledger is all it was ever told.
    #[derive(Default)]
    struct Memory {
        communities: BTreeMap<CommunityId, Community>,
        community_members: BTreeMap<MemberKey, CommunityMember>,
        courses: BTreeMap<CourseKey, Course>,
        member_points: BTreeMap<MemberKey, MemberPoints>,
        like_switches: BTreeMap<LikeKey, LikeSwitch>,
        ledger: Vec<PointTransaction>,
        events: Vec<DomainEvent>,
        level_counts: BTreeMap<LevelNumber, i64>,
        extra: BTreeSet<MemberKey>,
        ids: u128,
    }

    impl Memory {
        fn load(&self, scope: &Scope) -> Loaded {
            let new_member = |key: &MemberKey| {
                MemberPoints::new(
                    MemberPointsId::new(Uuid::from_u128(key.1.as_uuid().as_u128())),
                    key.0,
                    key.1,
                )
            };
            let member =
                |key: &MemberKey| self.member_points.get(key).cloned().unwrap_or_else(|| new_member(key));
            let key_of = |line: &PointTransaction| {
                let owner = UserId::new(line.member_points_id.as_uuid());
                OnceOnlyKey::of(line.community_id, line.source, line.source_id, owner)
            };
            let levels = |community: &CommunityId| {
                LevelConfiguration::default_for(LevelConfigurationId::new(Uuid::nil()), *community)
            };
            Loaded {
                communities: scope
                    .communities
                    .iter()
                    .filter_map(|key| self.communities.get(key).cloned())
                    .collect(),
                community_members: scope
                    .community_members
                    .iter()
                    .filter_map(|key| self.community_members.get(key).cloned())
                    .collect(),
                courses: scope.courses.iter().filter_map(|key| self.courses.get(key).cloned()).collect(),
                level_configurations: scope.level_configurations.iter().map(levels).collect(),
                member_points: scope.member_points.union(&self.extra).map(member).collect(),
                awarded_keys: self.ledger.iter().filter_map(key_of).collect(),
                like_switches: scope
                    .likes
                    .iter()
                    .filter_map(|key| self.like_switches.get(key).cloned())
                    .collect(),
            }
        }

        fn record(&mut self, records: &[FactRecord]) -> Vec<Verdict> {
            let mut ids = self.ids;
            let mut next_id = || {
                ids += 1;
                Uuid::from_u128(ids)
            };
            let mut recording = Recording { recorded_at: NOON, next_id: &mut next_id };
            let mut batch = Batch::new(self.load(&Scope::of(records)));
            let decided: Result<Vec<Verdict>, MemberNeeded> =
                records.iter().map(|record| batch.record(record, &mut recording)).collect();
            self.ids = ids;
            match decided {
                Err(MemberNeeded(member)) => {
                    assert!(self.extra.insert(member), "asked for {member:?} twice");
                    self.record(records)
                }
                Ok(verdicts) => {
                    self.write(batch.into_changes());
                    verdicts
                }
            }
        }

        fn write(&mut self, changes: Changes) {
            self.communities.extend(changes.communities.into_iter().map(|value| (value.id, value)));
            let members = changes.community_members.into_iter();
            self.community_members.extend(members.map(|value| ((value.community_id, value.user_id), value)));
            self.courses.extend(
                changes.courses.into_iter().map(|value| ((value.community_id, value.course_id), value)),
            );
            let points = changes.member_points.into_iter();
            self.member_points.extend(points.map(|value| ((value.community_id(), value.user_id()), value)));
            let switches = changes.new_like_switches.into_iter().chain(changes.changed_like_switches);
            self.like_switches.extend(switches.map(|value| (value.key(), value)));
            for LevelCountChange { level, members, .. } in changes.level_counts {
                assert_ne!(members, 0);
                *self.level_counts.entry(level).or_default() += members;
            }
            self.ledger.extend(changes.transactions);
            self.events.extend(changes.events);
        }

        fn totals(&self) -> BTreeMap<UserId, (i32, u8)> {
            let members = self.member_points.values();
            members
                .filter(|member| {
                    member.total_points() > Points::ZERO || member.current_level() > LevelNumber::MIN
                })
                .map(|member| (member.user_id(), (member.total_points().get(), member.current_level().get())))
                .collect()
        }

        fn present(&self) -> Vec<UserId> {
            let present = self.member_points.values().filter(|member| member.is_present());
            present.map(MemberPoints::user_id).collect()
        }

        fn points(&self) -> BTreeMap<UserId, i32> {
            self.totals()
                .into_iter()
                .map(|(user, (points, _))| (user, points))
                .filter(|(_, points)| *points > 0)
                .collect()
        }

        fn check_ledger(&self) {
            for (level, count) in &self.level_counts {
                let there = |member: &&MemberPoints| member.is_present() && member.current_level() == *level;
                let members = self.member_points.values().filter(there).count();
                assert_eq!(i64::try_from(members), Ok(*count), "at level {level}");
            }
            for member in self.member_points.values() {
                let lines = self.ledger.iter().filter(|line| line.member_points_id == member.id());
                let sum: i32 = lines.map(|line| line.change.signed()).sum();
                assert_eq!(sum, member.total_points().get());
            }
        }
    }

    use Verdict::{Applied, Duplicate, Ignored, Rejected, Stale};

    #[test]
    fn each_source_pays_what_it_is_worth_once() {
        let mut memory = Memory::default();
        let comment = Fact::ContentCreated {
            community_id: COMMUNITY,
            content: Content::Comment(crate::CommentId::new(Uuid::from_u128(5))),
            author_id: user(1),
        };
        let facts = [at(1, created(1, 1)), at(2, comment), at(3, liked(1, 2, 1)), at(4, lesson(1, 1))];
        assert_eq!(memory.record(&facts), [Applied, Applied, Applied, Applied]);
        assert_eq!(memory.totals()[&user(1)], (2 + 1 + 1 + 5, 1));
        assert_eq!(memory.record(&facts), [Duplicate, Duplicate, Duplicate, Duplicate]);
        memory.check_ledger();
    }

    #[test]
    fn a_repetition_within_one_batch_counts_once() {
        let mut memory = Memory::default();
        let facts =
            [at(1, created(1, 1)), at(1, created(1, 1)), at(2, liked(1, 2, 1)), at(2, liked(1, 2, 1))];
        assert_eq!(memory.record(&facts), [Applied, Duplicate, Applied, Duplicate]);
        assert_eq!(memory.totals()[&user(1)].0, 3);
    }

    #[test]
    fn an_unlike_without_a_like_changes_nothing() {
        let mut memory = Memory::default();
        memory.record(&[at(1, created(1, 1)), at(2, unliked(1, 2, 1))]);
        assert_eq!(memory.totals()[&user(1)].0, 2);
        assert_eq!(memory.record(&[at(1, liked(1, 2, 1))]), [Stale]);
    }

    #[test]
    fn liking_ones_own_content_earns_nothing() {
        let mut memory = Memory::default();
        assert_eq!(memory.record(&[at(1, liked(1, 1, 1)), at(2, unliked(1, 1, 1))]), [Ignored, Ignored]);
        assert!(memory.ledger.is_empty() && memory.like_switches.is_empty());
    }

    #[test]
    fn a_like_that_names_another_author_moves_the_point_across_batches() {
        let mut memory = Memory::default();
        memory.record(&[at(1, liked(1, 9, 1))]);
        assert_eq!(memory.record(&[at(2, liked(1, 9, 2))]), [Applied]);
        assert_eq!(memory.points(), BTreeMap::from([(user(2), 1)]));
        assert_eq!(memory.record(&[at(3, unliked(1, 9, 3))]), [Applied]);
        assert_eq!(memory.points(), BTreeMap::new());
        memory.check_ledger();
    }

    #[test]
    fn a_lesson_finds_its_community_through_its_course() {
        let course_id = CourseId::new(Uuid::from_u128(7));
        let fact = Fact::LessonCompleted {
            community_id: None,
            course_id,
            lesson_id: LessonId::new(Uuid::from_u128(1)),
            user_id: user(1),
        };
        let mut unknown = [at(1, fact.clone())];
        CourseHomes::default().complete(&mut unknown);
        assert_eq!(Memory::default().record(&unknown), [Rejected(Rejection::CourseUnknown)]);

        let course =
            Fact::CourseCreated { community_id: COMMUNITY, course_id, listing: CourseListing::default() };
        let mut in_order = [at(1, course), at(2, fact.clone())];
        assert_eq!(CourseHomes::wanted(&in_order), BTreeSet::from([course_id]));
        CourseHomes::default().complete(&mut in_order);
        assert_eq!(Memory::default().record(&in_order), [Applied, Applied]);

        let elsewhere = CommunityId::new(Uuid::from_u128(2));
        let mut claimed_twice = [at(1, fact)];
        CourseHomes::from_iter([(course_id, COMMUNITY), (course_id, elsewhere)]).complete(&mut claimed_twice);
        assert_eq!(Memory::default().record(&claimed_twice), [Rejected(Rejection::CourseUnknown)]);
    }

    #[test]
    fn an_award_beyond_the_largest_total_is_rejected_alone() {
        let mut memory = Memory::default();
        let full = Points::new(i64::from(i32::MAX) - 1).unwrap();
        let (id, level) = (MemberPointsId::new(user(1).as_uuid()), LevelNumber::MAX);
        memory
            .member_points
            .insert((COMMUNITY, user(1)), MemberPoints::restore(id, COMMUNITY, user(1), full, level, false));
        let verdicts = memory.record(&[at(1, created(1, 1)), at(2, liked(1, 2, 1)), at(3, liked(1, 3, 1))]);
        assert!(
            matches!(verdicts[..], [Rejected(Rejection::Overflow(_)), Applied, Rejected(_)]),
            "{verdicts:?}"
        );
        assert_eq!(memory.like_switches.len(), 1, "a rejected like leaves no switch");
    }

    #[test]
    fn joining_makes_a_member_of_level_one_without_points() {
        let join = Fact::MemberJoined {
            community_id: COMMUNITY,
            user_id: user(1),
            role: Role::Member,
            profile: Profile::default(),
        };
        let scope = Scope::of(&[at(1, join)]);
        assert_eq!(scope.member_points, BTreeSet::from([(COMMUNITY, user(1))]));
        assert_eq!(scope.communities, BTreeSet::from([COMMUNITY]));
    }

    #[test]
    fn what_is_known_is_not_written_again() {
        let join = Fact::MemberJoined {
            community_id: COMMUNITY,
            user_id: user(1),
            role: Role::Admin,
            profile: Profile::default(),
        };
        let facts = [at(1, join), at(2, created(1, 1)), at(3, liked(1, 2, 1))];
        let mut memory = Memory::default();
        memory.record(&facts);
        let scope = Scope::of(&facts);
        let mut batch = Batch::new(memory.load(&scope));
        for record in &facts {
            let mut recording = Recording { recorded_at: NOON, next_id: &mut Uuid::nil };
            assert_eq!(batch.record(record, &mut recording), Ok(Duplicate));
        }
        let changes = batch.into_changes();
        assert!(changes.member_points.is_empty() && changes.community_members.is_empty());
        assert!(changes.new_like_switches.is_empty() && changes.changed_like_switches.is_empty());
        assert!(changes.transactions.is_empty() && changes.events.is_empty());
    }

    /// A truthful history: each like is given and taken back in turn by the minute, each post has one author.
    fn history() -> impl Strategy<Value = Vec<FactRecord>> {
        let author_of = |post: u128| post % 3;
        let fact = prop_oneof![
            (0_u128..4).prop_map(move |post| created(post, author_of(post))),
            (0_u128..4, 0_u128..4).prop_map(move |(post, liker)| liked(post, liker, author_of(post))),
            (0_u128..4, 0_u128..4).prop_map(move |(post, liker)| unliked(post, liker, author_of(post))),
            (0_u128..3, 0_u128..3).prop_map(|(number, member)| lesson(number, member)),
            (0_u128..3).prop_map(joined),
            (0_u128..3)
                .prop_map(|member| Fact::MemberLeft { community_id: COMMUNITY, user_id: user(member) }),
        ];
        (prop::collection::vec(fact, 1..14), any::<bool>()).prop_map(|(facts, sequenced)| {
            let records = facts.into_iter().zip(1_i64..).map(|(fact, minute)| {
                let mut record = at(minute, fact);
                if sequenced {
                    record.claim.sequence = Some(Sequence::parse(&minute.to_string()).unwrap());
                    record.claim.time = None;
                }
                record
            });
            records.collect()
        })
    }

    /// The history in order; and all of it twice, some under new ids, shuffled and cut into batches.
    fn deliveries() -> impl Strategy<Value = (Vec<FactRecord>, Vec<FactRecord>, usize)> {
        history().prop_flat_map(|history| {
            let renamed = history.iter().cloned().map(|mut record| {
                record.claim.event_id = EventId::parse(&format!("again-{}", record.claim.event_id)).unwrap();
                record
            });
            let twice: Vec<_> = history.iter().cloned().chain(renamed).collect();
            (Just(history), Just(twice).prop_shuffle(), 1_usize..10)
        })
    }

    proptest! {
        #[test]
        fn any_shuffling_any_repetition_and_any_batching_end_at_the_same_totals((history, shuffled, size) in deliveries()) {
            let mut in_order = Memory::default();
            for record in &history {
                in_order.record(std::slice::from_ref(record));
            }
            let mut delivered = Memory::default();
            for batch in shuffled.chunks(size) {
                delivered.record(batch);
                delivered.check_ledger();
            }
            prop_assert_eq!(in_order.present(), delivered.present());
            // Levels may differ: a like that was overtaken before it came never lifted anybody.
            prop_assert_eq!(in_order.points(), delivered.points());
        }

        #[test]
        fn a_batch_ends_exactly_where_its_facts_one_by_one_end(history in history()) {
            let (mut together, mut single) = (Memory::default(), Memory::default());
            let verdicts = together.record(&history);
            let one_by_one: Vec<Verdict> =
                history.iter().flat_map(|record| single.record(std::slice::from_ref(record))).collect();
            prop_assert_eq!(verdicts, one_by_one);
            prop_assert_eq!(together.totals(), single.totals());
            prop_assert_eq!(together.events, single.events);
            prop_assert_eq!(together.like_switches, single.like_switches);
            prop_assert_eq!(together.ledger.len(), single.ledger.len());
        }

        #[test]
        fn level_ups_of_a_member_form_a_chain(history in history()) {
            let mut memory = Memory::default();
            memory.record(&history);
            let mut levels: BTreeMap<UserId, u8> = BTreeMap::new();
            for event in &memory.events {
                if let DomainEvent::MemberLeveledUp { member_id, old_level, new_level, .. } = event {
                    let told = levels.insert(*member_id, new_level.get()).unwrap_or(1);
                    prop_assert_eq!(told, old_level.get());
                }
            }
            for (user, (_, level)) in memory.totals() {
                prop_assert_eq!(levels.get(&user).copied().unwrap_or(1), level);
            }
            let signs = memory.ledger.iter().filter(|line| matches!(line.change, PointChange::Awarded(_))).count();
            let told = memory.events.iter().filter(|event| matches!(event, DomainEvent::PointsAwarded { .. })).count();
            prop_assert_eq!(signs, told);
        }
    }
}
