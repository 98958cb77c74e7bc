//! Deciding what facts change: the rules in one place, for one fact or a thousand.
//!
//! A [`Scope`] says what a list of facts touches, so that it can be loaded and locked beforehand. A [`Batch`] holds
//! what was loaded and decides fact by fact, in order; each decision sees those before it. It collects what to write.
//! So a batch ends exactly where the same facts end one by one.
//!
//! Scope, loaded state and changes have three parts each: the directory, awards, and likes.

mod awards;
mod directory;
mod likes;

use std::collections::BTreeSet;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Adjustment, ChangeOutcome, CommunityId, CourseId, EntryCause, EventMetadata, FactRecord, LikeKey,
    LikeSwitch, PointChange, PointEntry, PointTransactionId, Points, PointsOverflow, UserId,
    fact::{Award, Effect, MembershipChange},
};

use self::{awards::Awards, directory::Directory, likes::Likes};
pub use self::{
    awards::{AwardScope, AwardState, LedgerChanges},
    directory::{DirectoryEntries, DirectoryScope},
    likes::LikeChanges,
};

/// A user in a community.
pub type MemberKey = (CommunityId, UserId);

/// A course in a community.
pub type CourseKey = (CommunityId, CourseId);

/// Everything that a list of facts reads or changes, sorted, so that it can be locked in one order everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Communities, memberships and courses that may change.
    pub directory: DirectoryScope,
    /// Points, and what they are judged by.
    pub awards: AwardScope,
    /// Like switches that may be turned.
    pub likes: BTreeSet<LikeKey>,
}

impl Scope {
    /// What these facts touch; facts without a community, even after [`crate::CourseCommunities::resolve`], nothing.
    #[must_use]
    pub fn of<'a>(records: impl IntoIterator<Item = &'a FactRecord>) -> Self {
        let mut scope = Self::default();
        for record in records {
            if let Some(community_id) = record.fact.community_id {
                scope.include(community_id, record);
            }
        }
        scope
    }

    fn include(&mut self, community_id: CommunityId, record: &FactRecord) {
        self.awards.communities.insert(community_id);
        match record.effect() {
            Effect::Award(award) | Effect::Adjusted { award, .. } => {
                self.awards.include_award(community_id, award);
            }
            Effect::LikeTurned { content, liker_id, author_id, is_given: _ } => {
                let key = LikeKey { community_id, content, liker_id };
                self.awards.include_award(community_id, Award::for_like(key, author_id, &record.metadata));
                self.likes.insert(key);
            }
            Effect::OwnContentLiked | Effect::Erased => {}
            Effect::CommunityNamed(_) => {
                self.directory.communities.insert(community_id);
            }
            Effect::MembershipChanged { user_id, change } => {
                self.directory.include_member((community_id, user_id));
                match change {
                    MembershipChange::Joined { .. } | MembershipChange::Left => {
                        self.awards.members.insert((community_id, user_id));
                    }
                    MembershipChange::HasProfile(_) | MembershipChange::HasRole(_) => {}
                }
            }
            Effect::CourseListed { course_id, .. } => {
                self.directory.include_course((community_id, course_id));
            }
        }
    }
}

/// What was loaded for a [`Scope`]: one of each that it names, new where it did not exist; likes only where they exist.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Entries of the directory, locked.
    pub directory: DirectoryEntries,
    /// Points, and what they are judged by, locked.
    pub awards: AwardState,
    /// The like switches that exist, locked.
    pub likes: Vec<LikeSwitch>,
}

/// What a batch leaves to be written.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Communities, memberships and courses that are new or changed.
    pub directory: DirectoryEntries,
    /// The like switches that are new or were turned.
    pub likes: LikeChanges,
    /// The ledger, and what follows from it.
    pub ledger: LedgerChanges,
}

/// What became of one fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It changed points, a like or the directory.
    Applied,
    /// It is applied, but a cap of the community's rules left less of its points, or none.
    Capped,
    /// The same fact was recorded before, maybe told by another event; nothing changed.
    Duplicate,
    /// A newer change had overtaken it.
    Stale,
    /// It has no effect by the rules: a like of one's own content, or a fact about a user who was erased.
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
    /// Whom to add to [`AwardScope::members`].
    pub MemberKey,
);

/// Makes entries of the ledger: the batch itself has no clock and no randomness.
pub struct EntryFactory<'a> {
    /// When the batch is recorded: one moment for all of its entries.
    pub recorded_at: OffsetDateTime,
    /// Gives a fresh id for each entry.
    pub next_id: &'a mut dyn FnMut() -> Uuid,
}

