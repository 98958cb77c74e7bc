//! An admin names the levels and sets their thresholds.

use gamification_domain::{LevelChanges, LevelDraft, LevelMistakes, MemberKey};

use crate::{
    Clock, IdGenerator,
    access::{self, AccessDenied},
    commands::recalculate_levels,
    contention::{self, CommandError},
    ports::{
        DirectoryRepository, LevelConfigurationRepository, RecalculationRepository, Store, StoreError,
        UnitOfWork,
    },
};

/// What an admin asks for.
#[derive(Clone, Debug)]
pub struct LevelsUpdate {
    /// All nine levels, in any order.
    pub drafts: Vec<LevelDraft>,
    /// The versions that the admin may have looked at, when the change shall only apply to one of them.
    pub expected_versions: Option<Vec<u32>>,
}

/// Why levels were not updated, in the order it is checked; nothing was changed, unless the database failed while
/// members were being lifted: then that goes on by itself.
#[derive(Debug, thiserror::Error)]
pub enum UpdateLevelsError {
    /// The caller may not.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The levels break rules.
    #[error(transparent)]
    Invalid(#[from] LevelMistakes),
    /// The levels were changed since the caller read them.
    #[error("The levels were changed since you read them")]
    Stale,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Replaces the levels of a community, and returns when every member is where the new thresholds put them.
///
/// The new levels count from the first, short transaction on; lifting members follows in chunks, so events and reads
/// go on meanwhile. A change of thresholds waits for the one before it to be done, or members would miss a level that
/// only the first would have given them.
///
/// # Errors
/// [`UpdateLevelsError`], the first that applies.
pub async fn update_levels(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    caller: MemberKey,
    update: &LevelsUpdate,
) -> Result<(), UpdateLevelsError> {
    loop {
        match contention::retry(|| store_levels(store, system, caller, update)).await? {
            Stored::Done => return Ok(()),
            Stored::MembersToLevelUp => return Ok(recalculate_levels(store, system, caller.0).await?),
            Stored::NotYet => recalculate_levels(store, system, caller.0).await?,
        }
    }
}

impl CommandError for UpdateLevelsError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::AccessDenied(_) | Self::Invalid(_) | Self::Stale => None,
        }
    }
}

enum Stored {
    /// Nobody's level can change.
    Done,
    /// The levels are stored; members follow.
    MembersToLevelUp,
    /// An earlier change must be done first; nothing is stored.
    NotYet,
}

async fn store_levels(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    (community_id, user_id): MemberKey,
    update: &LevelsUpdate,
) -> Result<Stored, UpdateLevelsError> {
    let now = system.now();
    let mut tx = store.begin().await?;
    access::admin(tx.membership((community_id, user_id)).await?)?;
    let mut configuration =
        tx.lock_level_configuration(community_id).await?.ok_or(AccessDenied::CommunityNotFound)?;
    let version = configuration.version();
    let changes = configuration.update_levels(&update.drafts)?;
    if update.expected_versions.as_ref().is_some_and(|expected| !expected.contains(&version)) {
        tx.rollback().await?;
        return Err(UpdateLevelsError::Stale);
    }
    if changes.thresholds > 0 && tx.is_recalculating(community_id).await? {
        tx.rollback().await?;
        return Ok(Stored::NotYet);
    }
    if configuration.version() == version {
        tx.rollback().await?;
        return Ok(Stored::Done);
    }
    tx.save_level_configuration(&configuration, now).await?;
    if changes.thresholds > 0 {
        // After the configuration, against the order of locks: nobody can hold a row that is not there yet.
        tx.insert_recalculation(community_id, system.next_id(), now).await?;
    }
    tx.commit().await?;
    let LevelChanges { names, thresholds } = changes;
    let changed = format_args!("{names} names, {thresholds} thresholds");
    tracing::info!(%community_id, admin_id = %user_id, changes = %changed, "level config updated");
    Ok(if thresholds > 0 { Stored::MembersToLevelUp } else { Stored::Done })
}
