//! What is left of erased users' ids is replaced, in tables that have no index by user.
//!
//! Such an index would cost every award, and erasures are rare: so each table of a community is gone through once, chunk by
//! chunk in the order of its key. Users erased before a sweep began share it; those erased meanwhile wait for the
//! next. No fact about them is recorded any more, so a row that was looked at stays as it is.

use std::time::Duration;

use gamification_domain::{CommunityId, SortName};
use tokio::time::{Instant, sleep};

use crate::{
    Clock, contention,
    ports::{
        EntryChange, ErasedEntry, ErasureSweepRepository, LeaderboardRepository, Queries, Store, StoreError,
        SweepStage, WindowSums,
    },
    transaction::{self, Ending},
};

/// How many rows one transaction looks at: few enough that an award waits for none of them longer than people notice.
const CHUNK: i64 = 5_000;

/// How many communities are looked for at once; others come with the next run.
const COMMUNITIES: i64 = 100;

/// The longest rest between two chunks.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Sweeps all communities where users were erased, one after the other. Any number of processes may do it: a community is
/// swept by one at a time, and another continues where one stopped.
///
/// # Errors
/// [`StoreError`] when the database fails; what is left to do stays noted.
pub async fn sweep_erasures(store: &(impl Store + Queries), clock: &impl Clock) -> Result<(), StoreError> {
    // One community where it fails does not hold up the others.
    let mut outcome = Ok(());
    for community_id in store.communities_to_sweep(COMMUNITIES).await? {
        if let Err(error) = sweep_community(store, clock, community_id).await {
            outcome = Err(error);
        }
    }
    outcome
}

async fn sweep_community(
    store: &impl Store,
    clock: &impl Clock,
    community_id: CommunityId,
) -> Result<(), StoreError> {
    loop {
        let started = Instant::now();
        match contention::retry(|| sweep_chunk(store, clock, community_id)).await? {
            Swept::Chunk => {}
            Swept::All => {
                tracing::info!(%community_id, "erased members swept");
                return Ok(());
            }
            Swept::Elsewhere => return Ok(()),
        }
        // Awards come first: half of the time is left to them.
        sleep(started.elapsed().min(LONGEST_REST)).await;
    }
}

/// What one transaction came to.
enum Swept {
    /// There is more to do.
    Chunk,
    /// Nothing is left to do.
    All,
    /// Another process has the sweep, or the boards, or there is nothing to do.
    Elsewhere,
}

#[expect(clippy::disallowed_methods, reason = "a command begins its transaction")]
async fn sweep_chunk(
    store: &impl Store,
    clock: &impl Clock,
    community_id: CommunityId,
) -> Result<Swept, StoreError> {
    let mut tx = store.begin().await?;
    let swept = sweep_in(&mut tx, clock, community_id).await;
    transaction::end(tx, swept).await
}

async fn sweep_in(
    tx: &mut (impl ErasureSweepRepository + LeaderboardRepository),
    clock: &impl Clock,
    community_id: CommunityId,
) -> Result<Ending<Swept>, StoreError> {
    let Some(stage) = tx.try_lock_sweep(community_id, clock.now()).await? else {
        return Ok(Ending::Rollback(Swept::Elsewhere));
    };
    let has_more = match stage {
        SweepStage::Leaderboards => {
            if tx.try_lock_leaderboards().await?.is_none() {
                return Ok(Ending::Rollback(Swept::Elsewhere));
            }
            sweep_leaderboards(tx, community_id).await?;
            false
        }
        SweepStage::Rows(table) => tx.sweep_rows(community_id, table, CHUNK).await?,
    };
    if has_more {
        return Ok(Ending::Commit(Swept::Chunk));
    }
    match stage.next() {
        Some(next) => {
            tx.begin_stage(community_id, next).await?;
            Ok(Ending::Commit(Swept::Chunk))
        }
        None => {
            tx.end_sweep(community_id).await?;
            Ok(Ending::Commit(Swept::All))
        }
    }
}

/// Moves entries to the pseudonyms, which are on no board. What the projection adds for the erased from now on, it adds to
/// the pseudonyms: it finds them by their points.
async fn sweep_leaderboards(
    tx: &mut (impl ErasureSweepRepository + LeaderboardRepository),
    community_id: CommunityId,
) -> Result<(), StoreError> {
    let entries = tx.erased_entries(community_id).await?;
    let changes: Vec<EntryChange> = entries.into_iter().flat_map(moved).collect();
    if !changes.is_empty() {
        tx.change_leaderboard_entries(&changes).await?;
    }
    tx.delete_erased_entries(community_id).await
}

/// The entry of the erased counts on no board from now on, and is deleted behind this.
fn moved(ErasedEntry { erased, sums }: ErasedEntry) -> [EntryChange; 2] {
    let community_id = erased.member.0;
    let unlisted = Some((SortName::of(None), false));
    [
        EntryChange { key: erased.member, sums: WindowSums::default(), listing: unlisted },
        EntryChange { key: (community_id, erased.pseudonym), sums, listing: None },
    ]
}
