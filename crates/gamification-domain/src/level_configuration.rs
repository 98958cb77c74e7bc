//! A community's nine levels: their names and thresholds.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use crate::{
    CommunityId, LevelChanges, LevelConfigurationId, LevelField, LevelMistakes, LevelName, LevelNumber,
    LevelProblem, Points, level_mistakes::Mistakes, level_name::NameIdentity,
};

/// One level of a community.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LevelDefinition {
    level: LevelNumber,
    name: LevelName,
    threshold: Points,
}

impl LevelDefinition {
    /// The level, 1 to 9.
    #[must_use]
    pub const fn level(&self) -> LevelNumber {
        self.level
    }

    /// What the community calls it.
    #[must_use]
    pub const fn name(&self) -> &LevelName {
        &self.name
    }

    /// The points that reach it.
    #[must_use]
    pub const fn threshold(&self) -> Points {
        self.threshold
    }
}

/// A level as it was sent, before any rule is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LevelDraft {
    /// The level's number, 1 to 9 when valid; `None` when what was sent is no whole number.
    pub level: Option<i64>,
    /// The name as typed; `None` when what was sent is no text.
    pub name: Option<String>,
    /// The threshold, in points; `None` when what was sent is no whole number.
    pub threshold: Option<i64>,
}

impl LevelDraft {
    /// A draft with all its fields.
    pub fn new(level: i64, name: impl Into<String>, threshold: i64) -> Self {
        Self { level: Some(level), name: Some(name.into()), threshold: Some(threshold) }
    }
}

impl From<&LevelDefinition> for LevelDraft {
    /// The draft that leaves a level as it is.
    fn from(LevelDefinition { level, name, threshold }: &LevelDefinition) -> Self {
        Self::new(i64::from(level.get()), name.as_str(), i64::from(threshold.get()))
    }
}

/// The points of the members at one level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelBand<'a> {
    /// The level, and its name.
    pub definition: &'a LevelDefinition,
    /// The fewest points of the band, inclusive.
    pub lowest: Points,
    /// The most points of the band, inclusive.
    pub highest: Points,
}

/// The nine levels of one community (an aggregate).
///
/// Its invariants hold from construction on: nine levels, level 1 at 0 points, thresholds strictly increasing,
/// names clean and unique.
///
/// ```
/// use gamification_domain::{CommunityId, LevelConfiguration, LevelConfigurationId, LevelNumber, Points};
/// use uuid::Uuid;
///
/// let community = CommunityId::new(Uuid::from_u128(1));
/// let levels = LevelConfiguration::default_for(LevelConfigurationId::new(Uuid::from_u128(2)), community);
/// let level = levels.level_for_points(Points::new(45).unwrap());
/// assert_eq!(level.get(), 3);
/// assert_eq!(levels.definition(level).name().as_str(), "Builder");
/// assert_eq!(levels.points_to_next_level(level, Points::new(45).unwrap()).unwrap().get(), 15);
/// assert_eq!(levels.points_to_next_level(LevelNumber::MAX, Points::new(999).unwrap()), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelConfiguration {
    id: LevelConfigurationId,
    community_id: CommunityId,
    levels: [LevelDefinition; LevelNumber::COUNT],
    version: u32,
}

/// The names and thresholds every community starts with.
const DEFAULTS: [(&str, u16); LevelNumber::COUNT] = [
    ("Student", 0),
    ("Practitioner", 10),
    ("Builder", 30),
    ("Leader", 60),
    ("Mentor", 100),
    ("Empire Builder", 150),
    ("Ruler", 210),
    ("Legend", 280),
    ("Icon", 360),
];

