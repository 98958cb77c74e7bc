//! One member's points and level in one community.

use time::OffsetDateTime;

use crate::{
    Aggregate, AwardedKeys, CommunityId, DomainEvent, EntryCause, LevelConfiguration, LevelNumber, MemberKey,
    MemberLeveledUp, MemberPointsId, MemberStanding, OnceOnlyKey, OncePer, PointChange, PointSource,
    PointTransaction, PointTransactionId, Points, PointsAwarded, PointsDeducted, PointsOverflow, SourceId,
    UserId,
};

/// A member's total and level (an aggregate).
///
/// It holds the sum, never the transactions: adding one does not read the others. Its invariants:
/// - the total is never negative and equals the sum of the member's transactions;
/// - the level never falls (the ratchet), whatever happens to points or thresholds;
/// - what may be awarded once is awarded once.
///
/// ```
/// use gamification_domain::{
///     AwardedKeys, CommunityId, DomainEvent, EntryCause, EventId, LevelConfiguration, LevelConfigurationId,
///     MemberPoints, MemberPointsId, PointEntry, PointSource, PointTransactionId, SourceId, UserId,
/// };
/// use time::macros::datetime;
/// use uuid::Uuid;
///
/// let community = CommunityId::new(Uuid::from_u128(1));
/// let author = UserId::new(Uuid::from_u128(2));
/// let levels = LevelConfiguration::default_for(LevelConfigurationId::new(Uuid::from_u128(3)), community);
/// let mut member = MemberPoints::new(MemberPointsId::new(Uuid::from_u128(4)), community, author);
/// let mut awarded = AwardedKeys::default();
///
/// let rule = PointSource::LessonCompleted.rule();
/// let lesson = |number: u128| PointEntry {
///     transaction_id: PointTransactionId::new(Uuid::from_u128(100 + number)),
///     amount: rule.points,
///     worth: rule.points,
///     rules_version: 1,
///     once_per: rule.once_per,
///     source: PointSource::LessonCompleted,
///     source_id: SourceId::new(Uuid::from_u128(number)),
///     actor_id: author,
///     cause: EntryCause::Fact(EventId::parse("evt-1").unwrap()),
///     occurred_at: datetime!(2026-11-22 10:00 UTC),
///     recorded_at: datetime!(2026-11-22 10:01 UTC),
/// };
/// member.award_points(lesson(1), &levels, &mut awarded).unwrap();
/// let again = member.award_points(lesson(1), &levels, &mut awarded).unwrap();
/// assert_eq!((again, member.total_points().get()), (None, 5), "a lesson counts once");
///
/// let change = member.award_points(lesson(2), &levels, &mut awarded).unwrap().unwrap();
/// assert_eq!(member.current_level().get(), 2);
/// assert!(matches!(change.events[1], DomainEvent::MemberLeveledUp(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberPoints {
    id: MemberPointsId,
    community_id: CommunityId,
    user_id: UserId,
    total_points: Points,
    current_level: LevelNumber,
    is_present: bool,
}

/// What is to be awarded or deducted, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointEntry {
    /// The id that it has in the ledger.
    pub transaction_id: PointTransactionId,
    /// The amount; a deduction may take less, down to a total of 0.
    pub amount: Points,
    /// What it is worth by the rules, which is more than the amount where a cap leaves less.
    pub worth: Points,
    /// The version of the community's rules that it was judged by.
    pub rules_version: u32,
    /// How often it may be awarded, by the rule that it came from.
    pub once_per: OncePer,
    /// What the points are for.
    pub source: PointSource,
    /// The post, comment, lesson or adjustment.
    pub source_id: SourceId,
    /// The author, the liker, the member who completed the lesson, or who adjusts the points.
    pub actor_id: UserId,
    /// The fact or the adjustment that the entry is posted for.
    pub cause: EntryCause,
    /// When it happened, by the event's `time`.
    pub occurred_at: OffsetDateTime,
    /// When it is recorded, by the clock of the process.
    pub recorded_at: OffsetDateTime,
}

/// A change that was applied: its entry in the ledger, and what to publish, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedChange {
    /// The entry to append to the ledger.
    pub transaction: PointTransaction,
    /// `PointsAwarded` or `PointsDeducted`, then `MemberLeveledUp` if a level was reached; nothing where no point moved.
    pub events: Vec<DomainEvent>,
}

impl MemberPoints {
    /// A user who has earned nothing and has not joined yet: 0 points, level 1.
    #[must_use]
    pub const fn new(id: MemberPointsId, community_id: CommunityId, user_id: UserId) -> Self {
        Self::restore(id, community_id, user_id, Points::ZERO, LevelNumber::MIN, false)
    }

    /// Takes up a stored member again.
    #[must_use]
    pub const fn restore(
        id: MemberPointsId,
        community_id: CommunityId,
        user_id: UserId,
        total_points: Points,
        current_level: LevelNumber,
        is_present: bool,
    ) -> Self {
        Self { id, community_id, user_id, total_points, current_level, is_present }
    }

    /// They are a member of the community, or not any more. Points and level stay.
    pub const fn set_present(&mut self, is_present: bool) {
        self.is_present = is_present;
    }

    /// The user is erased: total and level stay as numbers, under an id that leads to nobody. They are at the level that
    /// `levels` make of their points first, since a recalculation goes by the ids of users and may be past the new one.
    ///
    /// Gives `MemberLeveledUp`, of the new id, when it levels the member up.
    pub fn erase(&mut self, pseudonym: UserId, levels: &LevelConfiguration) -> Option<DomainEvent> {
        self.user_id = pseudonym;
        self.is_present = false;
        self.recalculate_level(levels)
    }