impl EntryFactory<'_> {
    /// The entry of an award, or of what is taken back of it.
    fn entry(&mut self, award: Award<'_>, amount: Points, worth: Points, rules_version: u32) -> PointEntry {
        let Award { source, source_id, member: _, actor_id, metadata } = award;
        PointEntry {
            transaction_id: PointTransactionId::new((self.next_id)()),
            amount,
            worth,
            rules_version,
            once_per: source.rule().once_per,
            source,
            source_id,
            actor_id,
            cause: EntryCause::Fact(metadata.event_id.clone()),
            occurred_at: metadata.occurred_at(),
            recorded_at: self.recorded_at,
        }
    }

    /// The entry of an adjustment, of as many points as it says.
    fn adjustment(&mut self, award: Award<'_>, adjustment: &Adjustment, rules_version: u32) -> PointEntry {
        let (PointChange::Awarded(amount) | PointChange::Deducted(amount)) = adjustment.points();
        let event_id = award.metadata.event_id.clone();
        let cause = EntryCause::Adjustment { event_id, adjustment: adjustment.clone() };
        PointEntry { cause, ..self.entry(award, amount, amount, rules_version) }
    }
}

/// The state that a list of facts touches, and the decisions over it.
#[derive(Debug)]
pub struct Batch {
    directory: Directory,
    awards: Awards,
    likes: Likes,
}

impl Batch {
    /// Starts from what was loaded.
    #[must_use]
    pub fn new(loaded: Loaded) -> Self {
        let Loaded { directory, awards, likes } = loaded;
        Self { directory: Directory::new(directory), awards: Awards::new(awards), likes: Likes::new(likes) }
    }

    /// Decides one fact, as if those before it had been stored already.
    ///
    /// # Errors
    /// [`MemberNeeded`] when the scope was too small. The batch is of no use then: load more and start again.
    pub fn record(
        &mut self,
        record: &FactRecord,
        entries: &mut EntryFactory<'_>,
    ) -> Result<Verdict, MemberNeeded> {
        let FactRecord { fact, metadata } = record;
        let Some(community_id) = fact.community_id else {
            return Ok(Verdict::Rejected(Rejection::CourseUnknown));
        };
        Ok(match record.effect() {
            Effect::Award(award) => self.awards.earn(community_id, award, entries)?.verdict,
            Effect::Adjusted { award, adjustment } => {
                self.awards.adjust(community_id, award, adjustment, entries)?
            }
            Effect::LikeTurned { content, liker_id, author_id, is_given } => {
                let key = LikeKey { community_id, content, liker_id };
                let change = |switch: &mut LikeSwitch| {
                    if is_given { switch.like(author_id, metadata) } else { switch.unlike(metadata) }
                };
                self.likes.turn(key, metadata, change, &mut self.awards, entries)?
            }
            Effect::OwnContentLiked | Effect::Erased => Verdict::Ignored,
            Effect::CommunityNamed(name) => {
                self.directory.name_community(community_id, name.cloned(), metadata).into()
            }
            Effect::MembershipChanged { user_id, change } => {
                self.change_member((community_id, user_id), change, metadata)
            }
            Effect::CourseListed { course_id, listing } => {
                self.directory.list_course((community_id, course_id), listing.cloned(), metadata).into()
            }
        })
    }

    fn change_member(
        &mut self,
        key: MemberKey,
        change: MembershipChange<'_>,
        metadata: &EventMetadata,
    ) -> Verdict {
        let (outcome, is_present) = self.directory.change_member(key, |member| match change {
            MembershipChange::Joined { role, profile } => member.join(profile.clone(), role, metadata),
            MembershipChange::HasProfile(profile) => member.change_profile(profile.clone(), metadata),
            MembershipChange::HasRole(role) => member.change_role(role, metadata),
            MembershipChange::Left => member.leave(metadata),
        });
        self.awards.set_present(key, is_present);
        outcome.into()
    }

    /// What is to be written, once all facts are decided.
    #[must_use]
    pub fn into_changes(self) -> Changes {
        Changes {
            directory: self.directory.into_changes(),
            likes: self.likes.into_changes(),
            ledger: self.awards.into_changes(),
        }
    }
}

impl From<ChangeOutcome> for Verdict {
    fn from(outcome: ChangeOutcome) -> Self {
        match outcome {
            ChangeOutcome::Applied => Self::Applied,
            ChangeOutcome::AlreadyApplied => Self::Duplicate,
            ChangeOutcome::Stale => Self::Stale,
        }
    }
}

#[cfg(test)]
mod tests;
