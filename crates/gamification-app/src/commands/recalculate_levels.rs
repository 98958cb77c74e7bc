//! After a change of thresholds, members are lifted to where it puts them.

use std::collections::BTreeSet;

use gamification_domain::{CommunityId, LevelConfiguration, LevelConfigurationId};
use time::OffsetDateTime;

use crate::{
    Clock, IdGenerator,
    contention::Tries,
    observation,
    ports::{
        LevelConfigurationRepository, LevelUps, Queries, RecalculationRepository, Store, StoreError, UnitOfWork,
    },
};

/// How many members one transaction looks at: few enough that an award waits for none of them longer than people
/// notice, enough that the cost of a commit is shared.
const CHUNK: usize = 5_000;

/// Lifts the members of a community until nobody is left. Several may do this at once: they take turns. Nothing happens
/// when no change of thresholds is noted.
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
    let mut tries = Tries::default();
    let mut level_ups = 0;
    loop {
        match level_up_chunk(store, system, community_id).await {
            Ok(progress) => {
                level_ups += progress.level_ups;
                tracing::Span::current().record("level_ups", level_ups);
                if progress.is_done {
                    return Ok(());
                }
                tries = Tries::default();
            }
            Err(error) if tries.allow_another(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Goes on with what other servers left behind: whatever nobody has worked on since `idle_since`.
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
    /// Whether nobody is left.
    is_done: bool,
}

impl Progress {
    const NOTHING_TO_DO: Self = Self { level_ups: 0, is_done: true };
}

async fn level_up_chunk(
    store: &impl Store,
    system: &(impl Clock + IdGenerator),
    community_id: CommunityId,
) -> Result<Progress, StoreError> {
    let now = system.now();
    let mut tx = store.begin().await?;
    let Some(first) = tx.lock_recalculation(community_id).await? else {
        return Ok(Progress::NOTHING_TO_DO);
    };
    let communities = BTreeSet::from([community_id]);
    let no_default = |community_id| {
        // A community whose thresholds were changed has a configuration.
        LevelConfiguration::default_for(LevelConfigurationId::new(system.next_id()), community_id)
    };
    let levels = tx.lock_level_configurations_shared(&communities, no_default, now).await?;
    let Some(levels) = levels.first() else {
        return Ok(Progress::NOTHING_TO_DO);
    };
    let event_ids = (0..CHUNK).map(|_| system.next_id()).collect();
    let LevelUps { level_ups, next } = tx.level_up_members(levels, first, event_ids, now).await?;
    match next {
        Some(next) => tx.save_recalculation(community_id, next, now).await?,
        None => tx.delete_recalculation(community_id).await?,
    }
    tx.commit().await?;
    observation::members_leveled_up(community_id, &level_ups);
    Ok(Progress { level_ups: level_ups.len(), is_done: next.is_none() })
}
