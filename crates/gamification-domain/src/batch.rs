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
mod tests;