impl LevelConfiguration {
    /// The configuration that a community has until an admin changes it: version 1.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the defaults are constants, and a test validates them"
    )]
    pub fn default_for(id: LevelConfigurationId, community_id: CommunityId) -> Self {
        let drafts = LevelNumber::all().zip(DEFAULTS).map(|(level, (name, threshold))| {
            LevelDraft::new(i64::from(level.get()), name, i64::from(threshold))
        });
        let levels = Self::validate(&drafts.collect::<Vec<_>>()).expect("the defaults are valid");
        Self { id, community_id, levels, version: 1 }
    }

    /// Takes up a stored configuration again.
    ///
    /// # Errors
    /// [`LevelMistakes`] when what was stored is not a valid configuration.
    pub fn restore(
        id: LevelConfigurationId,
        community_id: CommunityId,
        version: u32,
        levels: &[LevelDraft],
    ) -> Result<Self, LevelMistakes> {
        let levels = Self::validate(levels)?;
        Ok(Self { id, community_id, levels, version })
    }

    /// Checks a list of drafts, in any order, against every rule, and puts the levels in order.
    ///
    /// # Errors
    /// [`LevelMistakes`] with every mistake and its place. Per draft: the number (`NotALevel`, `Repeated`), the
    /// name (its own rules, then `NameNotUnique`), the threshold (`FirstThresholdNotZero`,
    /// `SecondThresholdTooLow`, `ThresholdTooLarge`, `ThresholdsNotIncreasing`, the first that applies). Last, each
    /// level that is `Missing`.
    ///
    /// ```
    /// use gamification_domain::{LevelConfiguration, LevelDraft};
    ///
    /// let drafts: Vec<LevelDraft> = (1..=9)
    ///     .map(|level| LevelDraft::new(level, format!("Level {level}"), (level - 1) * 10))
    ///     .collect();
    /// assert!(LevelConfiguration::validate(&drafts).is_ok());
    ///
    /// let mut flat = drafts;
    /// flat[2].threshold = Some(10);
    /// flat[5].name = Some("level 1".into());
    /// let mistakes = LevelConfiguration::validate(&flat).unwrap_err();
    /// let texts: Vec<String> = mistakes.as_slice().iter().map(ToString::to_string).collect();
    /// assert_eq!(texts, ["Thresholds must be strictly increasing", "Level name must be unique"]);
    /// ```
    pub fn validate(drafts: &[LevelDraft]) -> Result<[LevelDefinition; LevelNumber::COUNT], LevelMistakes> {
        let mut mistakes = Mistakes::default();
        let numbered = number(drafts, &mut mistakes);
        let mut names = name(drafts, &mut mistakes);
        check_thresholds(&numbered, &mut mistakes);
        let levels: Vec<LevelDefinition> = LevelNumber::all()
            .filter_map(|level| {
                let (index, draft) = *numbered.get(&level)?;
                let (name, threshold) = (names.remove(&index)?, Points::new(draft.threshold?).ok()?);
                Some(LevelDefinition { level, name, threshold })
            })
            .collect();
        // Nine are left exactly when nothing was missing or refused.
        match (mistakes.is_empty(), <[LevelDefinition; LevelNumber::COUNT]>::try_from(levels)) {
            (true, Ok(levels)) => Ok(levels),
            _ => Err(mistakes.in_order()),
        }
    }

    /// Replaces all nine levels.
    ///
    /// The version rises by one when anything changed; the same names and thresholds again change nothing.
    ///
    /// # Errors
    /// As [`LevelConfiguration::validate`]; nothing is changed then.
    pub fn update_levels(&mut self, drafts: &[LevelDraft]) -> Result<LevelChanges, LevelMistakes> {
        let levels = Self::validate(drafts)?;
        let changes = LevelChanges::between(&self.levels, &levels);
        if !changes.is_empty() {
            self.levels = levels;
            self.version += 1;
        }
        Ok(changes)
    }

    /// The highest level whose threshold is at most `points`.
    #[must_use]
    pub fn level_for_points(&self, points: Points) -> LevelNumber {
        let reached = self.levels.iter().rev().find(|definition| definition.threshold <= points);
        reached.map_or(LevelNumber::MIN, LevelDefinition::level)
    }

    /// The level of a member who has reached `level` and has `points`: `max(level, level_for(points))`, so that it never
    /// falls (the ratchet).
    #[must_use]
    pub fn level_from(&self, level: LevelNumber, points: Points) -> LevelNumber {
        level.max(self.level_for_points(points))
    }

    /// The points that reach a level.
    #[must_use]
    pub fn threshold_for_level(&self, level: LevelNumber) -> Points {
        self.definition(level).threshold
    }

    /// What a member with `total_points` at `level` still needs for the next one; none at level 9.
    ///
    /// More than a level's worth after a ratchet, when points or thresholds moved away below the level.
    #[must_use]
    pub fn points_to_next_level(&self, level: LevelNumber, total_points: Points) -> Option<Points> {
        let next = self.threshold_for_level(level.next()?);
        Some(next.saturating_sub(total_points))
    }

    /// The points that make each level, level 1 first. Together they hold every total exactly once.
    pub fn bands(&self) -> impl Iterator<Item = LevelBand<'_>> {
        self.levels.iter().map(|definition| {
            let next = definition.level.next().map(|next| self.threshold_for_level(next));
            let highest = next.map_or(Points::MAX, |next| next.saturating_sub(Points::constant(1)));
            LevelBand { definition, lowest: definition.threshold, highest }
        })
    }

    /// A level's name and threshold.
    #[must_use]
    pub fn definition(&self, level: LevelNumber) -> &LevelDefinition {
        #[expect(
            clippy::indexing_slicing,
            reason = "a level number's index is 0 to 8 and there are nine levels"
        )]
        &self.levels[level.index()]
    }

    /// All nine, level 1 first.
    #[must_use]
    pub const fn levels(&self) -> &[LevelDefinition; LevelNumber::COUNT] {
        &self.levels
    }

    /// The id of the configuration, the same for all its versions.
    #[must_use]
    pub const fn id(&self) -> LevelConfigurationId {
        self.id
    }

    /// The community that has these levels.
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

