//! An admin looks at what other levels would do, before members have them.

use std::{cmp::Reverse, collections::BTreeSet};

use gamification_domain::{
    DirectoryText, LevelConfiguration, LevelDefinition, LevelDistribution, LevelDraft, LevelMistakes,
    LevelNumber, MemberKey, Points, UserId,
};

use crate::{
    AccessDenied, Reader, access,
    ports::{CommunityView, MembersWithin, PointBands, Queries, StoreError},
};

/// How many of those who would level up are named at most.
pub const NAMED_LEVEL_UPS: usize = 30;

/// How often thresholds may change while they are looked at.
const MAX_TRIES: usize = 3;

/// What a list of levels would do.
#[derive(Clone, Debug)]
pub struct LevelsPreview {
    /// The levels as they would be.
    pub configuration: LevelConfiguration,
    /// How many present members each level has now.
    pub before: LevelDistribution,
    /// How many present members each level would have.
    pub after: LevelDistribution,
    /// How many present members would level up.
    pub level_ups: u64,
    /// Some of them, at most [`NAMED_LEVEL_UPS`], those with the highest new level first.
    pub named: Vec<PreviewedLevelUp>,
}

/// The level-up of a member that a change would bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedLevelUp {
    /// The member, by their id on the platform.
    pub user_id: UserId,
    /// The name shown of them, where the platform told one.
    pub display_name: Option<DirectoryText>,
    /// The level they have now, by the levels that are in force.
    pub level: LevelNumber,
    /// The level that they would have.
    pub new_level: LevelNumber,
}

/// Why there is no preview, in the order it is checked.
#[derive(Debug, thiserror::Error)]
pub enum PreviewLevelsError {
    /// The community is not known, or the caller is no admin of it.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The drafts are no nine valid levels; all mistakes are named.
    #[error(transparent)]
    Invalid(#[from] LevelMistakes),
    /// The database failed, or thresholds change all the time.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells what a list of levels would do, and changes nothing.
///
/// # Errors
/// [`PreviewLevelsError`], the first that applies.
pub async fn preview_levels(
    queries: &impl Queries,
    caller: MemberKey,
    drafts: &[LevelDraft],
) -> Result<LevelsPreview, PreviewLevelsError> {
    for _ in 0..MAX_TRIES {
        let view = queries.member_standings(caller.0, Reader::User(caller.1), &[]).await?;
        let CommunityView { membership, levels, .. } = view.ok_or(AccessDenied::CommunityNotFound)?;
        access::admin(Some(membership))?;
        let mut configuration = LevelConfiguration::clone(&levels);
        configuration.update_levels(drafts)?;
        let bands = cuts(&levels, &configuration);
        let PointBands { version, bands: members } =
            queries.members_within(caller.0, &bands, NAMED_LEVEL_UPS).await?;
        if version == Some(levels.version()) {
            let (preview, leveling_up) = judge(configuration, &levels, &bands, &members);
            return Ok(with_names(queries, caller, preview, leveling_up).await?);
        }
    }
    Err(StoreError::Contention("the levels change all the time".into()).into())
}

/// The totals where a level begins, now or then: between two of them all members are judged alike.
fn cuts(now: &LevelConfiguration, then: &LevelConfiguration) -> Vec<Points> {
    let thresholds: BTreeSet<Points> =
        now.levels().iter().chain(then.levels()).map(LevelDefinition::threshold).collect();
    thresholds.into_iter().collect()
}

/// A member who would level up, from which level to which.
type MemberLevelingUp = (UserId, LevelNumber, LevelNumber);

/// Judges each band by the levels of now and then.
fn judge(
    configuration: LevelConfiguration,
    now: &LevelConfiguration,
    cuts: &[Points],
    members: &[MembersWithin],
) -> (LevelsPreview, Vec<MemberLevelingUp>) {
    let (mut before, mut after) = (LevelDistribution::default(), LevelDistribution::default());
    let (mut level_ups, mut leveling_up) = (0, Vec::new());
    for MembersWithin { current_level, band, members, sample } in members {
        // Where the band begins: within it everybody is judged alike.
        let points = cuts.get(*band).copied().unwrap_or(Points::ZERO);
        let level = now.level_from(*current_level, points);
        let new_level = configuration.level_from(level, points);
        before.add(level, *members);
        after.add(new_level, *members);
        if new_level > level {
            level_ups += u64::from(*members);
            leveling_up.extend(sample.iter().map(|user_id| (*user_id, level, new_level)));
        }
    }
    leveling_up.sort_by_key(|(user_id, level, new_level)| (Reverse(*new_level), *level, *user_id));
    leveling_up.truncate(NAMED_LEVEL_UPS);
    (LevelsPreview { configuration, before, after, level_ups, named: Vec::new() }, leveling_up)
}

async fn with_names(
    queries: &impl Queries,
    (community_id, _): MemberKey,
    preview: LevelsPreview,
    leveling_up: Vec<MemberLevelingUp>,
) -> Result<LevelsPreview, StoreError> {
    let users: Vec<UserId> = leveling_up.iter().map(|(user_id, _, _)| *user_id).collect();
    let mut names = queries.display_names(community_id, &users).await?;
    let named = leveling_up.into_iter().map(|(user_id, level, new_level)| PreviewedLevelUp {
        user_id,
        display_name: names.remove(&user_id),
        level,
        new_level,
    });
    Ok(LevelsPreview { named: named.collect(), ..preview })
}
