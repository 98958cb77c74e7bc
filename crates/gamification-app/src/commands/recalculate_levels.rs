//! After a change of thresholds, members are leveled up to where it puts them.

use gamification_domain::{CommunityId, LevelCounts};
use time::OffsetDateTime;

use super::record_facts::default_levels;
use crate::{
    Clock, IdGenerator, contention, observation,
    ports::{
        ConfigurationLock, ConfigurationRepository, LedgerRepository, LevelUp, LevelUps, Queries,
        RecalculationRepository, Store, StoreError,
    },
    transaction::{self, Ending, within_deadline},
};

/// How many members one transaction looks at: few enough that an award waits for none of them longer than people
/// notice, enough that the cost of a commit is shared.
const CHUNK: usize = 5_000;

/// Levels the members of a community up until all were looked at. Several processes may do this at once: they take
/// turns. Nothing happens when no change of thresholds is noted.
///
/// # Errors
/// [`StoreError`] when the database fails; what is left to do stays noted.
#[tracing::instrument(
    name = "gamification.recalculate_levels", skip_all, fields(%community_id, level_ups = tracing::field::Empty)
)]
pub async fn recalculate_levels(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    community_id: CommunityId,
) -> Result<(), StoreError> {
    let mut level_ups = 0;
    loop {
        let progress =
            contention::retry(|| within_deadline(level_up_chunk(store, system, community_id))).await?;
        level_ups += progress.level_ups;
        tracing::Span::current().record("level_ups", level_ups);
        if progress.is_done {
            return Ok(());
        }
    }
}

/// Resumes what other processes left unfinished: recalculations that none has worked on since `idle_since`.
///
/// # Errors
/// [`StoreError`] when the database fails; what is left to do stays noted.
pub async fn resume_recalculations(
    store: &(impl Store + Queries),
    system: &(impl Clock + IdGenerator),
    idle_since: OffsetDateTime,
) -> Result<(), StoreError> {
    // One community where it fails does not hold up the others.
    let mut outcome = Ok(());
    for community_id in store.idle_recalculations(idle_since).await? {
        tracing::info!(%community_id, "resuming an abandoned recalculation");
        if let Err(error) = recalculate_levels(store, system, community_id).await {
            outcome = Err(error);
        }
    }
    outcome
}

/// What one transaction came to.
struct Progress {
    level_ups: usize,
    /// Whether all members of the community were looked at.
    is_done: bool,
}

#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
async fn level_up_chunk(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    community_id: CommunityId,
) -> Result<Progress, StoreError> {
    let mut tx = store.begin().await?;
    let level_ups = level_up_in(&mut tx, system, community_id).await;
    let Some(LevelUps { level_ups, next }) = transaction::end(tx, level_ups).await? else {
        return Ok(Progress { level_ups: 0, is_done: true });
    };
    observation::members_leveled_up(community_id, &level_ups);
    Ok(Progress { level_ups: level_ups.len(), is_done: next.is_none() })
}

/// Levels a chunk of members up; `None` when no recalculation is noted.
async fn level_up_in(
    tx: &mut (impl RecalculationRepository + ConfigurationRepository + LedgerRepository),
    system: &(impl Clock + IdGenerator),
    community_id: CommunityId,
) -> Result<Ending<Option<LevelUps>>, StoreError> {
    let now = system.now();
    let Some(first) = tx.lock_recalculation(community_id).await? else {
        return Ok(Ending::Rollback(None));
    };
    // A community whose thresholds were changed has a configuration; the default is never inserted.
    let defaults = default_levels(system, std::iter::once(community_id));
    let configurations = tx.lock_configurations(ConfigurationLock::Shared, &defaults, now).await?;
    let levels = &configurations.first().ok_or_else(no_levels)?.levels;
    let event_ids = (0..CHUNK).map(|_| system.next_id()).collect();
    let level_ups = tx.level_up_members(levels, first, event_ids, now).await?;
    tx.change_level_counts(&counts(community_id, &level_ups.level_ups).into_changes()).await?;
    match level_ups.next {
        Some(next) => tx.save_recalculation(community_id, next, CHUNK, now).await?,
        None => tx.delete_recalculation(community_id).await?,
    }
    Ok(Ending::Commit(Some(level_ups)))
}

fn counts(community_id: CommunityId, level_ups: &[LevelUp]) -> LevelCounts {
    let mut counts = LevelCounts::default();
    for LevelUp { old_level, new_level, .. } in level_ups.iter().filter(|level_up| level_up.is_present) {
        counts.member_leveled_up(community_id, *old_level, *new_level);
    }
    counts
}

fn no_levels() -> StoreError {
    StoreError::Corrupt("a community has no levels after they were locked".into())
}