    /// Awards the entry's points, unless its once-only key was awarded before: then `None`. An award of 0 points, by a rule
    /// or because a cap left nothing, has its entry all the same, which answers for it when it comes again.
    ///
    /// `levels` are this community's, read under a lock that a change of thresholds excludes. `awarded` must hold the
    /// entry's key if the ledger does; a new award adds it.
    ///
    /// # Errors
    /// [`PointsOverflow`] when the total would exceed [`Points::MAX`]; nothing is changed then.
    pub fn award_points(
        &mut self,
        entry: PointEntry,
        levels: &LevelConfiguration,
        awarded: &mut AwardedKeys,
    ) -> Result<Option<AppliedChange>, PointsOverflow> {
        let key = self.once_only_key(&entry);
        if key.is_some_and(|key| awarded.contains(&key)) {
            return Ok(None);
        }
        let points = entry.amount;
        self.total_points = self.total_points.checked_add(points)?;
        awarded.extend(key);
        let told = DomainEvent::PointsAwarded(PointsAwarded {
            member_id: self.user_id,
            community_id: self.community_id,
            points,
            new_total: self.total_points,
            source: entry.source,
        });
        let mut events: Vec<DomainEvent> = (points > Points::ZERO).then_some(told).into_iter().collect();
        events.extend(self.recalculate_level(levels));
        let transaction = self.transaction(entry, PointChange::Awarded(points));
        Ok(Some(AppliedChange { transaction, events }))
    }

    /// Takes the entry's points back, or what is left of them: the total never goes below 0, and the
    /// ledger gets the amount that was really taken. `None` when there is nothing to take, or the entry's once-only key
    /// is in the ledger: `awarded` as in [`MemberPoints::award_points`]. An adjustment that finds nothing to take has its
    /// entry of 0 points all the same, which answers for it when it comes again.
    ///
    /// The level stays (the ratchet).
    pub fn deduct_points(&mut self, entry: PointEntry, awarded: &mut AwardedKeys) -> Option<AppliedChange> {
        let key = self.once_only_key(&entry);
        if key.is_some_and(|key| awarded.contains(&key)) {
            return None;
        }
        let left = self.total_points.saturating_sub(entry.amount);
        let points = self.total_points.saturating_sub(left);
        if points == Points::ZERO && !entry.cause.is_adjustment() {
            return None;
        }
        self.total_points = left;
        awarded.extend(key);
        let deducted = DomainEvent::PointsDeducted(PointsDeducted {
            member_id: self.user_id,
            community_id: self.community_id,
            points,
            new_total: self.total_points,
            source: entry.source,
        });
        let events = (points > Points::ZERO).then_some(deducted).into_iter().collect();
        let transaction = self.transaction(entry, PointChange::Deducted(points));
        Some(AppliedChange { transaction, events })
    }

    /// Raises the level to what the points reach: `level = max(level, level_for(points))`.
    ///
    /// Gives `MemberLeveledUp` when it levels the member up.
    pub fn recalculate_level(&mut self, levels: &LevelConfiguration) -> Option<DomainEvent> {
        let old_level = self.current_level;
        let new_level = self.standing().level_under(levels);
        self.current_level = new_level;
        (new_level > old_level).then(|| {
            DomainEvent::MemberLeveledUp(MemberLeveledUp {
                member_id: self.user_id,
                community_id: self.community_id,
                old_level,
                new_level,
                new_level_name: levels.definition(new_level).name().clone(),
            })
        })
    }

    /// What is shown of them.
    #[must_use]
    pub const fn standing(&self) -> MemberStanding {
        let Self { user_id, total_points, current_level, .. } = *self;
        MemberStanding { user_id, total_points, current_level }
    }

    fn once_only_key(&self, entry: &PointEntry) -> Option<OnceOnlyKey> {
        let scope = entry.once_per.scope(self.user_id)?;
        Some(OnceOnlyKey {
            community_id: self.community_id,
            source: entry.source,
            source_id: entry.source_id,
            scope,
        })
    }

    fn transaction(&self, entry: PointEntry, change: PointChange) -> PointTransaction {
        let PointEntry {
            transaction_id,
            amount: _,
            worth,
            rules_version,
            once_per,
            source,
            source_id,
            actor_id,
            cause,
            occurred_at,
            recorded_at,
        } = entry;
        PointTransaction {
            id: transaction_id,
            community_id: self.community_id,
            member_points_id: self.id,
            change,
            worth,
            rules_version,
            source,
            source_id,
            actor_id,
            cause,
            once_scope: once_per.scope(self.user_id),
            occurred_at,
            created_at: recorded_at,
        }
    }

    /// The aggregate's id, which the ledger's entries name.
    #[must_use]
    pub const fn id(&self) -> MemberPointsId {
        self.id
    }

    /// The community that the points count in.
    #[must_use]
    pub const fn community_id(&self) -> CommunityId {
        self.community_id
    }

    /// The member, by their id as a user of the platform.
    #[must_use]
    pub const fn user_id(&self) -> UserId {
        self.user_id
    }

    /// The sum of all transactions.
    #[must_use]
    pub const fn total_points(&self) -> Points {
        self.total_points
    }

    /// Whether they are a member now, and count in the distribution.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        self.is_present
    }

    /// The highest level ever reached.
    #[must_use]
    pub const fn current_level(&self) -> LevelNumber {
        self.current_level
    }
}

impl Aggregate for MemberPoints {
    type Key = MemberKey;

    fn key(&self) -> MemberKey {
        (self.community_id, self.user_id)
    }
}

#[cfg(test)]
mod tests;