type Numbered<'a> = HashMap<LevelNumber, (usize, &'a LevelDraft)>;

fn number<'a>(drafts: &'a [LevelDraft], mistakes: &mut Mistakes) -> Numbered<'a> {
    let mut numbered = Numbered::new();
    for (index, draft) in drafts.iter().enumerate() {
        let Some(level) = draft.level.and_then(|number| LevelNumber::new(number).ok()) else {
            let number = draft.level;
            mistakes.at(index, LevelField::Level, LevelProblem::NotALevel { number });
            continue;
        };
        match numbered.entry(level) {
            Entry::Occupied(_) => mistakes.at(index, LevelField::Level, LevelProblem::Repeated { level }),
            Entry::Vacant(place) => drop(place.insert((index, draft))),
        }
    }
    for level in LevelNumber::all().filter(|level| !numbered.contains_key(level)) {
        mistakes.missing(level);
    }
    numbered
}

fn name(drafts: &[LevelDraft], mistakes: &mut Mistakes) -> HashMap<usize, LevelName> {
    let mut seen: HashSet<NameIdentity> = HashSet::new();
    let mut names = HashMap::new();
    for (index, draft) in drafts.iter().enumerate() {
        match LevelName::parse(draft.name.as_deref().unwrap_or_default()) {
            Err(error) => mistakes.at(index, LevelField::Name, LevelProblem::Name(error)),
            Ok(name) if !seen.insert(name.identity()) => {
                mistakes.at(index, LevelField::Name, LevelProblem::NameNotUnique);
            }
            Ok(name) => {
                names.insert(index, name);
            }
        }
    }
    names
}

fn check_thresholds(numbered: &Numbered<'_>, mistakes: &mut Mistakes) {
    let mut previous: Option<i64> = None;
    for level in LevelNumber::all() {
        let Some(&(index, draft)) = numbered.get(&level) else {
            continue;
        };
        if let Some(problem) = threshold_problem(level, draft.threshold, previous) {
            mistakes.at(index, LevelField::Threshold, problem);
        }
        previous = draft.threshold;
    }
}

fn threshold_problem(
    level: LevelNumber,
    threshold: Option<i64>,
    previous: Option<i64>,
) -> Option<LevelProblem> {
    let Some(threshold) = threshold else {
        return Some(LevelProblem::ThresholdNotANumber);
    };
    match (level.get(), previous) {
        (1, _) => (threshold != 0).then_some(LevelProblem::FirstThresholdNotZero { threshold }),
        (2, _) if threshold < 1 => Some(LevelProblem::SecondThresholdTooLow { threshold }),
        _ if threshold > i64::from(Points::MAX.get()) => Some(LevelProblem::ThresholdTooLarge { threshold }),
        // Level 1's threshold is judged on its own, so level 2 is not compared with a wrong one.
        (3.., Some(previous)) if threshold <= previous => {
            Some(LevelProblem::ThresholdsNotIncreasing { level, threshold, previous })
        }
        // With the level below missing, a negative threshold is all that is surely wrong.
        (3.., None) if threshold < 0 => {
            Some(LevelProblem::ThresholdsNotIncreasing { level, threshold, previous: 0 })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
