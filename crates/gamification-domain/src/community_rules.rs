//! What a community gives points for: the worth of each source, and how much of it counts on one day.

use time::{Date, OffsetDateTime, UtcOffset};

use crate::{
    CapDraft, CommunityId, OncePer, PointSource, Points, RuleDraft, RuleField, RuleMistakes, RuleProblem,
    RulesDraft, Tally, TallyKey, fact::Award, rule_mistakes::Mistakes, tally::Limit,
};

/// What a source is worth in a community, and how much of it counts.
///
/// A day is one of UTC, and that on which the fact happened. What was earned by a like counts towards the day of the like
/// also when the like is taken back: giving and taking makes no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceRule {
    /// The source whose awards the rule is about.
    pub source: PointSource,
    /// The points of one award: 0 to [`SourceRule::MAX_POINTS`].
    pub points: Points,
    /// The most that a member can earn from the source on a day; `None` for no limit.
    pub daily_cap: Option<Points>,
    /// The most that a member can earn on a day from the likes of one liker; `None` for no limit, and for sources that
    /// are no likes.
    pub per_pair_daily_cap: Option<Points>,
}

impl SourceRule {
    /// The most that one award can be worth.
    pub const MAX_POINTS: Points = Points::constant(1_000);
}

/// Since when a community counts what a cap limits: since it last had none.
///
/// What was earned before is found in the ledger, and only for days that began before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedSince {
    /// The version of the rules that brought the cap.
    pub version: u32,
    /// When it came into force.
    pub at: OffsetDateTime,
}

/// A rule that is in force, and since when its caps have been counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingRule {
    /// What the source is worth, and its caps.
    pub rule: SourceRule,
    /// Since when days are counted; `None` without a daily cap.
    pub daily_since: Option<CountedSince>,
    /// Since when pairs of members are counted; `None` without a cap for them.
    pub per_pair_since: Option<CountedSince>,
}

impl StandingRule {
    /// The rule of a source that no admin has changed.
    const fn default_of(source: PointSource) -> Self {
        let points = source.rule().points;
        let rule = SourceRule { source, points, daily_cap: None, per_pair_daily_cap: None };
        Self { rule, daily_since: None, per_pair_since: None }
    }

    /// Another rule in its place. A cap that was there before is counted on.
    fn replaced_by(self, rule: SourceRule, begins: CountedSince) -> Self {
        let since = |cap: Option<Points>, since: Option<CountedSince>| cap.and(since.or(Some(begins)));
        Self {
            rule,
            daily_since: since(rule.daily_cap, self.daily_since),
            per_pair_since: since(rule.per_pair_daily_cap, self.per_pair_since),
        }
    }
}

/// The rules by which a community's members earn points, and who is on its leaderboards (an aggregate).
///
/// A rule counts for facts that are recorded after it; nothing earned before changes.
///
/// ```
/// use gamification_domain::{CapDraft, CommunityId, CommunityRules, PointSource, RulesDraft};
/// use time::macros::datetime;
/// use uuid::Uuid;
///
/// let mut rules = CommunityRules::default_for(CommunityId::new(Uuid::from_u128(1)));
/// assert_eq!(rules.rule(PointSource::LessonCompleted).points.get(), 5);
///
/// let mut draft = RulesDraft::from(&rules);
/// draft.rules[0].daily_cap = CapDraft::Points(10);
/// assert!(rules.update(&draft, datetime!(2026-11-27 12:00 UTC)).unwrap());
/// assert_eq!(rules.version(), 2);
///
/// draft.rules[0].points = Some(1_001);
/// draft.rules[4].per_pair_daily_cap = CapDraft::Points(1);
/// let mistakes = rules.update(&draft, datetime!(2026-11-27 13:00 UTC)).unwrap_err();
/// let texts: Vec<String> = mistakes.as_slice().iter().map(ToString::to_string).collect();
/// assert_eq!(texts, [
///     "Points must be a whole number from 0 to 1000",
///     "Only likes have a cap for each pair of members",
/// ]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommunityRules {
    community_id: CommunityId,
    version: u32,
    rules: Vec<StandingRule>,
    excludes_admins: bool,
}

impl CommunityRules {
    /// The rules that a community has until an admin changes them, those of [`PointSource::rule`]: version 1.
    #[must_use]
    pub fn default_for(community_id: CommunityId) -> Self {
        Self {
            community_id,
            version: 1,
            rules: PointSource::earned().map(StandingRule::default_of).collect(),
            excludes_admins: false,
        }
    }

    /// Takes up stored rules again, in any order. A source that was not known when they were stored has its default.
    ///
    /// # Errors
    /// [`RuleMistakes`] when what was stored are no valid rules.
    pub fn restore(
        community_id: CommunityId,
        version: u32,
        stored: &[StandingRule],
        excludes_admins: bool,
    ) -> Result<Self, RuleMistakes> {
        let mut rules = Self { version, excludes_admins, ..Self::default_for(community_id) };
        for standing in &mut rules.rules {
            if let Some(stored) = stored.iter().find(|stored| stored.rule.source == standing.rule.source) {
                *standing = *stored;
            }
        }
        let drafts: Vec<RuleDraft> = rules.rules().map(RuleDraft::from).collect();
        validate(&drafts)?;
        Ok(rules)
    }

    /// Replaces all rules; whether anything changed. The version rises by one when it did.
    ///
    /// # Errors
    /// [`RuleMistakes`] with every mistake and its place; nothing is changed then.
    pub fn update(&mut self, draft: &RulesDraft, now: OffsetDateTime) -> Result<bool, RuleMistakes> {
        let new = validate(&draft.rules)?;
        let excludes_admins = draft.exclude_admins.unwrap_or(self.excludes_admins);
        let has_changed = !self.rules().eq(new.iter().copied()) || self.excludes_admins != excludes_admins;
        if has_changed {
            self.version += 1;
            self.excludes_admins = excludes_admins;
            let begins = CountedSince { version: self.version, at: now };
            for (standing, rule) in self.rules.iter_mut().zip(new) {
                *standing = standing.replaced_by(rule, begins);
            }
        }
        Ok(has_changed)
    }

