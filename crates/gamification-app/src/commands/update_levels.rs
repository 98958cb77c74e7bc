//! An admin names the levels and sets their thresholds.

use std::time::Duration;

use gamification_domain::{CommunityId, LevelChanges, LevelDraft, LevelMistakes, MemberKey};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::{
    Chain, Clock, IdGenerator,
    access::{self, AccessDenied},
    commands::recalculate_levels,
    contention::{self, CommandError},
    ports::{ConfigurationRepository, DirectoryRepository, RecalculationRepository, Store, StoreError},
    transaction::{self, Ending, within_deadline},
};

/// The change of levels that an admin asks for.
#[derive(Clone, Debug)]
pub struct LevelsUpdate {
    /// All nine levels, in any order.
    pub drafts: Vec<LevelDraft>,
    /// The versions that the admin may have looked at, when the change shall only apply to one of them.
    pub expected_versions: Option<Vec<u32>>,
}

/// How far a change of levels has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelsUpdated {
    /// The levels count, and every member is where they put them.
    Everywhere,
    /// The levels count for every read and award; leveling members up continues by itself.
    Recalculating,
}

/// How long a change waits for members to be leveled up, by itself and by the change before it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why levels were not updated, in the order it is checked; nothing was changed, unless the database refused to level
/// members up: then that is tried again and again.
#[derive(Debug, thiserror::Error)]
pub enum UpdateLevelsError {
    /// The community is not known, or the caller is no admin of it.
    #[error(transparent)]
    AccessDenied(#[from] AccessDenied),
    /// The drafts are no nine valid levels; all mistakes are named.
    #[error(transparent)]
    Invalid(#[from] LevelMistakes),
    /// The levels were changed since the caller read them.
    #[error("The levels were changed since you read them")]
    Stale,
    /// Members are still being leveled up after an earlier change of thresholds. Until that is over thresholds stay, or
    /// members would miss a level that only the earlier change would have given them.
    #[error("Members are still being leveled up after the last change of thresholds")]
    Recalculating,
    /// The database failed; the levels are as they were, unless the commit itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Replaces the levels of a community, and returns when every member has the level that the new thresholds give them,
/// or after two seconds.
///
/// The new levels count from the first, short transaction on; leveling members up follows in chunks, so events and reads
/// go on meanwhile. It continues on the runtime that calls this, and in another process should that end.
///
/// # Errors
/// [`UpdateLevelsError`], the first that applies.
pub async fn update_levels(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    caller: MemberKey,
    update: &LevelsUpdate,
) -> Result<LevelsUpdated, UpdateLevelsError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let store_levels = || within_deadline(store_levels(store, system, caller, update));
        match contention::retry(store_levels).await? {
            Stored::Done(changes) => {
                log(caller, &changes);
                return Ok(LevelsUpdated::Everywhere);
            }
            Stored::MembersToLevelUp(changes) => {
                log(caller, &changes);
                return Ok(level_up(store, system, caller.0, until).await?);
            }
            Stored::NotYet => match level_up(store, system, caller.0, until).await? {
                LevelsUpdated::Everywhere => {}
                LevelsUpdated::Recalculating => return Err(UpdateLevelsError::Recalculating),
            },
        }
    }
}

/// Levels members up, beside this call once the time is over. What fails is resumed by the job that looks for it, so only
/// what will fail again is an error.
async fn level_up(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    community_id: CommunityId,
    until: Instant,
) -> Result<LevelsUpdated, StoreError> {
    let (store, system) = (store.clone(), system.clone());
    let leveling_up = async move {
        let outcome = recalculate_levels(&store, &system, community_id).await;
        if let Err(error) = &outcome {
            tracing::warn!(%community_id, error = %Chain(error), "a recalculation failed and will be resumed");
        }
        outcome
    };
    match timeout_at(until, tokio::spawn(leveling_up.in_current_span())).await {
        Ok(Ok(Ok(()))) => Ok(LevelsUpdated::Everywhere),
        Ok(Ok(Err(error @ (StoreError::Conflict { .. } | StoreError::Corrupt(_))))) => Err(error),
        Ok(Ok(Err(StoreError::Contention(_) | StoreError::Unavailable(_))) | Err(_)) | Err(_) => {
            Ok(LevelsUpdated::Recalculating)
        }
    }
}

impl CommandError for UpdateLevelsError {
    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::AccessDenied(_) | Self::Invalid(_) | Self::Stale | Self::Recalculating => None,
        }
    }
}

enum Stored {
    /// The levels are stored; no threshold moved, so no member's level changes.
    Done(LevelChanges),
    /// The levels are stored; members follow.
    MembersToLevelUp(LevelChanges),
    /// An earlier change must be done first; nothing is stored.
    NotYet,
}

#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
async fn store_levels(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    caller: MemberKey,
    update: &LevelsUpdate,
) -> Result<Stored, UpdateLevelsError> {
    let mut tx = store.begin().await?;
    let stored = write_levels(&mut tx, system, caller, update).await;
    transaction::end(tx, stored).await
}

async fn write_levels(
    tx: &mut (impl DirectoryRepository + ConfigurationRepository + RecalculationRepository),
    system: &(impl Clock + IdGenerator),
    (community_id, user_id): MemberKey,
    update: &LevelsUpdate,
) -> Result<Ending<Stored>, UpdateLevelsError> {
    let now = system.now();
    access::admin(tx.membership((community_id, user_id)).await?)?;
    let mut configuration =
        tx.lock_configuration(community_id).await?.ok_or(AccessDenied::CommunityNotFound)?.levels;
    // Who was erased before the lock is no admin any more, and must not be noted as who made a version.
    access::admin(tx.membership((community_id, user_id)).await?)?;
    let version = configuration.version();
    let changes = configuration.update_levels(&update.drafts)?;
    if update.expected_versions.as_ref().is_some_and(|expected| !expected.contains(&version)) {
        return Err(UpdateLevelsError::Stale);
    }
    let moves_thresholds = changes.move_thresholds();
    if moves_thresholds && tx.is_recalculating(community_id).await? {
        return Ok(Ending::Rollback(Stored::NotYet));
    }
    if changes.is_empty() {
        return Ok(Ending::Rollback(Stored::Done(changes)));
    }
    tx.save_level_configuration(&configuration, user_id, now).await?;
    if moves_thresholds {
        // After the configuration, against the order of locks: nobody can hold a row that is not there yet.
        tx.insert_recalculation(community_id, system.next_id(), now).await?;
        return Ok(Ending::Commit(Stored::MembersToLevelUp(changes)));
    }
    Ok(Ending::Commit(Stored::Done(changes)))
}

fn log((community_id, admin_id): MemberKey, changes: &LevelChanges) {
    if !changes.is_empty() {
        tracing::info!(%community_id, %admin_id, %changes, "level config updated");
    }
}