    /// The rule of a source. Adjustments have none: they say their points themselves, and no cap counts them.
    #[must_use]
    pub fn rule(&self, source: PointSource) -> SourceRule {
        self.standing(source).rule
    }

    fn standing(&self, source: PointSource) -> StandingRule {
        let standing = self.rules.iter().find(|standing| standing.rule.source == source);
        standing.copied().unwrap_or(StandingRule::default_of(source))
    }

    /// Whether the awards of any source are capped, by the day or by pairs of members.
    pub(crate) fn has_caps(&self) -> bool {
        self.rules.iter().any(|rule| rule.daily_since.is_some() || rule.per_pair_since.is_some())
    }

    /// Whether a tally is for a cap that is in force: those of former caps follow the ledger no more.
    #[must_use]
    pub fn counts(&self, tally: &Tally) -> bool {
        let standing = self.standing(tally.key.source);
        let since = if tally.key.liker_id.is_some() { standing.per_pair_since } else { standing.daily_since };
        since == Some(tally.counted_since)
    }

    /// What limits an award: each cap, and what is counted for it.
    pub(crate) fn limits(&self, award: Award<'_>) -> impl Iterator<Item = Limit> {
        let Award { source, member, actor_id, metadata, .. } = award;
        let StandingRule { rule, daily_since, per_pair_since } = self.standing(source);
        let limit = move |liker_id, cap: Option<Points>, since: Option<CountedSince>| {
            let day = day_of(metadata.occurred_at());
            let tally = TallyKey { member: (self.community_id, member), source, day, liker_id };
            Some(Limit { tally, cap: cap?, counted_since: since? })
        };
        let daily = limit(None, rule.daily_cap, daily_since);
        // The nil UUID is nobody, and no pair.
        let liker_id = Some(actor_id).filter(|liker_id| !liker_id.as_uuid().is_nil());
        let per_pair =
            liker_id.and_then(|liker_id| limit(Some(liker_id), rule.per_pair_daily_cap, per_pair_since));
        daily.into_iter().chain(per_pair)
    }

    /// The rules of all sources that are earned, in the order of the product's table.
    pub fn rules(&self) -> impl Iterator<Item = SourceRule> {
        self.rules.iter().map(|standing| standing.rule)
    }

    /// The same, each with since when its caps have been counted.
    #[must_use]
    pub fn standing_rules(&self) -> &[StandingRule] {
        &self.rules
    }

    /// Whether admins are left out of leaderboards: they see their own rank only, as members do who are not listed.
    #[must_use]
    pub const fn excludes_admins(&self) -> bool {
        self.excludes_admins
    }

    /// The community in which these rules count.
    #[must_use]
    pub const fn community_id(&self) -> CommunityId {
        self.community_id
    }

    /// How often they were changed, counted from 1.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }
}

/// The day on which something happened, as caps count it.
#[must_use]
pub fn day_of(occurred_at: OffsetDateTime) -> Date {
    occurred_at.to_offset(UtcOffset::UTC).date()
}

/// Checks drafts in any order, and puts them in the order of sources.
fn validate(drafts: &[RuleDraft]) -> Result<Vec<SourceRule>, RuleMistakes> {
    let mut mistakes = Mistakes::default();
    let mut seen = Vec::new();
    let mut rules = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        match draft.source.filter(|source| PointSource::earned().any(|earned| earned == *source)) {
            None => mistakes.at(index, RuleField::Source, RuleProblem::NotASource),
            Some(source) if seen.contains(&source) => {
                mistakes.at(index, RuleField::Source, RuleProblem::Repeated(source));
            }
            Some(source) => {
                seen.push(source);
                rules.extend(check(index, source, draft, &mut mistakes));
            }
        }
    }
    for source in PointSource::earned().filter(|source| !seen.contains(source)) {
        mistakes.missing(source);
    }
    if mistakes.is_empty() {
        rules.sort_by_key(|rule| rule.source);
        Ok(rules)
    } else {
        Err(mistakes.in_order())
    }
}

fn check(
    index: usize,
    source: PointSource,
    draft: &RuleDraft,
    mistakes: &mut Mistakes,
) -> Option<SourceRule> {
    let points = draft.points.and_then(|points| Points::new(points).ok());
    let points = points.filter(|points| *points <= SourceRule::MAX_POINTS);
    if points.is_none() {
        mistakes.at(index, RuleField::Points, RuleProblem::PointsOutOfRange);
    }
    let mut cap = |field, draft| match draft {
        CapDraft::None => None,
        CapDraft::Points(points) if Points::new(points).is_ok() => Points::new(points).ok(),
        CapDraft::Points(_) | CapDraft::NotANumber => {
            mistakes.at(index, field, RuleProblem::CapOutOfRange);
            None
        }
    };
    let daily_cap = cap(RuleField::DailyCap, draft.daily_cap);
    let per_pair_daily_cap = if source.rule().once_per == OncePer::SwitchOn {
        cap(RuleField::PerPairDailyCap, draft.per_pair_daily_cap)
    } else {
        if draft.per_pair_daily_cap != CapDraft::None {
            mistakes.at(index, RuleField::PerPairDailyCap, RuleProblem::NotALike);
        }
        None
    };
    Some(SourceRule { source, points: points?, daily_cap, per_pair_daily_cap })
}

#[cfg(test)]
mod tests;
